package node

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/stoa-commerce/stoa/node/guard"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

const (
	// domainLook is how often it is looked which domains are due.
	domainLook = time.Minute
	// domainEvery and domainJitter say when a domain is asked again.
	domainEvery, domainJitter protocol.Millis = 20 * 3_600_000, 8 * 3_600_000
	// domainHeld is how long a domain counts as verified that can't be asked any more.
	domainHeld protocol.Millis = 7 * 24 * 3_600_000
)

// checkDomains asks the domains that followed brands claim, about once a day each and
// when another one is claimed, whether they point back at the brand, until ctx ends.
func (n *Node) checkDomains(ctx context.Context) error {
	plan := map[protocol.CID]visit{}
	look := time.NewTicker(domainLook)
	defer look.Stop()
	for {
		for _, m := range n.kept.followed() {
			if ctx.Err() != nil {
				return nil
			}
			n.visit(ctx, m, plan)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

// visit is when a domain is asked next.
type visit struct {
	claimed string
	due     protocol.Millis
}

func (n *Node) visit(ctx context.Context, m *mirror, plan map[protocol.CID]visit) {
	claimed, err := n.claimedDomain(ctx, m.brand)
	if err != nil {
		return // nothing is known of the brand yet
	}
	m.mu.Lock()
	f := m.follow
	m.mu.Unlock()
	v, planned := plan[m.brand]
	if !planned && claimed == f.Domain {
		v = visit{claimed, f.DomainChecked + domainEvery}
	}
	if v.claimed == claimed && n.millis() < v.due {
		plan[m.brand] = v
		return
	}
	plan[m.brand] = visit{claimed, n.millis() + domainEvery + rand.N(domainJitter)}
	if err := n.checkDomain(ctx, m); err != nil && ctx.Err() == nil {
		n.log.Warn("domain of brand could not be kept", "brand", m.brand, "reason", err)
	}
}

// claimedDomain returns the domain that a brand's identity claims, "" if none.
func (n *Node) claimedDomain(ctx context.Context, brand protocol.CID) (string, error) {
	log, err := n.store.Identity(ctx, brand)
	if err != nil {
		return "", err
	}
	return string(log.State().Domain), nil
}

// checkDomain asks the domain that a brand claims and stores what comes of it.
func (n *Node) checkDomain(ctx context.Context, m *mirror) error {
	claimed, err := n.claimedDomain(ctx, m.brand)
	if err != nil {
		return orNotFound(err)
	}
	m.mu.Lock()
	f := m.follow
	m.mu.Unlock()
	if claimed == "" && f.Domain == "" {
		return nil
	}
	now := n.millis()
	verified, known := n.pointsBack(ctx, claimed, m.brand)
	switch {
	case known && verified:
		f.Domain, f.DomainChecked = claimed, now
	case known || claimed != f.Domain || now-f.DomainChecked > domainHeld:
		f.Domain, f.DomainChecked = "", now
	default:
		return nil // it can't be asked today
	}
	return n.putDomain(ctx, m, f)
}

// pointsBack reports whether a domain names the brand at its front; known is false when
// it could not be asked.
func (n *Node) pointsBack(ctx context.Context, domain string, brand protocol.CID) (verified, known bool) {
	if domain == "" {
		return false, true
	}
	doc, err := n.net.domains(ctx, "https://"+domain)
	if errors.Is(err, protocol.ErrInvalid) || errors.Is(err, guard.ErrForbiddenAddress) {
		return false, true
	}
	return err == nil && doc.Brand == brand, err == nil
}

// putDomain stores whether a brand's domain is verified. One that another followed
// brand has already stays with that one.
func (n *Node) putDomain(ctx context.Context, m *mirror, f store.Follow) error {
	n.following.Lock()
	defer n.following.Unlock()
	m.mu.Lock()
	before := m.follow
	m.mu.Unlock()
	if !n.kept.has(m.brand) {
		return nil
	}
	domain, checked := f.Domain, f.DomainChecked
	f = before
	f.Domain, f.DomainChecked = domain, checked
	err := n.store.PutFollow(ctx, f)
	if errors.Is(err, store.ErrTaken) {
		n.log.Warn("domain of brand belongs to another followed one", "brand", m.brand, "domain", domain)
		return nil
	}
	if err != nil {
		return err
	}
	n.kept.decide(m, f)
	if before.Domain != f.Domain {
		n.log.Info("domain of brand", "brand", m.brand, "domain", domain, "before", before.Domain)
	}
	return nil
}
