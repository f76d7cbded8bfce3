package demo

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"image/jpeg"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func eachBrand(t *testing.T, check func(t *testing.T, b Brand)) {
	for _, b := range Brands() {
		t.Run(b.Folder, func(t *testing.T) {
			if b.err != nil {
				t.Fatal(b.err)
			}
			check(t, b)
		})
	}
}

// rows of products.csv by column name.
func rows(t *testing.T, b Brand) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(b.Products)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		out = append(out, row)
	}
	return out
}

func shop(t *testing.T, b Brand) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(b.Shop, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func handles(t *testing.T, b Brand) map[string]bool {
	set := map[string]bool{}
	for _, row := range rows(t, b) {
		set[row["URL handle"]] = true
	}
	return set
}

func TestEveryPictureRendersAtItsSize(t *testing.T) {
	eachBrand(t, func(t *testing.T, b Brand) {
		dir := t.TempDir()
		if err := b.Write(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		for _, p := range b.pictures {
			f, err := os.Open(filepath.Join(dir, "images", p.File))
			if err != nil {
				t.Fatal(err)
			}
			c, err := jpeg.DecodeConfig(f)
			f.Close()
			if err != nil || c.Width != p.Width || c.Height != p.Height {
				t.Errorf("%s is %d×%d (%v), want %d×%d", p.File, c.Width, c.Height, err, p.Width, p.Height)
			}
		}
	})
}

func TestPicturesComeOutTheSameEveryTime(t *testing.T) {
	eachBrand(t, func(t *testing.T, b Brand) {
		few := b.pictures[:min(3, len(b.pictures))]
		first, second := drawn(t, b, few), drawn(t, b, few)
		if !maps.Equal(first, second) {
			t.Error("two runs gave different bytes")
		}
	})
}

func drawn(t *testing.T, b Brand, list []picture) map[string]string {
	t.Helper()
	var mu sync.Mutex
	out := map[string]string{}
	err := b.each(t.Context(), list, func(p picture, jpg []byte) error {
		mu.Lock()
		defer mu.Unlock()
		out[p.File] = string(jpg)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNamedPicturesAndDrawnPicturesAreTheSame(t *testing.T) {
	eachBrand(t, func(t *testing.T, b Brand) {
		named, exist := map[string]bool{}, map[string]bool{}
		for _, row := range rows(t, b) {
			named[row["Product image URL"]] = true
			named[row["Variant image URL"]] = true
		}
		namedInShop(shop(t, b), named)
		delete(named, "")
		for _, p := range b.pictures {
			if exist[p.File] {
				t.Errorf("%s is drawn twice", p.File)
			}
			exist[p.File] = true
			if !named[p.File] {
				t.Errorf("%s is drawn but named nowhere", p.File)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(named)) {
			if !exist[name] {
				t.Errorf("%s is named but not drawn", name)
			}
		}
	})
}

// namedInShop adds the values of picture, logo and favicon at any depth.
func namedInShop(v any, named map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			namedInShop(e, named)
		}
	case map[string]any:
		for k, e := range v {
			if s, ok := e.(string); ok && slices.Contains([]string{"picture", "logo", "favicon"}, k) {
				named[s] = true
			}
			namedInShop(e, named)
		}
	}
}

func TestCollectionsAndLinksNameWhatExists(t *testing.T) {
	eachBrand(t, func(t *testing.T, b Brand) {
		have, s := handles(t, b), shop(t, b)
		collections := map[string]bool{}
		for _, c := range s["collections"].([]any) {
			c := c.(map[string]any)
			collections[c["handle"].(string)] = true
			list, _ := c["products"].([]any)
			for _, p := range list {
				if !have[p.(string)] {
					t.Errorf("collection %s names the unknown product %s", c["handle"], p)
				}
			}
			if len(list) == 0 && c["rule"] == nil {
				t.Errorf("collection %s has neither products nor a rule", c["handle"])
			}
		}
		checkLinks(t, s, have, collections)
	})
}

// checkLinks follows every href to /c/ and /p/ and every section's collection.
func checkLinks(t *testing.T, v any, products, collections map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			checkLinks(t, e, products, collections)
		}
	case map[string]any:
		for k, e := range v {
			link, _ := e.(string)
			c, isC := strings.CutPrefix(link, "/c/")
			p, isP := strings.CutPrefix(link, "/p/")
			bad := k == "href" && (isC && !collections[c] || isP && !products[p]) ||
				k == "collection" && link != "" && !collections[link]
			if bad {
				t.Errorf("%s %q leads nowhere", k, link)
			}
			checkLinks(t, e, products, collections)
		}
	}
}

func TestRangesAreWorthOpening(t *testing.T) {
	eachBrand(t, func(t *testing.T, b Brand) {
		if n := len(handles(t, b)); n < 24 {
			t.Errorf("%d products, want at least 24", n)
		}
		skus := map[string]bool{}
		for i, row := range rows(t, b) {
			if row["Title"] != "" && len(row["Description"]) < 300 {
				t.Errorf("row %d: %s is described in %d bytes", i+2, row["Title"], len(row["Description"]))
			}
			if sku := row["SKU"]; sku != "" && skus[sku] {
				t.Errorf("row %d: SKU %s is taken", i+2, sku)
			}
			skus[row["SKU"]] = true
		}
	})
}

func TestBarcodesCarryTheRightCheckDigit(t *testing.T) {
	eachBrand(t, func(t *testing.T, b Brand) {
		seen := map[string]bool{}
		for i, row := range rows(t, b) {
			code := row["Barcode"]
			if code == "" {
				continue
			}
			if !validGTIN(code) {
				t.Errorf("row %d: barcode %s is not a GTIN", i+2, code)
			}
			if seen[code] {
				t.Errorf("row %d: barcode %s is taken", i+2, code)
			}
			seen[code] = true
		}
	})
}

// validGTIN checks length and the GS1 mod-10 digit.
func validGTIN(code string) bool {
	if !slices.Contains([]int{8, 12, 13, 14}, len(code)) || strings.Trim(code, "0123456789") != "" {
		return false
	}
	sum := 0
	for i, c := range code {
		weight := 3
		if (len(code)-i)%2 == 1 {
			weight = 1
		}
		sum += weight * int(c-'0')
	}
	return sum%10 == 0
}

func TestDrawingErrorsNamePictureAndTemplate(t *testing.T) {
	b := Brands()[0]
	p := picture{File: "x.jpg", SVG: "missing.svg", Width: 10, Height: 10}
	err := b.each(t.Context(), []picture{p}, func(picture, []byte) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "x.jpg") || !strings.Contains(err.Error(), "missing.svg") {
		t.Errorf("got %v", err)
	}
}

func TestEveryShopSellsOnTheTermsThatItsPagesTell(t *testing.T) {
	eachBrand(t, func(t *testing.T, b Brand) {
		var doc struct {
			Tax      struct{ Rates []struct{ Rate string } }
			Shipping []struct {
				Countries []string
				Rates     []struct {
					ID, Price string
					Steps     []struct{ Price string }
				}
			}
			Payments []struct{ Kind, Instructions string }
			Returns  struct {
				Days int
				Text string
			}
			Pages []struct{ Kind, Body string }
		}
		if err := json.Unmarshal(b.Shop, &doc); err != nil {
			t.Fatal(err)
		}
		page := ""
		for _, p := range doc.Pages {
			if p.Kind == "shipping" {
				page = p.Body
			}
		}
		home := false
		for _, z := range doc.Shipping {
			home = home || slices.Contains(z.Countries, "DE")
			for _, r := range z.Rates {
				prices := []string{r.Price}
				for _, s := range r.Steps {
					prices = append(prices, s.Price)
				}
				for _, price := range prices {
					if !strings.Contains(page, price) {
						t.Errorf("%s costs %s, which the page about shipping doesn't tell", r.ID, price)
					}
				}
			}
		}
		if !home || len(doc.Tax.Rates) == 0 || len(doc.Payments) < 2 || doc.Payments[0].Kind != "bank" || !strings.Contains(doc.Payments[0].Instructions, "IBAN") {
			t.Error("something is missing that a purchase at home needs")
		}
		if doc.Returns.Days != 30 || !strings.Contains(strings.ToLower(doc.Returns.Text), "conversation") {
			t.Errorf("returns: %+v", doc.Returns)
		}
	})
}
