package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/stoa-commerce/stoa/node/guard"
	"github.com/stoa-commerce/stoa/node/wellknown"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

const (
	// connectTime is how long a peer that the owner named may take to answer.
	connectTime = 20 * time.Second
	// firstLook is how long Follow waits for the catalog; it comes later too.
	firstLook = 10 * time.Second
	// firstTries is after how many failures it waits no longer.
	firstTries = 4
)

// Follow keeps a brand's catalog from now on. The target is a brand's identifier, a
// multiaddr with /p2p/ID, whose peer is asked for its own brand, or the URL of a
// gateway. petname is what the owner calls the brand, "" for no name of its own; it
// may be given later by following again. Follow waits a little for the catalog, which
// comes later too. Errors wrap protocol.ErrInvalid for a target or a name that can't
// be, ErrOwnBrand, ErrNoNetwork, or say who couldn't be asked.
func (n *Node) Follow(ctx context.Context, target, petname string) (BrandStatus, error) {
	f, err := n.find(ctx, target)
	if err != nil {
		return BrandStatus{}, fmt.Errorf("follow %.200q: %w", target, err)
	}
	m, err := n.follow(ctx, f, strings.ToLower(petname))
	if err != nil {
		return BrandStatus{}, fmt.Errorf("follow %.200q: %w", target, err)
	}
	if n.net != nil {
		n.keepHomes(m)
		n.net.p2p.Provide(ctx, m.brand)
		n.wake(m)
		n.wakeMedia(m)
		n.awaitFirst(ctx, m)
	}
	return n.Mirror(ctx, m.brand)
}

// find returns which brand a target names and where it was found.
func (n *Node) find(ctx context.Context, text string) (store.Follow, error) {
	t, err := parseTarget(text)
	if err != nil {
		return store.Follow{}, err
	}
	f := store.Follow{Brand: t.brand, Since: n.millis()}
	switch {
	case t.peer != "":
		f.Peers = []string{t.peer}
		f.Brand, err = n.findAtPeer(ctx, t.peer)
	case t.gateway != "":
		err = n.findAtGateway(ctx, t.gateway, &f)
	}
	if err == nil && f.Brand == n.brand {
		err = ErrOwnBrand
	}
	return f, err
}

// findAtPeer connects to a peer that the owner named and asks for its brand.
func (n *Node) findAtPeer(ctx context.Context, addr string) (protocol.CID, error) {
	if n.net == nil {
		return protocol.CID{}, ErrNoNetwork
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	info := addrInfos([]string{addr})[0]
	if info.ID == n.net.host().ID() {
		return protocol.CID{}, ErrOwnBrand
	}
	n.net.p2p.Keep(info) // the owner's word: dialled wherever it leads
	err := n.net.host().Connect(ctx, info)
	var brand protocol.CID
	if err == nil {
		brand, err = n.brandOfPeer(ctx, info.ID)
	}
	if err != nil {
		n.net.p2p.Drop(info.ID)
		return brand, fmt.Errorf("ask %s: %w", info.ID, err)
	}
	return brand, nil
}

// findAtGateway asks a gateway that the owner named who stands there.
func (n *Node) findAtGateway(ctx context.Context, base string, f *store.Follow) error {
	doc, err := n.ownersReader()(ctx, base)
	if err != nil {
		return err
	}
	f.Brand, f.Gateways = doc.Brand, []string{base}
	for _, h := range doc.Peers {
		if len(f.Peers) < store.MaxFollowPeers && (n.private() || near(base) || publicHint(string(h))) {
			f.Peers = append(f.Peers, string(h))
		}
	}
	return nil
}

func (n *Node) ownersReader() reader {
	if n.net == nil {
		return wellknown.NewTrusting().Read
	}
	return n.net.gateways
}

func (n *Node) private() bool { return n.net != nil && n.net.Private }

// near reports whether the owner typed an address of a private network: what is said
// there may lead into it.
func near(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(u.Hostname())
	return err == nil && !guard.Public(a)
}

// publicHint reports whether a multiaddr leads to the public internet, as far as can
// be told without looking names up.
func publicHint(s string) bool {
	a, err := ma.NewMultiaddr(s)
	if err != nil {
		return false
	}
	ip, err := manet.ToIP(a)
	if err != nil {
		return true // a name
	}
	addr, ok := netip.AddrFromSlice(ip)
	return ok && guard.Public(addr)
}

// follow stores that a brand is followed and keeps it in memory.
func (n *Node) follow(ctx context.Context, f store.Follow, petname string) (*mirror, error) {
	n.following.Lock()
	defer n.following.Unlock()
	if err := n.checkPetname(petname, f.Brand); err != nil {
		return nil, err
	}
	m := n.kept.get(f.Brand)
	if m != nil {
		f = m.also(f)
	} else {
		m = newMirror(f.Brand, false)
	}
	if petname != "" {
		f.Handle = petname
	}
	err := n.store.PutFollow(ctx, f)
	if errors.Is(err, store.ErrTaken) {
		return nil, protocol.Invalid("name of a brand", "%q belongs to another one already", f.Handle)
	}
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.follow = f
	m.mu.Unlock()
	if !n.kept.has(f.Brand) {
		if err := n.loadMirror(ctx, m); err != nil {
			return nil, err
		}
		n.kept.add(m)
	}
	n.kept.decide(m, f)
	n.log.Info("brand is followed", "brand", f.Brand, "handle", n.kept.handleOf(f.Brand))
	return m, nil
}

// also returns what was decided before with the places that were found now.
func (m *mirror) also(f store.Follow) store.Follow {
	m.mu.Lock()
	defer m.mu.Unlock()
	is := m.follow
	is.Peers = firstOf(f.Peers, is.Peers, store.MaxFollowPeers)
	is.Gateways = firstOf(f.Gateways, is.Gateways, store.MaxFollowGateways)
	return is
}

func firstOf(a, b []string, limit int) []string {
	var out []string
	for _, s := range slices.Concat(a, b) {
		if !slices.Contains(out, s) && len(out) < limit {
			out = append(out, s)
		}
	}
	return out
}

// awaitFirst waits until a brand's catalog is here or it is plain that it won't come at
// once.
func (n *Node) awaitFirst(ctx context.Context, m *mirror) {
	if !n.running.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !m.looked() {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

func (m *mirror) looked() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.live != nil || m.fetch.ended >= firstTries
}

// Unfollow forgets a brand: its catalog, its pictures and what was known of it. The
// error wraps store.ErrNotFound when it isn't followed.
func (n *Node) Unfollow(ctx context.Context, brand protocol.CID) error {
	n.following.Lock()
	defer n.following.Unlock()
	m := n.kept.get(brand)
	if m == nil || m.own {
		return fmt.Errorf("unfollow %s: it is not followed: %w", brand, store.ErrNotFound)
	}
	n.kept.remove(brand)
	n.stopWork(m)
	pictures, err := n.picturesOf(ctx, brand)
	if err != nil {
		return fmt.Errorf("unfollow %s: %w", brand, err)
	}
	if err := n.store.RemoveBrand(ctx, brand); err != nil {
		return fmt.Errorf("unfollow: %w", err)
	}
	if err := errors.Join(n.keepEvidence(ctx, brand, evidence{}), n.deleteUnused(ctx, pictures), n.dropMail(ctx, brand)); err != nil {
		return fmt.Errorf("unfollow %s: not all of it is gone: %w", brand, err)
	}
	n.log.Info("brand is no longer followed", "brand", brand)
	return nil
}

// stopWork has nothing more be taken or fetched of a brand.
func (n *Node) stopWork(m *mirror) {
	m.deciding.Lock()
	m.gone = true
	m.deciding.Unlock()
	m.mu.Lock()
	if m.fetch.stop != nil {
		m.fetch.stop()
	}
	homes := m.heard.homes
	m.mu.Unlock()
	if n.net == nil {
		return
	}
	n.net.p2p.Withdraw(m.brand)
	n.net.queue.forget(m.brand)
	n.net.pictures.forget(m.brand)
	for _, home := range homes {
		if !n.needed(home.ID) {
			n.net.p2p.Drop(home.ID)
		}
	}
	n.net.gossip.Refollow()
}

// needed reports whether a peer is the own node of another followed brand, or one that
// the owner named.
func (n *Node) needed(id peer.ID) bool {
	is := func(i peer.AddrInfo) bool { return i.ID == id }
	if slices.ContainsFunc(addrInfos(n.net.Peers), is) {
		return true
	}
	return slices.ContainsFunc(n.kept.followed(), func(m *mirror) bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.heard.isHome(id)
	})
}
