package catalog

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// What is read quickly is what is read in the general way, for any bytes that may
// stand in a catalog.
func FuzzQuickly(f *testing.F) {
	for _, r := range teaRecords() {
		f.Add(string(r.Path()), must(Encode(r)))
	}
	full := must(Encode(teaWith(func(p *Product) {
		p.SEO, p.Category = SEO{Title: "Tea", Description: "Green"}, "food/tea"
		p.Fields = []Field{{Name: "a.b", Type: "text", Value: "c"}}
		p.Variants[0].Digital, p.Variants[0].Measure = true, &Quantity{Milli: 1, Unit: "g"}
	})))
	f.Add("product/gyokuro", full)
	f.Add("product/gyokuro", bytes.Replace(full, []byte("gproduct"), []byte("epages"), 1))
	f.Add("offer/a/b", []byte{0xa1, 0x65, 'p', 'r', 'i', 'c', 'e', 0x82, 0x20, 0x63, 'E', 'U', 'R'})
	f.Add("product/a", []byte{0xa1, 0x64, 't', 'a', 'g', 's', 0x80})
	f.Add("product/a", []byte{0xa1, 0x65, 't', 'i', 't', 'l', 'e', 0xf6})
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		at := protocol.Path(path)
		if CheckForm(at, data) != nil {
			return
		}
		quick := quickly(at, data)
		if quick == nil {
			return
		}
		if slow, err := slowly(at, data); err != nil || !reflect.DeepEqual(quick, slow) {
			t.Fatalf("%x is %+v, quickly %+v: %v", data, slow, quick, err)
		}
	})
}

func TestProductsAndOffersAreReadQuickly(t *testing.T) {
	for _, r := range teaRecords() {
		_, product := r.(*Product)
		_, offer := r.(*Offer)
		if quick := quickly(r.Path(), must(Encode(r))); (quick != nil) != (product || offer) {
			t.Errorf("%s is read quickly: %v", r.Path(), quick != nil)
		}
	}
}
