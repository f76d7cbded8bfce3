package threads

import (
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// maxHalfOpen is how many threads may have been begun without anything said in them.
const maxHalfOpen = 10_000

// halfOpen are threads that were begun and hold nothing yet. They live in memory:
// beginning one costs whoever does it more than the brand. When there are too many,
// the oldest of the busiest depositor has to go; who begins again loses nothing.
type halfOpen struct {
	mu    sync.Mutex
	limit int
	all   map[protocol.CID]half
	by    map[string][]protocol.CID // of a depositor, oldest first
}

type half struct {
	thread *store.Thread
	who    string
}

func newHalfOpen(limit int) *halfOpen {
	return &halfOpen{limit: limit, all: map[protocol.CID]half{}, by: map[string][]protocol.CID{}}
}

// put keeps a thread that was begun.
func (h *halfOpen) put(who string, t *store.Thread) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.all[t.ID]; known {
		return
	}
	if len(h.all) >= h.limit {
		h.displace()
	}
	h.all[t.ID] = half{t, who}
	h.by[who] = append(h.by[who], t.ID)
}

// displace forgets the oldest of the busiest depositor.
func (h *halfOpen) displace() {
	busiest := ""
	for who, list := range h.by {
		if n, most := len(list), len(h.by[busiest]); n > most || n == most && who < busiest {
			busiest = who
		}
	}
	h.remove(h.by[busiest][0])
}

// get returns a copy of a thread that was begun, nil if there is none.
func (h *halfOpen) get(id protocol.CID) *store.Thread {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e, ok := h.all[id]; ok {
		return clone(e.thread)
	}
	return nil
}

// drop forgets a thread that is kept elsewhere now.
func (h *halfOpen) drop(id protocol.CID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(id)
}

func (h *halfOpen) remove(id protocol.CID) {
	e, ok := h.all[id]
	if !ok {
		return
	}
	delete(h.all, id)
	list := h.by[e.who]
	for i, other := range list {
		if other == id {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if h.by[e.who] = list; len(list) == 0 {
		delete(h.by, e.who)
	}
}

// clone copies a thread so far that changing one doesn't change the other.
func clone(t *store.Thread) *store.Thread {
	c := *t
	c.Devices = append([]store.ThreadDevice(nil), t.Devices...)
	c.Secrets = append([]store.EpochSecret(nil), t.Secrets...)
	return &c
}
