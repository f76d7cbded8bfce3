package node

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

const (
	// addressLook is how often it is looked whether the node's addresses changed.
	addressLook = 5 * time.Second
	// seedPause is about how long to wait before a seed is asked again that could not
	// be asked.
	seedPause = 30 * time.Second
)

// tellAddresses announces the head in force and keeps the addresses in the own
// profile right, until ctx ends: followers find the node by them.
func (n *Node) tellAddresses(ctx context.Context) error {
	if head, err := n.head(ctx); err == nil && head != nil {
		n.announce(ctx, *head)
	}
	look := time.NewTicker(addressLook)
	defer look.Stop()
	for {
		if err := n.publishAddresses(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, ErrAlarm) {
			n.log.Warn("the node's addresses could not be published", "reason", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

// publishAddresses puts the node's addresses into the profile when they differ and
// there are some worth telling.
func (n *Node) publishAddresses(ctx context.Context) error {
	addrs := slices.DeleteFunc(n.net.p2p.Hints(), func(s string) bool { return !n.worthTelling(s) })
	if len(addrs) == 0 {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var p *catalog.Profile
	err := n.store.View(ctx, n.brand, func(v *store.View) (err error) {
		p, err = v.Profile()
		return err
	})
	if err != nil || sameSet(p.Peers, addrs) {
		return err
	}
	p.Peers = addrs
	c, err := set(p)
	if err != nil {
		return err
	}
	_, err = n.publish(ctx, all([]store.Change{c}))
	return err
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// worthTelling reports whether an address may stand in a record that is there for
// ever: a public one, one through a relay, one that the owner configured.
func (n *Node) worthTelling(s string) bool {
	if n.net.Private || publicHint(s) || strings.Contains(s, "/p2p-circuit") {
		return true
	}
	a, err := ma.NewMultiaddr(s)
	if err != nil || manet.IsIPLoopback(a) {
		return false
	}
	ip, err := manet.ToIP(a)
	return err == nil && slices.ContainsFunc(n.net.Listen, func(l string) bool { return strings.Contains(l, "/"+ip.String()+"/") })
}

// followSeeds asks the configured gateways for peers, each until it has answered.
func (n *Node) followSeeds(ctx context.Context) error {
	open := slices.Clone(n.net.Seeds)
	for len(open) > 0 && ctx.Err() == nil {
		open = slices.DeleteFunc(open, func(seed string) bool {
			err := n.followSeed(ctx, seed)
			if err != nil && ctx.Err() == nil {
				n.log.Warn("seed could not be asked", "seed", seed, "reason", err)
			}
			return err == nil
		})
		if len(open) == 0 {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(seedPause/2 + rand.N(seedPause)):
		}
	}
	return nil
}

// followSeed stays connected to the peers behind a seed.
func (n *Node) followSeed(ctx context.Context, seed string) error {
	if strings.HasPrefix(seed, "/") {
		for _, info := range addrInfos([]string{seed}) {
			n.net.p2p.Keep(info)
		}
		return nil
	}
	var f store.Follow
	if err := n.findAtSeed(ctx, seed, &f); err != nil {
		return err
	}
	for _, info := range addrInfos(f.Peers) {
		if n.private() || near(seed) {
			n.net.p2p.Keep(info)
		} else if _, err := n.net.p2p.KeepHints(full(info)...); err != nil {
			n.log.Debug("peer behind seed can't be dialled", "seed", seed, "peer", info.ID, "reason", err)
		}
	}
	return nil
}

func (n *Node) findAtSeed(ctx context.Context, seed string, f *store.Follow) error {
	t, err := parseTarget(seed)
	if err != nil {
		return err
	}
	return n.findAtGateway(ctx, t.gateway, f)
}
