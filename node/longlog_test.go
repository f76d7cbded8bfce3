package node

import (
	"testing"

	"github.com/stoa-commerce/stoa/node/keys"
)

// grow signs operations until the brand's log has so many, and tells the mesh of a head
// after them.
func (m *member) grow(words keys.Words, operations int) {
	m.f.Helper()
	for n := uint64(1); n < uint64(operations); n++ {
		d := m.logOf(m).State().Draft(m.millis())
		next, err := words.Signers(n + 1).Commitment()
		m.check(err)
		op, err := d.Op(words.Signers(n), next)
		m.check(err)
		signed, err := op.Sign(words.Root(n))
		m.check(err)
		raw, err := signed.Encode()
		m.check(err)
		_, err = m.Store().PutIdentity(m.f.Context(), m.brand, raw)
		m.check(err)
	}
}

// A brand whose log doesn't fit an announcement is heard of, and mirrored, by a node
// that knows nothing but its ID and strangers.
func TestABrandWithALongLogIsHeardOfThroughStrangers(t *testing.T) {
	f := newFederation(t)
	brand, words := f.foundWithWords()
	brand.grow(words, 20)
	brand.stop() // what it had to say when its log was short is forgotten
	brand.start()
	first := f.found(brand)
	second := f.found(first)
	follower := f.found(second)
	f.eventually("all are connected", func() bool { return len(second.Peers(t.Context())) >= 2 && len(first.Peers(t.Context())) >= 2 })
	if _, err := follower.Follow(t.Context(), brand.brand.String(), ""); err != nil {
		t.Fatal(err)
	}
	brand.sell(tea("sencha", 900))
	f.eventually("strangers remember its log", func() bool {
		_, one := first.Node.net.gossip.Log(brand.brand)
		_, two := second.Node.net.gossip.Log(brand.brand)
		return one && two
	})
	follower.shows(brand, "sencha", 900)
	if n := follower.logOf(brand).Len(); n != 20 {
		t.Errorf("the follower knows %d operations", n)
	}
}
