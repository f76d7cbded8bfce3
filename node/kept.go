package node

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// kept are the brands that the node keeps: its own and those it follows.
type kept struct {
	mu     sync.RWMutex
	own    *mirror
	brands map[protocol.CID]*mirror
	names  names
}

func newKept() *kept { return &kept{brands: map[protocol.CID]*mirror{}} }

// get returns a brand that is kept, nil for any other.
func (k *kept) get(brand protocol.CID) *mirror {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.brands[brand]
}

func (k *kept) has(brand protocol.CID) bool { return k.get(brand) != nil }

// add keeps brands.
func (k *kept) add(list ...*mirror) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range list {
		k.brands[m.brand] = m
		if m.own {
			k.own = m
		}
	}
	k.rename()
}

func (k *kept) remove(brand protocol.CID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.brands, brand)
	k.rename()
}

// decide stores what the owner decided about a followed brand, and what its names
// are after that.
func (k *kept) decide(m *mirror, f store.Follow) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m.mu.Lock()
	m.follow = f
	m.heard.homes = homesOf(m.profile.peers, f.Peers)
	m.mu.Unlock()
	k.rename()
}

// rename gives the followed brands their names anew. k.mu is held.
func (k *kept) rename() {
	var list []store.Follow
	for _, m := range k.brands {
		if !m.own {
			m.mu.Lock()
			list = append(list, m.follow)
			m.mu.Unlock()
		}
	}
	k.names = namesOf(list)
}

// all lists the brands kept, the own one first, the others by brand.
func (k *kept) all() []*mirror {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var out []*mirror
	for _, m := range k.brands {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *mirror) int {
		if a.own != b.own {
			return map[bool]int{true: -1, false: 1}[a.own]
		}
		return slices.Compare(a.brand.Bytes(), b.brand.Bytes())
	})
	return out
}

// followed lists the brands that are followed, by brand.
func (k *kept) followed() []*mirror {
	return slices.DeleteFunc(k.all(), func(m *mirror) bool { return m.own })
}

func (k *kept) handleOf(brand protocol.CID) string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.names.shown[brand]
}

// loadFollowed reads all brands that are followed.
func (n *Node) loadFollowed(ctx context.Context) error {
	follows, err := n.store.Follows(ctx)
	if err != nil {
		return err
	}
	var list []*mirror
	for _, f := range follows {
		m := newMirror(f.Brand, false)
		m.follow = f
		if err := n.loadMirror(ctx, m); err != nil {
			return err
		}
		list = append(list, m)
	}
	n.kept.add(list...)
	return nil
}

func sortByHandle(list []BrandStatus) {
	slices.SortFunc(list, func(a, b BrandStatus) int { return cmp.Compare(strings.ToLower(a.Handle), strings.ToLower(b.Handle)) })
}
