package p2p

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// maxPending bounds the peers that are connected and not told of yet.
const maxPending = 4096

// watch hears from libp2p who came and went, without keeping it waiting.
type watch struct {
	mu      sync.Mutex
	pending map[peer.ID]bool
	wake    chan struct{} // buffered by one
	tell    []func(peer.ID)
	bundle  *network.NotifyBundle
}

func newWatch() *watch {
	return &watch{pending: map[peer.ID]bool{}, wake: make(chan struct{}, 1)}
}

// notifee is always the same one, so that it can be taken back.
func (w *watch) notifee(p *P2P) network.Notifiee {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bundle == nil {
		w.bundle = &network.NotifyBundle{ConnectedF: p.connected, DisconnectedF: p.disconnected}
	}
	return w.bundle
}

func (w *watch) note(id peer.ID) {
	w.mu.Lock()
	if len(w.pending) < maxPending {
		w.pending[id] = true
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watch) take() (ids map[peer.ID]bool, tell []func(peer.ID)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids, w.pending = w.pending, map[peer.ID]bool{}
	return ids, w.tell
}

// connected closes what the gate of a host that was given to New lets in.
func (p *P2P) connected(n network.Network, c network.Conn) {
	id := c.RemotePeer()
	p.metrics.count(c)
	if p.blames.gated(id) {
		p.closing.Go(func() { _ = c.Close() }) // the notifier must not wait for itself
		return
	}
	if news(n.ConnsToPeer(id), c) {
		p.keeper.came(id)
		p.watch.note(id)
		p.wants.stir()
	}
}

// news reports whether a connection is a peer's first, or its first direct one.
func news(conns []network.Conn, c network.Conn) bool {
	for _, other := range conns {
		if other.ID() != c.ID() && (c.Stat().Limited || !other.Stat().Limited) {
			return false
		}
	}
	return true
}

func (p *P2P) disconnected(n network.Network, c network.Conn) {
	p.forget(c.RemotePeer())
	if n.Connectedness(c.RemotePeer()) != network.Connected {
		p.keeper.lost(c.RemotePeer())
	}
}

// OnConnected has f called, by Run, for each peer that has become connected, and
// again when a peer that was reached over a relay is reached directly. Calls come
// one after the other and outside of locks; f should return soon. A peer that went
// and came meanwhile is named once.
func (p *P2P) OnConnected(f func(peer.ID)) {
	p.watch.mu.Lock()
	defer p.watch.mu.Unlock()
	p.watch.tell = append(p.watch.tell, f)
}

// tellOfConnections calls what OnConnected was given, until ctx ends.
func (p *P2P) tellOfConnections(ctx context.Context) error {
	for {
		ids, tell := p.watch.take()
		for id := range ids {
			for _, f := range tell {
				f(id)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.watch.wake:
		}
	}
}
