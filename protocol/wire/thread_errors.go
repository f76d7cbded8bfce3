package wire

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// What a gateway answers when it can't serve a thread, and who serves threads
// returns. An error of form wraps protocol.ErrInvalid instead.
var (
	// ErrUnknownThread says that there is no such thread here.
	ErrUnknownThread = errors.New("thread is not known")
	// ErrUnknownBrand says that the brand is neither this gateway's nor followed.
	ErrUnknownBrand = errors.New("brand is not served here")
	// ErrBusy says that there is too much to do; try again later.
	ErrBusy = errors.New("busy")
	// ErrQuota says that what this depositor, or this thread, may leave is used up.
	ErrQuota = errors.New("quota is used up")
	// ErrNotAllowed says that the capability or the device doesn't fit the thread.
	ErrNotAllowed = errors.New("not allowed")
	// ErrUnknownEpoch says that an envelope is of an epoch that the brand no longer
	// has, or that a join is to a prekey that is gone.
	ErrUnknownEpoch = errors.New("epoch is not known")
	// ErrTooLarge says that something is above its limit.
	ErrTooLarge = errors.New("too large")
)

// ErrExists says that the shopper's identity has a thread with the brand already.
type ErrExists struct{ Thread protocol.CID }

// Error implements error.
func (e ErrExists) Error() string { return fmt.Sprintf("thread %s is there already", e.Thread) }

// ErrClock says that the time of a request is too far from the server's.
type ErrClock struct{ Time protocol.Millis }

// Error implements error.
func (e ErrClock) Error() string { return fmt.Sprintf("the time here is %s", e.Time) }

// The words of ErrorBody.Error.
const (
	WordForm          = "form"
	WordUnknownThread = "unknown_thread"
	WordUnknownBrand  = "unknown_brand"
	WordExists        = "exists"
	WordBusy          = "busy"
	WordQuota         = "quota"
	WordClock         = "clock"
	WordNotAllowed    = "not_allowed"
	WordUnknownEpoch  = "unknown_epoch"
	WordTooLarge      = "too_large"
	WordUnavailable   = "unavailable"
)

// errorKind pairs a word with its HTTP status and its error.
type errorKind struct {
	word   string
	status int
	err    error
}

func errorKinds() []errorKind {
	return []errorKind{
		{WordUnknownThread, 404, ErrUnknownThread}, {WordUnknownBrand, 404, ErrUnknownBrand}, {WordBusy, 429, ErrBusy},
		{WordQuota, 429, ErrQuota}, {WordNotAllowed, 403, ErrNotAllowed}, {WordUnknownEpoch, 409, ErrUnknownEpoch},
		{WordTooLarge, 413, ErrTooLarge}, {WordForm, 400, protocol.ErrInvalid},
	}
}

// ErrorOf returns the HTTP status and the body that tell an error; now is the
// server's time. What isn't one of the errors above is 503, unavailable, and its
// text, which may hold what is nobody's business, is left out.
func ErrorOf(err error, now protocol.Millis) (status int, body ErrorBody) {
	var exists ErrExists
	var clock ErrClock
	switch {
	case errors.As(err, &exists):
		return 409, ErrorBody{Error: WordExists, Message: exists.Error(), Time: now, Thread: exists.Thread}
	case errors.As(err, &clock):
		return 401, ErrorBody{Error: WordClock, Message: clock.Error(), Time: now}
	}
	for _, k := range errorKinds() {
		if errors.Is(err, k.err) {
			return k.status, ErrorBody{Error: k.word, Message: cutText(err.Error()), Time: now}
		}
	}
	return 503, ErrorBody{Error: WordUnavailable, Message: "unavailable", Time: now}
}

// Err returns the error that the body tells: what ErrorOf was given, as far as a
// caller decides on it.
func (b ErrorBody) Err() error {
	switch b.Error {
	case WordExists:
		return ErrExists{b.Thread}
	case WordClock:
		return ErrClock{b.Time}
	}
	for _, k := range errorKinds() {
		if k.word == b.Error {
			return fmt.Errorf("%s: %w", b.Message, k.err)
		}
	}
	return fmt.Errorf("%s: %s", b.Error, b.Message)
}

func cutText(s string) string {
	if len(s) <= MaxErrorText {
		return s
	}
	cut := MaxErrorText
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut]
}
