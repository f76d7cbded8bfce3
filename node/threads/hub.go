package threads

import (
	"context"
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Bounds of watching.
const (
	maxWatchers  = 4096 // at once
	maxWatched   = 64   // threads of one watcher
	watcherQueue = 64   // events that wait for a slow reader before it is given up
)

// hub tells watchers what was committed.
type hub struct {
	mu    sync.Mutex
	count int
	by    map[protocol.CID]map[*watcher]bool
}

// watcher is one reader of the events of some threads.
type watcher struct {
	threads []protocol.CID
	events  chan wire.ThreadEvent
}

func newHub() *hub { return &hub{by: map[protocol.CID]map[*watcher]bool{}} }

// watch subscribes until ctx ends or the reader is too slow; the channel is closed
// then. It returns wire.ErrBusy when there are too many.
func (h *hub) watch(ctx context.Context, threads []protocol.CID) (<-chan wire.ThreadEvent, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= maxWatchers {
		return nil, wire.ErrBusy
	}
	w := &watcher{threads: threads, events: make(chan wire.ThreadEvent, watcherQueue)}
	for _, id := range threads {
		if h.by[id] == nil {
			h.by[id] = map[*watcher]bool{}
		}
		h.by[id][w] = true
	}
	h.count++
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.leave(w)
	})
	return w.events, nil
}

// leave ends a subscription, once. h.mu is held.
func (h *hub) leave(w *watcher) {
	if w.threads == nil {
		return
	}
	for _, id := range w.threads {
		if delete(h.by[id], w); len(h.by[id]) == 0 {
			delete(h.by, id)
		}
	}
	w.threads = nil
	h.count--
	close(w.events)
}

// watched reports whether anybody watches a thread.
func (h *hub) watched(id protocol.CID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.by[id]) > 0
}

// tell gives an event to all who watch its thread, without waiting for any.
func (h *hub) tell(e wire.ThreadEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.by[e.Thread] {
		select {
		case w.events <- e:
		default:
			h.leave(w)
		}
	}
}
