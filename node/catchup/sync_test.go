package catchup

import (
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestADeltaTakesOneRoundTrip(t *testing.T) {
	b, was := newBrand("tea"), shelfOf(2000)
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	base := b.sign(was)
	shop.put(b, base, was.changes())
	mirror.put(b, base, was.changes())
	is := was.with(100)
	head := b.sign(is)
	shop.put(b, head, is.since(was))
	mirror.meet(shop)
	report, err := mirror.sync(t.Context(), b, head, &base, shop)
	if err != nil {
		t.Fatal(err)
	}
	mirror.has(b, head, is)
	if report.Way != WayChanges || report.RoundTrips != 1 || report.Requests != 1 || report.Bytes > 100*400 {
		t.Errorf("%+v", report)
	}
}

func TestAnUnknownBaseTakesFiveRoundTrips(t *testing.T) {
	b, was := newBrand("tea"), shelfOf(20_000)
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	base := b.sign(was)
	mirror.put(b, base, was.changes())
	is := was.with(100)
	head := b.sign(is)
	shop.put(b, head, is.changes()) // knows nothing of the base
	mirror.meet(shop)
	report, err := mirror.sync(t.Context(), b, head, &base, shop)
	if err != nil {
		t.Fatal(err)
	}
	mirror.has(b, head, is)
	t.Logf("%+v", report)
	if report.Way != WayDescent || report.RoundTrips > 5 || report.Bytes > 200_000 {
		t.Errorf("%+v", report)
	}
}

// Nobody retains changes for so long: the question is saved even where a peer has them.
func TestChangesSinceLongAgoAreNotAskedFor(t *testing.T) {
	for days, way := range map[protocol.Millis]string{8: WayChanges, 9: WayDescent} {
		b, was := newBrand("tea"), shelfOf(600)
		shop, mirror := newNode(t).serve(Limits{}), newNode(t)
		base := b.sign(was)
		shop.put(b, base, was.changes())
		mirror.put(b, base, was.changes())
		is := was.with(20)
		head := b.signAt(is, base.Time+days*86_400_000)
		shop.put(b, head, is.since(was))
		mirror.meet(shop)
		report, err := mirror.sync(t.Context(), b, head, &base, shop)
		if err != nil {
			t.Fatal(err)
		}
		mirror.has(b, head, is)
		if report.Way != way {
			t.Errorf("after %d days: %+v", days, report)
		}
	}
}

func TestAFirstSyncTakesAllPeers(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(20_000)
	head := b.sign(all)
	shops := []*node{newNode(t).serve(Limits{}), newNode(t).serve(Limits{}), newNode(t).serve(Limits{})}
	for _, shop := range shops {
		shop.put(b, head, all.changes())
	}
	for n := 1; n <= len(shops); n += 2 {
		mirror := newNode(t)
		var last, total uint64
		for _, shop := range shops[:n] {
			mirror.meet(shop)
		}
		report, err := mirror.syncWith(t.Context(), b, head, nil, func(done, of uint64) { last, total = done, of }, hosts(shops[:n])...)
		if err != nil {
			t.Fatal(err)
		}
		mirror.has(b, head, all)
		t.Logf("%d peers: %d requests, %d bytes, %d round trips, %v", n, report.Requests, report.Bytes, report.RoundTrips, report.Took)
		if report.Way != WayFull || len(report.Peers) != n || report.Records != len(all) || last > total || total != head.Count {
			t.Errorf("%+v, %d of %d", report, last, total)
		}
		for p, r := range report.Peers {
			if r.Requests == 0 || r.Failed != "" {
				t.Errorf("%s: %+v", p, r)
			}
		}
	}
}

func TestAHeadThatNobodyHasAnyMoreIsAskedForAgain(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(50)
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	old := b.sign(all)
	more := all.with(10)
	now := b.sign(more)
	shop.put(b, now, more.changes())
	mirror.meet(shop)
	if _, err := mirror.sync(t.Context(), b, old, nil, shop); !errors.Is(err, ErrMoved) {
		t.Errorf("%v", err)
	}
	if _, err := mirror.sync(t.Context(), b, old, nil); !errors.Is(err, ErrNoPeers) {
		t.Errorf("without peers: %v", err)
	}
	if len(mirror.blames()) > 0 {
		t.Error("an honest peer is blamed")
	}
}

func TestAHeadThatContradictsItselfBlamesNobody(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(300)
	more := all.with(10)
	for name, change := range map[string]func(count, bytes *uint64){
		"more records": func(count, _ *uint64) { *count += 5 },
		"more bytes":   func(_, bytes *uint64) { *bytes += 5 },
	} {
		t.Run(name, func(t *testing.T) {
			shop, mirror := newNode(t).serve(Limits{}), newNode(t).meet()
			head := b.sign(more)
			shop.put(b, head, more.changes())
			wrong := head
			change(&wrong.Count, &wrong.Bytes)
			mirror.meet(shop)
			_, err := mirror.sync(t.Context(), b, wrong, nil, shop)
			if !errors.Is(err, ErrHead) || errors.Is(err, protocol.ErrInvalid) {
				t.Errorf("%v", err)
			}
			if len(mirror.blames()) > 0 {
				t.Error("a peer is blamed")
			}
		})
	}
}

// A server that has little to give is waited for, and blamed for nothing.
func TestABusyServerIsWaitedFor(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(5000)
	head := b.sign(all)
	shop, mirror := newNode(t).serve(Limits{Rate: 40, Burst: 5, PeerStreams: 2}), newNode(t)
	shop.put(b, head, all.changes())
	mirror.meet(shop)
	report, err := mirror.sync(t.Context(), b, head, nil, shop)
	if err != nil {
		t.Fatal(err)
	}
	mirror.has(b, head, all)
	if r := report.Peers[shop.ID()]; r.Failed != "" || len(mirror.blames()) > 0 {
		t.Errorf("%+v", r)
	}
}
