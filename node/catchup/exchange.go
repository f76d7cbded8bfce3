package catchup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// tally counts what the requests for one item cost.
type tally struct {
	pace
	requests, frames int
	pages            int    // frames of those that were taken
	bytes            uint64 // received
	max              int    // bytes of a frame, over the last connection
}

// ask makes one request and hands take each page of the answer. complete is false
// when the peer ended early. An error that wraps protocol.ErrInvalid means that
// the peer lied; one that doesn't, that it may not be at fault.
func (c *Client) ask(ctx context.Context, p peer.ID, r wire.Request, t *tally, take func(wire.Response) error) (complete bool, err error) {
	data, err := wire.EncodeRequest(r)
	if err != nil {
		return false, fmt.Errorf("ask %s: %v", p, err) // our own fault, not a lie
	}
	done, err := c.lines.take(ctx, p)
	if err != nil {
		return false, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	t.requests++
	complete, err = c.exchange(ctx, p, data, t, take)
	c.metrics.requests.WithLabelValues(resultOf(err)).Inc()
	if err != nil {
		err = fmt.Errorf("ask %s: %w", p, err)
	}
	return complete, err
}

// patience returns how long to wait now.
func (t *tally) patience(usual time.Duration) time.Duration {
	if t.frames > 0 || t.first == 0 {
		return usual
	}
	return min(t.first, usual)
}

func resultOf(err error) string {
	var s *StatusError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &s):
		return string(s.Code)
	case isLie(err):
		return "lie"
	}
	return "cut"
}

func (c *Client) exchange(ctx context.Context, p peer.ID, request []byte, t *tally, take func(wire.Response) error) (bool, error) {
	s, err := c.open(ctx, p, request, t.patience(openPatience))
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	a := &incoming{client: c, stream: s, peer: p, max: wire.MaxPage, tally: t}
	if relayed(s.Conn()) {
		a.max = wire.MaxRelayedPage
	}
	t.max = a.max
	complete, err := a.all(take)
	if err != nil {
		s.Reset()
		return false, err
	}
	s.Close()
	return complete, nil
}

// open opens a stream and sends the request.
func (c *Client) open(ctx context.Context, p peer.ID, request []byte, patience time.Duration) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(network.WithAllowLimitedConn(ctx, "catch-up"), patience)
	defer cancel()
	s, err := c.Host.NewStream(ctx, p, wire.CatchUpProtocol)
	if err != nil {
		return nil, err
	}
	err = errors.Join(s.Scope().SetService(Service), s.SetWriteDeadline(time.Now().Add(patience)))
	if err == nil {
		err = wire.WriteFrame(s, request, wire.MaxRequest)
	}
	if err != nil {
		s.Reset()
		return nil, err
	}
	// A responder that is quick has read the request and wants no more: QUIC then
	// finds nothing to close. Whether the stream is broken, reading tells.
	_ = s.CloseWrite()
	return s, nil
}

// incoming is an answer on its way in.
type incoming struct {
	client *Client
	stream network.Stream
	peer   peer.ID
	max    int
	tally  *tally
}

// next reads one frame. One that breaks the rules is a lie; one that doesn't come
// is not.
func (a *incoming) next() (wire.Response, error) {
	until := time.Now().Add(a.tally.patience(a.client.Patience))
	data, err := wire.ReadFrame(paced{a, until}, a.max)
	switch {
	case isLie(err):
		return nil, err
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: cut off: %w", ErrUnavailable, io.ErrUnexpectedEOF)
	case err != nil:
		return nil, fmt.Errorf("%w: cut off: %w", ErrUnavailable, err)
	}
	a.tally.frames, a.tally.bytes = a.tally.frames+1, a.tally.bytes+uint64(len(data))
	a.client.metrics.bytes.Add(float64(len(data)))
	f, err := wire.DecodeResponse(data)
	if errors.Is(err, wire.ErrUnsupported) {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return f, err
}

func (a *incoming) all(take func(wire.Response) error) (complete bool, err error) {
	if err := a.status(); err != nil {
		return false, err
	}
	return a.pages(take)
}

func (a *incoming) status() error {
	f, err := a.next()
	if err != nil {
		return err
	}
	s, ok := f.(*wire.Status)
	if !ok {
		return lie("begins with %T", f)
	}
	if s.Status != wire.OK {
		return &StatusError{a.peer, s.Status, time.Duration(s.Retry) * time.Millisecond}
	}
	return nil
}

func (a *incoming) pages(take func(wire.Response) error) (complete bool, err error) {
	for n := 0; ; n++ {
		f, err := a.next()
		if err != nil {
			return false, err
		}
		switch f := f.(type) {
		case *wire.End:
			if !f.Complete && n == 0 {
				return false, lie("ends early and holds nothing")
			}
			return f.Complete, nil
		case *wire.Status:
			return false, lie("a status among pages")
		}
		if err := take(f); err != nil {
			return false, err
		}
		a.tally.pages++
	}
}

// each makes a taker of pages of one kind; another kind is a lie.
func each[P wire.Response](fn func(P) error) func(wire.Response) error {
	return func(f wire.Response) error {
		page, ok := f.(P)
		if !ok {
			return lie("%T where none belongs", f)
		}
		return fn(page)
	}
}

// one makes a taker of a single page.
func one[P wire.Response](into *P) func(wire.Response) error {
	n := 0
	return each(func(page P) error {
		if n++; n > 1 {
			return lie("a second page")
		}
		*into = page
		return nil
	})
}
