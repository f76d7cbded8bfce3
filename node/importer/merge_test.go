package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// stocked is a shop that imported files one after the other, at noon.
func stocked(t *testing.T, files ...string) *shop {
	t.Helper()
	s := newShop()
	for _, file := range files {
		results := run(t, s, file)
		if bad := errorsOf(results); bad != nil {
			t.Fatal(bad)
		}
		s.keep(t, results)
	}
	return s
}

// one imports a file of one product later.
func one(t *testing.T, s *shop, file string) Result {
	t.Helper()
	results := runAt(t, s, later, file)
	if len(results) != 1 || results[0].Is == nil {
		t.Fatalf("%+v", results)
	}
	return results[0]
}

func TestImportingAgainChangesNothing(t *testing.T) {
	files := map[string]string{
		"old": oldFile, "new": newFile, "many": string(manyProducts(20)),
		"title only":         sheet("Title,Price", "A b,1", "Über,2", "茶,3"),
		"foreign handles":    sheet("Handle,Title,Price", "Grüner Tee,T,1", "чай,T,1"),
		"taken identifiers":  sheet("Handle,Title,SKU,Price", "a,A,x,1", "x,X,,1"),
		"draft":              sheet("Title,Price,Status", "A,1,draft"),
		"control characters": sheet("Title,Price,Description,M (product.metafields.a.b)", "A,1,\"x\v<b>y</b>\r\n z\",\"1;2; 3\""),
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			s := stocked(t, file)
			for _, r := range runAt(t, s, later, file) {
				if r.Changed() || r.Was == nil || r.Is == nil || len(r.Variants) > 0 || r.Is.Product.Updated != noon {
					t.Errorf("row %d changes: was %+v is %+v %v", r.Row, r.Was, r.Is, r.Errors)
				}
			}
		})
	}
}

func TestAnOmittedColumnKeepsAndABlankCellErases(t *testing.T) {
	full := sencha()
	erased := map[string]func(p *store.OwnProduct){
		"Body (HTML)":                        func(p *store.OwnProduct) { p.Product.Description = "" },
		"Vendor":                             func(p *store.OwnProduct) { p.Product.Vendor = "" },
		"Product Category":                   func(p *store.OwnProduct) { p.Product.Category = "" },
		"Type":                               func(p *store.OwnProduct) { p.Product.Kind = "" },
		"Tags":                               func(p *store.OwnProduct) { p.Product.Tags = nil },
		"SEO Title":                          func(p *store.OwnProduct) { p.Product.SEO.Title = "" },
		"SEO Description":                    func(p *store.OwnProduct) { p.Product.SEO.Description = "" },
		"Google Shopping / MPN":              func(p *store.OwnProduct) { p.Product.Fields = p.Product.Fields[1:] },
		"Variant SKU":                        func(p *store.OwnProduct) { p.Product.Variants[0].SKU, p.Product.Variants[1].SKU = "", "" },
		"Variant Barcode":                    func(p *store.OwnProduct) { p.Product.Variants[0].GTIN = "" },
		"Variant Grams":                      func(p *store.OwnProduct) { p.Product.Variants[0].Grams = 0 },
		"Variant Requires Shipping":          func(p *store.OwnProduct) { p.Product.Variants[1].Digital = false },
		"Unit Price Total Measure":           func(p *store.OwnProduct) { p.Product.Variants[0].Measure, p.Product.Variants[1].Measure = nil, nil },
		"Unit Price Base Measure":            func(p *store.OwnProduct) { p.Variants[0].UnitBase, p.Variants[1].UnitBase = nil, nil },
		"Variant Compare At Price":           func(p *store.OwnProduct) { p.Variants[0].CompareAt = nil },
		"Cost per item":                      func(p *store.OwnProduct) { p.Variants[0].Cost = nil },
		"Variant Taxable":                    func(p *store.OwnProduct) { p.Variants[1].TaxClass = catalog.TaxStandard },
		"Variant Tax Code":                   func(p *store.OwnProduct) { p.Variants[0].TaxClass = catalog.TaxStandard },
		"Variant Inventory Tracker":          func(p *store.OwnProduct) { p.Variants[0].Stock.Tracked = false },
		"Variant Inventory Qty":              func(p *store.OwnProduct) { p.Variants[0].Stock.OnHand, p.Variants[1].Stock.OnHand = 0, 0 },
		"Continue selling when out of stock": func(p *store.OwnProduct) { p.Variants[1].Stock.Oversell = false },
		"Variant Image":                      func(p *store.OwnProduct) { p.Variants[0].Picture = "" },
	}
	const kept = "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant Price"
	s := stocked(t, oldFile)
	if r := one(t, s, sheet(kept, "sencha,Sencha,Size,50 g,Box,Tin,11.90", "sencha,,,100 g,,Bag,21.00")); r.Changed() {
		t.Fatalf("columns that are not there changed %+v", r.Is)
	}
	for column, erase := range erased {
		t.Run(column, func(t *testing.T) {
			r := one(t, s, sheet(kept+","+column, "sencha,Sencha,Size,50 g,Box,Tin,11.90,", "sencha,,,100 g,,Bag,21.00,"))
			want := clone(full)
			erase(want)
			if !r.Changed() {
				t.Fatal("nothing changed")
			}
			r.Is.Product.Updated = noon
			if !same(r.Is, want) {
				t.Errorf("got  %+v\nwant %+v", r.Is, want)
			}
		})
	}
}

func TestPicturesKeepTheirTextsAndTheirPlace(t *testing.T) {
	s := stocked(t, oldFile)
	r := one(t, s, sheet("Handle,Title,Image Src,Image Position", "sencha,Sencha,new.jpg,", "sencha,,https://p.example/2.jpg,2", "sencha,,https://p.example/1.jpg,1", "sencha,,https://p.example/1.jpg,5"))
	want := []store.PictureRef{
		{Source: "https://p.example/1.jpg", Alt: "A tin"}, {Source: "https://p.example/2.jpg", Alt: "A pouch"}, {Source: "new.jpg"}, {Source: "https://p.example/tin.jpg"},
	}
	if !slices.Equal(r.Is.Pictures, want) || len(r.Is.Variants) != 2 || r.Is.Product.Updated != later {
		t.Errorf("got %+v, updated %v", r.Is.Pictures, r.Is.Product.Updated)
	}
	r = one(t, s, sheet("Handle,Title,Image Src", "sencha,Sencha,"))
	if want := []store.PictureRef{{Source: "https://p.example/tin.jpg"}}; !slices.Equal(r.Is.Pictures, want) {
		t.Errorf("a blank cell left %+v", r.Is.Pictures)
	}
}

func TestWhatTheCallerFilledIsKeptAndNotCompared(t *testing.T) {
	s := stocked(t, oldFile)
	p := s.products["sencha"]
	p.Product.Media = []catalog.MediaRef{{Blob: protocol.Sum(protocol.Raw, []byte("picture")), Alt: "A tin"}}
	p.Product.Variants[0].Media = 1
	if r := one(t, s, oldFile); r.Changed() || !reflect.DeepEqual(r.Is.Product.Media, p.Product.Media) || r.Is.Product.Variants[0].Media != 1 {
		t.Errorf("changed %v: %+v", r.Changed(), r.Is.Product)
	}
	before := clone(p)
	r := one(t, s, sheet("Handle,Title,Tags", "sencha,Other,x"))
	if !r.Changed() || len(r.Is.Product.Media) != 1 || !reflect.DeepEqual(p, before) {
		t.Errorf("changed %v: %+v", r.Changed(), r.Was)
	}
}

func TestOnlyAChangeOfTheRecordDatesIt(t *testing.T) {
	s := stocked(t, oldFile)
	for column, public := range map[string]bool{"Inventory quantity": false, "Cost per item": false, "Tags": true, "Variant image": true} {
		value := map[string]string{"Inventory quantity": "3", "Cost per item": "4.00", "Tags": "new", "Variant image": "x.jpg"}[column]
		r := one(t, s, sheet("Handle,Title,SKU,"+column, "sencha,Sencha,SE-50,"+value))
		if !r.Changed() || (r.Is.Product.Updated == later) != public || r.Is.Product.Published != noon {
			t.Errorf("%s: changed %v, updated %v", column, r.Changed(), r.Is.Product.Updated)
		}
	}
}

func TestVariantsAreKnownByTheirOptionsThenBySKU(t *testing.T) {
	const header = "Handle,Title,Option1 Name,Option1 Value,SKU,Price"
	s := stocked(t, sheet(header, "a,A,Colour,Red,R,1", "a,,,Green,G,2", "a,,,Blue,,3"))
	r := one(t, s, sheet(header, "a,A,Colour,Blue,G,3", "a,,,Crimson,R,4", "a,,,Black,K,5"))
	var got []string
	for i, v := range r.Is.Product.Variants {
		got = append(got, fmt.Sprintf("%s=%s@%s", v.ID, v.Options[0], r.Is.Variants[i].Price.Decimal()))
		if r.Is.Variants[i].ID != v.ID {
			t.Errorf("%s stands beside %s", v.ID, r.Is.Variants[i].ID)
		}
	}
	if want := "a-blue=Blue@3.00 R=Crimson@4.00 K=Black@5.00"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if want := []NewVariant{{"R", store.VariantOwner{Product: "a", Options: "Crimson"}}, {"K", store.VariantOwner{Product: "a", Options: "Black"}}}; !slices.Equal(r.Variants, want) {
		t.Errorf("got %v", r.Variants)
	}
	if want := []catalog.Option{{Name: "Colour", Values: []string{"Blue", "Crimson", "Black"}}}; !reflect.DeepEqual(r.Is.Product.Options, want) {
		t.Errorf("got %v", r.Is.Product.Options)
	}
}

func TestAFileWithoutOptionsMeansVariantsBySKU(t *testing.T) {
	s := stocked(t, oldFile, sheet("Handle,Title,Price", "cup,Cup,5"))
	r := one(t, s, sheet("Handle,SKU,Price", "sencha,SE-100,25"))
	if len(r.Is.Variants) != 2 || r.Is.Variants[0].Price != euro(1190) || r.Is.Variants[1].Price != euro(2500) {
		t.Errorf("%+v", r.Is.Variants)
	}
	if r = one(t, s, sheet("Handle,Price", "cup,6")); r.Is.Variants[0].ID != "cup" || r.Is.Variants[0].Price != euro(600) || r.Is.Product.Title != "Cup" {
		t.Errorf("%+v", r.Is)
	}
	for _, file := range []string{sheet("Handle,Price", "sencha,1"), sheet("Handle,SKU,Price", "sencha,other,1")} {
		if bad := errorsOf(run(t, s, file)); len(bad) != 1 || !strings.Contains(bad[0].Message, "which of the product's 2 variants") {
			t.Errorf("%q: %v", file, bad)
		}
	}
	twice := errorsOf(run(t, s, sheet("Handle,SKU,Price", "sencha,SE-50,1", "sencha,SE-50,2")))
	if len(twice) != 1 || !strings.Contains(twice[0].Message, "same variant as row 2") {
		t.Errorf("%v", twice)
	}
}

func TestStatusComesFromEitherColumn(t *testing.T) {
	cases := []struct {
		columns, cells string
		was, want      store.Status
	}{
		{"", "", "", store.Active},
		{",Status", ",", "", store.Active},
		{",Status", ",ARCHIVED", store.Active, store.Archived},
		{"", "", store.Draft, store.Draft},
		{",Published", ",false", "", store.Draft},
		{",Published", ",true", store.Draft, store.Active},
		{",Published", ",", store.Draft, store.Draft},
		{",Published", ",", "", store.Active},
		{",Published", ",true", store.Archived, store.Archived},
		{",Published on online store,Status", ",FALSE,active", store.Active, store.Draft},
		{",Published on online store,Status", ",TRUE,draft", store.Active, store.Draft},
	}
	for _, c := range cases {
		s := newShop()
		if c.was != "" {
			s = stocked(t, sheet("Title,Price,Status", "A,1,"+string(c.was)))
		}
		if r := one(t, s, sheet("Title,Price"+c.columns, "A,1"+c.cells)); r.Is.Status != c.want {
			t.Errorf("%+v: got %s", c, r.Is.Status)
		}
	}
}

func TestWithoutATrackerColumnAQuantityIsTracked(t *testing.T) {
	for cells, want := range map[string]store.Stock{",5": {Tracked: true, OnHand: 5}, ",": {}, ",-2": {Tracked: true, OnHand: -2}} {
		if r := one(t, newShop(), sheet("Title,Price,Inventory quantity", "A,1"+cells)); r.Is.Variants[0].Stock != want {
			t.Errorf("%q: got %+v", cells, r.Is.Variants[0].Stock)
		}
	}
}

func TestNumbersAreReadWithoutFloats(t *testing.T) {
	r := one(t, newShop(), sheet("Title,Price,SKU,Barcode,Weight value (grams),Unit price total measure,Unit price total measure unit,Unit price base measure,Unit price base measure unit",
		"A,0.10,'0012,978-3-16-148410-0,0.2,0.007,l,100,ML"))
	v, o := r.Is.Product.Variants[0], r.Is.Variants[0]
	if o.Price != euro(10) || v.SKU != "0012" || v.ID != "0012" || v.GTIN != "9783161484100" || v.Grams != 1 ||
		*v.Measure != (catalog.Quantity{Milli: 7, Unit: "l"}) || *o.UnitBase != (catalog.Quantity{Milli: 100_000, Unit: "ml"}) {
		t.Errorf("%+v %+v", v, o)
	}
}

func TestRowsFindTheirProduct(t *testing.T) {
	const header = "Handle,Title,Option1 Name,Option1 Value,Price"
	cases := []struct {
		name, file string
		want       string
	}{
		{"handles", sheet(header, "a,A,S,1,1", "a,,,2,1", "b,B,S,1,1"), "a=2 b=1"},
		{"handles in another case", sheet(header, "Ab,A,S,1,1", "aB,,,2,1"), "ab=2"},
		{"no handle below", sheet(header, "a,A,S,1,1", ",,,2,1", ",A,,3,1", ",B,S,1,1"), "a=3 b=1"},
		{"titles", sheet("Title,Option1 Name,Option1 Value,Price", "Big A,S,1,1", ",,2,1", "Big A,,3,1", "Small A,S,1,1"), "big-a=3 small-a=1"},
		{"handle after title", sheet(header, ",Big A,S,1,1", "big-a,,,2,1"), "big-a=2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, r := range run(t, newShop(), c.file) {
				if r.Is == nil {
					t.Fatal(r.Errors)
				}
				got = append(got, fmt.Sprintf("%s=%d", r.Is.Product.Handle, len(r.Is.Variants)))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestAHandleThatHadToChangeLeadsHere(t *testing.T) {
	for from, to := range map[string]string{"Grüner Tee": "/p/gruner-tee", "ЧАЙ": "/p/chai", "a-b": ""} {
		r := one(t, newShop(), sheet("Handle,Title,Price", from+",T,1"))
		var want []Redirect
		if to != "" {
			want = []Redirect{{"/products/" + from, to}}
		}
		if !slices.Equal(r.Redirects, want) {
			t.Errorf("%s: got %v", from, r.Redirects)
		}
	}
}

func TestPrivateValuesStayOutOfTheRecord(t *testing.T) {
	file := sheet("Handle,Title,SKU,Price,Cost per item,Inventory tracker,Inventory quantity,Continue selling when out of stock",
		"a,A,x,1,7777.77,shopify,888888,TRUE")
	r := one(t, newShop(), file)
	if r.Is.Variants[0].Cost.Minor != 777777 || r.Is.Variants[0].Stock != (store.Stock{Tracked: true, OnHand: 888888, Oversell: true}) {
		t.Fatalf("%+v", r.Is.Variants)
	}
	record, err := catalog.Encode(&r.Is.Product)
	if err != nil {
		t.Fatal(err)
	}
	for _, planted := range []any{777777, 888888, "7777", "8888", "stock", "oversell", "cost", "tracked", "shopify"} {
		needle, err := protocol.Marshal(planted)
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := planted.(string); ok {
			needle = []byte(s)
		}
		if bytes.Contains(record, needle) {
			t.Errorf("the record holds %v", planted)
		}
	}
}

func TestAShopThatFailsEndsTheImport(t *testing.T) {
	for _, b := range []brokenShop{{product: true}, {}} {
		f, err := Open(strings.NewReader(sheet("Title,Price", "A,1", "B,1")), Options{Currency: "EUR", Now: noon})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for r, err := range f.Products(t.Context(), b) {
			if n++; !errors.Is(err, errBroken) || r.Is != nil {
				t.Errorf("%+v: %v", r, err)
			}
		}
		if n != 1 {
			t.Errorf("%d results", n)
		}
	}
}

var errBroken = errors.New("broken")

type brokenShop struct{ product bool }

func (b brokenShop) OwnProduct(context.Context, protocol.Handle) (*store.OwnProduct, error) {
	if b.product {
		return nil, errBroken
	}
	return nil, store.ErrNotFound
}

func (b brokenShop) VariantOwner(context.Context, protocol.VariantID) (store.VariantOwner, error) {
	return store.VariantOwner{}, errBroken
}

func TestACanceledImportEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f, err := Open(bytes.NewReader(manyProducts(10)), Options{Currency: "EUR", Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range f.Products(ctx, newShop()) {
		if n++; n == 3 {
			cancel()
		}
		if (n > 3) != errors.Is(err, context.Canceled) {
			t.Errorf("%d: %v", n, err)
		}
	}
	if n != 4 {
		t.Errorf("%d results", n)
	}
}
