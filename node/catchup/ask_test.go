package catchup

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store/blob"
)

func TestHeadAndIdentityComeAsTheyAre(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(10)
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	head := b.sign(all)
	shop.put(b, head, all.changes())
	mirror.meet(shop)
	have := identity.HeadRef{Epoch: 0, Seq: 7, Head: head.CID}
	page, err := mirror.client.Head(t.Context(), shop.ID(), b.id, &have)
	if err != nil || !bytes.Equal(page.Head, must(head.Encode())) || page.Ops != 1 || page.Rival != nil {
		t.Fatalf("%+v: %v", page, err)
	}
	if shop.mu.Lock(); len(shop.claims) != 1 || shop.claims[0] != have {
		t.Errorf("the shop heard %+v", shop.claims)
	}
	shop.mu.Unlock()
	ops, err := mirror.client.Identity(t.Context(), shop.ID(), b.id, 0)
	if err != nil || len(ops) != 1 || !bytes.Equal(ops[0], b.ops[0]) {
		t.Errorf("%d operations: %v", len(ops), err)
	}
	if ops, err = mirror.client.Identity(t.Context(), shop.ID(), b.id, 1); err != nil || len(ops) != 0 {
		t.Errorf("%d operations behind the last: %v", len(ops), err)
	}
	if _, err = mirror.client.Head(t.Context(), shop.ID(), newBrand("coffee").id, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("of another brand: %v", err)
	}
}

func TestAHeadOfAnotherBrandIsALie(t *testing.T) {
	b, other := newBrand("tea"), newBrand("coffee")
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	head := other.sign(shelfOf(3))
	bad := newLiar(t, shop, says(&wire.Status{Status: wire.OK}, &wire.HeadPage{Head: must(head.Encode()), Ops: 1}, &wire.End{Complete: true}))
	mirror.meet(bad)
	if _, err := mirror.client.Head(t.Context(), bad.ID(), b.id, nil); !errors.Is(err, protocol.ErrInvalid) || mirror.blamed[bad.ID()] != 1 {
		t.Errorf("%v, blamed %v", err, mirror.blamed)
	}
}

func TestAllBrandsOfAPeerAreListedItsOwnFirst(t *testing.T) {
	shop, mirror := newNode(t), newNode(t)
	var own protocol.CID
	var list []protocol.CID
	for i := range 1000 {
		id := protocol.Sum(protocol.DagCBOR, record(i, 1))
		if own = id; i < 999 {
			list = append(list, id)
		}
	}
	server, err := Serve(Options{Host: shop.Host, Store: shop.store, Serves: func(protocol.CID) bool { return false },
		Brands: func() []protocol.CID { return append([]protocol.CID{own}, list...) }})
	mirror.check(err)
	t.Cleanup(func() { server.Close() })
	mirror.meet(shop)
	got, err := mirror.client.Brands(t.Context(), shop.ID())
	if err != nil || len(got) != 1000 || got[0] != own {
		t.Fatalf("%d: %v", len(got), err)
	}
	for _, after := range []int{0, 1, 500, 999} {
		if rest := server.listed(got[after]); len(rest) != 999-after {
			t.Errorf("behind %d: %d", after, len(rest))
		}
	}
}

// picture stores a picture of some size and returns its manifest.
func picture(t *testing.T, blobs *blob.Store, side int) catalog.Media {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	noise := rand.New(rand.NewPCG(1, uint64(side)))
	for i := range img.Pix {
		img.Pix[i] = byte(noise.Uint32())
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return must(blobs.Put(t.Context(), &b))
}

func TestPicturesComeIfTheCatalogNamesThem(t *testing.T) {
	blobs := must(blob.Open(t.TempDir()))
	named, secret := picture(t, blobs, 700), picture(t, blobs, 20)
	b := newBrand("tea")
	all := shelf{named.Path(): must(catalog.Encode(&named))}
	shop, mirror := newNode(t), newNode(t)
	head := b.sign(all)
	shop.put(b, head, all.changes())
	server, err := Serve(Options{Host: shop.Host, Store: shop.store, Blobs: blobs, Serves: func(protocol.CID) bool { return true }})
	mirror.check(err)
	t.Cleanup(func() { server.Close() })
	mirror.meet(shop)
	var got bytes.Buffer
	if err := mirror.client.Content(t.Context(), shop.ID(), b.id, named.Blob, blob.MaxSize, &got); err != nil || !named.Blob.Matches(got.Bytes()) {
		t.Fatalf("%d bytes: %v", got.Len(), err)
	}
	if got.Len() < 2*wire.MaxPage {
		t.Errorf("only %d bytes, in one page", got.Len())
	}
	for name, want := range map[string]struct {
		id    protocol.CID
		limit uint64
		err   error
	}{
		"a draft":               {secret.Blob, blob.MaxSize, ErrNotFound},
		"nothing":               {protocol.Sum(protocol.Raw, nil), blob.MaxSize, ErrNotFound},
		"larger than is wanted": {named.Blob, 1000, ErrTooLarge},
	} {
		if err := mirror.client.Content(t.Context(), shop.ID(), b.id, want.id, want.limit, &got); !errors.Is(err, want.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(mirror.blames()) > 0 {
		t.Error("an honest peer is blamed")
	}
	stream := bytes.NewBuffer(nil)
	mirror.check(wire.WriteFrame(stream, must(wire.EncodeRequest(&wire.ContentRequest{Brand: b.id, Content: named.Blob})), wire.MaxRequest))
	relayed := &pipe{in: stream, conn: pipeConn{limited: true}}
	server.handle(relayed)
	status, err := wire.DecodeResponse(must(wire.ReadFrame(&relayed.out, wire.MaxRelayedPage)))
	if s, ok := status.(*wire.Status); !ok || s.Status != wire.Oversize {
		t.Errorf("over a relay: %+v, %v", status, err)
	}
}

func TestContentThatIsNotWhatItIsNamedBlamesThePeer(t *testing.T) {
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	bad := newLiar(t, shop, says(&wire.Status{Status: wire.OK}, &wire.ContentPage{Size: 3, Data: []byte("bad")}, &wire.End{Complete: true}))
	mirror.meet(bad)
	err := mirror.client.Content(t.Context(), bad.ID(), newBrand("tea").id, protocol.Sum(protocol.Raw, []byte("tea")), 10, new(bytes.Buffer))
	if !errors.Is(err, protocol.ErrInvalid) || mirror.blamed[bad.ID()] != 1 {
		t.Errorf("%v", err)
	}
}

func TestABrandThatIsNotServedIsNotFound(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(10)
	shop, mirror := newNode(t), newNode(t)
	head := b.sign(all)
	shop.put(b, head, all.changes())
	server, err := Serve(Options{Host: shop.Host, Store: shop.store, Serves: func(protocol.CID) bool { return false }})
	mirror.check(err)
	t.Cleanup(func() { server.Close() })
	mirror.meet(shop)
	for _, r := range []wire.Request{
		&wire.HeadRequest{Brand: b.id}, &wire.IdentityRequest{Brand: b.id},
		&wire.SegmentRequest{Brand: b.id, Head: head.CID},
		&wire.ContentRequest{Brand: b.id, Content: protocol.Sum(protocol.DagCBOR, all["post/p1"])},
	} {
		_, err := mirror.client.ask(t.Context(), shop.ID(), r, &tally{}, func(wire.Response) error { return nil })
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%T: %v", r, err)
		}
	}
}

// Of a brand that isn't served but announced, peers may have the identity.
func TestTheIdentityOfABrandThatIsRememberedIsAnswered(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(10)
	shop, relay, mirror := newNode(t), newNode(t), newNode(t)
	head := b.sign(all)
	shop.put(b, head, all.changes())
	log := must(shop.store.Identity(t.Context(), b.id))
	server, err := Serve(Options{Host: relay.Host, Store: relay.store, Serves: func(protocol.CID) bool { return false },
		Remembers: func(id protocol.CID) (*identity.Log, bool) { return log, id == b.id }})
	mirror.check(err)
	t.Cleanup(func() { server.Close() })
	mirror.meet(relay)
	ops, err := mirror.client.WholeIdentity(t.Context(), relay.ID(), b.id, 1<<20)
	if err != nil || len(ops) != log.Len() {
		t.Errorf("%d operations: %v", len(ops), err)
	}
	if _, err := mirror.client.WholeIdentity(t.Context(), relay.ID(), b.id, 10); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more than 10 bytes: %v", err)
	}
	if _, err := mirror.client.Head(t.Context(), relay.ID(), b.id, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("its head: %v", err)
	}
}

// Large records fit pages of a direct connection, and are there by themselves.
func TestLargeRecordsCome(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(20)
	for i := range 12 {
		all[protocol.Path("post/large"+string(rune('a'+i)))] = record(i, 65_000)
	}
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	head := b.sign(all)
	shop.put(b, head, all.changes())
	mirror.meet(shop)
	if _, err := mirror.sync(t.Context(), b, head, nil, shop); err != nil {
		t.Fatal(err)
	}
	mirror.has(b, head, all)
	var got bytes.Buffer
	large := all["post/largea"]
	err := mirror.client.Content(t.Context(), shop.ID(), b.id, protocol.Sum(protocol.DagCBOR, large), protocol.MaxRecord, &got)
	if err != nil || !bytes.Equal(got.Bytes(), large) {
		t.Errorf("%d bytes: %v", got.Len(), err)
	}
}

func TestNobodyIsAskedForEver(t *testing.T) {
	mirror := newNode(t)
	gone := newHost(t, Limits{})
	id := gone.ID()
	gone.Close()
	if _, err := mirror.client.Head(t.Context(), id, newBrand("tea").id, nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if len(mirror.blames()) > 0 || mirror.client.lines.used[peer.ID(id)] != nil {
		t.Error("blamed, or a line is left")
	}
}

func TestANodeThatStartsAgainCountsOn(t *testing.T) {
	n, registry := newNode(t), prometheus.NewRegistry()
	for range 2 {
		server, err := Serve(Options{Host: n.Host, Store: n.store, Registry: registry, Serves: func(protocol.CID) bool { return true }})
		n.check(err)
		n.check(server.Close())
		c := NewClient(ClientOptions{Host: n.Host, Registry: registry})
		c.metrics.requests.WithLabelValues("ok").Inc()
	}
	for _, family := range must(registry.Gather()) {
		if family.GetName() == "stoa_catchup_requests_total" && family.Metric[0].Counter.GetValue() != 2 {
			t.Errorf("%v", family)
		}
	}
}
