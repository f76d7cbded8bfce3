package threads

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Bounds of what waits for entries before it.
const (
	maxEarly         = 2048                           // arrivals in all
	maxEarlyOfThread = 64                             //
	earlyTime        = protocol.Millis(5 * 60 * 1000) // then the shopper sends it again
)

// early keeps arrivals that came before those that stand before them: two posts of one
// device may overtake each other, and relays reorder. Only the committing goroutine
// uses it. What it lets go was received and not committed, and comes again.
type early struct {
	by    map[protocol.CID][]*arrival
	since map[protocol.CID]protocol.Millis
	count int
}

func newEarly() *early {
	return &early{by: map[protocol.CID][]*arrival{}, since: map[protocol.CID]protocol.Millis{}}
}

func (e *early) of(id protocol.CID) []*arrival { return e.by[id] }

// keep replaces what waits in a thread.
func (e *early) keep(id protocol.CID, list []*arrival, now protocol.Millis) {
	e.count += len(list) - len(e.by[id])
	if len(list) == 0 {
		delete(e.by, id)
		delete(e.since, id)
		return
	}
	if len(e.by[id]) == 0 {
		e.since[id] = now
	}
	for len(list) > maxEarlyOfThread {
		letGo(list[0])
		list, e.count = list[1:], e.count-1
	}
	e.by[id] = list
	for _, a := range list {
		if a.deposit.hasty {
			letGo(a)
		}
	}
	for other, since := range e.since {
		if e.count > maxEarly && other != id || now-since > earlyTime {
			e.release(other)
		}
	}
}

// release lets go of what waits in a thread.
func (e *early) release(id protocol.CID) {
	for _, a := range e.by[id] {
		letGo(a)
	}
	e.count -= len(e.by[id])
	delete(e.by, id)
	delete(e.since, id)
}

func letGo(a *arrival) {
	a.settle(wire.EnvelopeResult{State: wire.StateReceived})
}
