package node

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

type peerID = peer.ID

const (
	// maxHomes is how many of a brand's own nodes are kept connected.
	maxHomes = 2
	// maxStrangers is how many peers are asked of which nothing is known but that they
	// speak the protocol.
	maxStrangers = 6
	// asksAtOnce is how many peers are asked for a head at the same time.
	asksAtOnce = 3
	reachTime  = 10 * time.Second
)

// candidates lists connected peers that may have a brand's catalog, best first: its
// own nodes, those that said that they have it, the highest first, others.
func (n *Node) candidates(m *mirror) []peer.ID {
	likely := slices.DeleteFunc(m.likely(), func(id peer.ID) bool { return !n.connected(id) })
	if len(likely) >= asksAtOnce {
		return likely
	}
	for _, id := range n.speakers() {
		if len(likely) >= maxStrangers {
			break
		}
		if !slices.Contains(likely, id) {
			likely = append(likely, id)
		}
	}
	return likely
}

// likely lists peers that may have the brand's catalog, connected or not.
func (m *mirror) likely() []peer.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []peer.ID
	for _, home := range m.heard.homes {
		out = append(out, home.ID)
	}
	var others []peer.ID
	for id := range m.heard.holders {
		if !slices.Contains(out, id) {
			others = append(others, id)
		}
	}
	slices.SortFunc(others, func(a, b peer.ID) int {
		return m.counted(m.heard.holders[b]).compare(m.counted(m.heard.holders[a]))
	})
	return append(out, others...)
}

// counted returns what a peer said as far as it counts: a claim places nobody above
// the highest head that was verified. m.mu is held.
func (m *mirror) counted(h holder) holder {
	if h.verified {
		return h
	}
	var top holder
	if m.highest != nil {
		top.epoch, top.seq = m.highest.Epoch, m.highest.Seq
	}
	if cmp.Or(cmp.Compare(h.epoch, top.epoch), cmp.Compare(h.seq, top.seq)) > 0 {
		h.epoch, h.seq = top.epoch, top.seq
	}
	return h
}

func (n *Node) connected(id peer.ID) bool {
	c := n.net.host().Network().Connectedness(id)
	return c == network.Connected || c == network.Limited
}

// speakers lists connected peers that speak catch-up.
func (n *Node) speakers() []peer.ID {
	h := n.net.host()
	return slices.DeleteFunc(h.Network().Peers(), func(id peer.ID) bool {
		list, err := h.Peerstore().SupportsProtocols(id, wire.CatchUpProtocol)
		return err != nil || len(list) == 0
	})
}

// reach connects to somebody who may have a brand's catalog, if nobody likely is
// connected: its own nodes, whom the last announcement named, whom the table of the
// network names.
func (n *Node) reach(ctx context.Context, m *mirror) error {
	if slices.ContainsFunc(m.likely(), n.connected) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	for _, hints := range m.addresses() {
		if _, err := n.net.p2p.Connect(ctx, hints...); err == nil {
			return nil
		}
	}
	found, err := n.net.p2p.Find(ctx, m.brand)
	if err != nil && ctx.Err() == nil {
		n.log.Debug("the network's table could not be asked", "brand", m.brand, "reason", err)
	}
	for _, info := range found {
		if n.net.host().Connect(ctx, info) == nil {
			return nil
		}
	}
	if len(n.candidates(m)) > 0 {
		return nil
	}
	return errors.Join(errNobody, err)
}

// addresses are where the brand's own nodes may be, and who was named by the last
// announcement, those of one peer together.
func (m *mirror) addresses() [][]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out [][]string
	for _, list := range [][]string{m.profile.peers, m.follow.Peers, m.heard.hints} {
		for _, info := range addrInfos(list) {
			out = append(out, full(info))
		}
	}
	return out
}

// full returns the addresses of a peer as hints.
func full(info peer.AddrInfo) []string {
	addrs, err := peer.AddrInfoToP2pAddrs(&info)
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}

// askAround asks for a brand's highest head: the likeliest of connected peers, and when
// none of them answers those that can be reached.
func (n *Node) askAround(ctx context.Context, m *mirror) error {
	likely := slices.ContainsFunc(m.likely(), n.connected)
	err := n.askConnected(ctx, m)
	if err == nil || likely || ctx.Err() != nil {
		return err
	}
	if reached := n.reach(ctx, m); reached != nil {
		return errors.Join(err, reached)
	}
	return n.askConnected(ctx, m)
}

// askConnected asks connected peers, a few at the same time. It fails when none of
// them answered.
func (n *Node) askConnected(ctx context.Context, m *mirror) error {
	list := n.candidates(m)
	var failed []error
	for len(list) > 0 {
		some := list[:min(len(list), asksAtOnce)]
		list = list[len(some):]
		errs := n.askEach(ctx, m, some)
		if len(errs) < len(some) {
			return nil
		}
		failed = append(failed, errs...)
	}
	return errors.Join(append(failed, errNobody)...)
}

// askEach asks all of them at the same time and returns the failures.
func (n *Node) askEach(ctx context.Context, m *mirror, peers []peer.ID) []error {
	answers := make(chan error, len(peers))
	for _, p := range peers {
		go func() { answers <- n.ask(ctx, m, p) }()
	}
	var failed []error
	for range peers {
		if err := <-answers; err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

// tellTime is how long telling it may keep the brand's next catalog waiting.
const tellTime = 3 * time.Second

// tellHome tells the brand's own node which head is here, and is told by it which is
// the highest. One that is silent doesn't hold the brand up.
func (n *Node) tellHome(ctx context.Context, m *mirror) {
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	m.mu.Lock()
	homes, live, told := m.heard.homes, m.live, m.told
	m.mu.Unlock()
	if live == nil || told == live.CID {
		return
	}
	for _, home := range homes[:min(len(homes), maxHomes)] {
		if n.connected(home.ID) {
			if err := n.ask(ctx, m, home.ID); err != nil && ctx.Err() == nil {
				n.log.Debug("own node of brand not told", "brand", m.brand, "peer", home.ID, "reason", err)
			}
		}
	}
}

// keepHomes stays connected to a brand's own nodes: at the addresses that its profile
// names, as far as strangers' addresses are dialled, and at those that the owner gave.
func (n *Node) keepHomes(m *mirror) {
	if n.net == nil || m.own {
		return
	}
	m.mu.Lock()
	signed, found := addrInfos(m.profile.peers), addrInfos(m.follow.Peers)
	m.mu.Unlock()
	for _, info := range signed[:min(len(signed), maxHomes)] {
		if _, err := n.net.p2p.KeepHints(full(info)...); err != nil {
			n.log.Debug("own node of brand can't be dialled", "brand", m.brand, "peer", info.ID, "reason", err)
		}
	}
	for _, info := range found[:min(len(found), maxHomes)] {
		n.net.p2p.Keep(info)
	}
	n.net.gossip.Refollow()
}
