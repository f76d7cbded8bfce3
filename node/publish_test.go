package node

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

func TestABrandIsFoundedOnceAndOpensAgain(t *testing.T) {
	home := filepath.Join(t.TempDir(), "new", "home")
	s := newStand(t, home)
	first := s.current()
	s.check(s.Close())
	if _, _, err := Create(t.Context(), s.clock.options(home, nil), testProfile()); !errors.Is(err, ErrBrandExists) {
		t.Fatalf("a second founding: %v", err)
	}
	again := s.open(t, home)
	if again.Brand() != s.Brand() || again.current().CID != first.CID {
		t.Fatal("another brand or head came out of the home")
	}
	var name string
	again.view(func(v *store.View) error {
		p, err := v.Profile()
		name = p.Name
		return err
	})
	if name != "Corner Tea" {
		t.Errorf("the profile says %q", name)
	}
	if _, err := Open(t.Context(), s.clock.options(home, nil)); err == nil || !strings.Contains(err.Error(), home) {
		t.Errorf("opened twice at a time: %v", err)
	}
}

func TestAHomeWithoutABrandSaysSo(t *testing.T) {
	home := t.TempDir()
	if _, err := Open(t.Context(), newClock().options(home, nil)); !errors.Is(err, ErrNoBrand) {
		t.Errorf("empty home: %v", err)
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) > 0 {
		t.Errorf("looking for a brand left %v, %v", entries, err)
	}
	if _, _, err := Create(t.Context(), newClock().options(home, nil), catalog.Profile{Name: "X"}); !errors.Is(err, protocol.ErrInvalid) {
		t.Fatalf("founding with a bad profile: %v", err)
	}
	if _, err := Open(t.Context(), newClock().options(home, nil)); !errors.Is(err, ErrNoBrand) {
		t.Errorf("after a founding that failed: %v", err)
	}
	newStand(t, home)
}

func TestAFoundingThatWasInterruptedIsDoneAgain(t *testing.T) {
	home := t.TempDir()
	s := newStand(t, home)
	lost := s.Brand()
	s.check(s.store.UpdateOwn(t.Context(), func(o *store.OwnTxn) error { return o.DeleteSetting(settingBrand) }))
	s.check(s.Close())
	again := newStand(t, home)
	if again.Brand() == lost || !again.key.Equal(s.key) {
		t.Error("the brand must be a new one, the key the one that was made")
	}
	again.sell(tea("sencha", 900))
}

func TestPublishingRaisesSeqAndLinksTheHeads(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	for i := range 5 {
		before := s.current()
		if i%2 == 0 {
			s.clock.advance(time.Second) // seq must rise on a clock that stands, too
		}
		head := s.put(tea("sencha", int64(900+i)))
		if head.Seq <= before.Seq || head.Prev != before.CID || s.current().CID != head.CID {
			t.Fatalf("head %d after %d, prev %s", head.Seq, before.Seq, head.Prev)
		}
	}
}

func TestUnchangedPublishesSignNothing(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.sell(tea("sencha", 900))
	before := s.current()
	s.clock.advance(time.Minute)
	same := tea("sencha", 900)
	same.Variants[0].Stock = store.Stock{Tracked: true, OnHand: 57}
	head := s.put(same)
	if head.CID != before.CID || s.current().CID != before.CID {
		t.Error("a head was signed though no record changed")
	}
	own, err := s.store.OwnProduct(t.Context(), "sencha")
	s.check(err)
	if own.Variants[0].Stock.OnHand != 57 {
		t.Error("the private part was not kept")
	}
	if _, err := s.SetPrice(t.Context(), "sencha", "9"); err != nil || s.current().CID != before.CID {
		t.Errorf("setting the price that it has: %v, head %s", err, s.current().CID)
	}
}

func TestSetPricePublishesOneOffer(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.sell(tea("sencha", 900))
	s.sell(tea("assam", 700))
	before := s.current()
	head, err := s.SetPrice(t.Context(), "sencha", "10.25")
	s.check(err)
	if got := s.offer("sencha", "sencha").Price; got != eur(1025) {
		t.Errorf("sencha costs %s", got)
	}
	if got := s.offer("assam", "assam").Price; got != eur(700) {
		t.Errorf("assam costs %s", got)
	}
	if head.Count != before.Count || head.Root == before.Root {
		t.Errorf("%d records after %d", head.Count, before.Count)
	}
}

func TestPricesThatCannotBeAreRefused(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.sell(tea("sencha", 900))
	before := s.current()
	for _, amount := range []string{"", "-1", "1.234", "1,5", "ten", "1e3", "99999999999999999999", "10000000000.01"} {
		if _, err := s.SetPrice(t.Context(), "sencha", amount); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%q: %v", amount, err)
		}
	}
	for _, id := range []protocol.VariantID{"nothing", "Sencha", ""} {
		if _, err := s.SetPrice(t.Context(), id, "1"); !errors.Is(err, ErrUnknownVariant) {
			t.Errorf("variant %q: %v", id, err)
		}
	}
	if own, err := s.store.OwnProduct(t.Context(), "sencha"); err != nil || own.Variants[0].Price != eur(900) || s.current().CID != before.CID {
		t.Errorf("something changed: %v", err)
	}
}

func TestTheHeadIsSignedAnewAfterADay(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.sell(tea("sencha", 900))
	first := s.current()
	steps := []struct {
		wait   time.Duration
		signed bool
	}{{0, false}, {23 * time.Hour, false}, {59 * time.Minute, false}, {time.Minute, true}, {time.Hour, false}, {100 * time.Hour, true}}
	for _, step := range steps {
		before := s.current()
		s.clock.advance(step.wait)
		wait, err := s.resignIfDue(t.Context())
		s.check(err)
		now := s.current()
		if signed := now.CID != before.CID; signed != step.signed {
			t.Fatalf("after %s: signed %t, want %t", step.wait, signed, step.signed)
		}
		if wait <= 0 || wait > time.Hour {
			t.Errorf("after %s: the next look is in %s", step.wait, wait)
		}
		if now.Root != first.Root || now.Count != first.Count {
			t.Error("signing anew changed the catalog")
		}
		if step.signed && (now.Time != s.millis() || now.Expired(s.millis())) {
			t.Errorf("the new head is of %s and expires %s", now.Time, now.Expires)
		}
	}
}

func TestAnExpiredHeadIsFlaggedUntilItIsSignedAnew(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	for _, step := range []struct {
		wait    time.Duration
		expired bool
	}{{72*time.Hour - time.Millisecond, false}, {time.Millisecond, true}} {
		s.clock.advance(step.wait)
		st, err := s.Status(t.Context())
		s.check(err)
		if st.Head.Expired != step.expired {
			t.Errorf("expired %t, want %t", st.Head.Expired, step.expired)
		}
	}
	_, err := s.Resign(t.Context())
	s.check(err)
	if st, err := s.Status(t.Context()); err != nil || st.Head.Expired {
		t.Errorf("expired %t after signing anew, %v", st.Head.Expired, err)
	}
}

func TestAHeadDatedInTheFutureIsSignedAnewWhenTheClockIsRightAgain(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.clock.advance(-6 * time.Hour)
	_, err := s.resignIfDue(t.Context())
	s.check(err)
	if head := s.current(); head.Time != s.millis() {
		t.Errorf("the head is of %s, now is %s", head.Time, s.millis())
	}
}

func TestADraftTakesNoPriceThatCannotBePublished(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	draft := tea("sencha", 900)
	draft.Status = store.Draft
	s.sell(draft)
	if _, err := s.SetPrice(t.Context(), "sencha", "90000000000000"); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if own, err := s.store.OwnProduct(t.Context(), "sencha"); err != nil || own.Variants[0].Price != eur(900) {
		t.Errorf("it was kept: %v", err)
	}
}

func TestAClockThatWentBackSignsNothingThatPeersRefuse(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.sell(tea("sencha", 900))
	before := s.current()
	s.clock.advance(-23 * time.Hour)
	if _, err := s.SetPrice(t.Context(), "sencha", "2"); err != nil {
		t.Errorf("a clock 23 hours behind: %v", err)
	}
	if got := s.current().Seq; got != before.Seq+1 {
		t.Errorf("seq %d after %d", got, before.Seq)
	}
	now := s.current()
	s.clock.advance(-2 * time.Hour)
	if _, err := s.SetPrice(t.Context(), "sencha", "3"); !errors.Is(err, catalog.ErrClock) {
		t.Errorf("a clock 25 hours behind: %v", err)
	}
	if own, err := s.store.OwnProduct(t.Context(), "sencha"); err != nil || own.Variants[0].Price != eur(200) || s.current().CID != now.CID {
		t.Errorf("something changed: %v", err)
	}
}
