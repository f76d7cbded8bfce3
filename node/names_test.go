package node

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/node/wellknown"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store"
)

func brandNo(i int) protocol.CID { return protocol.Sum(protocol.DagCBOR, fmt.Append(nil, i)) }

func TestNoBrandTakesAnothersName(t *testing.T) {
	a, b, c := brandNo(1), brandNo(2), brandNo(3)
	short := b.String()[len(b.String())-shortID:]
	list := []store.Follow{
		{Brand: a, Since: 3, Domain: "tea.example", Handle: "tea"},
		{Brand: b, Since: 1},
		{Brand: c, Since: 2, Handle: short}, // the owner gave a name that looks like another's short one
	}
	got := namesOf(list)
	for name, want := range map[string]protocol.CID{
		"tea.example": a, "tea": a, a.String(): a, b.String(): b, short: c, b.String()[len(b.String())-shortID-1:]: b,
	} {
		if got.brands[name] != want {
			t.Errorf("%s leads to %s; want %s", name, got.brands[name], want)
		}
	}
	for brand, want := range map[protocol.CID]string{a: "tea.example", c: short, b: b.String()[len(b.String())-shortID-1:]} {
		if got.shown[brand] != want {
			t.Errorf("%s is shown as %s; want %s", brand, got.shown[brand], want)
		}
	}
	for i, name := range []string{"tea.example", "tea", short} {
		for _, other := range []protocol.CID{a, b, c} {
			if other == got.brands[name] {
				continue
			}
			later := namesOf(append(list, store.Follow{Brand: brandNo(10 + i), Since: 9}))
			if later.brands[name] != got.brands[name] {
				t.Errorf("a newcomer took %s", name)
			}
		}
	}
}

func TestADomainIsVerifiedWhenItPointsBack(t *testing.T) {
	f := newFederation(t)
	brand, words := f.foundWithWords()
	brand.claimDomain(words, "tea.example")
	mirror := f.found()
	st := mirror.follows(brand.addr())
	before := st.Handle
	answer, failure := wellknown.Document{Brand: brandNo(1)}, error(nil)
	mirror.Node.net.domains = func(_ context.Context, base string) (wellknown.Document, error) {
		if base != "https://tea.example" {
			t.Errorf("asked %s", base)
		}
		return answer, failure
	}
	m := mirror.kept.get(brand.brand)
	check := func(why, handle string) {
		t.Helper()
		mirror.check(mirror.checkDomain(t.Context(), m))
		if st := mirror.state(brand); st.Handle != handle {
			t.Errorf("%s: handle %q; want %q", why, st.Handle, handle)
		}
		if id, ok := mirror.ByHandle(before); !ok || id != brand.brand {
			t.Errorf("%s: old links are broken", why)
		}
	}
	check("another brand stands there", before)
	answer.Brand = brand.brand
	check("it points back", "tea.example")
	if id, ok := mirror.ByHandle("Tea.Example"); !ok || id != brand.brand {
		t.Error("the domain is no handle")
	}
	failure = wellknown.ErrUnreachable
	check("it can't be asked today", "tea.example")
	f.clock.advance(8 * 24 * time.Hour)
	check("it can't be asked for a week", before)
	failure = nil
	check("it is back", "tea.example")
	answer.Brand = brandNo(1)
	check("somebody else has it now", before)
}

// claimDomain signs an operation that names a domain.
func (m *member) claimDomain(words keys.Words, domain identity.Domain) {
	m.f.Helper()
	d := m.logOf(m).State().Draft(m.millis())
	d.Domain = domain
	next, err := words.Signers(2).Commitment()
	m.check(err)
	op, err := d.Op(words.Signers(1), next)
	m.check(err)
	signed, err := op.Sign(words.Root(1))
	m.check(err)
	raw, err := signed.Encode()
	m.check(err)
	_, err = m.Store().PutIdentity(m.f.Context(), m.brand, raw)
	m.check(err)
}
