package node

import (
	"context"
	"sync"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
)

// queue says of which brand it is time to do something, each by one worker at a time.
type queue struct {
	mu   sync.Mutex
	due  map[protocol.CID]time.Time
	busy map[protocol.CID]bool
	stir chan struct{} // closed when something changed
}

func newQueue() *queue {
	return &queue{due: map[protocol.CID]time.Time{}, busy: map[protocol.CID]bool{}, stir: make(chan struct{})}
}

// put has a brand's turn come at a time, or before if that was said already.
func (q *queue) put(brand protocol.CID, at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if before, ok := q.due[brand]; ok && before.Before(at) {
		return
	}
	q.due[brand] = at
	q.changed()
}

// forget takes a brand's turn away.
func (q *queue) forget(brand protocol.CID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.due, brand)
}

// changed wakes all who wait. q.mu is held.
func (q *queue) changed() {
	close(q.stir)
	q.stir = make(chan struct{})
}

// take waits until a brand's turn has come that nobody works on, and gives it to the
// caller until done. ok is false when ctx ended.
func (q *queue) take(ctx context.Context) (brand protocol.CID, ok bool) {
	for ctx.Err() == nil {
		brand, wait, stirred := q.next(time.Now())
		if wait <= 0 {
			return brand, true
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-stirred:
		case <-timer.C:
		}
		timer.Stop()
	}
	return protocol.CID{}, false
}

// idle is how long to wait when nothing is due.
const idle = time.Hour

func (q *queue) next(now time.Time) (brand protocol.CID, wait time.Duration, stirred chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait = idle
	for id, at := range q.due {
		if !q.busy[id] && at.Sub(now) < wait {
			brand, wait = id, at.Sub(now)
		}
	}
	if wait <= 0 {
		delete(q.due, brand)
		q.busy[brand] = true
	}
	return brand, wait, q.stir
}

// done gives a brand back.
func (q *queue) done(brand protocol.CID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.busy, brand)
	q.changed()
}
