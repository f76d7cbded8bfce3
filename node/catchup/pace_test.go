package catchup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// A peer that says nothing is waited for a short time, once: the next edit doesn't wait
// for it at all.
func TestASilentPeerHoldsUpOneEditForAMoment(t *testing.T) {
	t.Parallel()
	b, was := newBrand("tea"), shelfOf(100)
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	bad := newLiar(t, shop, liar{raw: func([]byte) []byte { return nil }, stall: true})
	mirror.meet(bad, shop)
	base := b.sign(was)
	shop.put(b, base, was.changes())
	mirror.put(b, base, was.changes())
	for edit := range 2 {
		is := was.with(10 + edit)
		head := b.sign(is)
		shop.put(b, head, is.since(was))
		ctx, cancel := context.WithTimeout(t.Context(), framePatience*2/3)
		report, err := mirror.sync(ctx, b, head, &base, bad, shop)
		cancel()
		if err != nil {
			t.Fatalf("edit %d: %v", edit, err)
		}
		if asked := report.Peers[bad.ID()] != nil; asked != (edit == 0) || report.Way != WayChanges {
			t.Errorf("edit %d: %+v", edit, report)
		}
		was, base = is, head
	}
	if len(mirror.blames()) > 0 {
		t.Error("silence is blamed")
	}
}

// small cuts pages of content into tiny ones.
func small(frames []wire.Response) (out []wire.Response) {
	for _, f := range frames {
		p, ok := f.(*wire.ContentPage)
		if !ok {
			out = append(out, f)
			continue
		}
		for at := 0; at < len(p.Data); at += 64 {
			out = append(out, &wire.ContentPage{Size: p.Size, Offset: p.Offset + uint64(at), Data: p.Data[at:min(at+64, len(p.Data))]})
		}
	}
	return out
}

func TestContentThatDripsIsCut(t *testing.T) {
	t.Parallel()
	b, all := newBrand("tea"), shelf{"post/large": record(1, 65_000)}
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	head := b.sign(all)
	shop.put(b, head, all.changes())
	bad := newLiar(t, shop, liar{twist: small, pause: 50 * time.Millisecond})
	mirror.meet(bad, shop)
	mirror.client.grace = 200 * time.Millisecond
	id := protocol.Sum(protocol.DagCBOR, all["post/large"])
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // all of it takes 50 s
	defer cancel()
	var got bytes.Buffer
	err := mirror.client.Content(ctx, bad.ID(), b.id, id, protocol.MaxRecord, &got)
	if !errors.Is(err, errSlow) || !errors.Is(err, ErrUnavailable) || got.Len() == 0 {
		t.Errorf("%d bytes: %v", got.Len(), err)
	}
	if ranked := mirror.client.Rank(ids(bad, shop)); ranked[0] != shop.ID() || len(ranked) != 2 {
		t.Errorf("%v", ranked)
	}
	if err := mirror.client.Content(t.Context(), shop.ID(), b.id, id, protocol.MaxRecord, new(bytes.Buffer)); err != nil {
		t.Error(err)
	}
}

func TestPeersSetAsideAreBoundedAndComeBack(t *testing.T) {
	var a aside
	now := time.Now()
	for i := range 2 * maxAside {
		a.put(peer.ID(fmt.Sprint(i)), now.Add(time.Duration(i)))
	}
	first, last := peer.ID("0"), peer.ID(fmt.Sprint(2*maxAside-1))
	if len(a.until) != maxAside || a.has(first, now) || !a.has(last, now) {
		t.Errorf("%d, the first %v, the last %v", len(a.until), a.has(first, now), a.has(last, now))
	}
	if a.has(last, now.Add(asideTime+time.Second)) {
		t.Error("still set aside")
	}
}

// Whoever was set aside is asked where nobody else is left.
func TestADescentAsksWhoWasSetAsideLast(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(5000)
	head := b.sign(all)
	late, shop := newNode(t).serve(Limits{}), newNode(t).serve(Limits{})
	late.put(b, head, all.changes())
	for _, there := range []bool{true, false} {
		if there {
			shop.put(b, head, all.changes())
		} else {
			next := b.sign(all)
			shop.put(b, next, shelf{}.changes()) // at another head
		}
		mirror := newNode(t).meet(late, shop)
		mirror.client.aside.put(late.ID(), time.Now())
		report, err := mirror.sync(t.Context(), b, head, nil, late, shop)
		if err != nil {
			t.Fatal(err)
		}
		if asked := report.Peers[late.ID()] != nil; asked == there {
			t.Errorf("with another peer that has it %v: %+v", there, report)
		}
	}
}

// A segment of a catalog that drips is somebody else's.
func TestASegmentThatDripsIsTakenFromAnother(t *testing.T) {
	t.Parallel()
	b, all := newBrand("tea"), shelfOf(1000)
	head := b.sign(all)
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	shop.put(b, head, all.changes())
	bad := newLiar(t, shop, liar{twist: few, pause: 300 * time.Millisecond})
	mirror.meet(bad, shop)
	mirror.client.grace = 200 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // all of it takes 75 s
	defer cancel()
	report, err := mirror.sync(ctx, b, head, nil, bad, shop)
	if err != nil {
		t.Fatal(err)
	}
	mirror.has(b, head, all)
	if said := report.Peers[bad.ID()]; said == nil || said.Failed == "" || said.Lied {
		t.Errorf("%+v", said)
	}
}

// few cuts pages of segments into pages of four records.
func few(frames []wire.Response) (out []wire.Response) {
	for _, f := range frames {
		p, ok := f.(*wire.SegmentPage)
		if !ok {
			out = append(out, f)
			continue
		}
		for at := 0; at < len(p.Entries); at += 4 {
			out = append(out, &wire.SegmentPage{Entries: p.Entries[at:min(at+4, len(p.Entries))]})
		}
	}
	return out
}
