package importer

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
)

// oldHeader is the old column set of a full export.
const oldHeader = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value," +
	"Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price," +
	"Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title," +
	"SEO Description,Google Shopping / Gender,Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Status"

// manyProducts writes n products of three variants and four rows each.
func manyProducts(n int) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	header := strings.Split(oldHeader, ",")
	_ = w.Write(header)
	line := func(cells map[string]string) {
		row := make([]string, len(header))
		for i, h := range header {
			row[i] = cells[h]
		}
		_ = w.Write(row)
	}
	for i := range n {
		handle := fmt.Sprintf("linen-shirt-%d", i)
		for v, size := range []string{"Small", "Medium", "Large"} {
			cells := map[string]string{
				"Handle": handle, "Option1 Value": size, "Variant SKU": fmt.Sprintf("LS-%d-%d", i, v), "Variant Grams": "240",
				"Variant Inventory Tracker": "shopify", "Variant Inventory Qty": "12", "Variant Inventory Policy": "deny", "Variant Fulfillment Service": "manual",
				"Variant Price": "59.90", "Variant Compare At Price": "79.00", "Variant Requires Shipping": "true", "Variant Taxable": "true",
				"Image Src": fmt.Sprintf("https://pictures.example/%d/%d.jpg", i, v), "Image Position": fmt.Sprint(v + 1), "Variant Weight Unit": "g", "Cost per item": "21.00",
			}
			if v == 0 {
				cells["Title"], cells["Vendor"], cells["Type"], cells["Tags"] = fmt.Sprintf("Linen Shirt %d", i), "Weaver", "Shirt", "linen, summer, men"
				cells["Body (HTML)"] = "<p>Woven in Portugal from <strong>European flax</strong>, washed twice, cut straight.</p><ul><li>160 g/m²</li><li>Shell buttons</li></ul>"
				cells["Published"], cells["Option1 Name"], cells["Status"], cells["Gift Card"] = "true", "Size", "active", "false"
			}
			line(cells)
		}
		line(map[string]string{"Handle": handle, "Image Src": fmt.Sprintf("https://pictures.example/%d/back.jpg", i), "Image Position": "4"})
	}
	w.Flush()
	return b.Bytes()
}

func BenchmarkImportOfNewProducts(b *testing.B)     { benchmark(b, false) }
func BenchmarkImportOfTheSameProducts(b *testing.B) { benchmark(b, true) }

func benchmark(b *testing.B, again bool) {
	const n = 5000
	file := manyProducts(n)
	s := newShop()
	if again {
		s.keep(b, run(b, s, string(file)))
	}
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := Open(bytes.NewReader(file), Options{Currency: "EUR", Now: noon})
		if err != nil {
			b.Fatal(err)
		}
		for r, err := range f.Products(b.Context(), s) {
			if err != nil || r.Changed() == again {
				b.Fatal(err, r.Errors)
			}
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "products/s")
}
