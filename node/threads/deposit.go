package threads

import (
	"context"
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// deposit is what one request brings: envelopes of one thread, in order.
type deposit struct {
	who       string // the depositor
	thread    protocol.CID
	envelopes [][]byte
	after     uint64 // what of the thread the answer begins behind
	size      int    // bytes of envelopes

	begun    *store.Thread               // as the worker found it: what opens the envelopes
	arrivals []*arrival                  // what of the envelopes is still to be judged
	again    *uint64                     // what a sync asked behind
	first    func(context.Context) error // done before anything is opened; may be nil
	hasty    bool                        // doesn't wait for what has to stand before its entries

	mu      sync.Mutex
	results []wire.EnvelopeResult
	err     error
	page    *wire.ThreadPage // when it could not be read any more afterwards
	open    int              // arrivals without a verdict
	ended   bool
	done    chan struct{}
}

// arrival is an envelope that was opened and verified as far as it can be without
// the chain.
type arrival struct {
	deposit *deposit
	place   int    // among the deposit's envelopes
	epoch   uint64 // that it was sealed under

	entry     thread.SignedEntry
	raw       []byte // the signed entry
	salt      []byte
	body      []byte
	value     any               // the decoded body, nil when there is a reason
	reason    string            // why the entry is refused whatever the chain says
	certified *thread.Certified // of dev.add
	root      *thread.Roots     // of rekey

	judged   bool     // its deposit has its verdict
	handback []handed // instead of an entry
	sync     bool     // nothing but a question, which the answer answers
	after    uint64   // of a sync
}

func newDeposit(who string, id protocol.CID, envelopes [][]byte, after uint64) *deposit {
	d := &deposit{who: who, thread: id, envelopes: envelopes, after: after, done: make(chan struct{})}
	d.results = make([]wire.EnvelopeResult, len(envelopes))
	for i, e := range envelopes {
		d.results[i].State = wire.StateReceived
		d.size += len(e)
	}
	return d
}

// end finishes the deposit as a whole.
func (d *deposit) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
	}
	d.finish()
}

// over reports whether all is judged that there was to judge.
func (d *deposit) over() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended
}

// finish tells who waits. d.mu is held.
func (d *deposit) finish() {
	if !d.ended {
		d.ended = true
		close(d.done)
	}
}

// settle says what became of an envelope.
func (d *deposit) settle(place int, r wire.EnvelopeResult) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.results[place] = r
}

// settle says what became of an arrival. What was let go with received may still be
// committed later.
func (a *arrival) settle(r wire.EnvelopeResult) {
	d := a.deposit
	d.mu.Lock()
	defer d.mu.Unlock()
	d.results[a.place] = r
	if a.judged {
		return
	}
	a.judged = true
	if d.open--; d.open == 0 {
		d.finish()
	}
}

// present returns what became of the envelopes up to now.
func (d *deposit) present() ([]wire.EnvelopeResult, *wire.ThreadPage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]wire.EnvelopeResult(nil), d.results...), d.page, d.err
}
