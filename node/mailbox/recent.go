package mailbox

import (
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// maxRecent is how many envelopes are remembered that the brand has taken.
const maxRecent = 16_384

// recent remembers what became of the last envelopes, so that one that is sent again
// gets the answer that it had. What it forgets is handed to the brand once more, which
// knows it.
type recent struct {
	mu    sync.Mutex
	of    map[protocol.CID]wire.EnvelopeResult
	order [maxRecent]protocol.CID
	next  int
}

func newRecent() *recent { return &recent{of: map[protocol.CID]wire.EnvelopeResult{}} }

func (r *recent) put(id protocol.CID, result wire.EnvelopeResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, is := r.of[id]; !is {
		delete(r.of, r.order[r.next])
		r.order[r.next] = id
		r.next = (r.next + 1) % maxRecent
	}
	r.of[id] = result
}

func (r *recent) get(id protocol.CID) (wire.EnvelopeResult, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	result, is := r.of[id]
	return result, is
}
