package p2p

import (
	"context"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// maxNeighbours bounds the peers of the local network that are remembered, and
	// neighbourTime says for how long after they showed themselves.
	maxNeighbours = 64
	neighbourTime = time.Hour
	// neighbourRound is how often those are tried that aren't connected.
	neighbourRound = time.Minute
	// maxFound bounds those that wait to be dialled.
	maxFound = 16
)

// lanService is the DNS-SD name under which nodes of one network find each other
// on a LAN.
func lanService(n wire.Network) string { return "_stoa-" + string(n) + "._udp" }

// lan is what mDNS found.
type lan struct {
	mu    sync.Mutex
	peers map[peer.ID]neighbour
	found chan peer.AddrInfo
}

type neighbour struct {
	info peer.AddrInfo
	seen time.Time
}

func newLAN() *lan {
	return &lan{peers: map[peer.ID]neighbour{}, found: make(chan peer.AddrInfo, maxFound)}
}

// HandlePeerFound implements mdns.Notifee. When too many come at once, some wait for
// the next round.
func (l *lan) HandlePeerFound(info peer.AddrInfo) {
	if len(info.Addrs) > maxPeerAddrs {
		info.Addrs = info.Addrs[:maxPeerAddrs]
	}
	if !l.note(info, time.Now()) {
		return
	}
	select {
	case l.found <- info:
	default:
	}
}

// note remembers a peer, false when there are too many already.
func (l *lan) note(info peer.AddrInfo, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for other, n := range l.peers {
		if now.Sub(n.seen) >= neighbourTime {
			delete(l.peers, other)
		}
	}
	if _, known := l.peers[info.ID]; !known && len(l.peers) >= maxNeighbours {
		return false
	}
	l.peers[info.ID] = neighbour{info, now}
	return true
}

// seen reports whether a peer showed itself on the LAN not long ago.
func (l *lan) seen(id peer.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok := l.peers[id]
	return ok && time.Since(n.seen) < neighbourTime
}

// all returns those that are remembered.
func (l *lan) all() []peer.AddrInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []peer.AddrInfo
	for _, n := range l.peers {
		out = append(out, n.info)
	}
	return out
}

// lookAround shows the node on the LAN and connects to those that show themselves,
// until ctx ends. Without a network card for it, there is just no LAN.
func (p *P2P) lookAround(ctx context.Context) error {
	if !p.conf.MDNS || p.conf.Host != nil {
		return nil
	}
	service := mdns.NewMdnsService(p.host, lanService(p.conf.Network), p.lan)
	if err := service.Start(); err != nil {
		p.log.Warn("no peers are looked for on the local network", "err", err)
		return nil
	}
	defer service.Close()
	round := time.NewTicker(neighbourRound)
	defer round.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case info := <-p.lan.found:
			p.greet(ctx, info)
		case now := <-round.C:
			p.greetAgain(ctx, now)
		}
	}
}

// greetAgain connects to neighbours whose connection broke; one that holds counts
// as being seen.
func (p *P2P) greetAgain(ctx context.Context, now time.Time) {
	for _, info := range p.lan.all() {
		if p.direct(info.ID) {
			p.lan.note(info, now)
		} else if ctx.Err() == nil {
			p.greet(ctx, info)
		}
	}
}

func (p *P2P) greet(ctx context.Context, info peer.AddrInfo) {
	if info.ID == p.host.ID() || p.host.Network().Connectedness(info.ID) == network.Connected {
		return
	}
	if err := p.dial(ctx, info); err != nil {
		p.log.Debug("peer of the local network can't be reached", "peer", info.ID, "err", err)
	}
}
