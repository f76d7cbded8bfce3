package gossip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Reasons to ignore an announcement that lie with this node, beside those of
// package wire.
const (
	PeerBudget  wire.Reason = "peer-budget"  // the peer that delivered it used up its budget
	BrandBudget wire.Reason = "brand-budget" // the brand did; the newest is kept for later
	Unasked     wire.Reason = "unasked"      // pushed by a peer that was asked for other brands
	Unavailable wire.Reason = "unavailable"  // what it takes to judge or keep it isn't at hand
)

const (
	// hearTime is how long judging one announcement may take, the store included.
	hearTime = 5 * time.Second
	// judgedAtOnce is how many announcements are judged at a time.
	judgedAtOnce = 64
)

// ways by which an announcement comes in, for metrics and the log.
const (
	byGossip = "gossip"
	byPush   = "push"
	byLater  = "later" // kept back by the brand's budget before
	byFetch  = "fetch" // kept back until operations were asked for
)

// hearing is one announcement that a peer delivered, while it is read and judged.
type hearing struct {
	g     *Gossip
	ctx   context.Context
	from  peer.ID
	way   string
	asked func(brand protocol.CID) bool // nil: whatever brand

	b    *brand // locked, once it is known which one it is
	s    wire.Standing
	kept bool
	err  error

	supplied bool // the log in s has operations that a peer was asked for
	cost     int  // then the memory that it takes, as estimated by costOf
}

// hear reads an announcement that a peer delivered, judges it and acts on it.
// asked, if not nil, says which brands the peer may tell of.
func (g *Gossip) hear(ctx context.Context, data []byte, from peer.ID, way string, asked func(protocol.CID) bool) wire.Judgement {
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	h := &hearing{g: g, ctx: ctx, from: from, way: way, asked: asked}
	defer h.end()
	a, err := wire.DecodeAnnouncementKnowing(data, h.begin)
	var j wire.Judgement
	if err != nil { // fails again, and says what that means
		j = wire.Judge(data, func(protocol.CID) wire.Standing { return h.s }, g.o.Now())
	} else {
		j = h.judge(a)
	}
	if j.Reason == wire.IdentityMissing {
		g.fetcher.miss(a, from)
	}
	g.report(j, from, way)
	return j
}

// begin locks the brand of the head that is being read, and returns its log: what
// is in there need not be read again. It takes its turn among those who judge only
// then, so that nobody waits for a brand with one of those.
func (h *hearing) begin(id protocol.CID) *identity.Log {
	h.b = h.g.table.take(id)
	h.b.mu.Lock()
	h.g.judging <- struct{}{}
	h.s, h.kept, h.err = h.g.standing(h.ctx, h.b)
	return h.s.Log
}

func (h *hearing) end() {
	if h.b != nil {
		<-h.g.judging
		h.b.mu.Unlock()
		h.g.table.release(h.b)
	}
}

// judge judges what is of a right form.
func (h *hearing) judge(a wire.Announcement) wire.Judgement {
	g, now := h.g, h.g.o.Now()
	switch {
	case h.err != nil:
		return ignored(a, Unavailable, h.err)
	case h.asked != nil && !h.asked(h.b.id):
		return ignored(a, Unasked, errors.New("pushed and not asked for"))
	case h.way == byGossip && !g.affords(h.from, h.kept && !h.b.waiting, now):
		return ignored(a, PeerBudget, errors.New("the peer delivers more than its share"))
	}
	return h.weigh(a)
}

// weigh judges what the peer may deliver, and acts on it.
func (h *hearing) weigh(a wire.Announcement) wire.Judgement {
	g, now := h.g, h.g.o.Now()
	j := a.Judge(h.s, now)
	switch {
	case j.Verdict == wire.Ignore && h.kept:
		g.budgets.idled(h.from, now)
	case j.Verdict == wire.Accept && !h.b.gate.Pass(a, now):
		h.b.waiting, h.b.from = true, h.from
		g.outbox.wait(h.b.id)
		return ignored(a, BrandBudget, errors.New("kept until the brand's budget allows it"))
	case j.Verdict == wire.Accept:
		return h.act(j)
	}
	return j
}

// act takes what is accepted. With operations that were asked for, a brand that is
// kept is told of all that there are, and of another one they are remembered.
func (h *hearing) act(j wire.Judgement) wire.Judgement {
	a := j.Announcement
	switch {
	case h.supplied && h.kept:
		log, err := merged(h.b.id, h.s.Log, a.Identity)
		if err != nil { // not after such a verdict
			return ignored(a, Unavailable, err)
		}
		j.Announcement.Identity = log.Signed()
	case h.supplied:
		h.b.standing.Log, h.b.log = h.s.Log, h.cost
	}
	j = h.g.act(h.ctx, h.b, j, h.kept, h.from)
	j.Announcement = a
	return j
}

// standing returns what is known of the brand, by the node or else here.
func (g *Gossip) standing(ctx context.Context, b *brand) (wire.Standing, bool, error) {
	s, kept, err := g.o.Brands.Standing(ctx, b.id)
	if err != nil {
		return s, kept, fmt.Errorf("standing of %s: %w", b.id, err)
	}
	g.table.mark(b, kept)
	if !kept {
		s = b.standing
	}
	return s, kept, nil
}

// affords reports whether a signature is verified at the peer's cost.
func (g *Gossip) affords(from peer.ID, free bool, now protocol.Millis) bool {
	if free {
		return g.budgets.mayIdle(from, now)
	}
	return g.budgets.strange(from, now)
}

// act takes what is accepted and within all budgets: what must be durable is, when
// it returns with the verdict Accept.
func (g *Gossip) act(ctx context.Context, b *brand, j wire.Judgement, kept bool, from peer.ID) wire.Judgement {
	var err error
	if kept {
		err = g.o.Brands.Hear(ctx, j, from)
	} else if err = b.remember(j); err == nil {
		err = g.table.learn(b, j.Announcement, b.cost(j.Announcement))
	}
	if err != nil {
		return ignored(j.Announcement, Unavailable, fmt.Errorf("hear of %s: %w", b.id, err))
	}
	return j
}

func ignored(a wire.Announcement, reason wire.Reason, err error) wire.Judgement {
	return wire.Judgement{Verdict: wire.Ignore, Reason: reason, Announcement: a, Err: err}
}

// report counts a judgement, logs it, and blames the peer for what is provably
// wrong.
func (g *Gossip) report(j wire.Judgement, from peer.ID, way string) {
	g.metrics.judged(way, j)
	g.o.Log.Debug("announcement", "brand", j.Announcement.Head.Brand, "seq", j.Announcement.Head.Seq,
		"peer", from, "by", way, "verdict", j.Verdict, "reason", j.Reason, "err", j.Err)
	if j.Verdict == wire.Reject {
		g.budgets.lied(from, g.o.Now())
		g.o.Blame(from, "announcement: "+string(j.Reason))
	}
}
