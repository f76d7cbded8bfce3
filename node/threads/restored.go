package threads

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// Restored says that whatever was committed before a time may not be all that was: the
// node came from a backup, or another one spoke for the brand. Threads of before wait
// for their shoppers until the brand says something in them by itself.
func (d *Desk) Restored(since protocol.Millis) { d.since.Store(int64(since)) }

func (d *Desk) restored() protocol.Millis { return protocol.Millis(d.since.Load()) }

// unconfirmed reports whether a thread stood before the node was restored and hasn't
// been confirmed by its shopper since.
func (d *Desk) unconfirmed(t *store.Thread) bool {
	since := d.restored()
	return t.Confirmed < since && t.Created < since
}

// asksBack reports whether nothing is committed in a thread before its shopper has
// handed back what they have: one has seen more than there is, or nobody has said since
// the restore that there is no more. A thread without any commit has nothing to be asked
// for.
func (d *Desk) asksBack(t *store.Thread) bool { return t.Resync || t.Seq > 0 && d.unconfirmed(t) }

// asked are the threads whose shoppers were asked back, with the highest commit that one
// of them is known to have seen. Only the committing goroutine uses it.
type asked map[protocol.CID]uint64

// maxAsked bounds the threads of which that is remembered.
const maxAsked = 10_000

func (a asked) note(id protocol.CID, seen uint64) {
	for other := range a {
		if len(a) < maxAsked {
			break
		}
		delete(a, other)
	}
	a[id] = max(a[id], seen)
}
