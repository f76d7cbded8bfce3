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

// deliver has the desk act on items, leaves what it answers, and acknowledges then.
func (s *session) deliver(step []*wire.MailItem) error {
	for len(step) > 0 {
		n := together(step, s.c.Now())
		if err := s.some(step[:n]); err != nil {
			return err
		}
		step = step[n:]
	}
	return nil
}

// waited is the age in milliseconds from which items have waited for the brand. Then
// who came first is served first, whatever the desk does side by side.
const waited protocol.Millis = 10_000

// together returns how many items go to the desk in one call: all that came just now,
// or of those that waited as many of one thread as follow each other.
func together(step []*wire.MailItem, now protocol.Millis) int {
	if step[0].Time >= now-waited {
		return len(step)
	}
	n := 1
	for n < len(step) && step[n].Thread == step[0].Thread {
		n++
	}
	return n
}

func (s *session) some(step []*wire.MailItem) error {
	step, outcomes, err := s.handOver(step)
	if err != nil {
		return err
	}
	threads, err := s.bind(step, outcomes)
	if err != nil {
		return err
	}
	for n, o := range outcomes {
		if err := s.reply(step[n].Thread, o); err != nil {
			return err
		}
	}
	for _, id := range threads {
		if err := s.leaveThread(id); err != nil {
			return err
		}
	}
	return s.ack(step, outcomes)
}

// deskTries is how often the desk is asked in vain, and deskRest how long it is left
// alone after the first time; it doubles.
const deskTries, deskRest = 6, 50 * time.Millisecond

// handOver hands items to the desk, again when it fails. An item with which it fails
// for good must not keep all others from it: that one is left out, isn't acknowledged
// and comes again with the next stream. When it fails with all, the stream ends.
func (s *session) handOver(step []*wire.MailItem) (taken []*wire.MailItem, outcomes []Outcome, err error) {
	for try := range deskTries {
		if outcomes, err = s.ask(step); err == nil {
			return step, outcomes, nil
		}
		s.c.Log.Warn("mail could not be taken", "brand", s.c.Brand, "peer", s.id, "items", len(step), "reason", err)
		select {
		case <-s.ctx.Done():
			return nil, nil, s.ctx.Err()
		case <-time.After(deskRest << try):
		}
	}
	for _, i := range step {
		one, failed := s.ask([]*wire.MailItem{i})
		if failed != nil {
			s.c.Log.Error("an item of mail is left at the relay", "brand", s.c.Brand, "peer", s.id, "thread", i.Thread, "what", i.What, "reason", failed)
			continue
		}
		taken, outcomes = append(taken, i), append(outcomes, one...)
	}
	if len(taken) == 0 {
		return nil, nil, fmt.Errorf("deliver mail: %w", err)
	}
	return taken, outcomes, nil
}

func (s *session) ask(step []*wire.MailItem) ([]Outcome, error) {
	items := make([]Item, len(step))
	for n, i := range step {
		items[n] = Item{Thread: i.Thread, What: i.What, Bytes: i.Bytes, Time: i.Time}
	}
	outcomes, err := s.c.Desk.Deliver(s.ctx, s.id, items)
	if err == nil && len(outcomes) != len(items) {
		err = fmt.Errorf("%d outcomes of %d items", len(outcomes), len(items))
	}
	return outcomes, err
}

// bind remembers that the relay holds boxes of the threads of which something was
// taken, and returns those, each once.
func (s *session) bind(step []*wire.MailItem, outcomes []Outcome) ([]protocol.CID, error) {
	var threads []protocol.CID
	seen := map[protocol.CID]bool{}
	for n, o := range outcomes {
		if id := step[n].Thread; o.State != wire.MailRefused && !seen[id] {
			seen[id] = true
			threads = append(threads, id)
		}
	}
	if len(threads) > 0 && !s.met {
		s.c.ledger.meet(s.id, addressesOf(s.c.Host, s.id))
		s.met = true
	}
	return threads, s.c.write(s.ctx, s.c.ledger.bind(s.id, threads))
}

// ack tells the relay what became of items.
func (s *session) ack(step []*wire.MailItem, outcomes []Outcome) error {
	a := &wire.MailAck{}
	size := 0
	for n, o := range outcomes {
		size += len(step[n].Bytes)
		a.Items = append(a.Items, wire.MailTaken{Place: step[n].Place, State: o.State, Reason: o.Reason})
	}
	if err := s.pipe.write(a); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead -= size
	return nil
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
