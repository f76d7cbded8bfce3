package catchup

import (
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Errors a caller decides on. What a peer provably lied about wraps
// protocol.ErrInvalid and has been blamed on it.
var (
	// ErrNotFound means that the peer doesn't have the brand or the content.
	ErrNotFound = errors.New("the peer doesn't have it")
	// ErrGone means that the peer doesn't have that head, or not the changes.
	ErrGone = errors.New("the peer is at another head")
	// ErrTooLarge means that what was asked for is larger than wanted, or than the
	// peer gives over this connection.
	ErrTooLarge = errors.New("too large")
	// ErrUnavailable means that the peer didn't answer, or not to the end: another
	// one may, or the same one later.
	ErrUnavailable = errors.New("the peer can't answer")
	// ErrMoved means that the peers that could be reached are at other heads: ask for
	// the head again.
	ErrMoved = errors.New("no peer has that head any more")
	// ErrNoPeers means that no peer was left to ask.
	ErrNoPeers = errors.New("no peer could be asked")
	// ErrHead means that the catalog of a head isn't of the size that the head says:
	// the brand contradicts itself, and no peer is at fault.
	ErrHead = errors.New("the head contradicts its own catalog")
)

// StatusError is the error of a request that a peer refused. It is one of
// ErrNotFound, ErrGone, ErrTooLarge and ErrUnavailable.
type StatusError struct {
	Peer  peer.ID
	Code  wire.Code
	Retry time.Duration // when to come again; 0: the peer doesn't say
}

// Error implements error.
func (e *StatusError) Error() string { return fmt.Sprintf("peer %s says %s", e.Peer, e.Code) }

// Is implements the interface of package errors.
func (e *StatusError) Is(target error) bool {
	switch e.Code {
	case wire.NotFound:
		return target == ErrNotFound
	case wire.Gone:
		return target == ErrGone
	case wire.Oversize:
		return target == ErrTooLarge
	}
	return target == ErrUnavailable
}

// retryable reports whether the same peer may answer the same request later, and
// when it said so.
func retryable(err error) (after time.Duration, ok bool) {
	var s *StatusError
	if errors.As(err, &s) && s.Code.Retryable() {
		return s.Retry, true
	}
	return 0, false
}

func isLie(err error) bool { return errors.Is(err, protocol.ErrInvalid) }

// lie returns the error of an answer that breaks the rules.
func lie(format string, args ...any) error { return protocol.Invalid("answer", format, args...) }
