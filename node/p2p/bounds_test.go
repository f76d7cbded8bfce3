package p2p

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
)

func numbered(n int) peer.ID { return peer.ID(binary.BigEndian.AppendUint32(nil, uint32(n))) }

func TestBlameIsBoundedAndForgottenAfterAnHour(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBlames()
	b.now = func() time.Time { return now }
	b.add(numbered(0), true)
	if !b.gated(numbered(0)) || b.count() != 1 {
		t.Error("a liar is let in")
	}
	now = now.Add(gateTime)
	if b.gated(numbered(0)) || b.count() != 0 {
		t.Error("a gate doesn't open again")
	}
	b.add(numbered(1), false)
	b.add(numbered(1), false)
	now = now.Add(gateTime)
	if b.add(numbered(1), false) {
		t.Error("old strikes count")
	}
	now = now.Add(time.Minute)
	for i := range 2 * maxBlamed {
		now = now.Add(time.Millisecond)
		b.add(numbered(i), true)
	}
	if len(b.peers) > maxBlamed {
		t.Errorf("%d are remembered", len(b.peers))
	}
	if !b.gated(numbered(2*maxBlamed-1)) || b.gated(numbered(0)) {
		t.Error("not the oldest one made room")
	}
}

func TestKeptPeersAreBoundedAndTriedLessAndLessOften(t *testing.T) {
	k := newKeeper()
	for i := range maxKept + 10 {
		k.add(peer.AddrInfo{ID: numbered(i)}, i == 0)
	}
	if len(k.ids()) != maxKept || !k.trusts(numbered(0)) || k.trusts(numbered(1)) || k.trusts(numbered(maxKept)) {
		t.Error(len(k.ids()))
	}
	if ok, _ := k.add(peer.AddrInfo{ID: numbered(9999)}, false); ok {
		t.Error("one too many is kept")
	}
	if ok, instead := k.add(peer.AddrInfo{ID: numbered(9999)}, true); !ok || instead == "" || k.has(instead) || len(k.ids()) != maxKept {
		t.Error("the owner's word doesn't count more:", ok, instead)
	}
	id := numbered(0)
	others := func(o peer.ID) bool { return o != id }
	for i := range 12 {
		now := time.Now()
		k.peers[id].next = now
		if take, _ := k.due(now, 1, others); len(take) != 1 {
			t.Fatal("not due")
		}
		if take, _ := k.due(now, 1, others); len(take) != 0 {
			t.Fatal("dialled twice at once")
		}
		k.done(id, errors.New("no"))
		_, wait := k.due(time.Now(), 1, others)
		plain := min(lastRetry, firstRetry<<i)
		if wait < plain/2-time.Second || wait > min(lastRetry, plain*3/2) {
			t.Errorf("after %d failures %s", i+1, wait)
		}
	}
	k.came(id)
	k.lost(id)
	if k.peers[id].failures < 2 {
		t.Error("a connection that didn't last ends the waiting")
	}
	k.peers[id].since = time.Now().Add(-time.Hour)
	k.lost(id)
	if k.peers[id].failures > 1 {
		t.Error("a connection that lasted doesn't")
	}
}

func TestProviderRecordsAreBoundedForEachPeerAndInAll(t *testing.T) {
	ctx, s := t.Context(), newProviders()
	key := func(brand, peer int) ds.Key { return ds.NewKey(fmt.Sprintf("/providers/B%d/P%d", brand, peer)) }
	for i := range maxPerProvider {
		if err := s.Put(ctx, key(i, 0), []byte("now")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Put(ctx, key(maxPerProvider, 0), nil); !errors.Is(err, errProvidersFull) {
		t.Error("one peer fills the table:", err)
	}
	if err := s.Put(ctx, key(0, 0), []byte("later")); err != nil {
		t.Error("what is known can't be renewed:", err)
	}
	if err := s.Put(ctx, key(1, 1), make([]byte, maxProviderEntry)); err == nil {
		t.Error("a large entry is kept")
	}
	for peer := 1; peer*100 < 2*maxProviders; peer++ {
		for i := range 100 {
			if err := s.Put(ctx, key(i, peer), []byte("now")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.count > maxProviders || s.byPeer["P0"] >= maxPerProvider {
		t.Error(s.count, s.byPeer["P0"])
	}
	if err := s.Put(ctx, key(7, 1_000_000), []byte("newcomer")); err != nil {
		t.Error("a newcomer finds no room:", err)
	}
	all, err := s.Query(ctx, query.Query{Prefix: "/providers/"})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := all.Rest()
	if err != nil || len(entries) != s.count {
		t.Error(len(entries), s.count, err)
	}
	for _, e := range entries {
		if err := s.Delete(ctx, ds.RawKey(e.Key)); err != nil {
			t.Fatal(err)
		}
	}
	if s.count != 0 || len(s.dirs) != 0 || len(s.byPeer) != 0 {
		t.Errorf("left over: %d, %v", s.count, s.byPeer)
	}
}

func TestAQueryOfProvidersTakesOneBrandOnly(t *testing.T) {
	ctx, s := t.Context(), newProviders()
	for _, k := range []string{"/providers/A/1", "/providers/A/2", "/providers/AB/3"} {
		if err := s.Put(ctx, ds.NewKey(k), []byte(k)); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string][]string{
		"/providers/A": {"/providers/A/1", "/providers/A/2"}, "/providers/AB/": {"/providers/AB/3"}, "/providers/C": nil,
	} {
		r, err := s.Query(ctx, query.Query{Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		entries, err := r.Rest()
		var got []string
		for _, e := range entries {
			got = append(got, e.Key)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Error(prefix, got, err)
		}
	}
	if v, err := s.Get(ctx, ds.NewKey("/providers/A/1")); err != nil || string(v) != "/providers/A/1" {
		t.Error(string(v), err)
	}
	if has, err := s.Has(ctx, ds.NewKey("/providers/A/9")); err != nil || has {
		t.Error(has, err)
	}
}

func TestProvidedBrandsAreBoundedAndCanBeWithdrawn(t *testing.T) {
	p := start(t)
	for i := range maxProvided + 5 {
		p.Provide(t.Context(), protocol.Sum(protocol.DagCBOR, binary.BigEndian.AppendUint32(nil, uint32(i))))
	}
	first := protocol.Sum(protocol.DagCBOR, []byte{0, 0, 0, 0})
	p.Withdraw(first)
	p.table.mu.Lock()
	defer p.table.mu.Unlock()
	if len(p.table.brands) != maxProvided-1 || p.table.brands[first] != nil {
		t.Error(len(p.table.brands))
	}
}

func TestNeighboursAreBounded(t *testing.T) {
	l, now := newLAN(), time.Now()
	for i := range 2 * maxNeighbours {
		l.HandlePeerFound(peer.AddrInfo{ID: numbered(i)})
	}
	if len(l.peers) != maxNeighbours || !l.seen(numbered(0)) || l.seen(numbered(maxNeighbours)) {
		t.Error(len(l.peers))
	}
	if !l.note(peer.AddrInfo{ID: numbered(maxNeighbours)}, now.Add(2*neighbourTime)) || len(l.peers) != 1 {
		t.Error("old neighbours are not forgotten")
	}
}
