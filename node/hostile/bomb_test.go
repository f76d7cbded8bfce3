package hostile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// huge is how many records a bomb says that it has.
const huge = 1_000_000_000_000_000

// claimsHuge makes a head claim what nobody can have.
func claimsHuge(h *catalog.Head) { h.Count, h.Bytes = huge, 2*huge }

// A brand's head claims more than there can be. What its catalog holds is found out
// within bounds, and nothing of it is shown.
func TestACatalogOfAQuadrillionRecordsIsNotFetched(t *testing.T) {
	s := newScene(t).followed()
	for name, c := range map[string]struct {
		bend func(*catalog.Head)
		evil hostile.Evil
	}{
		"whose root is of a small one": {claimsHuge, hostile.Evil{}},
		"whose root is of nothing":     {func(h *catalog.Head) { claimsHuge(h); h.Root = trie.Hash{1, 2, 3} }, hostile.Evil{}},
		"that says so on every level": {claimsHuge, hostile.Evil{Twist: func(_ wire.Request, frames []wire.Response) []wire.Response {
			for _, f := range frames {
				if p, ok := f.(*wire.DescendPage); ok {
					for i := range p.Answers {
						for j := range p.Answers[i].Differ {
							p.Answers[i].Differ[j].Count = huge / 32
						}
					}
				}
			}
			return frames
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			defer s.act(t)()
			s.was = measure()
			more := map[protocol.Path][]byte{}
			for i := range 300 {
				more[protocol.Path(fmt.Sprintf("zebra/z%d", i))] = unknown("zebra", i)
			}
			b, offer := s.madeUp(name, c.bend, more)
			p := s.serves(offer)
			p.Do(c.evil)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			_, _ = s.mirror.Follow(ctx, p.Addr(), "")
			s.mirror.logs(said{msg: "could not be brought up to date", brand: b.ID().String()})
			st, err := s.mirror.Mirror(t.Context(), b.ID())
			if err != nil || st.Head.Defined() || st.Products != 0 || st.Error == "" {
				t.Errorf("%+v, %v", st, err)
			}
			s.edits()
			s.unharmed()
			s.check(s.mirror.Unfollow(t.Context(), b.ID()))
		})
	}
}

func unknown(kind string, n int) []byte {
	return must(protocol.Marshal(map[string]any{"type": kind, "v": 1, "n": n}))
}

// blowUp are records made to cost a mirror's index as much as they can: rules that all
// products meet, products with as many words, tags and variants as there may be.
func blowUp() map[protocol.Path][]byte {
	out := map[protocol.Path][]byte{}
	put := func(r catalog.Record) { out[r.Path()] = must(catalog.Encode(r)) }
	for i := range 1500 {
		c := &catalog.Collection{Header: catalog.HeaderOf(catalog.TypeCollection), Handle: protocol.Handle(fmt.Sprintf("c%04d", i)), Title: "All"}
		c.Rule = &catalog.Rule{Match: "any", Conditions: []catalog.Condition{{Field: "price", Op: "less", Value: "9"}}}
		put(c)
	}
	for i := range 200 {
		p := &catalog.Product{Header: catalog.HeaderOf(catalog.TypeProduct), Handle: protocol.Handle(fmt.Sprintf("p%d", i)), Title: words(i, 20)}
		for j := range catalog.MaxTags {
			p.Tags = append(p.Tags, fmt.Sprintf("tag %02d %s", j, words(i*100+j, 8)))
		}
		p.Published, p.Updated = 1, 1
		p.Variants = []catalog.Variant{{ID: "one"}}
		put(p)
		put(&catalog.Offer{Header: catalog.HeaderOf(catalog.TypeOffer), Product: p.Handle, Variant: "one", Price: protocol.NewMoney(1, "EUR"), TaxClass: catalog.TaxStandard, Availability: catalog.InStock})
	}
	return out
}

// words are words that occur nowhere else.
func words(seed, n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("w%x", (seed*n+i)*7919))
	}
	return strings.Join(list, " ")
}

// Records made to blow up the index are mirrored at a bounded cost, records of kinds
// that nobody knows are kept and hidden.
func TestRecordsThatAreMeantToHarmAreKeptAndHarmNobody(t *testing.T) {
	s := newScene(t).followed()
	more := blowUp()
	for i := range 50 {
		more[protocol.Path(fmt.Sprintf("zebra/z%d", i))] = unknown("zebra", i)
		more[protocol.Path(fmt.Sprintf("product/strange%d", i))] = unknown("product", i)
	}
	b, offer := s.madeUp("bomb", nil, more)
	p := s.serves(offer)
	s.mirror.follows(p.Addr())
	s.eventually("the brand is there", func() bool {
		st, err := s.mirror.Mirror(t.Context(), b.ID())
		return err == nil && st.Head == b.Last.CID && st.Products == 200
	})
	s.check(s.mirror.Store().View(t.Context(), b.ID(), func(v *store.View) error {
		if _, _, err := v.Product("strange1"); err == nil {
			t.Error("a product that can't be read is shown")
		}
		list, err := v.Products(0, 500)
		if err == nil && list.Total != 200 {
			t.Errorf("%d products", list.Total)
		}
		return err
	}))
	s.edits()
	third := s.prepare("Third") // gets it all from the mirror, the peer being gone
	s.check(p.Close())
	third.net.Peers = []string{s.mirror.addr()}
	third.start()
	third.follows(b.ID().String())
	s.eventually("what is unknown is served on", func() bool {
		head, got, err := third.all(b.ID())
		return err == nil && head.CID == b.Last.CID && string(got.Records["zebra/z7"]) == string(unknown("zebra", 7)) && got.Records["product/strange1"] != nil
	})
	third.stop()
	s.unharmed()
}

// A peer lies about which brands it has.
func TestAPeerThatLiesAboutItsBrandsIsNotFollowed(t *testing.T) {
	s := newScene(t).followed()
	id := s.brand.Brand()
	for name, list := range map[string][]protocol.CID{
		"twice":                   {id, id},
		"out of order":            {id, protocol.Sum(protocol.DagCBOR, []byte("b")), protocol.Sum(protocol.DagCBOR, []byte("b"))},
		"none":                    nil,
		"a brand that nobody has": {protocol.Sum(protocol.DagCBOR, []byte("nobody's"))},
	} {
		t.Run(name, func(t *testing.T) {
			defer s.act(t)()
			s.was = measure()
			p := s.hostile()
			p.Serve(list, s.shelves.offer)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			st, err := s.mirror.Follow(ctx, p.Addr(), "")
			if err == nil && st.Head.Defined() {
				t.Errorf("%+v", st)
			}
			if lies := s.mirror.log.count(said{msg: lied, peer: p.Host.ID().String()}); (lies > 0) != (len(list) > 1) {
				t.Errorf("%d lies in the log", lies)
			}
			if err == nil {
				s.check(s.mirror.Unfollow(t.Context(), st.Brand))
			}
			s.edits()
			s.unharmed()
		})
	}
}
