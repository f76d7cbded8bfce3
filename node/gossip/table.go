package gossip

import (
	"container/list"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Limits of what is remembered of brands that the node doesn't keep.
const (
	// maxTips is their largest number.
	maxTips = 10_000
	// maxTipBytes is how much memory all of them may take, as estimated by costOf.
	maxTipBytes = 64 << 20
	// maxOneTip is how much one of them may take: of a brand with more operations than
	// that nothing is remembered, and only nodes that keep it pass its announcements on,
	// because who does must be able to show them.
	maxOneTip = 128 << 10
)

// brand is what gossip holds of one brand.
type brand struct {
	id protocol.CID

	// mu is held while an announcement of the brand is judged and acted on, so that
	// each is judged against what the one before it left.
	mu       sync.Mutex
	gate     wire.Gate
	waiting  bool         // the gate keeps an announcement
	from     peer.ID      // who delivered what the gate keeps
	own      protocol.CID // the newest head that was published here
	standing wire.Standing
	log      int // estimated size of standing.Log in bytes

	// The table's lock guards these.
	users int           // who took the brand and didn't release it
	kept  bool          // by the node: not counted among the tips
	place *list.Element // among the tips, nil if it is none
	tip   wire.Announcement
	bytes int
}

// table holds brands: those the node keeps, the tips of others up to a limit, and
// for as long as somebody uses it any other.
type table struct {
	mu     sync.Mutex
	brands map[protocol.CID]*brand
	tips   list.List // of *brand, the one heard longest ago first
	bytes  int
}

func newTable() *table { return &table{brands: map[protocol.CID]*brand{}} }

// take returns the brand for use, making an empty one if needed.
func (t *table) take(id protocol.CID) *brand {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.brands[id]
	if b == nil {
		b = &brand{id: id}
		t.brands[id] = b
	}
	b.users++
	return b
}

// release ends a use. A brand that is neither kept nor a tip is forgotten with its
// last one.
func (t *table) release(b *brand) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b.users--
	t.sweep(b)
}

func (t *table) sweep(b *brand) {
	if b.users == 0 && !b.kept && b.place == nil {
		delete(t.brands, b.id)
	}
}

// mark says whether the node keeps the brand. One that it keeps is no tip, and
// what was remembered of it is the node's to know. The caller holds b.mu.
func (t *table) mark(b *brand, kept bool) {
	if kept {
		b.standing, b.log = wire.Standing{}, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b.kept = kept
	if kept {
		t.drop(b)
	}
}

// learn makes the brand the tip heard last, and forgets the ones heard longest
// ago as room requires. cost is an estimate in bytes; one beyond the limit makes the
// brand forgotten, with errTooLong.
func (t *table) learn(b *brand, tip wire.Announcement, cost int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(b)
	if cost > maxOneTip {
		return errTooLong
	}
	b.tip, b.bytes, b.place = tip, cost, t.tips.PushBack(b)
	t.bytes += cost
	for t.tips.Len() > maxTips || t.bytes > maxTipBytes {
		oldest := t.tips.Front().Value.(*brand)
		t.drop(oldest)
		t.sweep(oldest)
	}
	return nil
}

func (t *table) drop(b *brand) {
	if b.place == nil {
		return
	}
	t.tips.Remove(b.place)
	t.bytes -= b.bytes
	b.tip, b.bytes, b.place = wire.Announcement{}, 0, nil
}

func (t *table) count() (tips, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tips.Len(), t.bytes
}

func (t *table) tip(id protocol.CID) (wire.Announcement, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.brands[id]
	if b == nil || b.place == nil {
		return wire.Announcement{}, false
	}
	return b.tip, true
}

// remember carries an accepted announcement into the standing of a brand that the
// node doesn't keep (specs/11-announcement.md §6).
func (b *brand) remember(j wire.Judgement) error {
	a := j.Announcement
	if err := b.extend(a.Identity); err != nil {
		return err
	}
	switch j.Reason {
	case wire.Newer:
		b.standing.Highest, b.standing.Announced, b.standing.Contested = &a.Head, true, false
	case wire.Unpassed:
		b.standing.Announced = true
	case wire.Contested:
		b.standing.Contested = true
	}
	return nil
}

func (b *brand) extend(ops []protocol.Signed) error {
	if b.standing.Log == nil {
		return b.begin(ops)
	}
	cost := 0
	for _, op := range ops {
		if !b.standing.Log.Has(op.ID()) {
			cost += costOf(op)
		}
	}
	if cost == 0 {
		return nil
	}
	if _, err := b.standing.Log.AppendSigned(ops...); err != nil {
		return err
	}
	b.log += cost
	return nil
}

func (b *brand) begin(ops []protocol.Signed) error {
	log, err := logOf(b.id, ops)
	if err != nil {
		return err
	}
	b.standing.Log, b.log = log, 0
	for _, op := range ops {
		b.log += costOf(op)
	}
	return nil
}

// costOf estimates the memory that an object takes with all that hangs on it.
func costOf(s protocol.Signed) int { return 1024 + 2*len(s.Payload) + 256*len(s.Signatures) }

func (b *brand) cost(a wire.Announcement) int {
	hints := 0
	for _, h := range a.Dial {
		hints += len(h)
	}
	return 512 + costOf(a.Head.Signed) + hints + b.log
}
