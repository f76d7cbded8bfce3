package node

import (
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

func TestOnlyActiveProductsHaveRecords(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	count := s.current().Count
	p := tea("sencha", 900)
	for _, step := range []struct {
		status  store.Status
		records uint64
	}{{store.Draft, 0}, {store.Active, 2}, {store.Archived, 0}, {store.Active, 2}, {store.Draft, 0}} {
		p.Status = step.status
		s.put(p)
		if got := s.current().Count - count; got != step.records {
			t.Errorf("%s: %d records, want %d", step.status, got, step.records)
		}
		own, err := s.store.OwnProduct(t.Context(), "sencha")
		if err != nil || own.Status != step.status {
			t.Errorf("%s: the brand itself sees %v, %v", step.status, own, err)
		}
	}
}

func TestAVariantThatGoesTakesItsOfferAlong(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	p := tea("sencha", 900)
	p.Product.Options = []catalog.Option{{Name: "Size", Values: []string{"S", "L"}}}
	p.Product.Variants = []catalog.Variant{{ID: "s", Options: []string{"S"}}, {ID: "l", Options: []string{"L"}}}
	p.Variants = []store.OwnVariant{{ID: "s", Price: eur(1), TaxClass: catalog.TaxStandard}, {ID: "l", Price: eur(2), TaxClass: catalog.TaxStandard}}
	s.put(p)
	with := s.current().Count
	one := *p
	one.Product.Options = []catalog.Option{{Name: "Size", Values: []string{"L"}}}
	one.Product.Variants, one.Variants = p.Product.Variants[1:], p.Variants[1:]
	s.put(&one)
	if s.current().Count != with-1 || s.offer("sencha", "l").Price != eur(2) {
		t.Errorf("%d records after %d", s.current().Count, with)
	}
}

func TestAvailabilityClasses(t *testing.T) {
	for _, c := range []struct {
		stock store.Stock
		want  catalog.Availability
	}{
		{store.Stock{}, catalog.InStock},
		{store.Stock{OnHand: -5}, catalog.InStock}, // untracked: the number says nothing
		{store.Stock{Tracked: true, OnHand: 100}, catalog.InStock},
		{store.Stock{Tracked: true, OnHand: 4}, catalog.InStock},
		{store.Stock{Tracked: true, OnHand: 3}, catalog.LowStock},
		{store.Stock{Tracked: true, OnHand: 1}, catalog.LowStock},
		{store.Stock{Tracked: true, OnHand: 1, Oversell: true}, catalog.LowStock},
		{store.Stock{Tracked: true}, catalog.OutOfStock},
		{store.Stock{Tracked: true, OnHand: -2}, catalog.OutOfStock},
		{store.Stock{Tracked: true, Oversell: true}, catalog.BackOrder},
		{store.Stock{Tracked: true, OnHand: -2, Oversell: true}, catalog.BackOrder},
	} {
		if got := Availability(c.stock); got != c.want {
			t.Errorf("%+v: %s, want %s", c.stock, got, c.want)
		}
	}
}

func TestOnlyAHigherPriceIsAFormerOne(t *testing.T) {
	for _, c := range []struct{ price, compare, want int64 }{{900, 1000, 1000}, {900, 900, -1}, {900, 800, -1}, {0, 1, 1}} {
		compare := eur(c.compare)
		got := former(store.OwnVariant{Price: eur(c.price), CompareAt: &compare})
		if (got == nil) != (c.want < 0) || got != nil && *got != eur(c.want) {
			t.Errorf("%d beside %d: %v", c.compare, c.price, got)
		}
	}
	if former(store.OwnVariant{Price: eur(1)}) != nil {
		t.Error("a former price out of nothing")
	}
}

func TestUnitPrices(t *testing.T) {
	q := func(milli int64, unit string) *catalog.Quantity { return &catalog.Quantity{Milli: milli, Unit: unit} }
	for _, c := range []struct {
		name          string
		price         int64
		content, base *catalog.Quantity
		want          int64 // -1 for none
	}{
		{"same amount", 950, q(50_000, "g"), q(50_000, "g"), 950},
		{"100 g of 50 g", 950, q(50_000, "g"), q(100_000, "g"), 1900},
		{"a kilo of 50 g", 950, q(50_000, "g"), q(1000, "kg"), 19_000},
		{"a litre of 75 cl", 1299, q(75_000, "cl"), q(1000, "l"), 1732},
		{"half rounds up", 1, q(2000, "pc"), q(1000, "pc"), 1},
		{"below half rounds down", 1, q(3000, "pc"), q(1000, "pc"), 0},
		{"two thirds round up", 2, q(3000, "pc"), q(1000, "pc"), 1},
		{"third of a gram", 100, q(333, "g"), q(1000, "g"), 300},
		{"milligrams", 100, q(500_000, "mg"), q(1000, "g"), 200},
		{"cubic metres", 100, q(1000, "l"), q(1000, "m3"), 100_000},
		{"free", 0, q(50_000, "g"), q(100_000, "g"), 0},
		{"another dimension", 950, q(50_000, "g"), q(1000, "l"), -1},
		{"area isn't length", 950, q(1000, "m2"), q(1000, "m"), -1},
		{"unknown unit", 950, q(1000, "oz"), q(1000, "g"), -1},
		{"unknown content", 950, nil, q(1000, "g"), -1},
		{"no content", 950, q(0, "g"), q(1000, "g"), -1},
		{"no base", 950, q(1000, "g"), nil, -1},
		{"beyond every price", catalog.MaxPrice, q(1, "ml"), q(catalog.MaxMilli, "m3"), -1},
		{"wraps around 64 bits", 4611686, q(1, "ml"), q(4_000_000_000, "l"), -1},
	} {
		p := tea("sencha", c.price)
		p.Product.Variants[0].Measure, p.Variants[0].UnitBase = c.content, c.base
		got := unitPrice(&p.Product, p.Variants[0])
		if (got == nil) != (c.want < 0) || got != nil && (got.Price != eur(c.want) || got.Per != *c.base) {
			t.Errorf("%s: %v, want %d", c.name, got, c.want)
		}
	}
}

func TestPrivatePartsAreInNoRecordOfAProduct(t *testing.T) {
	p := tea("sencha", 900)
	cost := protocol.NewMoney(4242424242, "CHF")
	p.Variants[0].Cost, p.Variants[0].Stock = &cost, store.Stock{Tracked: true, OnHand: 5353535353, Oversell: true}
	p.Variants[0].Picture, p.Pictures = "private-name.png", []store.PictureRef{{Source: "private-name.png"}}
	list, err := project(p)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d records, %v", len(list), err)
	}
	for _, planted := range []any{cost.Minor, "CHF", p.Variants[0].Stock.OnHand, "private-name", "oversell", "cost"} {
		b, err := protocol.Marshal(planted)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			if strings.Contains(string(c.Record), string(b)) {
				t.Errorf("%v stands in %s", planted, c.Path)
			}
		}
	}
}
