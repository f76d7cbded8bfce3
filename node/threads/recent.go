package threads

import (
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// Bounds of what is kept in memory of threads that are stored.
const (
	maxRecent = 2048     // threads in each of two generations
	maxTail   = 16       // entries
	tailBytes = 16 << 10 // of them
)

// recent keeps threads as the last batches left them, so that what goes back and forth
// in one needn't be read and opened each time. Only the committing goroutine, through
// which every change of a thread goes, puts anything in; what comes out isn't changed.
type recent struct {
	mu       sync.RWMutex
	now, old map[protocol.CID]*remembered
}

// remembered is a thread with the end of its chain.
type remembered struct {
	thread *store.Thread
	tail   []*store.ThreadEntry
}

func newRecent() *recent { return &recent{now: map[protocol.CID]*remembered{}} }

// get returns a thread that was committed lately, nil for any other.
func (r *recent) get(id protocol.CID) *remembered {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if m := r.now[id]; m != nil {
		return m
	}
	return r.old[id]
}

// put remembers a thread and the entries that were added to it.
func (r *recent) put(t *store.Thread, added []*store.ThreadEntry) {
	var tail []*store.ThreadEntry
	if before := r.get(t.ID); before != nil {
		tail = append(tail, before.tail...)
	}
	tail = shorten(append(tail, added...))
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.now) >= maxRecent {
		r.now, r.old = map[protocol.CID]*remembered{}, r.now
	}
	r.now[t.ID] = &remembered{t, tail}
}

// forget remembers of a thread only that it is erased.
func (r *recent) forget(id protocol.CID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.old, id)
	r.now[id] = &remembered{thread: &store.Thread{ID: id, Erased: true}}
}

// shorten drops what stands first until the rest is within the bounds.
func shorten(tail []*store.ThreadEntry) []*store.ThreadEntry {
	size, from := 0, len(tail)
	for from > 0 && len(tail)-from < maxTail {
		e := tail[from-1]
		if size += len(e.Entry) + len(e.Commit) + len(e.Body); size > tailBytes {
			break
		}
		from--
	}
	return tail[from:]
}

// behind returns the entries behind a commit, false if not all of them are here.
func (m *remembered) behind(after uint64) ([]*store.ThreadEntry, bool) {
	if after >= m.thread.Seq {
		return nil, true
	}
	if len(m.tail) == 0 || m.tail[0].Seq > after+1 {
		return nil, false
	}
	return m.tail[after+1-m.tail[0].Seq:], true
}
