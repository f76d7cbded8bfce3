package node

import (
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

func TestABrandStaysVisibleWhenItsNodeStops(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	blob := brand.sellWithPicture("sencha", dot(1))
	mirror := f.found()
	mirror.follows(brand.addr())
	mirror.eventuallyHas(blob, true)
	mirror.becomes(brand, Current)
	seen := f.clock.now()
	brand.stop()
	f.eventually("the node is gone", func() bool { return !mirror.connected(brand.peerID()) })
	f.clock.advance(40 * time.Second)
	if st := mirror.state(brand); st.State != Current {
		t.Errorf("after 40 s: %+v", st)
	}
	f.clock.advance(10 * time.Second)
	if st := mirror.state(brand); st.State != Stale || st.LastSeen != protocol.MillisOf(seen) || st.Reason == "" {
		t.Errorf("after 50 s: %+v", st)
	}
	mirror.stop()
	mirror.start() // it knows after a restart, too
	if st := mirror.state(brand); st.State != Stale || st.LastSeen != protocol.MillisOf(seen) {
		t.Errorf("after a restart: %+v", st)
	}
	f.clock.advance(72 * time.Hour)
	if st := mirror.state(brand); st.State != Expired {
		t.Errorf("after three days: %+v", st)
	}
	if mirror.price(brand, "sencha") != 900 {
		t.Error("the product is no longer shown")
	}
	err := mirror.Store().View(t.Context(), brand.brand, func(v *store.View) error {
		found, err := v.Search("tea senc", 0, 10)
		if err == nil && found.Total != 1 {
			t.Errorf("found %d products", found.Total)
		}
		return err
	})
	mirror.check(err)
	mirror.eventuallyHas(blob, true)
	brand.start()
	mirror.check(mirror.Unfollow(t.Context(), brand.brand))
	mirror.follows(brand.addr())
	mirror.becomes(brand, Current)
}

func TestAMirrorServesABrandWhoseNodeIsStopped(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	blob := brand.sellWithPicture("sencha", dot(1))
	first := f.found()
	first.follows(brand.addr())
	first.eventuallyHas(blob, true)
	brand.stop()
	second := f.found(first)
	second.follows(brand.brand.String())
	second.shows(brand, "sencha", 900)
	second.eventuallyHas(blob, true)
}

func TestALateJoinerIsBroughtUpToDate(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	brand.sell(tea("sencha", 900))
	mirror := f.found()
	mirror.follows(brand.addr())
	mirror.shows(brand, "sencha", 900)
	mirror.stop()
	for _, price := range []string{"1", "2", "3"} {
		f.clock.advance(time.Second)
		_, err := brand.SetPrice(t.Context(), "sencha", price)
		brand.check(err)
	}
	mirror.start()
	mirror.shows(brand, "sencha", 300)
	mirror.becomes(brand, Current)
}

func TestAnAlteredPriceIsNotShown(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	brand.sell(tea("sencha", 900))
	mirror := f.found()
	mirror.follows(brand.addr())
	mirror.shows(brand, "sencha", 900)
	before := brand.current()

	// A node between them that holds other records under the brand's genuine head.
	list, err := project(tea("sencha", 100))
	mirror.check(err)
	p, err := mirror.Store().Prepare(t.Context(), brand.brand, all(list))
	mirror.check(err)
	forged := before.Head
	forged.Root, forged.Count, forged.Bytes = p.Root, p.Count, p.Bytes
	forged.Seq, forged.Prev = forged.Seq+1, before.CID
	head, err := catalog.SignHead(forged, mirror.key) // another's key
	mirror.check(err)
	if err := mirror.accept(t.Context(), head, p); catalog.ReasonOf(err) != catalog.HeadSignature {
		t.Errorf("records under a forged head: %v", err)
	}
	p, err = mirror.Store().Prepare(t.Context(), brand.brand, all(list))
	mirror.check(err)
	forged.Root, forged.Count, forged.Bytes = before.Root, before.Count, before.Bytes
	head, err = catalog.SignHead(forged, brand.key) // the genuine head of the genuine records
	mirror.check(err)
	mirror.wants(mirror.accept(t.Context(), head, p), store.ErrMismatch)
	if mirror.price(brand, "sencha") != 900 || mirror.state(brand).Head != before.CID {
		t.Error("something altered is shown")
	}
}

func TestAReplayedOldVersionIsRefused(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	brand.sell(tea("sencha", 900))
	old := brand.current()
	mirror := f.found()
	mirror.follows(brand.addr())
	mirror.shows(brand, "sencha", 900)
	f.clock.advance(time.Second)
	head, err := brand.SetPrice(t.Context(), "sencha", "12")
	brand.check(err)
	mirror.shows(brand, "sencha", 1200)
	brand.stop()
	mirror.stop()
	mirror.start() // what it knows is durable
	m := mirror.kept.get(brand.brand)
	verdict, err := mirror.learn(t.Context(), m, report{head: old})
	if err != nil || verdict != catalog.Older {
		t.Errorf("the old head is %s, %v", verdict, err)
	}
	list, err := project(tea("sencha", 900))
	mirror.check(err)
	p, err := mirror.Store().Prepare(t.Context(), brand.brand, all(list))
	mirror.check(err)
	mirror.wants(mirror.accept(t.Context(), old, p), protocol.ErrInvalid)
	a, err := wire.Announce(mirror.logOf(brand), old)
	mirror.check(err)
	s, kept, err := ear{mirror.Node}.Standing(t.Context(), brand.brand)
	if err != nil || !kept || a.Judge(s, mirror.millis()).Reason != wire.Stale {
		t.Errorf("gossip takes the old head: %v", a.Judge(s, mirror.millis()).Reason)
	}
	if mirror.price(brand, "sencha") != 1200 || mirror.state(brand).Head != head.CID {
		t.Error("an old version is shown")
	}
}

func TestHeadsAheadOfTimeAreRefused(t *testing.T) {
	f := newFederation(t)
	brand, mirror := f.found(), f.found()
	brand.sell(tea("sencha", 900))
	mirror.follows(brand.addr())
	mirror.shows(brand, "sencha", 900)
	m := mirror.kept.get(brand.brand)
	before := brand.current()
	for want, bend := range map[catalog.Verdict]func(*catalog.Head){
		catalog.Future:      func(h *catalog.Head) { h.Time += catalog.MaxAhead + 1; h.Expires = h.Time + 1 },
		catalog.FastForward: func(h *catalog.Head) { h.Seq = uint64(h.Time+catalog.MaxSeqAhead) + 1 },
	} {
		h := before.Head
		h.Seq++
		bend(&h)
		head, err := catalog.SignHead(h, brand.key)
		mirror.check(err)
		if verdict, err := mirror.learn(t.Context(), m, report{head: head}); err != nil || verdict != want {
			t.Errorf("%s: %s, %v", want, verdict, err)
		}
	}
	if k := m.present(); k.highest.CID != before.CID {
		t.Error("the highest head moved")
	}
}

func TestTwoHeadsAtOnePlaceAreShownAsAContestUntilHealed(t *testing.T) {
	f := newFederation(t)
	brand, mirror, third := f.found(), f.found(), f.found()
	brand.sell(tea("sencha", 900))
	mirror.follows(brand.addr())
	mirror.shows(brand, "sencha", 900)
	mirror.becomes(brand, Current)
	first := brand.current()
	h := first.Head
	h.Expires--
	second, err := catalog.SignHead(h, brand.key)
	brand.check(err)
	m := mirror.kept.get(brand.brand)
	verdict, err := mirror.learn(t.Context(), m, report{head: second})
	if err != nil || verdict != catalog.Conflicting {
		t.Fatalf("%s, %v", verdict, err)
	}
	mirror.becomes(brand, Contested)
	third.follows(mirror.addr()) // its own brand: nothing to do with it
	third.Node.net.p2p.Keep(addrInfos([]string{mirror.addr()})[0])
	third.follows(brand.brand.String())
	third.becomes(brand, Contested) // evidence travels

	f.clock.advance(time.Second)
	h.Seq, h.Prev = h.Seq+1000, first.CID
	later, err := catalog.SignHead(h, brand.key)
	brand.check(err)
	_, err = mirror.learn(t.Context(), m, report{head: later})
	mirror.check(err)
	mirror.becomes(brand, Contested) // a later head that heals nothing ends nothing
	if mirror.state(brand).Head != first.CID {
		t.Error("the first head is no longer in force")
	}
	mirror.stop()
	mirror.start()
	mirror.becomes(brand, Contested) // not forgotten
	m = mirror.kept.get(brand.brand)
	h.Seq, h.Prev = h.Seq+1000, later.CID
	healed, err := catalog.SignHead(h.Healing(first.CID, second.CID), brand.key)
	brand.check(err)
	_, err = mirror.learn(t.Context(), m, report{head: healed})
	mirror.check(err)
	f.eventually("no longer contested", func() bool { return mirror.state(brand).State != Contested })
}
