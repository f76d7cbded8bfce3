package catchup

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// Four peers of one address open ten thousand streams, ask for everything and read
// nothing, or ask nothing at all. What they get is bounded, and a peer from
// elsewhere is served meanwhile.
func TestAServerUnderAbuseServesOthers(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(4000)
	head := b.sign(all)
	shop := newNode(t)
	shop.put(b, head, all.changes())
	registry := prometheus.NewRegistry()
	server, err := Serve(Options{Host: shop.Host, Store: shop.store, Registry: registry, Serves: func(protocol.CID) bool { return true }})
	shop.check(err)
	t.Cleanup(func() { server.Close() })

	before := runtime.NumGoroutine()
	ctx, stop := context.WithCancel(t.Context())
	var opened atomic.Int64
	var mob sync.WaitGroup
	for i := range 4 {
		h := newHostAt(t, Limits{}, "127.0.0.2")
		shop.check(h.Connect(t.Context(), peer.AddrInfo{ID: shop.ID(), Addrs: shop.Addrs()}))
		mob.Go(func() { abuse(ctx, h, shop.ID(), segmentOf(b, head.CID), i%2 == 0, &opened) })
	}
	for opened.Load() < 2000 {
		time.Sleep(time.Millisecond)
	}
	most := 0
	honest := newNode(t)
	honest.meet(shop)
	done := make(chan error, 1)
	go func() {
		_, err := honest.sync(t.Context(), b, head, nil, shop)
		done <- err
	}()
	for waiting := true; waiting || opened.Load() < 10_000; {
		select {
		case err := <-done:
			waiting = false
			if err != nil {
				t.Errorf("an honest peer is not served: %v", err)
			}
		case <-time.After(5 * time.Millisecond):
			server.door.mu.Lock()
			most = max(most, server.door.all)
			server.door.mu.Unlock()
		}
	}
	honest.has(b, head, all)
	if grown := runtime.NumGoroutine() - before; grown > 3000 {
		t.Errorf("%d goroutines more", grown)
	}
	stop()
	mob.Wait()
	if len(server.door.known) < 2 {
		t.Error("all came from one address")
	}
	t.Logf("%d streams, at most %d answers at a time", opened.Load(), most)
	if most > server.Limits.Streams {
		t.Errorf("%d answers at a time", most)
	}
}

func segmentOf(b *brand, head protocol.CID) []byte {
	return must(wire.EncodeRequest(&wire.SegmentRequest{Brand: b.id, Head: head}))
}

// abuse opens streams as fast as it can and keeps those it gets.
func abuse(ctx context.Context, h host.Host, at peer.ID, request []byte, ask bool, opened *atomic.Int64) {
	var kept []network.Stream
	defer func() {
		for _, s := range kept {
			s.Reset()
		}
	}()
	for ctx.Err() == nil {
		opened.Add(1)
		s, err := h.NewStream(ctx, at, wire.CatchUpProtocol)
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		if ask {
			wire.WriteFrame(s, request, wire.MaxRequest)
		} else {
			s.Write([]byte{0x80})
		}
		if kept = append(kept, s); len(kept) > 200 {
			kept[0].Reset()
			kept = kept[1:]
		}
	}
}

func TestTheDoorBoundsWhatOneMayAsk(t *testing.T) {
	shop := newNodeOver(t, memkv.New())
	shop.serve(Limits{Rate: 0.001, Burst: 3})
	asker := newNode(t).meet(shop)
	var codes []wire.Code
	for range 5 {
		_, err := asker.client.ask(t.Context(), shop.ID(), &wire.BrandsRequest{}, &tally{}, func(wire.Response) error { return nil })
		code, refused := wire.OK, (*StatusError)(nil)
		if errors.As(err, &refused) {
			code = refused.Code
		}
		if codes = append(codes, code); code == wire.Busy && refused.Retry <= 0 {
			t.Error("busy without a time to come again")
		}
	}
	want := []wire.Code{wire.OK, wire.OK, wire.OK, wire.Busy, wire.Busy}
	if !slices.Equal(codes, want) {
		t.Errorf("%v", codes)
	}
}

func TestTheDoorForgetsWhoHasNotCome(t *testing.T) {
	d := newDoor(Limits{}.withDefaults())
	for i := range maxSources + 500 {
		d.source(string(rune(i + 0x1000)))
	}
	if len(d.known) > maxSources {
		t.Errorf("%d sources are known", len(d.known))
	}
	if d.source("a newcomer") == nil {
		t.Error("a newcomer has no budget")
	}
}

// A request that doesn't come costs its stream, and nothing else.
func TestARequestThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	shop := newNodeOver(t, memkv.New())
	shop.serve(Limits{Read: 50 * time.Millisecond})
	h := newHost(t, Limits{})
	shop.check(h.Connect(t.Context(), peer.AddrInfo{ID: shop.ID(), Addrs: shop.Addrs()}))
	s, err := h.NewStream(t.Context(), shop.ID(), wire.CatchUpProtocol)
	shop.check(err)
	defer s.Reset()
	s.Write([]byte{0x20, 1, 2})
	s.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := s.Read(make([]byte, 1)); err == nil || isStall(err) {
		t.Errorf("the stream is still there: %v", err)
	}
}

// A page that nobody takes costs its stream.
func TestASlowReaderIsCutOff(t *testing.T) {
	b, all := newBrand("tea"), shelf{}
	for path := range shelfOf(600) {
		all[path] = record(len(all), 50_000)
	}
	head := b.sign(all)
	shop := newNodeOver(t, memkv.New())
	shop.serve(Limits{Page: 100 * time.Millisecond})
	shop.put(b, head, all.changes())
	h := newHost(t, Limits{})
	shop.check(h.Connect(t.Context(), peer.AddrInfo{ID: shop.ID(), Addrs: shop.Addrs()}))
	s, err := h.NewStream(t.Context(), shop.ID(), wire.CatchUpProtocol)
	shop.check(err)
	defer s.Reset()
	shop.check(wire.WriteFrame(s, segmentOf(b, head.CID), wire.MaxRequest))
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		shop.server.door.mu.Lock()
		active, known := shop.server.door.all, len(shop.server.door.known)
		shop.server.door.mu.Unlock()
		if known > 0 && active == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d answers are still under way", active)
		}
	}
}

func TestAServerThatClosesWaitsForItsAnswers(t *testing.T) {
	shop := newNodeOver(t, memkv.New())
	shop.serve(Limits{})
	h := newHost(t, Limits{})
	shop.check(h.Connect(t.Context(), peer.AddrInfo{ID: shop.ID(), Addrs: shop.Addrs()}))
	s, err := h.NewStream(t.Context(), shop.ID(), wire.CatchUpProtocol)
	shop.check(err)
	s.Write([]byte{0x20, 1, 2})
	shop.check(shop.server.Close())
	if shop.server.door.all != 0 {
		t.Error("an answer is under way behind Close")
	}
}
