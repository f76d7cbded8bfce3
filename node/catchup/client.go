package catchup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	openPatience   = 15 * time.Second // until a stream is open and the request is out
	framePatience  = 30 * time.Second // without a frame; the rule is at most 2 minutes
	answerPatience = 2 * time.Minute  // for a whole answer, of which a server gives 60 s
	// peerStreams is how many requests to one peer are under way at a time, whoever
	// makes them: fewer than its server allows.
	peerStreams = 6
	// maxPieces is how many pieces of catalogs are fetched at a time, for all jobs
	// together: each has up to segmentBytes in memory.
	maxPieces = 24
)

// ClientOptions say with what a Client asks.
type ClientOptions struct {
	Host host.Host
	// Limited says whether a peer is connected over a relay that bounds what goes
	// through it; nil: nobody is.
	Limited func(peer.ID) bool
	// Blame is told of peers that provably lied; may be nil.
	Blame    func(p peer.ID, reason string)
	Log      *slog.Logger
	Registry prometheus.Registerer // may be nil
	// Now is the clock that reports are made with; nil: the machine's.
	Now func() protocol.Millis
	// Patience is how long to wait for a frame; 0: 30 seconds.
	Patience time.Duration
}

// Client asks peers. It is safe for concurrent use.
type Client struct {
	ClientOptions
	metrics clientMetrics
	lines   lines
	pieces  chan struct{} // those that are fetched now
}

// NewClient returns a client that asks over the host.
func NewClient(o ClientOptions) *Client {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Limited == nil {
		o.Limited = func(peer.ID) bool { return false }
	}
	if o.Now == nil {
		o.Now = func() protocol.Millis { return protocol.MillisOf(time.Now()) }
	}
	o.Patience = cmp.Or(o.Patience, framePatience)
	c := &Client{ClientOptions: o, metrics: newClientMetrics(), lines: newLines(peerStreams), pieces: make(chan struct{}, maxPieces)}
	if err := register(o.Registry, c.metrics.requests, c.metrics.bytes, c.metrics.syncs); err != nil {
		o.Log.Warn("catch-up is not measured", "reason", err)
	}
	return c
}

// blame tells of a peer that lied, if err says so, and returns err.
func (c *Client) blame(p peer.ID, brand protocol.CID, err error) error {
	if err == nil || !isLie(err) {
		return err
	}
	c.Log.Warn("peer lied in catch-up", "peer", p, "brand", brand, "reason", err)
	if c.Blame != nil {
		c.Blame(p, "catch-up: "+err.Error())
	}
	return err
}

// tally counts what requests cost.
type tally struct {
	requests, frames int
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
	s, err := c.open(ctx, p, request)
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
func (c *Client) open(ctx context.Context, p peer.ID, request []byte) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(network.WithAllowLimitedConn(ctx, "catch-up"), openPatience)
	defer cancel()
	s, err := c.Host.NewStream(ctx, p, wire.CatchUpProtocol)
	if err != nil {
		return nil, err
	}
	err = errors.Join(s.Scope().SetService(Service), s.SetWriteDeadline(time.Now().Add(openPatience)))
	if err == nil {
		err = wire.WriteFrame(s, request, wire.MaxRequest)
	}
	if err == nil {
		err = s.CloseWrite()
	}
	if err != nil {
		s.Reset()
		return nil, err
	}
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
	if err := a.stream.SetReadDeadline(time.Now().Add(a.client.Patience)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	data, err := wire.ReadFrame(a.stream, a.max)
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

// maxTries is how often a request is made to a peer that is busy or cuts off.
const maxTries = 4

// persist runs one request until it succeeds, and waits where the peer asks for
// it. try is run again where it left off.
func (c *Client) persist(ctx context.Context, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		after, busy := retryable(err)
		if err == nil || !busy && !isCut(err) || n == maxTries || ctx.Err() != nil {
			return err
		}
		if err := sleep(ctx, backoff(n, after)); err != nil {
			return err
		}
	}
}

// isCut reports whether an answer didn't come, or not to its end, and no time was
// lost in waiting for it.
func isCut(err error) bool {
	var s *StatusError
	return errors.Is(err, ErrUnavailable) && !errors.As(err, &s) && !isStall(err)
}

// The pauses before the same peer is asked again.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 10 * time.Second
)

// backoff is how long to wait after n failures in a row: what the peer asked for,
// or ever longer; with jitter, so that those turned away together don't come back
// together.
func backoff(n int, after time.Duration) time.Duration {
	if after == 0 {
		after = 100 * time.Millisecond << min(n, 6)
	}
	after = min(max(after, minBackoff), maxBackoff)
	return after + rand.N(after/2+time.Millisecond)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
