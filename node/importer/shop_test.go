package importer

import (
	"context"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// noon and later are the fixed times of all tests.
const (
	noon  protocol.Millis = 1_790_000_000_000
	later protocol.Millis = noon + 60_000
)

// shop is a brand's private tables in memory: it keeps what a store would.
type shop struct {
	products map[protocol.Handle]*store.OwnProduct
	owners   map[protocol.VariantID]store.VariantOwner
}

func newShop() *shop {
	return &shop{map[protocol.Handle]*store.OwnProduct{}, map[protocol.VariantID]store.VariantOwner{}}
}

func (s *shop) OwnProduct(_ context.Context, h protocol.Handle) (*store.OwnProduct, error) {
	if p := s.products[h]; p != nil {
		return p, nil
	}
	return nil, store.ErrNotFound
}

func (s *shop) VariantOwner(_ context.Context, id protocol.VariantID) (store.VariantOwner, error) {
	return s.owners[id], nil
}

// keep stores what an import made, through the encoding that a store uses.
func (s *shop) keep(t testing.TB, results []Result) {
	t.Helper()
	for _, r := range results {
		if r.Is == nil {
			continue
		}
		data, err := protocol.Marshal(r.Is)
		if err != nil {
			t.Fatal(err)
		}
		p := new(store.OwnProduct)
		if err := protocol.Unmarshal(data, p); err != nil {
			t.Fatal(err)
		}
		s.products[p.Product.Handle] = p
		for _, v := range r.Variants {
			s.owners[v.ID] = v.Owner
		}
	}
}

// run reads a whole file at noon.
func run(t testing.TB, s *shop, file string) []Result { t.Helper(); return runAt(t, s, noon, file) }

func runAt(t testing.TB, s *shop, now protocol.Millis, file string) []Result {
	t.Helper()
	f, err := Open(strings.NewReader(file), Options{Currency: "EUR", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	var out []Result
	for r, err := range f.Products(t.Context(), s) {
		if err != nil {
			t.Fatal(err)
		}
		if (r.Is == nil) != (len(r.Errors) > 0) {
			t.Fatalf("row %d: Is %v beside errors %v", r.Row, r.Is, r.Errors)
		}
		out = append(out, r)
	}
	return out
}
