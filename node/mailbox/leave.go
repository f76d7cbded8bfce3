package mailbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// puttingAtOnce and aheadBytes bound what a relay hasn't answered yet.
	puttingAtOnce = 64
	// downAtOnce is how many entries the desk is asked for at a time.
	downAtOnce = 16
	// fullRest is how long a thread waits whose box is full.
	fullRest = time.Minute
	// dueAtOnce is how many threads are looked at before other work is.
	dueAtOnce = 64
)

// putting is what was left with a relay and isn't answered.
type putting struct {
	thread protocol.CID
	seq    uint64 // of an entry; 0: of something else
	size   int
	erases bool // the last frame of an erasure
}

// flight is how far a thread is given, in this session.
type flight struct {
	last  uint64 // put last
	hole  bool   // something before it was refused: it is to be put again
	out   int    // puts of entries that aren't answered
	until time.Time
}

// leave leaves with the relay what is due there.
func (s *session) leave() error {
	if err := s.erase(); err != nil {
		return err
	}
	threads := s.c.ledger.takeDue(s.id, dueAtOnce)
	for n, id := range threads {
		if err := s.leaveThread(id); err != nil {
			for _, id := range threads[n:] {
				s.c.ledger.again(pair{s.id, id})
			}
			return err
		}
	}
	if len(threads) == dueAtOnce && s.room(0) {
		signal(s.more)
	}
	return nil
}

// leaveThread leaves what stands in a thread behind what the relay has, as far as there
// is room. The rest stays due.
func (s *session) leaveThread(id protocol.CID) error {
	p := pair{s.id, id}
	after, ok := s.position(p)
	if !ok {
		return nil
	}
	for {
		down, err := s.c.Desk.Down(s.ctx, id, after, downAtOnce)
		if errors.Is(err, wire.ErrUnknownThread) {
			s.c.ledger.unbind(p)
			return nil
		}
		if err != nil {
			s.c.ledger.again(p)
			return fmt.Errorf("leave %s: %w", id, err)
		}
		if len(down) == 0 {
			return nil
		}
		for _, d := range down {
			if !s.room(len(d.Envelope)) {
				s.c.ledger.again(p)
				return nil
			}
			if err := s.entry(id, d); err != nil {
				s.c.ledger.again(p)
				return err
			}
			after = d.Seq
		}
	}
}

// position returns behind which commit to go on in a thread; not, when the relay holds
// no box of it or that is full.
func (s *session) position(p pair) (after uint64, ok bool) {
	after, bound := s.c.ledger.given(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flight[p.thread]
	if f == nil || !bound {
		return after, bound
	}
	if time.Now().Before(f.until) || f.hole {
		return 0, false // made due again when that is over
	}
	return max(after, f.last), true
}

func (s *session) room(size int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.out) == 0 || len(s.out) < puttingAtOnce && s.outlay+size <= aheadBytes
}

// entry puts an entry and before it the files that it speaks of. A file that is too
// large for the connection stays where it is.
func (s *session) entry(id protocol.CID, d Down) error {
	for _, name := range d.Blobs {
		blob, err := s.c.Desk.Blob(s.ctx, id, name)
		if errors.Is(err, wire.ErrUnknownThread) || err == nil && len(blob)+1024 > s.pipe.max {
			s.c.Log.Warn("a file was not left with the relay", "peer", s.id, "thread", id, "file", name, "bytes", len(blob), "reason", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("leave file %s: %w", name, err)
		}
		if err := s.put(putting{thread: id, size: len(blob)}, wire.MailBlob, blob); err != nil {
			return err
		}
	}
	return s.put(putting{thread: id, seq: d.Seq, size: len(d.Envelope)}, wire.MailEnvelope, d.Envelope)
}

// put writes one put, to be answered.
func (s *session) put(p putting, what wire.MailWhat, data []byte) error {
	id := s.await(p)
	return s.pipe.write(&wire.MailPut{ID: id, Thread: p.thread, What: what, Bytes: data})
}

func (s *session) await(p putting) (id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	s.out[s.next] = p
	s.outlay += p.size
	if p.seq > 0 {
		f := s.flight[p.thread]
		if f == nil {
			f = &flight{}
			s.flight[p.thread] = f
		}
		f.last = p.seq
		f.out++
	}
	return s.next
}

// done takes the relay's answer to a put.
func (s *session) done(d *wire.MailDone) error {
	s.mu.Lock()
	p, is := s.out[d.ID]
	delete(s.out, d.ID)
	s.outlay -= p.size
	s.mu.Unlock()
	if !is {
		return protocol.Invalid("done", "%d was not put", d.ID)
	}
	switch {
	case p.erases:
		s.c.ledger.wasErased(pair{s.id, p.thread})
	case d.Reason == wire.DoneUnknownThread:
		s.c.ledger.unbind(pair{s.id, p.thread})
	}
	if p.seq > 0 {
		s.answered(p, d)
	}
	signal(s.more)
	return nil
}

// answered notes how far a thread was given. Behind one that was refused nothing
// counts: the shopper is to get the entries in order.
func (s *session) answered(p putting, d *wire.MailDone) {
	at := pair{s.id, p.thread}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.flight[p.thread]
	f.out--
	switch {
	case d.State == wire.MailStored && !f.hole:
		s.c.ledger.give(at, p.seq)
	case d.State == wire.MailRefused:
		f.hole = true
		f.until = time.Now().Add(fullRest + rand.N(fullRest/2))
	}
	if f.out > 0 {
		return
	}
	if f.hole && time.Now().Before(f.until) {
		f.hole, f.last = false, 0 // awake goes on
		return
	}
	delete(s.flight, p.thread)
	if f.hole {
		s.c.ledger.again(at)
	}
}

// awake makes threads due again whose rest is over.
func (s *session) awake(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, f := range s.flight {
		if f.out == 0 && now.After(f.until) {
			delete(s.flight, id)
			s.c.ledger.again(pair{s.id, id})
			signal(s.more)
		}
	}
}

// roomAgain has a thread gone on with whose box was full.
func (s *session) roomAgain(id protocol.CID) {
	s.mu.Lock()
	f := s.flight[id]
	if f != nil {
		f.until = time.Time{}
	}
	if f != nil && f.out == 0 {
		delete(s.flight, id)
	}
	s.mu.Unlock()
	if f != nil {
		s.c.ledger.again(pair{s.id, id})
		signal(s.more)
	}
}

// reply leaves what isn't an entry, once, and goes back to where the shopper asks for
// entries again. Who wrote reads, so that a full box is tried again.
func (s *session) reply(id protocol.CID, o Outcome) error {
	if o.State == wire.MailRefused {
		return nil
	}
	s.mu.Lock()
	if f := s.flight[id]; f != nil && f.out == 0 {
		delete(s.flight, id)
	}
	s.mu.Unlock()
	for _, data := range o.Down {
		if len(data) == 0 || len(data) > wire.MaxMailBytes {
			continue
		}
		if err := s.put(putting{thread: id, size: len(data)}, wire.MailEnvelope, data); err != nil {
			return err
		}
	}
	if o.Again != nil {
		s.again(pair{s.id, id}, *o.Again)
	}
	return nil
}

// again gives a thread once more from a commit on.
func (s *session) again(p pair, after uint64) {
	if was, bound := s.c.ledger.given(p); bound {
		s.c.ledger.give(p, min(was, after))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flight[p.thread]; f != nil {
		f.hole = true // what is under way doesn't count, and it goes on from there
	}
}

// erase has the relay delete what was erased here.
func (s *session) erase() error {
	for id, last := range s.c.ledger.toErase(s.id) {
		if s.erasing(id) {
			continue
		}
		n := s.await(putting{thread: id, erases: len(last) == 0})
		if err := s.pipe.write(&wire.MailErase{ID: n, Thread: id}); err != nil {
			return err
		}
		for i, data := range last {
			if err := s.put(putting{thread: id, size: len(data), erases: i == len(last)-1}, wire.MailEnvelope, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// erasing reports whether the relay is being told already.
func (s *session) erasing(id protocol.CID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.out {
		if p.thread == id && p.erases {
			return true
		}
	}
	return false
}

// giveBack makes due again, for the next session, what wasn't answered in this one.
func (s *session) giveBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.flight {
		s.c.ledger.again(pair{s.id, id})
	}
}

// addressesOf returns where a peer says that it can be reached.
func addressesOf(h host.Host, id peer.ID) (out []string) {
	addrs, err := peer.AddrInfoToP2pAddrs(&peer.AddrInfo{ID: id, Addrs: h.Peerstore().Addrs(id)})
	if err != nil {
		return nil
	}
	for _, a := range addrs[:min(len(addrs), maxAddrs)] {
		out = append(out, a.String())
	}
	return out
}
