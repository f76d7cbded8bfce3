package node

import (
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// over signs a head over the change after fn bent it.
func (s *stand) over(p *store.Prepared, key ed25519.PrivateKey, fn func(*catalog.Head)) catalog.SignedHead {
	s.Helper()
	current := s.current()
	h, err := catalog.Next(&current, current.Epoch, s.millis())
	s.check(err)
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = s.brand, current.ID, p.Root, p.Count, p.Bytes
	fn(&h)
	head, err := catalog.SignHead(h, key)
	s.check(err)
	return head
}

// prepare prepares a new price of 5.00.
func (s *stand) prepare() *store.Prepared {
	s.Helper()
	list, err := project(tea("sencha", 500))
	s.check(err)
	p, err := s.store.Prepare(s.Context(), s.brand, all(list))
	s.check(err)
	return p
}

func TestAcceptRefusesHeadsThatDoNotFollow(t *testing.T) {
	stranger := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	other := protocol.Sum(protocol.DagCBOR, []byte("another"))
	cases := []struct {
		name string
		own  bool // signed by the brand's own key
		bend func(*stand, *catalog.Head)
		says string
	}{
		{"older", true, func(_ *stand, h *catalog.Head) { h.Seq -= 10_000 }, "it is older"},
		{"at the same place", true, func(s *stand, h *catalog.Head) { h.Seq = s.current().Seq }, "it is conflicting"},
		{"future", true, func(_ *stand, h *catalog.Head) { h.Time += catalog.MaxAhead + 1; h.Expires = h.Time + 1 }, "it is future"},
		{"fast-forward", true, func(_ *stand, h *catalog.Head) { h.Seq = uint64(h.Time+catalog.MaxSeqAhead) + 1 }, "it is fast-forward"},
		{"a stranger's signature", false, func(*stand, *catalog.Head) {}, "head-signature"},
		{"another brand", true, func(_ *stand, h *catalog.Head) { h.Brand = other }, other.String()},
		{"another operation", true, func(_ *stand, h *catalog.Head) { h.ID = other }, "does not govern"},
		{"another epoch", true, func(_ *stand, h *catalog.Head) { h.Epoch++ }, "epoch"},
		{"another root", true, func(_ *stand, h *catalog.Head) { h.Root[3] ^= 1 }, "match"},
		{"another count", true, func(_ *stand, h *catalog.Head) { h.Count++ }, "match"},
		{"other bytes", true, func(_ *stand, h *catalog.Head) { h.Bytes++ }, "match"},
	}
	s := inMemory(t, t.TempDir(), nil)
	s.sell(tea("sencha", 900))
	s.clock.advance(time.Second)
	before := s.current()
	for _, c := range cases {
		p := s.prepare()
		key := s.key
		if !c.own {
			key = stranger
		}
		err := s.accept(t.Context(), s.over(p, key, func(h *catalog.Head) { c.bend(s, h) }), p, func(o *store.OwnTxn) error {
			return o.PutSetting("leaked", []byte(c.name))
		})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v; want one with %q", c.name, err, c.says)
		}
		if leaked, err := s.store.Setting(t.Context(), "leaked"); err != nil || leaked != nil {
			t.Fatalf("%s: the refused head's private writes were made", c.name)
		}
		if s.current().CID != before.CID || s.offer("sencha", "sencha").Price != eur(900) {
			t.Fatalf("%s: the store changed", c.name)
		}
	}
	p := s.prepare()
	s.wants(s.accept(t.Context(), before, p), protocol.ErrInvalid)
	p = s.prepare()
	s.check(s.accept(t.Context(), s.over(p, s.key, func(*catalog.Head) {}), p))
	if s.offer("sencha", "sencha").Price != eur(500) {
		t.Error("the good head was not taken")
	}
}

func TestAChangedOnlineKeyCannotSign(t *testing.T) {
	home := t.TempDir()
	s := newStand(t, home)
	before := s.current()
	s.check(s.Close())
	s.check(os.Remove(home + "/online.key"))
	_, err := keys.CreateOnline(home, rand.Reader)
	s.check(err)
	again := s.open(t, home)
	if _, err := again.Resign(t.Context()); catalog.ReasonOf(err) != catalog.HeadSignature {
		t.Errorf("signing with a key that the brand never named: %v", err)
	}
	if again.current().CID != before.CID {
		t.Error("the head moved")
	}
}
