package node

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/protocol"
)

const (
	// minEntropy and maxEntropy bound how often peers are asked for heads (specs/12).
	minEntropy, maxEntropy = 10 * time.Minute, 30 * time.Minute
	// entropyPeers is how many are asked about each brand.
	entropyPeers = 3
	// greetBrands is how many brands a peer that has just connected is asked about at
	// most, beside those whose own node it is.
	greetBrands = 64
	// unheard is after how long a brand of which nobody said anything is asked for when
	// a peer connects.
	unheard protocol.Millis = 10 * 60_000
)

// ownLook is about how often peers are asked for the own brand's head: a copied home
// has the same peer key, so that gossip reaches only one of the two.
const ownLook = time.Minute

// askOwn asks peers regularly whether somebody else signs for the own brand.
func (n *Node) askOwn(ctx context.Context) error {
	for {
		timer := time.NewTimer(min(ownLook/2+rand.N(ownLook), n.entropyPause()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		n.askSome(ctx, n.kept.own)
	}
}

// askRegularly asks peers for heads that gossip may have missed.
func (n *Node) askRegularly(ctx context.Context) error {
	for {
		timer := time.NewTimer(n.entropyPause())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		n.eachBrand(ctx, n.kept.followed(), func(m *mirror) { n.askSome(ctx, m) })
	}
}

func (n *Node) entropyPause() time.Duration {
	if d := n.net.AntiEntropy; d > 0 {
		return d/2 + rand.N(d)
	}
	return minEntropy + rand.N(maxEntropy-minEntropy)
}

// eachBrand does something with brands, a few at the same time.
func (n *Node) eachBrand(ctx context.Context, list []*mirror, do func(*mirror)) {
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, m := range list {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { do(m); return nil })
	}
	_ = g.Wait() // nothing fails
}

// askSome asks the likeliest connected peer and some others at random.
func (n *Node) askSome(ctx context.Context, m *mirror) {
	list := n.candidates(m)
	if len(list) == 0 {
		n.wakeBehind(m)
		return
	}
	rest := list[1:]
	rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	for _, err := range n.askEach(ctx, m, list[:min(len(list), entropyPeers)]) {
		n.log.Debug("peer could not be asked for a head", "brand", m.brand, "reason", err)
	}
	n.wakeBehind(m)
}

// wakeBehind has a brand worked on that is behind: somebody else may have its catalog
// by now.
func (n *Node) wakeBehind(m *mirror) {
	m.mu.Lock()
	behind := m.target() != nil || m.highest == nil
	m.mu.Unlock()
	if behind {
		n.wake(m)
	}
}

// greetAll asks peers that have just connected, until ctx ends.
func (n *Node) greetAll(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(atOnce)
	defer g.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case id := <-n.net.greets:
			g.Go(func() error { n.meet(ctx, id); return nil })
		}
	}
}

// meet asks a peer for the heads of brands of which it likely knows more: those whose
// own node it is, those that are behind or of which nothing was heard for a while, and
// the own one.
func (n *Node) meet(ctx context.Context, id peer.ID) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var list []*mirror
	for _, m := range n.kept.all() {
		home, due := m.wants(id, n.millis())
		if home || (due || m.own) && len(list) < greetBrands {
			list = append(list, m)
		}
	}
	for _, m := range list {
		if ctx.Err() != nil || !n.connected(id) {
			return
		}
		err := n.ask(ctx, m, id)
		if err != nil {
			n.log.Debug("new peer could not be asked for a head", "brand", m.brand, "peer", id, "reason", err)
		}
		if err == nil || slices.Contains(m.likely(), id) {
			n.wakeBehind(m)
			n.wakeUnhad(m)
		}
	}
}

// wants reports whether a peer is the brand's own node, and whether anybody is worth
// asking about the brand.
func (m *mirror) wants(id peer.ID, now protocol.Millis) (home, due bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard.isHome(id), m.live == nil || m.target() != nil || now-m.heard.any > unheard
}

// wakeUnhad looks again for pictures that could not be had.
func (n *Node) wakeUnhad(m *mirror) {
	m.mu.Lock()
	missing := len(m.media.unhad) > 0 || m.media.scan != scanned
	m.mu.Unlock()
	if missing && !m.own {
		n.wakeMedia(m)
	}
}
