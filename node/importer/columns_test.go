package importer

import (
	"encoding/csv"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// oldFile and newFile say the same in the old columns and the new ones.
const oldFile = `Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Unit Price Total Measure,Unit Price Total Measure Unit,Unit Price Base Measure,Unit Price Base Measure Unit,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,Google Shopping / MPN,Google Shopping / AdWords Grouping,Google Shopping / Custom Label 0,Material (product.metafields.custom.material),Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Status,Collection
sencha,Sencha,"<p onclick=""x()"">First flush.</p><script>alert(1)</script>",Lindenhof,Food > Tea,Green tea,"green, japan,green",true,Size,50 g,Box,Tin,SE-50,64.4,shopify,34,deny,manual,11.90,14.00,true,true,50,g,100,g,4006381333931,https://p.example/2.jpg,2,A pouch,false,Sencha tea,Steamed tea.,M-1,teas,spring,paper; tin,https://p.example/tin.jpg,g,reduced,5.00,active,Green teas
sencha,,,,,,,,,100 g,,Bag,SE-100,0,,7,continue,manual,21.00,,false,false,0.1,kg,100,g,,https://p.example/1.jpg,1,A tin,,,,,,,,,g,,,,
sencha,,,,,,,,,,,,,,,,,,,,,,,,,,,https://p.example/2.jpg,3,,,,,,,,,,,,,,
`

const newFile = `Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,Price,Compare-at price,Cost per item,Charge tax,Tax code,Unit price total measure,Unit price total measure unit,Unit price base measure,Unit price base measure unit,Inventory tracker,Inventory quantity,Continue selling when out of stock,Weight value (grams),Weight unit for display,Requires shipping,Fulfillment service,Product image URL,Image position,Image alt text,Variant image URL,Gift card,SEO title,SEO description,Material (product.metafields.custom.material),Google Shopping / Manufacturer part number (MPN),Google Shopping / Ad group name,Google Shopping / Custom label 0,Collection
Sencha,sencha,"<p onclick=""x()"">First flush.</p><script>alert(1)</script>",Lindenhof,Food > Tea,Green tea,"green, japan,green",TRUE,Active,SE-50,4006381333931,Size,50 g,,Box,Tin,11.90,14.00,5.00,TRUE,reduced,50,g,100,g,shopify,34,FALSE,64.4,g,TRUE,manual,https://p.example/2.jpg,2,A pouch,https://p.example/tin.jpg,FALSE,Sencha tea,Steamed tea.,paper;tin,M-1,teas,spring,Green teas
,sencha,,,,,,,,SE-100,,,100 g,,,Bag,21.00,,,FALSE,,0.1,kg,100,g,,7,TRUE,0,g,FALSE,manual,https://p.example/1.jpg,1,A tin,,,,,,,,,
,sencha,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,https://p.example/2.jpg,3,,,,,,,,,,
`

func euro(minor int64) protocol.Money { return protocol.NewMoney(minor, "EUR") }

func pointer[T any](v T) *T { return &v }

// sencha is what both files mean.
func sencha() *store.OwnProduct {
	return &store.OwnProduct{
		Product: catalog.Product{
			Header: catalog.HeaderOf(catalog.TypeProduct), Handle: "sencha", Title: "Sencha", Description: "<p>First flush.</p>",
			Vendor: "Lindenhof", Kind: "Green tea", Category: "Food > Tea", Tags: []string{"green", "japan"},
			Options: []catalog.Option{{Name: "Size", Values: []string{"50 g", "100 g"}}, {Name: "Box", Values: []string{"Tin", "Bag"}}},
			Variants: []catalog.Variant{
				{ID: "SE-50", Options: []string{"50 g", "Tin"}, SKU: "SE-50", GTIN: "4006381333931", Grams: 64, Measure: &catalog.Quantity{Milli: 50_000, Unit: "g"}},
				{ID: "SE-100", Options: []string{"100 g", "Bag"}, SKU: "SE-100", Measure: &catalog.Quantity{Milli: 100, Unit: "kg"}, Digital: true},
			},
			SEO: catalog.SEO{Title: "Sencha tea", Description: "Steamed tea."},
			Fields: []catalog.Field{
				{Name: "google.mpn", Value: "M-1"}, {Name: "custom.material", Value: "paper; tin"},
			},
			Published: noon, Updated: noon,
		},
		Status: store.Active,
		Fields: []catalog.Field{{Name: "google.ad-group", Value: "teas"}, {Name: "google.custom-label-0", Value: "spring"}},
		Variants: []store.OwnVariant{
			{
				ID: "SE-50", Price: euro(1190), CompareAt: pointer(euro(1400)), UnitBase: &catalog.Quantity{Milli: 100_000, Unit: "g"},
				TaxClass: catalog.TaxReduced, Cost: pointer(euro(500)), Stock: store.Stock{Tracked: true, OnHand: 34}, Picture: "https://p.example/tin.jpg",
			},
			{
				ID: "SE-100", Price: euro(2100), UnitBase: &catalog.Quantity{Milli: 100_000, Unit: "g"},
				TaxClass: catalog.TaxExempt, Stock: store.Stock{OnHand: 7, Oversell: true},
			},
		},
		Pictures: []store.PictureRef{
			{Source: "https://p.example/1.jpg", Alt: "A tin"}, {Source: "https://p.example/2.jpg", Alt: "A pouch"}, {Source: "https://p.example/tin.jpg"},
		},
	}
}

func TestTheOldColumnsAndTheNewOnesMeanTheSame(t *testing.T) {
	for name, file := range map[string]string{"old": oldFile, "new": newFile} {
		t.Run(name, func(t *testing.T) {
			results := run(t, newShop(), file)
			if len(results) != 1 || results[0].Is == nil {
				t.Fatalf("%+v", results)
			}
			r, want := results[0], sencha()
			if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].Message, "<script>") {
				t.Errorf("warnings %v, want one about the script", r.Warnings)
			}
			if name == "new" { // its custom field stands before Google's
				f := want.Product.Fields
				want.Product.Fields = []catalog.Field{f[1], f[0]}
			}
			if !reflect.DeepEqual(r.Is, want) {
				t.Errorf("got  %+v\nwant %+v", r.Is, want)
			}
			if want := []string{"Green teas"}; !reflect.DeepEqual(r.Collections, want) {
				t.Errorf("collections %q", r.Collections)
			}
			if r.Row != 2 || !r.Changed() || len(r.Variants) != 2 || r.Variants[1].Owner != (store.VariantOwner{Product: "sencha", Options: "100 g / Bag"}) {
				t.Errorf("row %d, changed %v, variants %v", r.Row, r.Changed(), r.Variants)
			}
		})
	}
}

func TestTheOrderAndCaseOfColumnsSaysNothing(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(oldFile)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := run(t, newShop(), oldFile)[0].Is
	for seed := range uint64(10) {
		order := rand.New(rand.NewPCG(seed, 1)).Perm(len(rows[0]))
		var b strings.Builder
		w := csv.NewWriter(&b)
		for i, row := range rows {
			moved := make([]string, len(row))
			for to, from := range order {
				moved[to] = row[from]
				if i == 0 {
					moved[to] = " " + strings.ToUpper(row[from])
				}
			}
			_ = w.Write(moved)
		}
		w.Flush()
		got := run(t, newShop(), b.String())[0].Is
		got.Fields, want.Fields, got.Product.Fields, want.Product.Fields = nil, nil, nil, nil // these stand in the order of their columns
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("order %v: got %+v", order, got)
		}
	}
}

func TestColumnsThatAreNotUsedAreSaid(t *testing.T) {
	const header = "Title,Price,Colour,Image alt text,Included / Germany,Price / Germany,Compare At Price / International,Care (variant.metafields.a.b),HS Code,\n"
	f, err := Open(strings.NewReader(header), Options{Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range f.Warnings() {
		got = append(got, w.Column)
		if w.Row != 0 || w.Message == "" {
			t.Errorf("%+v", w)
		}
	}
	want := []string{"Colour", "Care (variant.metafields.a.b)", "HS Code", "", "Included / Germany, Price / Germany, Compare At Price / International", "Image alt text"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
