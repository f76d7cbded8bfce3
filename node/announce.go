package node

import (
	"context"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// announce tells the network of a head of the own brand. Without a network it does
// nothing.
func (n *Node) announce(ctx context.Context, head catalog.SignedHead) {
	if n.net == nil || head.Expired(n.millis()) {
		return
	}
	a, err := n.announcement(ctx, head, n.ownHints()...)
	if err != nil {
		n.log.Error("the head could not be announced", "brand", head.Brand, "reason", err)
		return
	}
	if m := n.kept.get(head.Brand); m != nil {
		n.announced(m)
	}
	n.net.gossip.Publish(a)
}

// passOn tells the network of a head of a followed brand that came by another way
// than gossip: a node that was cut off brings news with it. Everybody who does so
// says it in the same bytes.
func (n *Node) passOn(ctx context.Context, m *mirror, head catalog.SignedHead) {
	if n.net == nil || head.Expired(n.millis()) {
		return
	}
	if a, err := n.announcement(ctx, head); err == nil {
		n.net.gossip.Publish(a)
	}
}

// announced notes in memory that a brand's highest head has been announced.
func (n *Node) announced(m *mirror) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.announced = true
}

func (n *Node) announcement(ctx context.Context, head catalog.SignedHead, hints ...wire.Hint) (wire.Announcement, error) {
	log, err := n.store.Identity(ctx, head.Brand)
	if err != nil {
		return wire.Announcement{}, err
	}
	return wire.Announce(log, head, hints...)
}

// ownHints are addresses at which others may reach this node.
func (n *Node) ownHints() []wire.Hint { return parseHints(n.net.p2p.Hints()) }

func parseHints(list []string) []wire.Hint {
	var out []wire.Hint
	for _, s := range list {
		if h, err := wire.ParseHint(s); err == nil && len(out) < wire.MaxHints {
			out = append(out, h)
		}
	}
	return out
}

// currentAnnouncement returns what a follower that just came is told of a brand:
// of the own one with this node's addresses, of others with those in their profile.
func (n *Node) currentAnnouncement(ctx context.Context, brand protocol.CID) (wire.Announcement, bool) {
	m := n.kept.get(brand)
	if m == nil {
		return wire.Announcement{}, false
	}
	m.mu.Lock()
	head, hints := m.highest, parseHints(m.profile.peers)
	m.mu.Unlock()
	if head == nil || head.Expired(n.millis()) {
		return wire.Announcement{}, false
	}
	if m.own {
		hints = n.ownHints()
	}
	a, err := n.announcement(ctx, *head, hints...)
	return a, err == nil
}

// rivalAnnouncement returns the announcement of the head that contests the highest one
// of a brand.
func (n *Node) rivalAnnouncement(ctx context.Context, brand protocol.CID) (wire.Announcement, bool) {
	m := n.kept.get(brand)
	if m == nil {
		return wire.Announcement{}, false
	}
	rival := m.present().rival
	if rival == nil || rival.Expired(n.millis()) {
		return wire.Announcement{}, false
	}
	a, err := n.announcement(ctx, *rival)
	return a, err == nil
}
