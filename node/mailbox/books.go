package mailbox

import (
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// books are what a relay counts: what the boxes weigh, who opened them, and which
// thread an identity has. They are in memory; addresses are nowhere else. The writer
// changes them with the boxes, and takes back what didn't become durable.
type books struct {
	mu      sync.Mutex
	limits  Ceilings
	all     *ceiling
	fresh   map[protocol.CID]*ceiling // by brand
	boxes   map[protocol.CID]*account
	threads map[identity]protocol.CID
	undo    []func()
}

// identity names a shopper to one brand.
type identity struct {
	brand protocol.CID
	key   [32]byte
}

// account is what is counted of a box.
type account struct {
	who       identity
	depositor string // who opened it; "" is from before the node started
	weight    int64
	first     bool
}

func newBooks(limits Ceilings) *books {
	return &books{
		limits: limits, all: newCeiling(limits.All), fresh: map[protocol.CID]*ceiling{},
		boxes: map[protocol.CID]*account{}, threads: map[identity]protocol.CID{},
	}
}

// begin takes back what wasn't kept.
func (b *books) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.undo) - 1; i >= 0; i-- {
		b.undo[i]()
	}
	b.undo = nil
}

// keep says that all that was counted is durable.
func (b *books) keep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.undo = nil
}

func (b *books) pool(brand protocol.CID) *ceiling {
	if b.fresh[brand] == nil {
		b.fresh[brand] = newCeiling(b.limits.New)
	}
	return b.fresh[brand]
}

// opens refuses a new box that weighs so much.
func (b *books) opens(who identity, depositor string, weight int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.all.admits(depositor, weight) || !b.pool(who.brand).admits(depositor, weight) {
		return wire.ErrBusy
	}
	return nil
}

// grows refuses to add so much to a box that there is.
func (b *books) grows(thread protocol.CID, weight int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.boxes[thread]
	switch {
	case a == nil:
		return wire.ErrUnknownThread
	case !b.all.admits(a.depositor, weight), a.first && !b.pool(a.who.brand).admits(a.depositor, weight):
		return wire.ErrBusy
	}
	return nil
}

// put counts a box as it is now; depositor is of use when it is new.
func (b *books) put(x *store.Box, who identity, depositor string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := account{who: who, depositor: depositor, weight: weigh(x), first: x.First}
	if was := b.boxes[x.Thread]; was != nil {
		a.depositor = was.depositor
	}
	b.set(x.Thread, &a)
}

// again counts a box that is counted already as it is now.
func (b *books) again(x *store.Box) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if was := b.boxes[x.Thread]; was != nil {
		a := *was
		a.weight, a.first = weigh(x), x.First
		b.set(x.Thread, &a)
	}
}

// drop counts a box no more.
func (b *books) drop(thread protocol.CID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.set(thread, nil)
}

// set replaces an account, nil being none, and remembers how to take that back.
func (b *books) set(thread protocol.CID, a *account) {
	was := b.boxes[thread]
	b.undo = append(b.undo, func() { b.replace(thread, a, was) })
	b.replace(thread, was, a)
}

func (b *books) replace(thread protocol.CID, was, is *account) {
	if was != nil {
		b.count(was, -1)
		delete(b.boxes, thread)
		delete(b.threads, was.who)
	}
	if is != nil {
		b.count(is, 1)
		b.boxes[thread], b.threads[is.who] = is, thread
	}
}

func (b *books) count(a *account, sign int64) {
	b.all.add(a.depositor, sign*a.weight)
	if a.first {
		b.pool(a.who.brand).add(a.depositor, sign*a.weight)
	}
}

// thread returns the thread that an identity has a box for.
func (b *books) thread(who identity) (protocol.CID, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id, ok := b.threads[who]
	return id, ok
}

// weigh is what a box counts.
func weigh(x *store.Box) int64 {
	return boxCost + int64(x.Up.Items+x.Down.Items)*itemCost + x.Up.Bytes + x.Down.Bytes
}

// full reports whether nothing of that weight fits at all.
func (b *books) full(weight int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.total+weight > b.all.limit
}
