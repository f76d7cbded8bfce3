package node

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

func TestAnArchiveGoesThroughTheSameDoor(t *testing.T) {
	brand, mirror := inMemory(t, t.TempDir(), nil), inMemory(t, t.TempDir(), nil)
	archive := func() []byte {
		var b bytes.Buffer
		brand.check(brand.store.WriteArchive(t.Context(), brand.brand, &b))
		return b.Bytes()
	}
	brand.sell(tea("sencha", 900))
	brand.sell(tea("matcha", 1900))
	old := archive()
	_, err := mirror.TakeArchive(t.Context(), bytes.NewReader(old))
	mirror.wants(err, store.ErrNotFound)
	_, err = mirror.Follow(t.Context(), brand.brand.String(), "tea")
	mirror.check(err)
	st, err := mirror.TakeArchive(t.Context(), bytes.NewReader(old))
	if err != nil || st.Products != 2 || st.Handle != "tea" || st.Head != brand.current().CID {
		t.Fatalf("%+v, %v", st, err)
	}
	brand.clock.advance(time.Second)
	p, err := brand.Store().OwnProduct(t.Context(), "sencha")
	brand.check(err)
	p.Status = store.Archived
	brand.put(p)
	damaged := archive()
	damaged[len(damaged)-3] ^= 1
	mirror.clock.advance(time.Second)
	_, err = mirror.TakeArchive(t.Context(), bytes.NewReader(damaged))
	mirror.wants(err, protocol.ErrInvalid)
	if st, err = mirror.Mirror(t.Context(), brand.brand); err != nil || st.Products != 2 {
		t.Errorf("half of a damaged archive was taken: %+v, %v", st, err)
	}
	st, err = mirror.TakeArchive(t.Context(), bytes.NewReader(archive()))
	if err != nil || st.Products != 1 {
		t.Errorf("%+v, %v", st, err)
	}
	_, err = mirror.TakeArchive(t.Context(), bytes.NewReader(old))
	mirror.wants(err, protocol.ErrInvalid)
	_, err = brand.TakeArchive(t.Context(), bytes.NewReader(old))
	brand.wants(err, store.ErrNotFound)
}

func TestANodeWithoutANetworkFollowsByIdentifierOnly(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	st, err := s.Follow(t.Context(), brandNo(1).String(), "")
	if err != nil || st.State != Stale || st.Head.Defined() {
		t.Errorf("%+v, %v", st, err)
	}
	_, err = s.Follow(t.Context(), "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWGRUfNLBTyTvu6e6R8PTKJSvYWv5YGvn4yRzcvVDPMGkr", "")
	s.wants(err, ErrNoNetwork)
	s.Want(brandNo(1), brandNo(2))
	if peers := s.Peers(t.Context()); len(peers) != 0 {
		t.Errorf("%+v", peers)
	}
	s.check(s.Unfollow(t.Context(), brandNo(1)))
	if st, err := s.Status(t.Context()); err != nil || st.PeerID != "" || len(st.Followers) != 0 || st.Listen == nil {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestEverythingEndsWithTheNode(t *testing.T) {
	before := runtime.NumGoroutine()
	f := newFederation(t)
	brand := f.found()
	brand.sellWithPicture("sencha", dot(1))
	mirror := f.found(brand)
	mirror.follows(brand.brand.String())
	mirror.stop()
	brand.stop()
	unrun, err := Open(t.Context(), mirror.options()) // closed without Run
	mirror.check(err)
	mirror.check(unrun.Close())
	f.eventually("all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before+2 })
}

func TestWhatWasHeardIsBounded(t *testing.T) {
	h := newHearsay()
	for i := range 10 * maxHolders {
		h.holds(peerID(rune(i)), holder{at: protocol.Millis(i)})
	}
	if len(h.holders) != maxHolders {
		t.Errorf("%d peers are remembered", len(h.holders))
	}
	if _, kept := h.holders[peerID(rune(10*maxHolders-1))]; !kept {
		t.Error("the latest one is forgotten")
	}
	f := newFollowers()
	for i := range maxFollowers + 10 {
		f.note(peerID(rune(i)), holder{at: protocol.Millis(i)})
	}
	if len(f.all()) != maxFollowers {
		t.Errorf("%d followers are remembered", len(f.all()))
	}
}

func TestATurnIsGivenToOneAtATimeAndInOrder(t *testing.T) {
	q := newQueue()
	now := time.Now()
	q.put(brandNo(1), now.Add(-time.Second))
	q.put(brandNo(2), now.Add(-2*time.Second))
	q.put(brandNo(3), now.Add(time.Hour))
	first, ok := q.take(t.Context())
	if !ok || first != brandNo(2) {
		t.Errorf("first %s", first)
	}
	q.put(brandNo(2), now) // while somebody works on it
	second, ok := q.take(t.Context())
	if !ok || second != brandNo(1) {
		t.Errorf("second %s", second)
	}
	if _, wait, _ := q.next(time.Now()); wait <= 0 {
		t.Error("a brand was given twice")
	}
	q.done(brandNo(2))
	if third, ok := q.take(t.Context()); !ok || third != brandNo(2) {
		t.Errorf("third %s", third)
	}
	q.put(brandNo(3), now)
	q.forget(brandNo(3))
	q.done(brandNo(1))
	if _, wait, _ := q.next(time.Now()); wait <= 0 {
		t.Error("something is due that was forgotten")
	}
}

func TestTargetsThatCanBeFollowed(t *testing.T) {
	peer := "/dns4/tea.example/tcp/4001/p2p/12D3KooWGRUfNLBTyTvu6e6R8PTKJSvYWv5YGvn4yRzcvVDPMGkr"
	for in, want := range map[string]target{
		brandNo(1).String():             {brand: brandNo(1)},
		" " + brandNo(1).String() + " ": {brand: brandNo(1)},
		peer:                            {peer: peer},
		"tea.example":                   {gateway: "https://tea.example"},
		"http://localhost:8181/p/x":     {gateway: "http://localhost:8181"},
	} {
		if got, err := parseTarget(in); err != nil || got != want {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "tea", "/", "/ip4/192.0.2.1", "/p2p/x", "ssh://tea.example"} {
		if got, err := parseTarget(in); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}
