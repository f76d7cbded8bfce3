package node

import (
	"context"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// State says how far what is shown of a brand can be relied on.
type State string

// The states. In all but the first two nothing can be bought.
const (
	Current   State = "current"   // verified, and as far as anybody knows the latest
	Stale     State = "stale"     // verified, but nobody has confirmed it for a while
	Expired   State = "expired"   // verified, but the brand has not signed for days
	Contested State = "contested" // two different states were signed as one
)

// Bounds of what counts as current, in milliseconds.
const (
	homeSilence  protocol.Millis = 45_000      // since the brand's own node was last there
	otherSilence protocol.Millis = 45 * 60_000 // since anybody last confirmed it, where its own node was never met
	behindTime   protocol.Millis = 30_000      // that a newer head is known and not here
)

// BrandStatus says how a brand stands that the node keeps.
type BrandStatus struct {
	Brand  protocol.CID `json:"brand"`
	Handle string       `json:"handle"` // "" for the node's own brand
	Name   string       `json:"name"`
	Domain string       `json:"domain,omitempty"` // verified
	Epoch  uint64       `json:"epoch"`
	Seq    uint64       `json:"seq"`
	State  State        `json:"state"`
	// Reason says in a sentence why the state is not current.
	Reason   string `json:"reason,omitempty"`
	Products int    `json:"products"`
	// LastSeen is when the state shown was last confirmed, 0 if never.
	LastSeen protocol.Millis `json:"lastSeen"`
	// Expires is when the head shown expires, 0 without one.
	Expires protocol.Millis `json:"expires,omitempty"`
	Head    protocol.CID    `json:"head,omitzero"` // the one shown; undefined before the first
	// Behind says that a newer head is known whose catalog isn't here yet.
	Behind bool `json:"behind,omitempty"`
	// Error is why the last try to fetch the catalog failed, "" if it didn't.
	Error    string   `json:"error,omitempty"`
	Contact  string   `json:"contact,omitempty"` // the e-mail address in the brand's profile
	Gateways []string `json:"gateways,omitempty"`
}

// Mirror says how a brand stands, the node's own one or one that is followed. It
// reads no disk. The error wraps store.ErrNotFound for any other brand.
func (n *Node) Mirror(_ context.Context, brand protocol.CID) (BrandStatus, error) {
	m := n.kept.get(brand)
	if m == nil {
		return BrandStatus{}, fmt.Errorf("brand %s is not kept here: %w", brand, store.ErrNotFound)
	}
	return m.status(n.millis(), n.kept.handleOf(brand)), nil
}

// status describes the brand at now.
func (m *mirror) status(now protocol.Millis, handle string) BrandStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := BrandStatus{
		Brand: m.brand, Handle: handle, Name: m.profile.name, Domain: m.follow.Domain, Products: m.products,
		Contact: m.profile.contact, Gateways: m.profile.gateways,
		Behind: m.target() != nil, LastSeen: m.heard.last(now),
	}
	if st.Behind || m.live == nil {
		st.Error = m.fetch.failure
	}
	if m.own {
		st.LastSeen = now
	}
	if m.live != nil {
		st.Epoch, st.Seq, st.Head, st.Expires = m.live.Epoch, m.live.Seq, m.live.CID, m.live.Expires
	}
	st.State, st.Reason = m.state(now)
	return st
}

// state returns the gravest thing that is to be said. m.mu is held.
func (m *mirror) state(now protocol.Millis) (State, string) {
	if why := m.contest(); why != "" {
		return Contested, why
	}
	if m.live == nil {
		return Stale, "nothing has been fetched yet"
	}
	if m.live.Expired(now) {
		return Expired, "the brand has not signed its catalog since " + day(m.live.Head)
	}
	if m.own {
		return Current, ""
	}
	if why := m.staleness(now); why != "" {
		return Stale, why
	}
	return Current, ""
}

func day(h catalog.Head) string { return h.Time.Time().UTC().Format("2 January 2006, 15:04 UTC") }

// contest says why the brand is in contest, "" if it isn't.
func (m *mirror) contest() string {
	switch {
	case m.alarm:
		return "another node signs for this brand"
	case len(m.contests) > 0:
		return "two different states of the catalog were signed at the same place"
	case m.forked:
		return "the brand's identity has two branches that contradict each other"
	case m.disputed:
		return "the catalog was signed with a key that the brand has revoked"
	}
	return ""
}

// staleness says why what is shown may be out of date, "" if it isn't.
func (m *mirror) staleness(now protocol.Millis) string {
	h := &m.heard
	switch {
	case m.passed:
		return "the brand has changed its keys, and its new catalog isn't here yet"
	case h.behind != 0 && now-h.behind > behindTime:
		return "a newer catalog is known and could not be fetched yet"
	case len(h.present) > 0:
		return ""
	case h.met && now-h.last(now) > homeSilence:
		return "the brand's own node doesn't answer"
	case !h.met && now-h.last(now) > otherSilence:
		return "nobody has confirmed it for a while"
	}
	return ""
}

// Brands lists the followed brands by handle.
func (n *Node) Brands(context.Context) ([]BrandStatus, error) {
	out := []BrandStatus{}
	for _, m := range n.kept.followed() {
		out = append(out, m.status(n.millis(), n.kept.handleOf(m.brand)))
	}
	sortByHandle(out)
	return out, nil
}
