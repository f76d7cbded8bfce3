package node

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
)

// PeerStatus describes a connected peer.
type PeerStatus struct {
	Peer      string         `json:"peer"`
	Addr      string         `json:"addr"`
	Transport string         `json:"transport"` // tcp, quic, webtransport, relay or other
	Relayed   bool           `json:"relayed"`
	Score     float64        `json:"score"`  // in gossip: below 0 is bad
	Brands    []protocol.CID `json:"brands"` // kept here, that it is known to have
}

// FollowerStatus describes a peer that follows the node's own brand.
type FollowerStatus struct {
	Peer string `json:"peer"`
	Seq  uint64 `json:"seq"` // of the head whose catalog it said to have; 0: it didn't say
}

// Peers lists connected peers, none without a network.
func (n *Node) Peers(context.Context) []PeerStatus {
	out := []PeerStatus{}
	if n.net == nil {
		return out
	}
	brands := n.brandsByPeer()
	for _, p := range n.net.p2p.Peers() {
		out = append(out, PeerStatus{
			Peer: p.ID.String(), Addr: p.Addr, Transport: p.Transport, Relayed: p.Relayed,
			Score: n.net.gossip.Score(p.ID), Brands: append([]protocol.CID{}, brands[p.ID]...),
		})
	}
	slices.SortFunc(out, func(a, b PeerStatus) int { return cmp.Compare(a.Peer, b.Peer) })
	return out
}

// brandsByPeer says which brands peers are known to have.
func (n *Node) brandsByPeer() map[peer.ID][]protocol.CID {
	out := map[peer.ID][]protocol.CID{}
	for _, m := range n.kept.followed() {
		for _, id := range m.likely() {
			out[id] = append(out[id], m.brand)
		}
	}
	for id := range n.net.followers.all() {
		out[id] = append(out[id], n.brand)
	}
	return out
}

// maxFollowers is how many followers are remembered.
const maxFollowers = 1000

// followers are peers that asked for the own brand's head and said what they have.
type followers struct {
	mu   sync.Mutex
	seen map[peer.ID]holder
}

func newFollowers() *followers { return &followers{seen: map[peer.ID]holder{}} }

func (f *followers) note(p peer.ID, what holder) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.seen[p]; !known && len(f.seen) >= maxFollowers {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(f.seen)), func(a, b peer.ID) int {
			return cmp.Compare(f.seen[a].at, f.seen[b].at)
		})
		delete(f.seen, oldest)
	}
	f.seen[p] = what
}

func (f *followers) all() map[peer.ID]holder {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.seen)
}

// Followers lists the peers that follow the own brand, as far as they said so.
func (n *Node) Followers() []FollowerStatus {
	out := []FollowerStatus{}
	if n.net == nil {
		return out
	}
	all := n.net.followers.all()
	for id, brands := range n.net.gossip.Pushed() {
		if _, known := all[id]; !known && slices.Contains(brands, n.brand) {
			all[id] = holder{}
		}
	}
	for id, h := range all {
		out = append(out, FollowerStatus{id.String(), h.seq})
	}
	slices.SortFunc(out, func(a, b FollowerStatus) int { return cmp.Compare(a.Peer, b.Peer) })
	return out
}

// Addresses lists where the node may be reached, for others to be told: none without
// a network.
func (n *Node) Addresses() []string {
	if n.net == nil {
		return nil
	}
	return slices.DeleteFunc(n.net.p2p.Hints(), func(s string) bool { return !n.worthTelling(s) })
}
