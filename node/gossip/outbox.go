package gossip

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// lookAgain is how often the gates of brands over their budget are tried.
const lookAgain = 200 * time.Millisecond

// maxParked is how many announcements wait for a first peer, one a brand.
const maxParked = 1024

// outbox holds what is yet to be sent: announcements published here, brands whose
// gate keeps one back, and what there was nobody to tell. Nothing in it waits for
// the network.
type outbox struct {
	mu      sync.Mutex
	fresh   map[protocol.CID]wire.Announcement
	waiting map[protocol.CID]bool
	parked  map[protocol.CID]wire.Announcement
	wake    chan struct{}
}

func newOutbox() *outbox {
	return &outbox{
		fresh:   map[protocol.CID]wire.Announcement{},
		waiting: map[protocol.CID]bool{},
		parked:  map[protocol.CID]wire.Announcement{},
		wake:    make(chan struct{}, 1),
	}
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// put adds an announcement to publish, unless a higher one of the brand is there.
func (o *outbox) put(a wire.Announcement) {
	o.mu.Lock()
	defer o.mu.Unlock()
	putNewest(o.fresh, a)
	o.signal()
}

func putNewest(m map[protocol.CID]wire.Announcement, a wire.Announcement) {
	if old, ok := m[a.Head.Brand]; !ok || old.Head.Compare(a.Head.Head) <= 0 {
		m[a.Head.Brand] = a
	}
}

// wait has the gate of the brand tried until done. Both are called with the brand
// locked, so that what its gate keeps is never forgotten here.
func (o *outbox) wait(brand protocol.CID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.waiting[brand] {
		o.waiting[brand] = true
		o.signal()
	}
}

func (o *outbox) done(brand protocol.CID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.waiting, brand)
}

// park keeps an announcement until somebody is there to hear it.
func (o *outbox) park(a wire.Announcement) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, there := o.parked[a.Head.Brand]; !there && len(o.parked) >= maxParked {
		return false
	}
	putNewest(o.parked, a)
	return true
}

func (o *outbox) hasParked() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.parked) > 0
}

// take empties one of the maps.
func (o *outbox) take(m *map[protocol.CID]wire.Announcement) map[protocol.CID]wire.Announcement {
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := *m
	*m = map[protocol.CID]wire.Announcement{}
	return taken
}

func (o *outbox) listWaiting() []protocol.CID {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Collect(maps.Keys(o.waiting))
}

// Publish announces a head of a brand that the node keeps: its own new one, or one
// that it came to know otherwise than by gossip. It returns at once. A brand that
// edits often stays within wire.BrandRate: of what is held back the newest is sent
// as soon as its budget allows. The caller has made durable what a crash must not
// undo, and has verified the head.
func (g *Gossip) Publish(a wire.Announcement) { g.outbox.put(a) }

// send works off the outbox until ctx ends.
func (g *Gossip) send(ctx context.Context) error {
	timer := time.NewTimer(lookAgain)
	defer timer.Stop()
	for {
		for _, a := range g.outbox.take(&g.outbox.fresh) {
			g.publish(ctx, a)
		}
		again := false
		for _, brand := range g.outbox.listWaiting() {
			again = g.sendDue(ctx, brand) || again
		}
		if again {
			timer.Reset(lookAgain)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-g.outbox.wake:
		case <-timer.C:
		}
	}
}

func (g *Gossip) publish(ctx context.Context, a wire.Announcement) {
	b := g.table.take(a.Head.Brand)
	defer g.table.release(b)
	b.mu.Lock()
	g.table.mark(b, true)
	b.own = a.Head.CID
	pass := b.gate.Publish(a, g.o.Now())
	if !pass {
		b.waiting = true
		g.outbox.wait(b.id)
	}
	b.mu.Unlock()
	if pass {
		g.announce(ctx, wire.Judgement{Announcement: a}, "")
	}
}

// sendDue sends what the gate of a brand keeps, if it is due, and reports whether
// there is still something that isn't.
func (g *Gossip) sendDue(ctx context.Context, id protocol.CID) (again bool) {
	b := g.table.take(id)
	defer g.table.release(b)
	j, from, again := g.takeDue(ctx, b)
	if j.Verdict == wire.Accept {
		g.announce(ctx, j, from)
	}
	return again
}

func (g *Gossip) takeDue(ctx context.Context, b *brand) (j wire.Judgement, from peer.ID, again bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, due, wait := b.gate.Due(g.o.Now())
	b.waiting = !due && wait > 0
	if !b.waiting {
		g.outbox.done(b.id)
	}
	switch {
	case due && a.Head.CID == b.own:
		j = wire.Judgement{Verdict: wire.Accept, Announcement: a}
	case due:
		j = g.judgeAgain(ctx, b, a)
	}
	return j, b.from, b.waiting
}

// judgeAgain judges what the gate kept once more: much may have come since.
func (g *Gossip) judgeAgain(ctx context.Context, b *brand, a wire.Announcement) wire.Judgement {
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	s, kept, err := g.standing(ctx, b)
	j := ignored(a, Unavailable, err)
	if err == nil {
		j = a.Judge(s, g.o.Now())
	}
	switch {
	case j.Verdict == wire.Accept:
		j = g.act(ctx, b, j, kept, b.from)
	case j.Reason == wire.IdentityMissing: // of a brand that is kept, if the node couldn't keep it before
		g.fetcher.miss(a, b.from)
	}
	g.metrics.judged(byLater, j)
	g.o.Log.Debug("announcement", "brand", b.id, "seq", a.Head.Seq, "peer", b.from, "by", byLater,
		"verdict", j.Verdict, "reason", j.Reason, "err", j.Err)
	return j
}

// announce encodes and spreads an announcement.
func (g *Gossip) announce(ctx context.Context, j wire.Judgement, from peer.ID) {
	data, err := j.Announcement.Encode()
	if err != nil {
		g.o.Log.Error("announcement can't be sent", "brand", j.Announcement.Head.Brand, "err", err)
		return
	}
	g.spread(ctx, j, data, from)
}

// spread tells followers and the mesh of an announcement that was accepted other
// than from the mesh; followers except the peer that delivered it. Without anybody
// in the mesh it is kept for the first to come.
func (g *Gossip) spread(ctx context.Context, j wire.Judgement, data []byte, from peer.ID) {
	a := j.Announcement
	g.pusher.offer(a, data, j.Reason == wire.Contested, from)
	if g.anybody() {
		g.toMesh(ctx, a.Head.Brand, data)
		return
	}
	if !g.outbox.park(a) {
		g.o.Log.Warn("announcement dropped, nobody to tell and no room", "brand", a.Head.Brand)
	}
	if g.anybody() { // came in between
		g.unpark(ctx)
	}
}

func (g *Gossip) anybody() bool { return len(g.topic.ListPeers()) > 0 }

// unpark tells the mesh what there was nobody to tell before.
func (g *Gossip) unpark(ctx context.Context) {
	if !g.anybody() {
		return
	}
	for _, a := range g.outbox.take(&g.outbox.parked) {
		if data, err := a.Encode(); err == nil {
			g.toMesh(ctx, a.Head.Brand, data)
		}
	}
}
