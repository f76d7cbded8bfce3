package threads

import (
	"context"
	"sync"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Bounds of what waits to be opened.
const (
	maxWaiting      = 4096     // deposits
	maxWaitingBytes = 64 << 20 // of envelopes
)

// queue holds deposits that wait for a worker. Depositors take turns, so that a busy
// one delays itself and nobody else, and when there is no room, what the busiest
// brought last has to go: there is no bound by depositor below that, because many
// honest phones may share an address.
type queue struct {
	mu     sync.Mutex
	stir   *sync.Cond
	lanes  map[string]*lane
	turns  []*lane // lanes with something in them, the next one first
	count  int
	bytes  int
	limit  int
	room   int // bytes
	closed bool
}

// lane is what one depositor has brought.
type lane struct {
	who   string
	list  []*deposit
	bytes int
}

func newQueue(limit, room int) *queue {
	q := &queue{lanes: map[string]*lane{}, limit: limit, room: room}
	q.stir = sync.NewCond(&q.mu)
	return q
}

// put takes a deposit, or ends it, or another one in its place, with wire.ErrBusy.
func (q *queue) put(d *deposit) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		d.end(context.Canceled)
		return
	}
	for q.count >= q.limit || q.bytes+d.size > q.room {
		if !q.displace(d) {
			d.end(wire.ErrBusy)
			return
		}
	}
	q.add(d)
	q.stir.Signal()
}

func (q *queue) add(d *deposit) {
	l := q.lanes[d.who]
	if l == nil {
		l = &lane{who: d.who}
		q.lanes[d.who] = l
		q.turns = append(q.turns, l)
	}
	l.list = append(l.list, d)
	l.bytes += d.size
	q.count++
	q.bytes += d.size
}

// displace ends the last deposit of the busiest depositor, unless that is who brings d.
func (q *queue) displace(d *deposit) bool {
	var busiest *lane
	for _, l := range q.turns {
		if busiest == nil || l.load() > busiest.load() {
			busiest = l
		}
	}
	own := q.lanes[d.who]
	if busiest == nil || own == busiest || own != nil && own.load()+d.load() > busiest.load() || d.load() >= busiest.load() {
		return false
	}
	last := busiest.list[len(busiest.list)-1]
	q.drop(busiest, len(busiest.list)-1)
	last.end(wire.ErrBusy)
	return true
}

// load weighs what a lane takes of both bounds: a deposit counts as much as 16 KiB,
// which is about maxWaitingBytes / maxWaiting.
func (l *lane) load() int    { return len(l.list)*(16<<10) + l.bytes }
func (d *deposit) load() int { return 16<<10 + d.size }

func (q *queue) drop(l *lane, i int) {
	d := l.list[i]
	l.list = append(l.list[:i:i], l.list[i+1:]...)
	l.bytes -= d.size
	q.count--
	q.bytes -= d.size
	if len(l.list) > 0 {
		return
	}
	delete(q.lanes, l.who)
	for n, other := range q.turns {
		if other == l {
			q.turns = append(q.turns[:n:n], q.turns[n+1:]...)
			return
		}
	}
}

// take waits for the deposit whose turn it is; nil when the queue was closed.
func (q *queue) take() *deposit {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.count == 0 && !q.closed {
		q.stir.Wait()
	}
	if q.closed {
		return nil
	}
	l := q.turns[0]
	d := l.list[0]
	q.turns = q.turns[1:]
	l.list = l.list[1:]
	l.bytes -= d.size
	q.count--
	q.bytes -= d.size
	if len(l.list) > 0 {
		q.turns = append(q.turns, l)
	} else {
		delete(q.lanes, l.who)
	}
	return d
}

// close ends all that waits, and every take.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, l := range q.turns {
		for _, d := range l.list {
			d.end(context.Canceled)
		}
	}
	q.lanes, q.turns, q.count, q.bytes = map[string]*lane{}, nil, 0, 0
	q.stir.Broadcast()
}
