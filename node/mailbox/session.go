package mailbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2p "github.com/libp2p/go-libp2p/core/protocol"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// session is the brand's end of the stream to one relay.
type session struct {
	c      *Collector
	id     peer.ID
	ctx    context.Context
	cancel context.CancelFunc
	pipe   *pipe
	items  chan *wire.MailItem // has room for all that a relay may send ahead
	finds  chan *wire.MailFind
	more   chan struct{} // something may be due
	met    bool          // the relay is remembered
	place  uint64        // of the last item that came

	mu     sync.Mutex
	ahead  int // bytes of items that aren't acknowledged
	out    map[uint64]putting
	outlay int // bytes of them
	next   uint64
	flight map[protocol.CID]*flight
}

func newSession(ctx context.Context, cancel context.CancelFunc, c *Collector, id peer.ID) *session {
	return &session{
		c: c, id: id, ctx: ctx, cancel: cancel,
		items: make(chan *wire.MailItem, wire.MaxMailAhead), finds: make(chan *wire.MailFind, maxFinds), more: make(chan struct{}, 1),
		out: map[uint64]putting{}, flight: map[protocol.CID]*flight{},
	}
}

// run opens the stream, reads and works at the same time and returns why it ended.
func (s *session) run() error {
	stream, err := s.open()
	if err != nil {
		return err
	}
	defer func() { _ = stream.Reset() }()
	defer context.AfterFunc(s.ctx, func() { _ = stream.Reset() })()
	if err := s.greet(stream); err != nil {
		return err
	}
	s.c.Log.Info("mail is collected", "brand", s.c.Brand, "peer", s.id)
	worked := make(chan error, 1)
	go func() {
		err := s.work()
		s.cancel()
		worked <- err
	}()
	err = s.hear()
	s.cancel()
	err = errors.Join(err, <-worked)
	s.giveBack()
	return err
}

func (s *session) open() (network.Stream, error) {
	ctx, cancel := context.WithTimeout(s.ctx, openTime)
	defer cancel()
	ctx = network.WithAllowLimitedConn(network.WithNoDial(ctx, "mail follows connections"), "envelopes are small")
	stream, err := s.c.Host.NewStream(ctx, s.id, libp2p.ID(wire.MailProtocol))
	if err != nil {
		return nil, fmt.Errorf("open mail stream: %w", err)
	}
	return stream, nil
}

// greet proves for whom mail is collected, and hears whether the relay takes that.
func (s *session) greet(stream network.Stream) (err error) {
	if s.pipe, err = newPipe(stream); err != nil {
		return err
	}
	payload, err := wire.MailProof{Brand: s.c.Brand, Peer: []byte(s.c.Host.ID()), Relay: []byte(s.id), Time: s.c.Now()}.Encode()
	if err != nil {
		return err
	}
	proof, err := protocol.Sign(protocol.ObjectMail, payload, s.c.Key()).Encode()
	if err != nil {
		return err
	}
	if err := s.pipe.write(&wire.MailHello{Proof: proof}); err != nil {
		return err
	}
	f, _, err := s.pipe.read(firstFrame, wire.DecodeMailOfRelay)
	if err != nil {
		return err
	}
	switch f := f.(type) {
	case *wire.MailOpen:
		return s.pipe.widen(s.c.Limited(s.id))
	case *wire.MailBye:
		s.turnedAway(f)
		return bye{f.Reason}
	}
	return protocol.Invalid("mail", "the first frame is no answer to the proof")
}

func (s *session) turnedAway(f *wire.MailBye) {
	if f.Reason == wire.ByeClock {
		s.c.Log.Warn("a relay's clock differs from ours, so that it keeps the mail", "peer", s.id, "theirs", f.Time, "ours", s.c.Now())
	}
}

// hear reads what the relay writes.
func (s *session) hear() error {
	for {
		f, _, err := s.pipe.read(silence, wire.DecodeMailOfRelay)
		if err != nil {
			return err
		}
		switch f := f.(type) {
		case nil:
		case *wire.MailItem:
			err = s.item(f)
		case *wire.MailDone:
			err = s.done(f)
		case *wire.MailRoom:
			s.roomAgain(f.Thread)
		case *wire.MailFind:
			err = s.find(f)
		case *wire.MailBye:
			return bye{f.Reason}
		default:
			err = protocol.Invalid("mail", "it opens again")
		}
		if err != nil {
			return err
		}
	}
}

// item queues an item; a relay that sends more ahead than it may is left.
func (s *session) item(i *wire.MailItem) error {
	if i.Place <= s.place {
		return protocol.Invalid("item", "place %d behind %d", i.Place, s.place)
	}
	s.place = i.Place
	s.mu.Lock()
	first := s.ahead == 0
	s.ahead += len(i.Bytes)
	over := s.ahead > aheadBytes && !first
	s.mu.Unlock()
	if over {
		return protocol.Invalid("item", "more than %d bytes ahead", aheadBytes)
	}
	select {
	case s.items <- i:
		return nil
	default:
		return protocol.Invalid("item", "more than %d items ahead", wire.MaxMailAhead)
	}
}

func (s *session) find(f *wire.MailFind) error {
	select {
	case s.finds <- f:
		return nil
	default:
		return protocol.Invalid("find", "more than %d questions ahead", maxFinds)
	}
}

// work hands items to the desk and leaves what is due, until the session ends.
func (s *session) work() error {
	round := time.NewTicker(beatTime / 2)
	defer round.Stop()
	signal(s.more)
	for {
		var err error
		select {
		case <-s.ctx.Done():
			return nil
		case i := <-s.items:
			err = s.deliver(s.gather(i))
		case f := <-s.finds:
			err = s.found(f)
		case <-s.more:
			err = s.leave()
		case <-round.C:
			s.awake(time.Now())
			err = s.pipe.beat()
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) gather(first *wire.MailItem) []*wire.MailItem {
	step := []*wire.MailItem{first}
	for len(step) < wire.MaxMailAhead {
		select {
		case i := <-s.items:
			step = append(step, i)
		default:
			return step
		}
	}
	return step
}

// found answers which threads there are.
func (s *session) found(f *wire.MailFind) error {
	known, err := s.c.Desk.Find(s.ctx, f.Identities)
	if err != nil {
		return fmt.Errorf("find threads: %w", err)
	}
	if len(known) > len(f.Identities) {
		return fmt.Errorf("find threads: %d of %d", len(known), len(f.Identities))
	}
	return s.pipe.write(&wire.MailFound{ID: f.ID, Threads: known})
}
