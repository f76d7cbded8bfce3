package mailbox

import (
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
)

// hub tells who waits for something in a thread that it happened.
type hub[T any] struct {
	mu   sync.Mutex
	ears map[protocol.CID]map[*ear[T]]bool
}

// ear hears of some threads. It is closed when it isn't emptied in time.
type ear[T any] struct {
	threads []protocol.CID
	out     chan T
	closed  bool
}

func newHub[T any]() *hub[T] { return &hub[T]{ears: map[protocol.CID]map[*ear[T]]bool{}} }

// listen hears of the threads until leave.
func (h *hub[T]) listen(room int, threads ...protocol.CID) *ear[T] {
	e := &ear[T]{threads: threads, out: make(chan T, room)}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range threads {
		if h.ears[id] == nil {
			h.ears[id] = map[*ear[T]]bool{}
		}
		h.ears[id][e] = true
	}
	return e
}

// leave ends an ear. Leaving again is harmless.
func (h *hub[T]) leave(e *ear[T]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(e)
}

func (h *hub[T]) drop(e *ear[T]) {
	if e.closed {
		return
	}
	e.closed = true
	for _, id := range e.threads {
		delete(h.ears[id], e)
		if len(h.ears[id]) == 0 {
			delete(h.ears, id)
		}
	}
	close(e.out)
}

// tell tells all who listen for the thread. Who has no room left is dropped: it must
// read again.
func (h *hub[T]) tell(thread protocol.CID, what T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for e := range h.ears[thread] {
		select {
		case e.out <- what:
		default:
			h.drop(e)
		}
	}
}
