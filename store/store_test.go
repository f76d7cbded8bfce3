package store_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
)

// shop is a brand with a store, and a plain model of what its catalog holds.
type shop struct {
	t      *testing.T
	engine kv.Engine
	*store.Store
	key   ed25519.PrivateKey
	brand protocol.CID
	id    protocol.CID
	last  *catalog.SignedHead
	pause protocol.Millis // between heads
	model map[protocol.Path][]byte
}

func newShop(t *testing.T, dir string) *shop {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{Dir: dir, InMemory: dir == ""})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return newShopOn(t, engine)
}

func newShopOn(t *testing.T, engine kv.Engine) *shop {
	t.Helper()
	s, err := store.Open(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	sh := &shop{t: t, engine: engine, Store: s, model: map[protocol.Path][]byte{}}
	sh.key = ed25519.NewKeyFromSeed(make([]byte, 32))
	sh.found()
	return sh
}

func (s *shop) found() {
	root := ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	signers := identity.Solo(protocol.PublicKeyOf(root))
	next, err := signers.Commitment()
	s.check(err)
	signed, err := identity.Genesis(signers, next, identity.Online(protocol.PublicKeyOf(s.key)), 1).Sign(root)
	s.check(err)
	raw, err := signed.Encode()
	s.check(err)
	s.brand, s.id = signed.ID(), signed.ID()
	_, err = s.PutIdentity(s.t.Context(), s.brand, raw)
	s.check(err)
}

func (s *shop) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// publish applies changes under a new head and to the model.
func (s *shop) publish(changes ...store.Change) {
	s.t.Helper()
	s.check(s.try(each(changes)))
	for _, c := range changes {
		if c.Record == nil {
			delete(s.model, c.Path)
		} else {
			s.model[c.Path] = c.Record
		}
	}
}

func (s *shop) try(changes iter.Seq2[store.Change, error], also ...func(*store.OwnTxn) error) error {
	p, err := s.Prepare(s.t.Context(), s.brand, changes)
	if err != nil {
		return err
	}
	head := s.sign(p)
	raw, err := head.Encode()
	s.check(err)
	if err := s.Apply(s.t.Context(), p, raw, also...); err != nil {
		return err
	}
	s.last = &head
	return nil
}

func (s *shop) sign(p *store.Prepared) catalog.SignedHead {
	now := protocol.Millis(1)
	if s.last != nil {
		now = s.last.Time + 1 + s.pause
	}
	h, err := catalog.Next(s.last, 0, now)
	s.check(err)
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = s.brand, s.id, p.Root, p.Count, p.Bytes
	head, err := catalog.SignHead(h, s.key)
	s.check(err)
	return head
}

func each(changes []store.Change) iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func put(t *testing.T, r catalog.Record) store.Change {
	t.Helper()
	b, err := catalog.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return store.Change{Path: r.Path(), Record: b}
}

// product returns the records of a product with variants at the given prices.
func product(t *testing.T, handle, title string, tags []string, at protocol.Millis, prices ...int64) []store.Change {
	t.Helper()
	p := &catalog.Product{Handle: protocol.Handle(handle), Title: title, Tags: tags, Published: at, Updated: at}
	p.Header = catalog.Header{Type: catalog.TypeProduct, V: 1}
	var out []store.Change
	if len(prices) > 1 {
		p.Options = []catalog.Option{{Name: "Size"}}
	}
	for i, price := range prices {
		v := catalog.Variant{ID: protocol.VariantID(fmt.Sprintf("%s-%d", handle, i))}
		if len(prices) > 1 {
			size := fmt.Sprint("s", i)
			p.Options[0].Values = append(p.Options[0].Values, size)
			v.Options = []string{size}
		}
		p.Variants = append(p.Variants, v)
		o := &catalog.Offer{Product: p.Handle, Variant: v.ID, Price: protocol.NewMoney(price, "EUR"), Availability: catalog.InStock, TaxClass: catalog.TaxStandard}
		o.Header = catalog.Header{Type: catalog.TypeOffer, V: 1}
		out = append(out, put(t, o))
	}
	return append(out, put(t, p))
}

func collection(t *testing.T, handle string, rule *catalog.Rule, products ...protocol.Handle) store.Change {
	t.Helper()
	c := &catalog.Collection{Handle: protocol.Handle(handle), Title: handle, Rule: rule, Products: products}
	c.Header = catalog.Header{Type: catalog.TypeCollection, V: 1}
	return put(t, c)
}

func (s *shop) view(fn func(v *store.View)) {
	s.t.Helper()
	s.check(s.View(s.t.Context(), s.brand, func(v *store.View) error { fn(v); return nil }))
}

// agrees compares root, count, bytes and every record with the model.
func (s *shop) agrees() {
	s.t.Helper()
	var leaves []trie.Leaf
	var size uint64
	for path, record := range s.model {
		leaves = append(leaves, trie.NewLeaf(path, protocol.Sum(protocol.DagCBOR, record)))
		size += uint64(len(record))
	}
	slices.SortFunc(leaves, func(a, b trie.Leaf) int { return slices.Compare(a.Key[:], b.Key[:]) })
	root, err := trie.Root(leaves)
	s.check(err)
	s.view(func(v *store.View) {
		h := v.Head()
		if h.Root != root || h.Count != uint64(len(leaves)) || h.Bytes != size {
			s.t.Fatalf("head commits to %s, %d records, %d bytes; the model has %s, %d, %d", h.Root, h.Count, h.Bytes, root, len(leaves), size)
		}
		for path, want := range s.model {
			if got, err := v.Record(path); err != nil || string(got) != string(want) {
				s.t.Fatalf("%s: %v, record differs", path, err)
			}
		}
	})
}

func handles(l store.Listing) []string {
	var out []string
	for _, c := range l.Cards {
		out = append(out, string(c.Handle))
	}
	return out
}

func TestListsFollowTheRecords(t *testing.T) {
	s := newShop(t, "")
	green := &catalog.Rule{Match: "all", Conditions: []catalog.Condition{{Field: "tag", Op: "is", Value: "Green"}}}
	s.publish(collection(t, "green", green), collection(t, "best", nil, "sencha", "gone", "assam"))
	s.publish(product(t, "sencha", "Sencha Überraschung 煎茶", []string{"green"}, 10, 900, 1500)...)
	s.publish(product(t, "assam", "Assam", []string{"black"}, 20, 700)...)
	s.publish(product(t, "matcha", "Matcha", []string{"Green"}, 30, 2500)...)
	lists := map[string]func(v *store.View) (store.Listing, error){
		"newest":  func(v *store.View) (store.Listing, error) { return v.Products(0, 10) },
		"rule":    func(v *store.View) (store.Listing, error) { return v.CollectionCards("green", 0, 10) },
		"list":    func(v *store.View) (store.Listing, error) { return v.CollectionCards("best", 0, 10) },
		"umlaut":  func(v *store.View) (store.Listing, error) { return v.Search("uberr sencha", 0, 10) },
		"chinese": func(v *store.View) (store.Listing, error) { return v.Search("煎茶", 0, 10) },
		"none":    func(v *store.View) (store.Listing, error) { return v.Search("sencha assam", 0, 10) },
	}
	expect := func(want map[string][]string) {
		t.Helper()
		s.view(func(v *store.View) {
			for name, list := range lists {
				got, err := list(v)
				if err != nil || !slices.Equal(handles(got), want[name]) || got.Total != len(want[name]) {
					t.Errorf("%s: %v (total %d), %v; want %v", name, handles(got), got.Total, err, want[name])
				}
			}
		})
	}
	expect(map[string][]string{
		"newest": {"matcha", "assam", "sencha"}, "rule": {"matcha", "sencha"}, "list": {"sencha", "assam"},
		"umlaut": {"sencha"}, "chinese": {"sencha"},
	})
	s.publish(product(t, "assam", "Assam", []string{"green"}, 20, 700)...)
	s.publish(store.Change{Path: "product/matcha"}, store.Change{Path: "offer/matcha/matcha-0"})
	expect(map[string][]string{
		"newest": {"assam", "sencha"}, "rule": {"assam", "sencha"}, "list": {"sencha", "assam"},
		"umlaut": {"sencha"}, "chinese": {"sencha"},
	})
	s.agrees()
}

func TestChangesInPlaceAndFullBuildsReachTheModelsRoot(t *testing.T) {
	s := newShop(t, t.TempDir())
	rnd := rand.New(rand.NewPCG(1, 2))
	cheap := &catalog.Rule{Match: "any", Conditions: []catalog.Condition{{Field: "price", Op: "less", Value: "5"}}}
	s.publish(collection(t, "cheap", cheap))
	for round := range 12 {
		changes := map[protocol.Path]store.Change{}
		amount := 40
		if round%4 == 1 {
			amount = 900 // three records each: too many for one transaction
		}
		for range amount {
			for _, c := range randomChange(t, rnd) {
				changes[c.Path] = c
			}
		}
		s.publish(slices.Collect(maps.Values(changes))...)
		s.agrees()
		s.cheapAgrees(cheap)
	}
}

func randomChange(t *testing.T, rnd *rand.Rand) []store.Change {
	handle := fmt.Sprintf("p%d", rnd.IntN(1200))
	changes := product(t, handle, "Thing "+handle, nil, protocol.Millis(rnd.IntN(1000)+1), rnd.Int64N(1000), rnd.Int64N(1000))
	if rnd.IntN(4) == 0 {
		for i := range changes {
			changes[i].Record = nil
		}
	}
	return changes
}

// cheapAgrees checks the members of the rule collection against all cards.
func (s *shop) cheapAgrees(rule *catalog.Rule) {
	s.t.Helper()
	s.view(func(v *store.View) {
		all, err := v.Products(0, 10_000)
		s.check(err)
		want := 0
		for _, c := range all.Cards {
			if c.Low.Minor < 500 {
				want++
			}
		}
		got, err := v.CollectionCards("cheap", 0, 10_000)
		s.check(err)
		if got.Total != want || len(got.Cards) != want || all.Total != len(all.Cards) {
			s.t.Fatalf("%d cheap products listed, total %d; want %d; all %d of %d", len(got.Cards), got.Total, want, len(all.Cards), all.Total)
		}
	})
}

func TestTheLastChangeOfAPathCountsHoweverManyThereAre(t *testing.T) {
	for name, more := range map[string]int{"in place": 0, "in a build": 2000} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, "")
			before := product(t, "sencha", "Sencha", nil, 1, 900)
			s.publish(before...)
			changes := append(product(t, "sencha", "Sencha, dearer", nil, 1, 1900), before...)
			changes = append(changes, store.Change{Path: "page/none", Record: nil})
			for i := range more {
				changes = append(changes, product(t, fmt.Sprint("p", i), "P", nil, 1, 1)...)
			}
			s.publish(changes...)
			s.agrees()
			s.view(func(v *store.View) {
				if c, err := v.Card("sencha"); err != nil || c.Title != "Sencha" || c.Low.Minor != 900 {
					t.Errorf("the card says %q at %d, %v", c.Title, c.Low.Minor, err)
				}
			})
		})
	}
}

func TestAHeadThatDoesNotCommitToTheRecordsIsRefused(t *testing.T) {
	s := newShop(t, "")
	s.publish(product(t, "sencha", "Sencha", nil, 1, 900)...)
	p, err := s.Prepare(t.Context(), s.brand, each(product(t, "assam", "Assam", nil, 1, 900)))
	s.check(err)
	raw, err := s.last.Encode()
	s.check(err)
	if err := s.Apply(t.Context(), p, raw); !errors.Is(err, store.ErrMismatch) {
		t.Fatalf("got %v", err)
	}
	s.agrees()
	s.publish(product(t, "assam", "Assam", nil, 1, 900)...)
	s.agrees()
}

func TestAnUnfinishedBuildLeavesNoTrace(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.publish(product(t, "sencha", "Sencha", nil, 1, 900)...)
	broken := errors.New("the file ends here")
	err := s.try(func(yield func(store.Change, error) bool) {
		for i := range 3000 {
			for _, c := range product(t, fmt.Sprint("p", i), "P", nil, 1, 1) {
				if !yield(c, nil) {
					return
				}
			}
		}
		yield(store.Change{}, broken)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	s.agrees()
	s.sweep()
	s.agrees()
	if n := s.rows("l/"); n != len(s.model) {
		t.Errorf("%d leaf rows remain for %d records", n, len(s.model))
	}
}

// sweep lets the store's upkeep run until it has nothing to do.
func (s *shop) sweep() {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	for s.rows("g/") > 1 {
	}
	cancel()
	s.check(<-done)
}

func (s *shop) rows(prefix string) (n int) {
	s.check(s.engine.View(s.t.Context(), func(r kv.Reader) error {
		n = 0
		for _, err := range r.Scan(kv.Prefix([]byte(prefix)), kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	}))
	return n
}

func TestAnImportIsAdoptedWholeOrNotAtAll(t *testing.T) {
	s := newShop(t, t.TempDir())
	ctx := t.Context()
	own := func(h protocol.Handle) *store.OwnProduct {
		p := &store.OwnProduct{Status: store.Draft}
		p.Product.Handle = h
		return p
	}
	run, err := s.BeginImport(ctx)
	s.check(err)
	s.check(run.Put(own("sencha")))
	s.check(run.Flush())
	run.Close()
	if _, err := s.OwnProduct(ctx, "sencha"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("staged product is visible: %v", err)
	}
	run, err = s.BeginImport(ctx)
	s.check(err)
	s.check(run.Put(own("assam")))
	s.check(run.Flush())
	s.check(s.try(each(nil), func(o *store.OwnTxn) error { return o.AdoptImport(run) }))
	run.Close()
	for range 2 { // before the rows moved, and after
		if _, err := s.OwnProduct(ctx, "assam"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.OwnProduct(ctx, "sencha"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("product of an abandoned import: %v", err)
		}
		s.check(s.SettleImport(ctx))
	}
	if n := s.rows("s/"); n != 0 {
		t.Errorf("%d staged rows remain", n)
	}
}

// memory is an engine in memory.
func memory(t *testing.T) kv.Engine {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return engine
}
