package importer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/store"
)

// sheet joins rows to a file.
func sheet(rows ...string) string { return strings.Join(rows, "\n") + "\n" }

func TestABadRowIsNamedWithItsColumnAndReason(t *testing.T) {
	const header = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price"
	many := func(n int, row string) (rows []string) {
		rows = []string{header}
		for i := range n {
			rows = append(rows, strings.ReplaceAll(row, "#", fmt.Sprint(i)))
		}
		return rows
	}
	cases := []struct {
		name, file string
		row        int
		column     string
		says       string
	}{
		{"negative price", sheet(header, "a,A,,,,-1"), 2, "Variant Price", `"-1" is negative`},
		{"negative nothing", sheet(header, "a,A,,,,-0"), 2, "Variant Price", "is negative"},
		{"over-precise price", sheet(header, "a,A,,,,1.999"), 2, "Variant Price", "more than the 2 decimals of EUR"},
		{"thousands separator", sheet(header, `a,A,,,,"1,234.50"`), 2, "Variant Price", "holds a comma"},
		{"decimal comma", sheet(header, `a,A,,,,"12,50"`), 2, "Variant Price", "holds a comma"},
		{"currency sign", sheet(header, "a,A,,,,€12"), 2, "Variant Price", "without a currency sign"},
		{"exponent", sheet(header, "a,A,,,,1e3"), 2, "Variant Price", "is not a decimal"},
		{"not a number", sheet(header, "a,A,,,,NaN"), 2, "Variant Price", "is not a decimal"},
		{"price beyond all", sheet(header, "a,A,,,,99999999999999999999"), 2, "Variant Price", "is too large"},
		{"price beyond the limit", sheet(header, "a,A,,,,10000000000.01"), 2, "Variant Price", "is too large"},
		{"no price", sheet(header, "a,A,,,,"), 2, "Variant Price", "has no price"},
		{"no price column", sheet("Handle,Title,SKU", "a,A,x"), 2, "", "needs a price"},
		{"no variant column", sheet("Handle,Title", "a,A"), 2, "", "needs a price"},
		{"no title", sheet(header, "a,,,,,1"), 2, "Title", "is empty"},
		{"no title column", sheet("Handle,Price", "a,1"), 2, "Title", "is empty"},
		{"long title", sheet(header, "a,"+strings.Repeat("x", 201)+",,,,1"), 2, "Title", "is longer than 200 characters"},
		{"neither handle nor title", sheet(header, ",,,,,1"), 2, "Title", "belongs to no product"},
		{"duplicate handle", sheet(header, "a,A,,,,1", "b,B,,,,1", "a,A,,,,1"), 4, "Handle", `duplicate handle "a": row 2`},
		{"duplicate handle in another spelling", sheet(header, "a-b,A,,,,1", "A b,B,,,,1"), 3, "Handle", `duplicate handle "a-b": row 2`},
		{"duplicate title", sheet("Title,Price", "A,1", "B,1", "A,1"), 4, "Title", `duplicate handle "a": row 2`},
		{"duplicate SKU", sheet("Title,Price,SKU", "A,1,x", "B,1,x"), 3, "SKU", `duplicate SKU "x": row 2`},
		{"long handle", sheet(header, strings.Repeat("x", 1001)+",A,,,,1", strings.Repeat("x", 1001)+",,,,,1"), 2, "Handle", "is longer than 1000 bytes"},
		{"one choice twice", sheet(header, "a,A,Size,S,,1", "a,,,M,,1", "a,,,S,,2"), 4, "Option1 Value", `the variant "S" is in row 2 too`},
		{"two variants without options", sheet(header, "a,A,Title,Default Title,x,1", "a,,,,y,1"), 3, "", "second variant, beside row 2"},
		{"no option value", sheet(header, "a,A,Size,S,,1", "a,,,,x,1"), 3, "Option1 Value", `no value for the option "Size"`},
		{"no option name", sheet(header, "a,A,,S,,1"), 2, "Option1 Value", "value of an option without a name"},
		{"long option value", sheet(header, "a,A,Size,S,,1", "a,,,"+strings.Repeat("x", 101)+",,1"), 2, "Option1 Value", "is longer than 100 characters"},
		{"long SKU", sheet(header, "a,A,Size,S,,1", "a,,,M,"+strings.Repeat("x", 101)+",1"), 3, "Variant SKU", "is longer than 100 characters"},
		{"too few cells", sheet(header, "a,A,,,,1", "b,B,1"), 3, "", "has 3 cells where the header has 6"},
		{"too many cells", sheet(header, "a,A,,,,1,50"), 2, "", "has 7 cells where the header has 6"},
		{"too many variants", sheet(many(501, "a,A,Size,S#,,1")...), 502, "", "has 501 variants, allowed are 500"},
		{"too many rows", sheet(many(maxGroupRows+5, "a,A,Size,S#,,1")...), maxGroupRows + 2, "", "more than 2000 rows"},
		{"variant without words", sheet("Handle,Title,Price,Variant Grams,Option1 Name,Option1 Value", "a,A,1,5,S,x", "a,,,7,,"), 3, "", "the row is of no variant"},
		{"bad status", sheet("Title,Price,Status", "A,1,sold"), 2, "Status", `"sold" is neither`},
		{"bad truth", sheet("Title,Price,Published", "A,1,perhaps"), 2, "Published", "neither TRUE nor FALSE"},
		{"bad policy", sheet("Title,Price,Variant Inventory Policy", "A,1,maybe"), 2, "Variant Inventory Policy", "neither TRUE nor FALSE"},
		{"bad quantity", sheet("Title,Price,Inventory quantity", "A,1,many"), 2, "Inventory quantity", "not a whole number"},
		{"broken quantity", sheet("Title,Price,Inventory quantity", "A,1,1.5"), 2, "Inventory quantity", "not a whole number"},
		{"bad weight", sheet("Title,Price,Variant Grams", "A,1,-5"), 2, "Variant Grams", "is not a decimal"},
		{"heavy", sheet("Title,Price,Variant Grams", "A,1,1000001"), 2, "Variant Grams", "allowed are 0 to 1000000"},
		{"negative cost", sheet("Title,Price,Cost per item", "A,1,-5"), 2, "Cost per item", "is negative"},
		{"over-precise measure", sheet("Title,Price,Unit price total measure,Unit price total measure unit", "A,1,0.0005,kg"), 2, "Unit price total measure", "more than three decimals"},
		{"long alt text", sheet("Title,Price,Image Src,Image Alt Text", "A,1,x.jpg,"+strings.Repeat("ä", 501)), 2, "Image Alt Text", "longer than 500 characters"},
		{"long picture address", sheet("Title,Price,Image Src", "A,1,"+strings.Repeat("x", 2001)), 2, "Image Src", "longer than 2000 bytes"},
		{"too many pictures", sheet(pictureRows(51)...), 2, "Image Src", "has 51 pictures, allowed are 50"},
		{"a picture in two lines", sheet("Title,Price,Variant Image", "A,1,\"x\ny\""), 2, "Variant Image", "line break"},
		{"too much content", sheet("Title,Price,Unit price total measure,Unit price total measure unit", "A,1,999999999999,kg"), 2, "Unit price total measure", "is too large"},
		{"long option name", sheet("Title,Price,Option1 Name,Option1 Value", "A,1,"+strings.Repeat("x", 101)+",S"), 2, "Option1 Name", "longer than 100 characters"},
		{"too many tags", sheet("Title,Price,Tags", "A,1,\"x"+distinctTags(60)+"\""), 2, "Tags", "allowed are 50"},
		{"long custom field", sheet("Title,Price,M (product.metafields.a.b)", "A,1,"+strings.Repeat("x", 5001)), 2, "M (product.metafields.a.b)", "longer than 5000 bytes"},
		{"long description", sheet("Title,Price,Description", "A,1,"+strings.Repeat("x", 50_001)), 2, "Description", "longer than 50000 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			found := errorsOf(run(t, newShop(), c.file))
			if len(found) == 0 {
				t.Fatal("no error")
			}
			first := found[0]
			if first.Row != c.row || first.Column != c.column || !strings.Contains(first.Message, c.says) {
				t.Errorf("got %+v, want row %d, column %q, %q", found, c.row, c.column, c.says)
			}
		})
	}
}

func pictureRows(n int) []string {
	rows := []string{"Handle,Title,Price,Image Src"}
	for i := range n {
		rows = append(rows, fmt.Sprintf("a,A,1,%d.jpg", i))
	}
	for i := 2; i < len(rows); i++ {
		rows[i] = strings.Replace(rows[i], "A,1", ",", 1)
	}
	return rows
}

func distinctTags(n int) (s string) {
	for i := range n {
		s += fmt.Sprintf(",tag %d", i)
	}
	return s
}

func errorsOf(results []Result) (all []Issue) {
	for _, r := range results {
		all = append(all, r.Errors...)
	}
	return all
}

func TestABadProductLeavesItsNeighboursAlone(t *testing.T) {
	results := run(t, newShop(), sheet("Handle,Title,Price", "a,A,1", "b,B", "c,C,3"))
	if len(results) != 3 || results[0].Is == nil || results[1].Is != nil || results[2].Is == nil {
		t.Fatalf("%+v", results)
	}
	if bad := results[1]; len(bad.Errors) != 1 || bad.Row != 3 || bad.Changed() || len(bad.Variants) > 0 {
		t.Errorf("%+v", bad)
	}
}

func TestAProductThatIsTooLargeForARecordIsRefused(t *testing.T) {
	header, cells := "Title,Price,Description", "A,1,"+strings.Repeat("x", 45_000)
	for i := range 5 {
		header += fmt.Sprintf(",F (product.metafields.a.f%d)", i)
		cells += "," + strings.Repeat("y", 4900)
	}
	found := errorsOf(run(t, newShop(), sheet(header, cells)))
	if len(found) != 1 || found[0].Row != 2 || !strings.Contains(found[0].Message, "allowed are 65536") {
		t.Errorf("got %+v", found)
	}
}

func TestAProductThatTheStoreCannotKeepIsRefused(t *testing.T) {
	rows := []string{"Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant Image,SKU,Barcode,Price,Compare-at price,Cost per item,Variant Grams,Unit price total measure,Unit price total measure unit,Unit price base measure,Unit price base measure unit"}
	for i := range 500 {
		rows = append(rows, fmt.Sprintf("A,S,%d,T,%d,U,x,p%d.jpg,sku-%d,4006381333931,10,12,3,5,100,g,1,kg", i, i, i%40, i))
	}
	found := errorsOf(run(t, newShop(), sheet(rows...)))
	if len(found) != 1 || found[0].Row != 2 || !strings.Contains(found[0].Message, "more variants than can be kept") {
		t.Errorf("got %+v", found)
	}
	if found := errorsOf(run(t, newShop(), sheet(rows[:surelyKept+1]...))); found != nil {
		t.Errorf("got %+v", found)
	}
}

func TestTheErrorsOfOneProductAreBounded(t *testing.T) {
	rows := []string{"Handle,Title,Option1 Name,Option1 Value,Price"}
	for i := range 1000 {
		rows = append(rows, fmt.Sprintf("a,A,Size,S%d,x", i))
	}
	found := errorsOf(run(t, newShop(), sheet(rows...)))
	if len(found) != maxIssues+1 || !strings.Contains(found[maxIssues].Message, "there is more") {
		t.Errorf("%d errors, the last %+v", len(found), found[len(found)-1])
	}
}

func TestWhatIsLeftOutIsSaid(t *testing.T) {
	cases := []struct {
		name, file string
		row        int
		column     string
		says       string
		check      func(p *store.OwnProduct) bool
	}{
		{"former price not above the price", sheet("Title,Price,Compare-at price", "A,10,10.00"), 2, "Compare-at price", "must be above",
			func(p *store.OwnProduct) bool { return p.Variants[0].CompareAt == nil }},
		{"no GTIN", sheet("Title,Price,Barcode", "A,1,4006381333930"), 2, "Barcode", "is left out",
			func(p *store.OwnProduct) bool { return p.Product.Variants[0].GTIN == "" }},
		{"gift card", sheet("Title,Price,Gift card", "A,1,TRUE"), 2, "Gift card", "not known", nil},
		{"linked option", sheet("Title,Price,Option1 name,Option1 value,Option1 Linked To", "A,1,Colour,Red,product.metafields.shopify.color-pattern"), 2, "Option1 Linked To", "not used", nil},
		{"unlisted", sheet("Title,Price,Status", "A,1,Unlisted"), 2, "Status", "draft",
			func(p *store.OwnProduct) bool { return p.Status == store.Draft }},
		{"unknown unit", sheet("Title,Price,Unit price total measure,Unit price total measure unit", "A,1,5,fl oz"), 2, "Unit price total measure unit", `"fl oz" is no unit`,
			func(p *store.OwnProduct) bool { return p.Product.Variants[0].Measure == nil }},
		{"units that don't match", sheet("Title,Price,Unit price total measure,Unit price total measure unit,Unit price base measure,Unit price base measure unit", "A,1,5,g,1,l"), 2, "Unit price base measure", "can't be compared",
			func(p *store.OwnProduct) bool {
				return p.Variants[0].UnitBase == nil && p.Product.Variants[0].Measure != nil
			}},
		{"bad position", sheet("Title,Price,Image Src,Image Position", "A,1,x.jpg,first"), 2, "Image Position", "comes last", nil},
		{"weight unit", sheet("Title,Price,Variant Weight Unit", "A,1,lb"), 2, "Variant Weight Unit", "grams and kilograms", nil},
		{"fulfillment service", sheet("Title,Price,Fulfillment service", "A,1,amazon"), 2, "Fulfillment service", "not known", nil},
		{"foreign tax code", sheet("Title,Price,Tax code", "A,1,P0000000"), 2, "Tax code", "not used", nil},
		{"another title below", sheet("Handle,Title,Price,Option1 Name,Option1 Value", "a,A,1,S,1", "a,B,1,,2"), 3, "Title", "only the first row", nil},
		{"another custom field below", sheet("Handle,Title,Price,Google Shopping / MPN,Option1 Name,Option1 Value", "a,A,1,M1,S,1", "a,,1,M2,,2"), 3, "Google Shopping / MPN", "only the first row", nil},
		{"a row of nothing", sheet("Handle,Title,Price", "a,A,1", "a,A,"), 3, "", "neither a variant nor a picture", nil},
		{"a picture in the description", sheet("Title,Price,Description", "A,1,<p>x</p><IMG src=x>"), 2, "Description", "<img>", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			results := run(t, newShop(), c.file)
			last := results[len(results)-1]
			if last.Is == nil || len(last.Warnings) != 1 {
				t.Fatalf("%+v", last)
			}
			w := last.Warnings[0]
			if w.Row != c.row || w.Column != c.column || !strings.Contains(w.Message, c.says) {
				t.Errorf("got %+v, want row %d, column %q, %q", w, c.row, c.column, c.says)
			}
			if c.check != nil && !c.check(last.Is) {
				t.Errorf("%+v", last.Is)
			}
		})
	}
}

func TestAnIssueReadsAsALine(t *testing.T) {
	for want, i := range map[string]Issue{
		"row 3, Title: is empty": {3, "Title", "is empty"}, "row 3: is short": {3, "", "is short"},
		"HS Code: is not used": {0, "HS Code", "is not used"}, "nothing": {0, "", "nothing"},
	} {
		if got := i.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
