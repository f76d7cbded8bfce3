package store_test

import (
	"os"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

func tracked(n int64) store.Stock { return store.Stock{Tracked: true, OnHand: n} }

// ownStocked is a private product whose variants, named handle-a, handle-b …, have stock.
func ownStocked(handle string, stock ...store.Stock) *store.OwnProduct {
	p := own(handle, handle)
	for i, s := range stock {
		id := protocol.VariantID(handle + "-" + string(rune('a'+i)))
		p.Product.Variants = append(p.Product.Variants, catalog.Variant{ID: id})
		p.Variants = append(p.Variants, store.OwnVariant{ID: id, Price: protocol.NewMoney(900, "EUR"), TaxClass: catalog.TaxStandard, Stock: s})
	}
	return p
}

func (d *desk) put(p *store.OwnProduct) {
	d.t.Helper()
	d.check(d.UpdateOwn(d.t.Context(), func(o *store.OwnTxn) error { return o.PutProduct(p) }))
}

// has compares the stock of a product's variants, by both ways of reading it.
func (d *desk) has(handle protocol.Handle, want ...store.Stocked) {
	d.t.Helper()
	p, err := d.OwnProduct(d.t.Context(), handle)
	d.check(err)
	for i, v := range p.Variants {
		if got := (store.Stocked{Stock: v.Stock, Held: v.Held}); got != want[i] {
			d.t.Errorf("%s: the product says %+v, want %+v", v.ID, got, want[i])
		}
		d.read(func(view *store.DeskView) error {
			got, err := view.Stock(v.ID)
			if got != want[i] {
				d.t.Errorf("%s: the row says %+v, want %+v", v.ID, got, want[i])
			}
			return err
		})
	}
}

func (d *desk) setStock(id protocol.VariantID, s store.Stock) {
	d.t.Helper()
	d.trade(func(tx *store.TradeTxn) error { return tx.PutStock(id, s) })
}

func (d *desk) hold(order int, id protocol.VariantID, n int64) {
	d.t.Helper()
	d.trade(func(tx *store.TradeTxn) error {
		return tx.PutHold(&store.Hold{Order: cid("order", order), Lines: []store.HoldLine{{Variant: id, Quantity: n}}})
	})
}

// TestAStoreOfSchema3KeepsItsStock opens a store that the last version before schema 4
// wrote, with an import whose rows hadn't moved.
func TestAStoreOfSchema3KeepsItsStock(t *testing.T) {
	f, err := os.Open("testdata/schema-3.kv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := &desk{t: t, engine: memkv.New()}
	d.check(kv.Restore(t.Context(), d.engine, f))
	d.open()
	d.has("assam", store.Stocked{Stock: tracked(12)}, store.Stocked{})
	d.has("sencha", store.Stocked{Stock: tracked(30)})
	d.has("ceylon", store.Stocked{Stock: store.Stock{OnHand: 7}})
	d.has("matcha", store.Stocked{Stock: tracked(1)})
}

func TestAnEditLeavesStockThatWasSoldMeanwhile(t *testing.T) {
	d := memDesk(t)
	d.put(ownStocked("tea", tracked(5)))
	edited, err := d.OwnProduct(t.Context(), "tea")
	d.check(err)
	d.setStock("tea-a", tracked(4))
	d.hold(1, "tea-a", 2)
	edited.Product.Title = "Tea"
	d.put(edited)
	d.has("tea", store.Stocked{Stock: tracked(4), Held: 2})
	d.check(d.UpdateOwn(t.Context(), func(o *store.OwnTxn) error { return o.PutStock("tea-a", tracked(9)) }))
	d.has("tea", store.Stocked{Stock: tracked(9), Held: 2})
}

func TestAnImportSetsTheStockThatItsFileChanged(t *testing.T) {
	for _, when := range []string{"before the rows moved", "after"} {
		t.Run(when, func(t *testing.T) {
			d := memDesk(t)
			d.put(ownStocked("tea", tracked(5), tracked(6), tracked(7)))
			was, err := d.OwnProduct(t.Context(), "tea")
			d.check(err)
			is, err := d.OwnProduct(t.Context(), "tea")
			d.check(err)
			is.Variants[1].Stock, is.Variants[2].Stock = tracked(60), store.Stock{}
			d.setStock("tea-a", tracked(4)) // sold while the file was read
			d.hold(1, "tea-b", 2)
			run, err := d.BeginImport(t.Context())
			d.check(err)
			d.check(run.PutChanged(was, is))
			d.check(run.PutChanged(nil, ownStocked("cup", tracked(1))))
			d.check(run.Flush())
			d.has("tea", store.Stocked{Stock: tracked(4)}, store.Stocked{Stock: tracked(6), Held: 2}, store.Stocked{Stock: tracked(7)})
			d.check(d.UpdateOwn(t.Context(), func(o *store.OwnTxn) error { return o.AdoptImport(run) }))
			run.Close()
			if when == "after" {
				d.check(d.SettleImport(t.Context()))
			}
			d.has("cup", store.Stocked{Stock: tracked(1)})
			d.hold(2, "tea-b", 3)
			d.setStock("tea-c", tracked(8))
			want := []store.Stocked{{Stock: tracked(4)}, {Stock: tracked(60), Held: 5}, {Stock: tracked(8)}}
			d.has("tea", want...)
			d.check(d.SettleImport(t.Context()))
			d.has("tea", want...)
			d.check(d.SettleImport(t.Context()))
			d.has("tea", want...)
		})
	}
}

func TestStockOfADeletedProductStaysAsFarAsOrdersHoldIt(t *testing.T) {
	d := memDesk(t)
	d.put(ownStocked("tea", tracked(5), tracked(6)))
	d.hold(1, "tea-b", 2)
	d.check(d.UpdateOwn(t.Context(), func(o *store.OwnTxn) error { return o.DeleteProduct("tea") }))
	d.read(func(v *store.DeskView) error {
		list, err := v.Stocks("", 10)
		if len(list) != 1 || list[0].Variant != "tea-b" || list[0].Held != 2 {
			t.Errorf("left are %+v", list)
		}
		return err
	})
}

func TestAProductThatIsDeletedTakesTheStockAlongThatItsImportSays(t *testing.T) {
	d := memDesk(t)
	run, err := d.BeginImport(t.Context())
	d.check(err)
	d.check(run.Put(ownStocked("tea", tracked(5))))
	d.check(run.Flush())
	d.check(d.UpdateOwn(t.Context(), func(o *store.OwnTxn) error { return o.AdoptImport(run) }))
	run.Close()
	d.has("tea", store.Stocked{Stock: tracked(5)})
	d.check(d.UpdateOwn(t.Context(), func(o *store.OwnTxn) error { return o.DeleteProduct("tea") }))
	d.check(d.SettleImport(t.Context()))
	if left := append(d.rowsOf("cs/"), d.rowsOf("sk/")...); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}
