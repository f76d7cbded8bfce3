package gossip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Reasons to ignore an announcement that lie with this node, beside those of
// package wire.
const (
	PeerBudget  wire.Reason = "peer-budget"  // the peer that delivered it used up its budget
	BrandBudget wire.Reason = "brand-budget" // the brand did; the newest is kept for later
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
)

// read decodes an announcement. With ok false the judgement is the outcome.
func read(data []byte, now protocol.Millis) (a wire.Announcement, j wire.Judgement, ok bool) {
	a, err := wire.DecodeAnnouncement(data)
	if err != nil {
		return a, wire.Judge(data, nil, now), false // fails before it asks for a standing
	}
	return a, wire.Judgement{Announcement: a}, true
}

// hear judges an announcement that a peer delivered and acts on it.
func (g *Gossip) hear(ctx context.Context, a wire.Announcement, from peer.ID, way string) wire.Judgement {
	b := g.table.take(a.Head.Brand)
	defer g.table.release(b)
	b.mu.Lock()
	defer b.mu.Unlock()
	g.judging <- struct{}{} // only now, so that nobody waits for a brand with one of these
	defer func() { <-g.judging }()
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	j := g.judge(ctx, b, a, from, way)
	g.report(j, from, way)
	return j
}

// judge does it for a brand that is locked.
func (g *Gossip) judge(ctx context.Context, b *brand, a wire.Announcement, from peer.ID, way string) wire.Judgement {
	s, kept, err := g.standing(ctx, b)
	if err != nil {
		return ignored(a, Unavailable, err)
	}
	now := g.o.Now()
	if way == byGossip && !g.affords(from, kept && !b.waiting, now) {
		return ignored(a, PeerBudget, errors.New("the peer delivers more than its share"))
	}
	j := a.Judge(s, now)
	switch {
	case j.Verdict == wire.Ignore && kept:
		g.budgets.idled(from, now)
	case j.Verdict == wire.Accept && !b.gate.Pass(a, now):
		b.waiting, b.from = true, from
		g.outbox.wait(b.id)
		return ignored(a, BrandBudget, errors.New("kept until the brand's budget allows it"))
	case j.Verdict == wire.Accept:
		return g.act(ctx, b, j, kept, from)
	}
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
		g.table.learn(b, j.Announcement, b.cost(j.Announcement))
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
