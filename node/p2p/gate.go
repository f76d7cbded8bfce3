package p2p

import (
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// gate is asked by libp2p before each connection. It refuses peers that are blamed,
// and addresses outside the public internet unless the owner named the peer, the
// peer showed itself on the LAN, or the node is Private. It sees addresses after
// names were resolved.
type gate struct{ p *P2P }

func (g gate) InterceptPeerDial(id peer.ID) bool { return !g.p.blames.gated(id) }

func (g gate) InterceptAddrDial(id peer.ID, addr ma.Multiaddr) bool {
	return g.p.conf.Private || public(addr) || g.p.keeper.trusts(id) || g.p.lan.seen(id)
}

func (g gate) InterceptAccept(network.ConnMultiaddrs) bool { return true }

func (g gate) InterceptSecured(_ network.Direction, id peer.ID, _ network.ConnMultiaddrs) bool {
	return !g.p.blames.gated(id)
}

func (g gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
