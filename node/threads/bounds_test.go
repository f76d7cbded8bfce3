package threads

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

func wireBlob(name string) protocol.CID { return protocol.Sum(protocol.Raw, []byte(name)) }

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it doesn't come about")
		}
	}
}

// waits queues a deposit of so many bytes.
func (q *queue) waits(who string, bytes int) *deposit {
	d := newDeposit(who, testHome, [][]byte{make([]byte, bytes)}, 0)
	q.put(d)
	return d
}

func (d *deposit) isRefused() bool {
	_, _, err := d.present()
	return errors.Is(err, wire.ErrBusy)
}

func TestAFullQueueRefusesTheBusiest(t *testing.T) {
	q := newQueue(10, 1<<20)
	var busy []*deposit
	for range 9 {
		busy = append(busy, q.waits("busy", 100))
	}
	honest := []*deposit{q.waits("a", 100), q.waits("b", 100), q.waits("c", 100)}
	for _, d := range honest {
		if d.isRefused() {
			t.Error("an honest depositor was refused")
		}
	}
	if !busy[8].isRefused() || !busy[7].isRefused() || busy[6].isRefused() {
		t.Error("not the last of the busiest had to go")
	}
	if d := q.waits("busy", 100); !d.isRefused() {
		t.Error("the busiest displaced another")
	}
}

func TestAFullQueueCountsBytesToo(t *testing.T) {
	q := newQueue(1000, 100_000)
	large := []*deposit{q.waits("large", 60_000), q.waits("large", 30_000)}
	if small := q.waits("small", 20_000); small.isRefused() || !large[1].isRefused() || large[0].isRefused() {
		t.Error("the larger wasn't displaced")
	}
	if d := q.waits("huge", 100_001); !d.isRefused() {
		t.Error("more was taken than there is room")
	}
}

func TestDepositorsTakeTurns(t *testing.T) {
	q := newQueue(100, 1<<20)
	for range 3 {
		q.waits("a", 1)
	}
	q.waits("b", 1)
	q.waits("c", 1)
	order := ""
	for range 5 {
		order += q.take().who
	}
	if order != "abcaa" {
		t.Errorf("served %s", order)
	}
	q.close()
	if q.take() != nil || q.waits("late", 1).err == nil {
		t.Error("a closed queue goes on")
	}
}

func TestTenThousandHalfOpenThreadsLeaveRoomForOneMore(t *testing.T) {
	h := newHalfOpen(maxHalfOpen)
	name := func(i int) protocol.CID { return protocol.Sum(protocol.DagCBOR, fmt.Append(nil, i)) }
	for i := range maxHalfOpen {
		h.put("flood", &store.Thread{ID: name(i)})
	}
	honest := []protocol.CID{name(-1), name(-2)}
	for i, id := range honest {
		h.put(fmt.Sprint("shopper", i), &store.Thread{ID: id})
	}
	for range 100 {
		h.put("flood", &store.Thread{ID: name(len(h.all) + 1_000_000)})
	}
	for _, id := range honest {
		if h.get(id) == nil {
			t.Error("a shopper lost their beginning")
		}
	}
	if h.get(name(0)) != nil || len(h.all) != maxHalfOpen {
		t.Errorf("%d are kept", len(h.all))
	}
	h.drop(honest[0])
	if h.get(honest[0]) != nil || len(h.all) != maxHalfOpen-1 {
		t.Error("not dropped")
	}
}

func TestABeginningLeavesNothingInTheStore(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	s.states(x.first())
	s.lose()
	_, err := x.try(patience, x.text("hello"))
	s.wants(err, wire.ErrUnknownThread)
	x.pen.DSeq, x.pen.Last = 0, protocol.CID{}
	s.states(x.first(x.text("hello")), "committed")
}

func TestWatchersAreToldWhatWasCommitted(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	ctx, stop := context.WithCancel(t.Context())
	events, err := s.Watch(ctx, []protocol.Signed{x.request()})
	s.check(err)
	_, err = s.Say(t.Context(), x.id(), hi())
	s.check(err)
	e := <-events
	x.take(wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{{N: e.N, Bytes: e.Envelope}}})
	x.has("text", "text")
	stop()
	eventually(t, func() bool {
		select {
		case _, open := <-events:
			return !open
		default:
			return false
		}
	})
	if s.hub.watched(x.id()) || s.hub.count != 0 {
		t.Error("still watched")
	}
}

func TestAWatcherThatNeverReadsIsGivenUpAndHoldsNobodyUp(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	events, err := s.Watch(t.Context(), []protocol.Signed{x.request(), x.request()})
	s.check(err)
	for range watcherQueue + 5 {
		_, err = s.Say(t.Context(), x.id(), hi())
		s.check(err)
	}
	n := 0
	for range events {
		n++
	}
	if n != watcherQueue {
		t.Errorf("%d events", n)
	}
	x.read()
	if x.seq() != watcherQueue+6 {
		t.Errorf("read %d entries", x.seq())
	}
}

func TestStrangersWatchNothing(t *testing.T) {
	s := newStand(t, 5)
	x, y := s.visit(), s.visit()
	x.first(x.text("hello"))
	y.pen.Thread = x.id()
	_, err := s.Watch(t.Context(), []protocol.Signed{y.request()})
	s.wants(err, wire.ErrNotAllowed)
}

func TestALongThreadComesInPages(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	for range 20 {
		var list [][]byte
		for range wire.MaxPosted {
			list = append(list, x.text("again"))
		}
		a, err := x.try(patience, list...)
		s.check(err)
		for _, r := range a.Results {
			if r.State != wire.StateCommitted {
				t.Fatalf("%+v", r)
			}
		}
	}
	p, err := s.Read(t.Context(), x.id(), x.request(), x.seq())
	s.check(err)
	if !p.More || len(p.Envelopes) > wire.MaxPageEnvelopes {
		t.Errorf("%d at once, more %t", len(p.Envelopes), p.More)
	}
	answer := wire.ThreadAnswer{Thread: x.id(), ThreadPage: p}
	if _, err := wire.EncodeThread(&answer); err != nil {
		t.Error(err)
	}
	x.read()
	if x.seq() != 321 {
		t.Errorf("%d entries", x.seq())
	}
}
