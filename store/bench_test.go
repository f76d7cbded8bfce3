package store_test

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
)

// BenchmarkFirstFetch stages and applies a catalog of 30,000 records that nobody
// had before.
func BenchmarkFirstFetch(b *testing.B) {
	records := bulkRecords(b, 10_000)
	for b.Loop() {
		b.StopTimer()
		engine, err := badgerkv.Open(badgerkv.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		s, err := store.Open(b.Context(), engine)
		if err != nil {
			b.Fatal(err)
		}
		brand := protocol.Sum(protocol.DagCBOR, []byte("brand"))
		if err := s.AddBrand(b.Context(), brand); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		fetchAll(b, s, brand, records)
		b.StopTimer()
		engine.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(len(records)*b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkBareBulk writes the same records as they are: the least it can cost.
func BenchmarkBareBulk(b *testing.B) {
	records := bulkRecords(b, 10_000)
	for b.Loop() {
		b.StopTimer()
		engine, err := badgerkv.Open(badgerkv.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		bulk, err := engine.Bulk(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range records {
			if err := bulk.Set([]byte(c.Path), c.Record); err != nil {
				b.Fatal(err)
			}
		}
		if err := bulk.Flush(); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		engine.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(len(records)*b.N)/b.Elapsed().Seconds(), "records/s")
}

func fetchAll(b *testing.B, s *store.Store, brand protocol.CID, records []store.Change) {
	st, err := s.Stage(b.Context(), brand)
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	for segment := range slices.Chunk(records, 512) {
		if err := st.Add(segment); err != nil {
			b.Fatal(err)
		}
	}
	if err := st.Flush(); err != nil {
		b.Fatal(err)
	}
	p, err := st.Prepare(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Apply(b.Context(), p, headOver(b, brand, p)); err != nil {
		b.Fatal(err)
	}
}

func headOver(b testing.TB, brand protocol.CID, p *store.Prepared) []byte {
	h, err := catalog.Next(nil, 0, 1)
	if err != nil {
		b.Fatal(err)
	}
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = brand, brand, p.Root, p.Count, p.Bytes
	head, err := catalog.SignHead(h, ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		b.Fatal(err)
	}
	raw, err := head.Encode()
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// bulkRecords returns products of one variant each, with a description and a
// picture, and their offers, in no order.
func bulkRecords(b testing.TB, products int) (list []store.Change) {
	for i := range products {
		h := protocol.Handle(fmt.Sprint("green-tea-number-", i))
		p := &catalog.Product{Header: catalog.HeaderOf(catalog.TypeProduct), Handle: h, Title: fmt.Sprint("Green Tea of the spring harvest ", i)}
		p.Description = "<p>Rolled by hand, steamed at once, and packed where it grew, in small tins that keep it fresh for a year.</p>"
		p.Vendor, p.Kind, p.Tags = "Tea House", "Tea", []string{"green", "spring", fmt.Sprint("garden-", i%50)}
		p.Published, p.Updated = protocol.Millis(i+1), protocol.Millis(i+1)
		p.Options = []catalog.Option{{Name: "Size", Values: []string{"50 g", "100 g"}}}
		for j, size := range p.Options[0].Values {
			v := catalog.Variant{ID: protocol.VariantID(fmt.Sprint("v", i, "-", j)), Options: []string{size}}
			p.Variants = append(p.Variants, v)
			o := &catalog.Offer{Header: catalog.HeaderOf(catalog.TypeOffer), Product: h, Variant: v.ID, Price: protocol.NewMoney(int64(500+i+j), "EUR")}
			o.Availability, o.TaxClass = catalog.InStock, catalog.TaxStandard
			list = append(list, benchRecord(b, o))
		}
		list = append(list, benchRecord(b, p))
	}
	return list
}

func benchRecord(b testing.TB, r catalog.Record) store.Change {
	raw, err := catalog.Encode(r)
	if err != nil {
		b.Fatal(err)
	}
	return store.Change{Path: r.Path(), Record: raw}
}
