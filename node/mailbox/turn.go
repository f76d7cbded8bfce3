package mailbox

import (
	"errors"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// turn acts on frames of a brand in one transaction; settle does what follows when it
// is durable.
type turn struct {
	l       *line
	tx      *store.BoxTxn
	taken   []uint64
	answers []*wire.MailDone
	full    []protocol.CID // boxes that had no room
	then    []func()
}

// frame acts on one frame, whose form was checked. What goes wrong with one put is
// answered.
func (t *turn) frame(f wire.MailFrame) error {
	switch f := f.(type) {
	case nil:
		return nil
	case *wire.MailAck:
		for _, i := range f.Items {
			if err := t.ack(i); err != nil {
				return err
			}
		}
		return nil
	case *wire.MailPut:
		return t.put(f)
	case *wire.MailErase:
		return t.erase(f)
	case *wire.MailFound:
		return nil // opens boxes by itself
	}
	return nil
}

// check finds frames that a brand must not write.
func (l *line) check(step []wire.MailFrame) error {
	for _, f := range step {
		var err error
		switch f := f.(type) {
		case *wire.MailHello:
			err = protocol.Invalid("mail", "a proof again")
		case *wire.MailPut:
			_, err = itemOf(f)
		case *wire.MailAck:
			err = l.underWay(f.Items)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *line) underWay(items []wire.MailTaken) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range items {
		if _, is := l.ahead[i.Place]; !is {
			return protocol.Invalid("ack", "place %d isn't under way", i.Place)
		}
	}
	return nil
}

// settle tells who waits.
func (t *turn) settle() {
	t.l.mu.Lock()
	for _, place := range t.taken {
		t.l.bytes -= t.l.ahead[place].size
		delete(t.l.ahead, place)
	}
	t.l.mu.Unlock()
	for _, f := range t.then {
		f()
	}
	signal(t.l.more)
}

// ack takes out what the brand has.
func (t *turn) ack(a wire.MailTaken) error {
	t.l.mu.Lock()
	s := t.l.ahead[a.Place]
	t.l.mu.Unlock()
	t.taken = append(t.taken, a.Place)
	x, err := t.tx.Box(s.thread)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := t.take(x, s, a); err != nil {
		return err
	}
	t.l.r.count.acked.WithLabelValues(string(a.State)).Inc()
	if s.what == wire.MailEnvelope {
		t.tell(s, wire.EnvelopeResult{State: string(a.State), Reason: a.Reason})
	}
	return t.l.r.recount(t.tx, s.thread)
}

func (t *turn) take(x *store.Box, s sent, a wire.MailTaken) error {
	i, err := t.tx.Item(s.thread, store.Up, s.n)
	if errors.Is(err, store.ErrNotFound) {
		return nil // out of date meanwhile
	}
	if err != nil {
		return err
	}
	if err := t.tx.DeleteItem(s.thread, store.Up, s.n); err != nil || a.State == wire.MailRefused {
		return err
	}
	switch s.what {
	case wire.MailBegin:
		x.First = false
	case wire.MailJoin:
		joined(x, i.Bytes)
	case wire.MailBlob: // for the shopper's other browsers
		return t.keep(x, store.BoxItem{Thread: s.thread, Direction: store.Down, Kind: i.Kind, ID: i.ID, Bytes: i.Bytes})
	}
	return t.l.r.touch(t.tx, x)
}

// joined lets the device of a join read: the brand took it.
func joined(x *store.Box, data []byte) {
	var j wire.JoinRequest
	if wire.DecodeThread(data, &j) != nil {
		return
	}
	if join, err := thread.OpenJoin(j.Join); err == nil {
		add(x, [32]byte(join.Device.Bytes()))
	}
}

// keep puts a file on the way down if there is room.
func (t *turn) keep(x *store.Box, i store.BoxItem) error {
	now, err := t.tx.Box(x.Thread)
	if err != nil {
		return err
	}
	if fits(now, []store.BoxItem{i}) != nil {
		return nil
	}
	return t.l.r.append(t.tx, now, i)
}

// tell tells who listens what became of an envelope.
func (t *turn) tell(s sent, result wire.EnvelopeResult) {
	t.then = append(t.then, func() {
		t.l.r.recent.put(s.id, result)
		t.l.r.hub.tell(s.thread, wire.ThreadEvent{Thread: s.thread, Sent: s.id, State: result.State})
	})
}

// put leaves something for the shopper, once.
func (t *turn) put(p *wire.MailPut) error {
	i, err := itemOf(p)
	if err != nil {
		return err
	}
	x, err := t.tx.Box(p.Thread)
	if errors.Is(err, store.ErrNotFound) || err == nil && x.Brand != t.l.brand {
		return t.refused(p.ID, wire.DoneUnknownThread)
	}
	if err != nil {
		return err
	}
	if _, err := t.tx.ItemByID(p.Thread, store.Down, i.ID); err == nil {
		return t.stored(p, i)
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if full, err := t.clear(x, i); err != nil || full {
		t.full = append(t.full, p.Thread)
		return errors.Join(err, t.refused(p.ID, wire.DoneFull))
	}
	return t.append(p, i)
}

func itemOf(p *wire.MailPut) (store.BoxItem, error) {
	i := store.BoxItem{Thread: p.Thread, Direction: store.Down, Kind: string(p.What), Bytes: p.Bytes, ID: protocol.Sum(protocol.Raw, p.Bytes)}
	if p.What != wire.MailEnvelope {
		return i, nil
	}
	e, err := thread.DecodeEnvelope(p.Bytes)
	if err == nil && (e.Thread != p.Thread || e.Dir != thread.Down) {
		err = protocol.Invalid("put", "an envelope of another thread, or that goes the other way")
	}
	return i, err
}

func (t *turn) append(p *wire.MailPut, i store.BoxItem) error {
	x, err := t.tx.Box(p.Thread)
	if err != nil {
		return err
	}
	i.Time, i.Until = t.l.r.Now(), t.l.r.Now()+boxLife
	if err := t.tx.Append(&i); err != nil {
		return err
	}
	if err := t.l.r.touch(t.tx, x); err != nil {
		return err
	}
	if p.What == wire.MailEnvelope {
		e := wire.ThreadEvent{Thread: p.Thread, N: i.N, Envelope: i.Bytes}
		t.then = append(t.then, func() { t.l.r.hub.tell(p.Thread, e) })
	}
	if err := t.l.r.recount(t.tx, p.Thread); err != nil {
		return err
	}
	return t.stored(p, i)
}

// clear makes room on the way down: of what a device has read the oldest goes first,
// what none has read stays.
func (t *turn) clear(x *store.Box, i store.BoxItem) (full bool, err error) {
	for fits(x, []store.BoxItem{i}) != nil {
		oldest, err := t.tx.Items(x.Thread, store.Down, 0, 1)
		if err != nil || len(oldest) == 0 || oldest[0].N > x.Read {
			return true, err
		}
		if err := t.tx.DeleteItem(x.Thread, store.Down, oldest[0].N); err != nil {
			return true, err
		}
		if x, err = t.tx.Box(x.Thread); err != nil {
			return true, err
		}
	}
	return t.l.r.books.full(cost(i)), nil
}

func (t *turn) stored(p *wire.MailPut, i store.BoxItem) error {
	done := &wire.MailDone{ID: p.ID, State: wire.MailStored}
	if p.What == wire.MailEnvelope {
		receipt, err := t.l.r.receipt(p.Thread, i.ID, "down")
		if err != nil {
			return err
		}
		done.Receipt = receipt
	}
	t.l.r.count.put.WithLabelValues(string(wire.MailStored)).Inc()
	t.answers = append(t.answers, done)
	return nil
}

func (t *turn) refused(id uint64, reason string) error {
	t.l.r.count.put.WithLabelValues(reason).Inc()
	t.answers = append(t.answers, &wire.MailDone{ID: id, State: wire.MailRefused, Reason: reason})
	return nil
}

// erase deletes what a box holds and closes it: shoppers can only read it from now on.
func (t *turn) erase(e *wire.MailErase) error {
	x, err := t.tx.Box(e.Thread)
	if errors.Is(err, store.ErrNotFound) || err == nil && x.Brand != t.l.brand {
		return t.refused(e.ID, wire.DoneUnknownThread)
	}
	if err != nil {
		return err
	}
	for _, way := range []store.Direction{store.Up, store.Down} {
		last := x.Up.Last
		if way == store.Down {
			last = x.Down.Last
		}
		if err := t.tx.Delete(e.Thread, way, last); err != nil {
			return err
		}
	}
	x, err = t.tx.Box(e.Thread)
	if err != nil {
		return err
	}
	x.Closed, x.First = true, false
	if err := t.l.r.touch(t.tx, x); err != nil {
		return err
	}
	t.answers = append(t.answers, &wire.MailDone{ID: e.ID, State: wire.MailStored})
	return t.l.r.recount(t.tx, e.Thread)
}
