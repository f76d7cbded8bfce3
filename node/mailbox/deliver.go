package mailbox

import (
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

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
