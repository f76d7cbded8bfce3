package catchup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// maxPages is how many pages an answer has at most over a direct connection: 32
// MiB. The asker goes on with another request.
const maxPages = 128

// answer is one stream and what goes out on it.
type answer struct {
	server  *Server
	stream  network.Stream
	peer    peer.ID
	relayed bool
	max     int // bytes of a frame
	pages   int // that may still follow

	kind  string
	brand protocol.CID
	begun bool // the status is out
}

// read takes the request from the stream, and nothing behind it.
func (a *answer) read() (wire.Request, error) {
	if err := a.stream.SetReadDeadline(time.Now().Add(a.server.Limits.Read)); err != nil {
		return nil, err
	}
	data, err := wire.ReadFrame(a.stream, wire.MaxRequest)
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("no request: %w", io.ErrUnexpectedEOF)
	}
	if err != nil {
		return nil, err
	}
	a.stream.CloseRead()
	return wire.DecodeRequest(data)
}

// give answers a request. An error means that the stream is of no use any more.
func (a *answer) give(ctx context.Context, r wire.Request) error {
	complete, err := a.dispatch(ctx, r)
	if err == nil {
		return a.end(complete)
	}
	code, known := codeOf(err)
	if a.begun || ctx.Err() != nil || isStream(err) {
		return err
	}
	if !known {
		a.server.Log.Error("catch-up answer failed", "peer", a.peer, "brand", a.brand, "kind", a.kind, "reason", err)
	}
	return a.refuse(code)
}

// errStream marks what the connection is at fault for.
var errStream = errors.New("stream of catch-up")

func isStream(err error) bool { return errors.Is(err, errStream) }

// refusal is the error of a request that gets a status and no pages.
type refusal wire.Code

func (r refusal) Error() string { return "refused: " + string(r) }

// codeOf translates what goes wrong in the store for the asker; known is false
// where it should not have gone wrong.
func codeOf(err error) (code wire.Code, known bool) {
	var r refusal
	switch {
	case errors.As(err, &r):
		return wire.Code(r), true
	case errors.Is(err, store.ErrGone):
		return wire.Gone, true
	case errors.Is(err, store.ErrTooMany):
		return wire.Oversize, true
	case errors.Is(err, store.ErrNotFound):
		return wire.NotFound, true
	}
	return wire.Failed, false
}

func (a *answer) dispatch(ctx context.Context, request wire.Request) (complete bool, err error) {
	switch r := request.(type) {
	case *wire.BrandsRequest:
		a.kind = "brands"
		return a.brands(r)
	case *wire.HeadRequest:
		a.kind, a.brand = "head", r.Brand
		return true, a.served(func() error { return a.head(ctx, r) })
	case *wire.IdentityRequest:
		a.kind, a.brand = "identity", r.Brand
		complete, err = a.identity(ctx, r)
	case *wire.ChangesRequest:
		a.kind, a.brand = "changes", r.Brand
		err = a.catalog(ctx, r.Head, func(v *store.View) (err error) { complete, err = a.changes(v, r); return err })
	case *wire.DescendRequest:
		a.kind, a.brand = "descend", r.Brand
		return true, a.catalog(ctx, r.Head, func(v *store.View) error { return a.descend(ctx, v, r) })
	case *wire.LeavesRequest:
		a.kind, a.brand = "leaves", r.Brand
		return true, a.catalog(ctx, r.Head, func(v *store.View) error { return a.leaves(ctx, v, r) })
	case *wire.SegmentRequest:
		a.kind, a.brand = "segment", r.Brand
		err = a.catalog(ctx, r.Head, func(v *store.View) (err error) { complete, err = a.segment(v, r); return err })
	case *wire.RecordsRequest:
		a.kind, a.brand = "records", r.Brand
		err = a.catalog(ctx, r.Head, func(v *store.View) (err error) { complete, err = a.records(v, r); return err })
	case *wire.ContentRequest:
		a.kind, a.brand = "content", r.Brand
		err = a.served(func() (err error) { complete, err = a.content(ctx, r); return err })
	default:
		return false, refusal(wire.Unsupported)
	}
	return complete, err
}

// served runs fn if the brand is one that peers may have.
func (a *answer) served(fn func() error) error {
	if !a.server.Serves(a.brand) {
		return refusal(wire.NotFound)
	}
	return fn()
}

// catalog runs fn over the brand's catalog if it is that of exactly this head.
func (a *answer) catalog(ctx context.Context, head protocol.CID, fn func(*store.View) error) error {
	return a.served(func() error {
		return a.server.Store.View(ctx, a.brand, func(v *store.View) error {
			if v.Tip().Head != head {
				return refusal(wire.Gone)
			}
			return fn(v)
		})
	})
}

// page sends one page, behind the status if it is the first.
func (a *answer) page(p wire.Response) error {
	data, err := wire.EncodeResponse(p, a.max)
	if err != nil {
		return fmt.Errorf("page of %s: %w", a.kind, err)
	}
	if err := a.begin(); err != nil {
		return err
	}
	a.pages--
	return a.send(data)
}

// only sends the only page of an answer; one that is too large is refused.
func (a *answer) only(p wire.Response) error {
	err := a.page(p)
	if errors.Is(err, protocol.ErrInvalid) && !a.begun {
		return fmt.Errorf("%w: %w", refusal(wire.Oversize), err)
	}
	return err
}

func (a *answer) begin() error {
	if a.begun {
		return nil
	}
	a.begun = true
	return a.frame(&wire.Status{Status: wire.OK})
}

func (a *answer) end(complete bool) error {
	if err := a.begin(); err != nil {
		return err
	}
	a.server.metrics.answered(a.kind, wire.OK)
	return a.frame(&wire.End{Complete: complete})
}

func (a *answer) refuse(code wire.Code) error {
	a.begun = true
	a.server.metrics.answered(a.kind, code)
	return a.frame(&wire.Status{Status: code})
}

// busy sends an asker away for a while.
func (a *answer) busy(wait time.Duration) error {
	a.begun = true
	a.server.metrics.answered(a.kind, wire.Busy)
	retry := max(1, min(protocol.Millis(wait.Milliseconds()), wire.MaxRetry))
	return a.frame(&wire.Status{Status: wire.Busy, Retry: retry})
}

func (a *answer) frame(f wire.Response) error {
	data, err := wire.EncodeResponse(f, a.max)
	if err != nil {
		return err
	}
	return a.send(data)
}

// send writes one frame; one that isn't taken in time ends the stream.
func (a *answer) send(data []byte) error {
	err := a.stream.SetWriteDeadline(time.Now().Add(a.server.Limits.Page))
	if err == nil {
		err = wire.WriteFrame(a.stream, data, a.max)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errStream, err)
	}
	a.server.metrics.bytes.Add(float64(len(data)))
	return nil
}
