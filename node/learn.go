package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// errUnfollowed means that a brand was unfollowed while something of it was under way.
var errUnfollowed = errors.New("the brand is no longer followed")

// report is a head of a followed brand that somebody brought. Who signed it is
// checked by learn.
type report struct {
	head      catalog.SignedHead
	from      peer.ID // "" when nobody in particular said it
	announced bool    // by an announcement that was accepted
}

// learn decides on a head of a followed brand, whoever brought it
// (specs/07-head.md §3, §4). What must survive a crash is durable when it returns.
// The verdict is that on the highest head known before. An error that wraps
// protocol.ErrInvalid means that the head is provably wrong.
func (n *Node) learn(ctx context.Context, m *mirror, r report) (catalog.Verdict, error) {
	m.deciding.Lock()
	defer m.deciding.Unlock()
	if m.gone {
		return "", errUnfollowed
	}
	log, err := n.store.Identity(ctx, m.brand)
	if err != nil {
		return "", err
	}
	state := log.State()
	if err := catalog.VerifyHead(r.head, state); err != nil {
		return "", fmt.Errorf("head of %s: %w", m.brand, err)
	}
	verdict := catalog.Check(r.head, m.present().highest, n.millis())
	if verdict == catalog.Newer && r.head.Epoch < state.Epoch {
		return catalog.Older, nil // superseded by the identity
	}
	switch verdict {
	case catalog.Newer:
		err = n.raiseHighest(ctx, m, r)
	case catalog.Conflicting:
		err = n.keepRival(ctx, m, r)
	case catalog.Same:
		err = n.confirm(ctx, m, r)
	case catalog.Older:
		n.noteHolder(m, r)
	}
	return verdict, err
}

// raiseHighest makes a head the highest one known, ends the contests that it heals and
// has its catalog fetched.
func (n *Node) raiseHighest(ctx context.Context, m *mirror, r report) error {
	now, before := n.millis(), m.present().contests
	open := before.open(r.head)
	if err := n.keepHighest(ctx, m, r, before, now); err != nil {
		return fmt.Errorf("keep highest head of %s: %w", m.brand, err)
	}
	if len(open) != len(before) {
		n.log.Info("contest ended", "brand", m.brand, "seq", r.head.Seq, "open", len(open))
	}
	m.mu.Lock()
	m.highest, m.announced, m.rival, m.contests = &r.head, r.announced, nil, open
	if !r.announced {
		m.heard.says(r.from, r.head.Head, now)
	}
	m.heard.confirmed(r.from, now)
	m.heard.signed = max(m.heard.signed, min(r.head.Time, now))
	m.heard.noteBehind(m.target() != nil, now)
	m.mu.Unlock()
	n.stillThere(m, r.from)
	n.log.Debug("newer head known", "brand", m.brand, "epoch", r.head.Epoch, "seq", r.head.Seq, "peer", r.from)
	n.wake(m)
	return nil
}

// keepHighest stores the highest head and what is still in contest, so that a kill
// between the two leaves nothing that loadMirror doesn't settle.
func (n *Node) keepHighest(ctx context.Context, m *mirror, r report, before contests, now protocol.Millis) error {
	open := before.open(r.head)
	told, rival, err := open.told(r.head)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		if err := n.keepEvidence(ctx, m.brand, evidence{open, &r.head}); err != nil {
			return err
		}
	}
	err = n.store.UpdateStanding(ctx, m.brand, true, func(st *store.Standing) error {
		*st = store.Standing{Highest: told, Rival: rival, Announced: r.announced, Heard: now, Home: m.homeTime(r.from, now)}
		return nil
	})
	if err == nil && len(open) == 0 && len(before) > 0 {
		err = n.keepEvidence(ctx, m.brand, evidence{})
	}
	return err
}

// homeTime returns when one of the brand's own nodes last spoke, this time included.
func (m *mirror) homeTime(from peer.ID, now protocol.Millis) protocol.Millis {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.heard.isHome(from) {
		return now
	}
	return m.heard.home
}

// keepRival keeps the evidence that the brand signed two heads at one place. The one
// seen first stays in force.
func (n *Node) keepRival(ctx context.Context, m *mirror, r report) error {
	k := m.present()
	open := k.contests.with(catalog.Contest{First: *k.highest, Second: r.head})
	if k.rival != nil {
		return nil // it is plain already
	}
	if err := n.keepEvidence(ctx, m.brand, evidence{open, k.highest}); err != nil {
		return err
	}
	told, rival, err := open.told(*k.highest)
	if err != nil {
		return err
	}
	err = n.store.UpdateStanding(ctx, m.brand, true, func(st *store.Standing) error {
		st.Highest, st.Rival = told, rival
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep evidence of a contest of %s: %w", m.brand, err)
	}
	m.mu.Lock()
	m.rival, m.contests = &r.head, open
	m.mu.Unlock()
	n.log.Warn("brand is in contest: it signed two heads at one place", "brand", m.brand, "epoch", r.head.Epoch, "seq", r.head.Seq,
		"head", k.highest.CID, "rival", r.head.CID, "peer", r.from)
	return nil
}

// confirm notes that somebody takes the highest head for the highest.
func (n *Node) confirm(ctx context.Context, m *mirror, r report) error {
	now := n.millis()
	m.mu.Lock()
	if !r.announced {
		m.heard.says(r.from, r.head.Head, now)
	}
	m.heard.confirmed(r.from, now)
	first := r.announced && !m.announced
	m.announced = m.announced || r.announced
	m.mu.Unlock()
	n.stillThere(m, r.from)
	if first {
		return n.keepHearsay(ctx, m, true)
	}
	return nil
}

// stillThere takes back that a brand's own node is there when it has left before its
// word was noted.
func (n *Node) stillThere(m *mirror, id peer.ID) {
	if n.net == nil || id == "" || n.connected(id) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.heard.present, id)
}

// noteHolder notes that a peer has an older head than the highest one.
func (n *Node) noteHolder(m *mirror, r report) {
	if r.announced {
		return
	}
	now := n.millis()
	m.mu.Lock()
	m.heard.says(r.from, r.head.Head, now)
	note := m.heard.notesOlder(r.from, now)
	m.mu.Unlock()
	if note {
		n.log.Debug("peer is at an older head", "brand", m.brand, "peer", r.from, "seq", r.head.Seq)
	}
}

// learnIdentity adds operations to a brand's log, if any of them is new. The error
// wraps protocol.ErrInvalid when one is provably wrong.
func (n *Node) learnIdentity(ctx context.Context, m *mirror, ops []protocol.Signed) error {
	m.deciding.Lock()
	defer m.deciding.Unlock()
	if m.gone {
		return errUnfollowed
	}
	fresh, err := n.unknownOps(ctx, m.brand, ops)
	if err != nil || len(fresh) == 0 {
		return err
	}
	state, err := n.store.PutIdentity(ctx, m.brand, fresh...)
	if err != nil {
		return err
	}
	n.log.Info("identity grew", "brand", m.brand, "operation", state.N, "epoch", state.Epoch, "contested", state.Contested)
	if state.Contested {
		n.log.Warn("identity of brand is contested: it has branches that contradict each other", "brand", m.brand, "branches", len(state.Tips))
	}
	return n.look(ctx, m)
}

func (n *Node) unknownOps(ctx context.Context, brand protocol.CID, ops []protocol.Signed) (fresh [][]byte, err error) {
	log, err := n.store.Identity(ctx, brand)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	for _, op := range ops {
		if log != nil && log.Has(op.ID()) {
			continue
		}
		raw, err := op.Encode()
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, raw)
	}
	return fresh, nil
}
