package p2p

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/autorelay"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// build makes the host, which doesn't listen yet.
func (p *P2P) build() (host.Host, error) {
	key, err := loadKey(p.conf.KeyFile, rand.Reader)
	if err != nil {
		return nil, err
	}
	p.budget = p.conf.budget()
	p.keeper.limit = min(maxKept, p.budget.low)
	limits, err := p.limitOptions()
	if err != nil {
		return nil, err
	}
	options := append(limits,
		libp2p.Identity(key),
		libp2p.UserAgent("stoa"), libp2p.ProtocolVersion("stoa/"+string(p.conf.Network)+"/1"),
		libp2p.NoListenAddrs, // what is asked for is opened one by one, so that each failure shows
		libp2p.Transport(tcp.NewTCPTransport), libp2p.Transport(libp2pquic.NewTransport),
		libp2p.ConnectionGater(gate{p}),
		libp2p.EnableRelay(),
	)
	return libp2p.New(append(options, p.reachOptions()...)...)
}

func (p *P2P) limitOptions() ([]libp2p.Option, error) {
	metrics := libp2p.DisableMetrics()
	if p.conf.Registry != nil {
		metrics = libp2p.PrometheusRegisterer(p.conf.Registry)
	}
	trimmer, err := p.budget.trimmer(cmp.Or(p.conf.tests.grace, graceOfConnection))
	if err != nil {
		return nil, err
	}
	resources, err := p.budget.resources(p.conf.Registry != nil, slices.Concat(p.conf.Limits, []func(*rcmgr.ScalingLimitConfig){exchangeLimits(p.conf.Network)})...)
	if err != nil {
		return nil, errors.Join(err, trimmer.Close())
	}
	return []libp2p.Option{metrics, libp2p.ConnectionManager(trimmer), libp2p.ResourceManager(resources)}, nil
}

// reachOptions are how the node finds out whether it can be reached, and what it
// does so that it can be.
func (p *P2P) reachOptions() []libp2p.Option {
	options := []libp2p.Option{
		libp2p.EnableAutoNATv2(), libp2p.EnableNATService(), libp2p.NATPortMap(),
		libp2p.EnableHolePunching(),
		libp2p.EnableAutoRelayWithPeerSource(p.relays, append([]autorelay.Option{
			autorelay.WithMinCandidates(1), autorelay.WithNumRelays(2),
			autorelay.WithBootDelay(10 * time.Second), autorelay.WithBackoff(5 * time.Minute),
		}, p.conf.tests.relayFinder...)...),
	}
	if p.conf.RelayService {
		options = append(options, libp2p.EnableRelayService(relay.WithReservationAddressFilter(p.worthTelling)))
	}
	if p.conf.Private {
		options = append(options, libp2p.AddrsFactory(p.withNearRelays))
	}
	return append(options, p.forcedReachability()...)
}

// relayTag is what libp2p protects relays with that hold a place for the node.
const relayTag = "autorelay"

// withNearRelays adds the addresses through relays that aren't public, which libp2p
// leaves out.
func (p *P2P) withNearRelays(addrs []ma.Multiaddr) []ma.Multiaddr {
	select {
	case <-p.ready:
	default:
		return addrs
	}
	for _, id := range p.host.Network().Peers() {
		if p.host.ConnManager().IsProtected(id, relayTag) && p.direct(id) {
			addrs = append(addrs, through(id, p.publicAddrs(id))...)
		}
	}
	return ma.Unique(addrs)
}

// through turns addresses of a relay into those of the node behind it.
func through(relay peer.ID, addrs []ma.Multiaddr) []ma.Multiaddr {
	var out []ma.Multiaddr
	for _, a := range addrs[:min(len(addrs), wire.MaxHints)] {
		if behind, err := ma.NewMultiaddr("/p2p/" + relay.String() + "/p2p-circuit"); err == nil {
			out = append(out, a.Encapsulate(behind))
		}
	}
	return out
}

// forcedReachability says what needs no finding out: a node that listens nowhere
// can't be reached, and would never look for a relay otherwise; a relay of a
// Private network, where nobody is found to be public, is to serve.
func (p *P2P) forcedReachability() []libp2p.Option {
	switch {
	case len(p.conf.listen) == 0:
		return []libp2p.Option{libp2p.ForceReachabilityPrivate()}
	case p.conf.RelayService:
		return []libp2p.Option{libp2p.ForceReachabilityPublic()}
	}
	return nil
}

func (p *P2P) worthTelling(a ma.Multiaddr) bool { return p.conf.Private || public(a) }

// relays offers connected public peers that serve as relays, kept ones first.
func (p *P2P) relays(ctx context.Context, limit int) <-chan peer.AddrInfo {
	out := make(chan peer.AddrInfo)
	go func() {
		defer close(out)
		select {
		case <-p.ready:
		case <-ctx.Done():
			return
		}
		for _, info := range p.relayCandidates(limit) {
			select {
			case out <- info:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (p *P2P) relayCandidates(limit int) []peer.AddrInfo {
	var first, second []peer.AddrInfo
	for _, id := range p.host.Network().Peers() {
		speaks, err := p.host.Peerstore().SupportsProtocols(id, proto.ProtoIDv2Hop)
		info := peer.AddrInfo{ID: id, Addrs: p.publicAddrs(id)}
		switch {
		case err != nil || len(speaks) == 0 || len(info.Addrs) == 0 || !p.direct(id):
		case p.keeper.has(id):
			first = append(first, info)
		default:
			second = append(second, info)
		}
	}
	all := append(first, second...)
	return all[:min(len(all), limit)]
}

// publicAddrs are the addresses of a peer at which strangers may reach it directly.
func (p *P2P) publicAddrs(id peer.ID) []ma.Multiaddr {
	return slices.DeleteFunc(p.host.Peerstore().Addrs(id), func(a ma.Multiaddr) bool { return !p.reachable(a) })
}
