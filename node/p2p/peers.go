package p2p

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Peer is one that is connected, by its best connection: a direct one, the oldest.
type Peer struct {
	ID        peer.ID
	Addr      string // multiaddr, without the peer's name
	Transport string // tcp, quic, webtransport, relay or other
	Relayed   bool
	Inbound   bool // the peer opened it
	Kept      bool
	Since     time.Time
	Protocols []string // that the peer said it speaks, sorted; none until it did
}

// Peers returns those that are connected, by ID.
func (p *P2P) Peers() []Peer {
	best := map[peer.ID]network.Conn{}
	for _, c := range p.host.Network().Conns() {
		if b := best[c.RemotePeer()]; b == nil || better(c, b) {
			best[c.RemotePeer()] = c
		}
	}
	out := make([]Peer, 0, len(best))
	for _, c := range best {
		out = append(out, p.describe(c))
	}
	slices.SortFunc(out, func(a, b Peer) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func better(c, than network.Conn) bool {
	if c.Stat().Limited != than.Stat().Limited {
		return !c.Stat().Limited
	}
	return c.Stat().Opened.Before(than.Stat().Opened)
}

func (p *P2P) describe(c network.Conn) Peer {
	d := Peer{
		ID: c.RemotePeer(), Addr: c.RemoteMultiaddr().String(), Transport: transport(c.RemoteMultiaddr()),
		Relayed: relayed(c.RemoteMultiaddr()), Inbound: c.Stat().Direction == network.DirInbound,
		Kept: p.keeper.has(c.RemotePeer()), Since: c.Stat().Opened,
	}
	if protocols, err := p.host.Peerstore().GetProtocols(d.ID); err == nil {
		for _, proto := range protocols {
			d.Protocols = append(d.Protocols, string(proto))
		}
		slices.Sort(d.Protocols)
	}
	return d
}

// Listening returns the addresses at which the node listens, on each interface,
// and those of relays that hold a place for it, with /p2p/ID, sorted.
func (p *P2P) Listening() []string {
	addrs, err := p.host.Network().InterfaceListenAddresses()
	if err != nil {
		addrs = p.host.Network().ListenAddresses()
	}
	for _, a := range p.host.Addrs() {
		if relayed(a) {
			addrs = append(addrs, a)
		}
	}
	addrs = slices.DeleteFunc(addrs, func(a ma.Multiaddr) bool { return len(a) < 2 }) // "/p2p-circuit" alone
	listening := full(p.host.ID(), addrs)
	slices.Sort(listening)
	return listening
}

// Hints returns at most four addresses worth telling others, with /p2p/ID: public
// ones and those the owner chose to listen at first, then those through relays;
// ones of local networks only if there is nothing else, and of the machine itself
// last.
func (p *P2P) Hints() []string {
	addrs := p.host.Addrs()
	slices.SortStableFunc(addrs, func(a, b ma.Multiaddr) int { return cmp.Compare(p.rank(a), p.rank(b)) })
	var out []string
	for _, a := range addrs {
		if len(out) == wire.MaxHints || p.rank(a) > max(lastWorth, p.rank(addrs[0])) {
			break
		}
		for _, s := range full(p.host.ID(), []ma.Multiaddr{a}) {
			if _, err := wire.ParseHint(s); err == nil {
				out = append(out, s)
			}
		}
	}
	return out
}

// lastWorth is the last rank of what is worth telling beside others.
const lastWorth = 2

func (p *P2P) rank(a ma.Multiaddr) int {
	switch {
	case relayed(a) && public(a):
		return lastWorth
	case public(a):
		return 0
	case p.chosen(a):
		return 1
	case manet.IsIPLoopback(a):
		return lastWorth + 2
	}
	return lastWorth + 1
}

// chosen reports whether the owner named this very address to listen at, and not
// all of the machine's.
func (p *P2P) chosen(a ma.Multiaddr) bool {
	first, _ := ma.SplitFirst(a)
	return first != nil && slices.ContainsFunc(p.conf.listen, func(l ma.Multiaddr) bool {
		f, _ := ma.SplitFirst(l)
		if f == nil || f.Value() != first.Value() {
			return false
		}
		ip, err := netip.ParseAddr(strings.TrimSpace(f.Value()))
		return err == nil && !ip.IsUnspecified() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast()
	})
}
