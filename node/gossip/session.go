package gossip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2p "github.com/libp2p/go-libp2p/core/protocol"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	openTime = 15 * time.Second
	silence  = time.Duration(wire.PushSilence) * time.Millisecond
)

// pushRate is what is judged of one stream: all that it may name at once, then as
// much as of any other peer. What comes faster waits in the stream.
func pushRate() wire.Rate { return wire.Rate{Burst: 2 * maxAsked, Every: 50} }

// session is one push stream that this node asked for.
type session struct {
	g      *Gossip
	id     peer.ID
	cancel context.CancelFunc
	more   chan struct{}

	mu      sync.Mutex
	named   map[protocol.CID]bool
	unsent  []protocol.CID
	frames  int // sent or to be sent
	stopped bool
}

func newSession(g *Gossip, id peer.ID, brands []protocol.CID, cancel context.CancelFunc) *session {
	s := &session{g: g, id: id, cancel: cancel, more: make(chan struct{}, 1), named: map[protocol.CID]bool{}}
	s.extend(brands)
	return s
}

// asks reports whether the stream names a brand.
func (s *session) asks(brand protocol.CID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.named[brand]
}

// still reports whether all brands named are followed.
func (s *session) still(followed map[protocol.CID]bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for brand := range s.named {
		if !followed[brand] {
			return false
		}
	}
	return true
}

// extend names more brands, or reports that the stream can't take them.
func (s *session) extend(brands []protocol.CID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fresh []protocol.CID
	for _, brand := range brands {
		if !s.named[brand] {
			fresh = append(fresh, brand)
		}
	}
	frames := (len(fresh) + wire.MaxFollow - 1) / wire.MaxFollow
	if s.stopped || s.frames+frames > wire.MaxFollows {
		return false
	}
	for _, brand := range fresh {
		s.named[brand] = true
	}
	s.frames += frames
	s.unsent = append(s.unsent, fresh...)
	if len(fresh) > 0 {
		s.signal()
	}
	return true
}

func (s *session) signal() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

func (s *session) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.cancel()
}

// run opens the stream and hears what is pushed. It returns why that ended.
func (s *session) run(ctx context.Context) error {
	stream, err := s.open(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = stream.Reset() })
	defer stop()
	streams := s.g.metrics.streams.WithLabelValues("ask")
	streams.Inc()
	defer streams.Dec()
	written := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() { written <- s.write(ctx, stream) }()
	err = s.hear(ctx, stream)
	cancel()
	_ = stream.Reset()
	if errors.Is(err, protocol.ErrInvalid) {
		s.g.o.Blame(s.id, "push: "+err.Error())
	}
	return errors.Join(err, <-written)
}

func (s *session) open(ctx context.Context) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	ctx = network.WithAllowLimitedConn(network.WithNoDial(ctx, "push streams follow connections"), "announcements are small")
	stream, err := s.g.o.Host.NewStream(ctx, s.id, libp2p.ID(wire.PushProtocol))
	if err != nil {
		return nil, fmt.Errorf("open push stream: %w", err)
	}
	if err := stream.Scope().SetService(Service); err != nil {
		_ = stream.Reset()
		return nil, fmt.Errorf("open push stream: %w", err)
	}
	return stream, nil
}

// write names brands, at first and when there are more.
func (s *session) write(ctx context.Context, stream network.Stream) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.more:
		}
		for brands := range slices.Chunk(s.takeUnsent(), wire.MaxFollow) {
			data, err := wire.EncodeFollow(brands)
			if err != nil {
				return err
			}
			_ = stream.SetWriteDeadline(time.Now().Add(writeTime))
			if err := wire.WriteFrame(stream, data, wire.MaxAnnouncement); err != nil {
				_ = stream.Reset()
				return err
			}
		}
	}
}

func (s *session) takeUnsent() []protocol.CID {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.unsent
	s.unsent = nil
	return taken
}

// hear judges what is pushed, one after the other, no faster than pushRate.
func (s *session) hear(ctx context.Context, stream network.Stream) error {
	r := bufio.NewReaderSize(stream, wire.MaxAnnouncement)
	var budget wire.Budget
	for {
		_ = stream.SetReadDeadline(time.Now().Add(silence))
		data, err := wire.ReadFrame(r, wire.MaxAnnouncement)
		if err != nil {
			return fmt.Errorf("read pushed frame: %w", err)
		}
		f, err := wire.DecodePush(data)
		if err != nil {
			return err
		}
		if err := s.afford(ctx, &budget); err != nil {
			return err
		}
		if f.IsBeat() {
			continue
		}
		if err := s.take(ctx, f.Announcement); err != nil {
			return err
		}
	}
}

func (s *session) afford(ctx context.Context, budget *wire.Budget) error {
	for !budget.Spend(pushRate(), s.g.o.Now()) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(pushRate().Every) * time.Millisecond):
		}
	}
	return nil
}

// take judges one announcement, acts on it and passes it on. Its error is a reason
// to leave the peer.
func (s *session) take(ctx context.Context, data []byte) error {
	s.g.metrics.pushes.WithLabelValues("in").Inc()
	j := s.g.hear(ctx, data, s.id, byPush, s.asks)
	switch {
	case j.Verdict == wire.Accept:
		s.g.spread(ctx, j, data, s.id)
	case j.Verdict == wire.Reject || j.Reason == Unasked:
		return fmt.Errorf("pushed announcement of %s: %s: %v", j.Announcement.Head.Brand, j.Reason, j.Err) // blamed already
	}
	return nil
}
