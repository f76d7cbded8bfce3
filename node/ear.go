package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// ear is what gossip knows of the node: it implements gossip.Brands.
type ear struct{ n *Node }

// Standing implements gossip.Brands.
func (e ear) Standing(ctx context.Context, brand protocol.CID) (wire.Standing, bool, error) {
	m := e.n.kept.get(brand)
	if m == nil {
		return wire.Standing{}, false, nil
	}
	log, err := e.n.store.Identity(ctx, brand)
	if err := orNotFound(err); err != nil {
		return wire.Standing{}, true, fmt.Errorf("standing of %s: %w", brand, err)
	}
	k := m.present()
	return wire.Standing{Log: log, Highest: k.highest, Announced: k.announced, Contested: k.rival != nil}, true, nil
}

// Hear implements gossip.Brands.
func (e ear) Hear(ctx context.Context, j wire.Judgement, from peer.ID) error {
	m := e.n.kept.get(j.Announcement.Head.Brand)
	if m == nil {
		return errUnfollowed
	}
	err := e.n.hear(ctx, m, j.Announcement, from)
	if err != nil {
		e.n.log.Warn("announcement could not be taken", "brand", m.brand, "peer", from, "reason", err)
	}
	return err
}

// hear acts on an announcement whose verdict was to accept it.
func (n *Node) hear(ctx context.Context, m *mirror, a wire.Announcement, from peer.ID) error {
	if err := n.learnIdentity(ctx, m, a.Identity); err != nil {
		return err
	}
	if m.own {
		return n.hearOwn(ctx, m, a.Head)
	}
	m.mu.Lock()
	m.heard.hints = hintsOf(a.Dial)
	m.mu.Unlock()
	_, err := n.learn(ctx, m, report{head: a.Head, from: from, announced: true})
	return err
}

// hearOwn takes a head of the own brand: one that comes back, or one that somebody
// else signed.
func (n *Node) hearOwn(ctx context.Context, m *mirror, head catalog.SignedHead) error {
	err := n.Notice(ctx, head)
	if errors.Is(err, ErrAlarm) {
		return nil // said loudly, and kept
	}
	if k := m.present(); err == nil && k.highest != nil && k.highest.CID == head.CID {
		n.announced(m)
	}
	return err
}

func hintsOf(list []wire.Hint) []string {
	var out []string
	for _, h := range list {
		out = append(out, string(h))
	}
	return out
}
