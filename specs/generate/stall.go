package main

import (
	"bytes"
	"iter"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// stallNow is when all catalogs of the vectors are published and looked at.
const stallNow protocol.Millis = 1795260000000

// stall is a brand of two owners and two operations with a published catalog.
type stall struct {
	*story
	name    string
	entries []catalog.Entry // in the order of their keys
	trie    *trie.Memory
	root    trie.Hash
	head    catalog.SignedHead
}

func teaStall() *stall { return stallOf("tea", teaRecords()...) }

func stallOf(name string, records ...catalog.Record) *stall {
	s := &stall{name: name, story: begin(owners{2, [][]byte{seedOf(name), seedOf(name + " partner")}}, name)}
	s.then(s.draft().Add(publicOf(name + " second")))
	for _, r := range records {
		s.entries = append(s.entries, sure(catalog.NewEntry(r.Path(), sure(catalog.Encode(r)))))
	}
	slices.SortFunc(s.entries, compareEntries)
	var leaves []trie.Leaf
	for _, e := range s.entries {
		leaves = append(leaves, trie.NewLeaf(e.Path, e.CID))
	}
	memory, edit, err := trie.Build(leaves)
	s.trie, s.root = sure(memory, err), edit.Root
	s.head = sure(catalog.SignHead(s.unsigned(), namedKey(name)))
	return s
}

func compareEntries(a, b catalog.Entry) int {
	x, y := trie.KeyOf(a.Path), trie.KeyOf(b.Path)
	return bytes.Compare(x[:], y[:])
}

func (s *stall) unsigned() catalog.Head {
	h := sure(catalog.Next(nil, s.log.State().Epoch, stallNow))
	h.Brand, h.ID, h.Root = s.log.Brand(), s.log.State().Governing, s.root
	for _, e := range s.entries {
		h.Count, h.Bytes = h.Count+1, h.Bytes+uint64(len(e.Data))
	}
	return h
}

// signed returns a changed head, signed by the brand's own key.
func (s *stall) signed(change func(*catalog.Head)) catalog.SignedHead {
	h := s.unsigned()
	change(&h)
	return sure(catalog.SignHead(h, namedKey(s.name)))
}

func (s *stall) ops() []string {
	var ops []string
	for _, op := range s.log.Signed() {
		ops = append(ops, hexed(sure(op.Encode())))
	}
	return ops
}

func (s *stall) prove(scope catalog.Scope, path protocol.Path) catalog.Bundle {
	return sure(catalog.Prove(s.log, s.head, s.trie, scope, path, func(l trie.Leaf) ([]byte, error) {
		i := slices.IndexFunc(s.entries, func(e catalog.Entry) bool { return e.Path == l.Path })
		return s.entries[i].Data, nil
	}))
}

func (s *stall) archive() []byte {
	var out bytes.Buffer
	if err := catalog.WriteArchive(&out, s.log, s.head, s.records()); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func (s *stall) records() iter.Seq2[catalog.Entry, error] {
	return func(yield func(catalog.Entry, error) bool) {
		for _, e := range s.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func blobNamed(name string) protocol.CID { return protocol.Sum(protocol.Raw, []byte(name)) }

func tea() *catalog.Product {
	return &catalog.Product{
		Header: catalog.HeaderOf(catalog.TypeProduct), Handle: "gyokuro", Title: "Gyokuro Hoshino", Description: "<p>Shaded for 21 days.</p>",
		Vendor: "Hoshino Seichaen", Kind: "Green tea", Category: "Food > Tea", Tags: []string{"green", "japan"},
		Options: []catalog.Option{{Name: "Weight", Values: []string{"50 g", "100 g"}}},
		Variants: []catalog.Variant{
			{ID: "50-g", Options: []string{"50 g"}, SKU: "GY-50", GTIN: "4006381333931", Grams: 50, Measure: &catalog.Quantity{Milli: 50_000, Unit: "g"}, Media: 1},
			{ID: "100-g", Options: []string{"100 g"}, SKU: "GY-100", Grams: 100, Measure: &catalog.Quantity{Milli: 100_000, Unit: "g"}},
		},
		Media: []catalog.MediaRef{{Blob: blobNamed("a leaf"), Alt: "A bowl of dark leaves"}},
		SEO:   catalog.SEO{Title: "Gyokuro", Description: "Shaded green tea"}, Fields: []catalog.Field{{Name: "tea.steep", Type: "duration", Value: "PT2M"}},
		Published: stallNow, Updated: stallNow,
		Translations: map[protocol.Language]catalog.Translation{"de": {Title: "Gyokuro aus Hoshino", Terms: map[string]string{"Weight": "Gewicht"}}},
	}
}

func teaOffer(variant protocol.VariantID, price int64) *catalog.Offer {
	return &catalog.Offer{
		Header: catalog.HeaderOf(catalog.TypeOffer), Product: "gyokuro", Variant: variant, Price: protocol.NewMoney(price, "EUR"),
		Availability: catalog.InStock, TaxClass: catalog.TaxReduced,
	}
}

func teaProfile() *catalog.Profile {
	return &catalog.Profile{
		Header: catalog.HeaderOf(catalog.TypeProfile), Name: "Hojicha & Co", Language: "en", Country: "DE", Currency: "EUR", Email: "tea@example.org",
		Theme: catalog.Theme{Accent: "#3b6b4b", Type: "serif"}, Menu: []catalog.Link{{Label: "Teas", Href: "/c/all"}},
		Home:     catalog.Home{Hero: &catalog.Story{Title: "First flush"}, Sections: []catalog.Section{{Collection: "new"}}},
		Gateways: []string{"https://tea.example"}, Peers: []string{"/dns/tea.example/tcp/4001"},
	}
}

func teaRecords() []catalog.Record {
	return []catalog.Record{
		tea(), teaOffer("50-g", 2490), teaOffer("100-g", 4490), teaProfile(),
		&catalog.Collection{Header: catalog.HeaderOf(catalog.TypeCollection), Handle: "new", Title: "New", Products: []protocol.Handle{"gyokuro"}},
		&catalog.Page{Header: catalog.HeaderOf(catalog.TypePage), Handle: "about", Kind: "about", Title: "About", Body: "<p>Tea.</p>", Updated: stallNow},
		&catalog.Post{Header: catalog.HeaderOf(catalog.TypePost), Handle: "hello", Title: "Hello", Date: stallNow, Body: "<p>Hi.</p>"},
		&catalog.Media{Header: catalog.HeaderOf(catalog.TypeMedia), Blob: blobNamed("a leaf"), MIME: "image/jpeg", Size: 1000, Width: 40, Height: 30, Color: "#223344"},
	}
}
