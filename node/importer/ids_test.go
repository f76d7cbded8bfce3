package importer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

func idsOf(results []Result) string {
	var ids []string
	for _, r := range results {
		for _, v := range r.Is.Variants {
			ids = append(ids, string(v.ID))
		}
	}
	return strings.Join(ids, " ")
}

func TestIdentifiersAreReadableAndNeverGivenTwice(t *testing.T) {
	const header = "Handle,Title,Option1 Name,Option1 Value,SKU,Price"
	long := strings.Repeat("h", protocol.MaxName)
	cases := []struct {
		name   string
		owners map[protocol.VariantID]store.VariantOwner
		file   string
		want   string
	}{
		{"the SKU", nil, sheet(header, "a,A,S,1,X_1.b-2,1"), "X_1.b-2"},
		{"a SKU that can't be one", nil, sheet(header, "a,A,S,Größe L,X 1,1", "a,,,..,..,1"), "a-grosse-l a-" + slug("..")},
		{"no SKU, one variant", nil, sheet(header, "a,A,S,L,,1"), "a"},
		{"no SKU, no options", nil, sheet(header, "a,A,Title,Default Title,,1"), "a"},
		{"an SKU like another's handle", nil, sheet(header, "a,A,,,x,1", "x,X,,,,1"), "x x-2"},
		{"values that read the same", nil, sheet(header, "a,A,S,L 1,,1", "a,,,L-1,,1", "a,,,l/1,,1"), "a-l-1 a-l-1-2 a-l-1-3"},
		{"another product's", map[protocol.VariantID]store.VariantOwner{"x": {Product: "b"}, "a": {Product: "b"}, "a-2": {Product: "a", Options: "L"}},
			sheet(header, "a,A,,,x,1"), "a-3"},
		{"an interrupted import's", map[protocol.VariantID]store.VariantOwner{"x": {Product: "a", Options: "L"}}, sheet(header, "a,A,S,L,x,1"), "x"},
		{"no room", map[protocol.VariantID]store.VariantOwner{protocol.VariantID(long): {Product: "b"}}, sheet(header, long+",A,,,,1"), long[2:] + "-2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newShop()
			for id, owner := range c.owners {
				s.owners[id] = owner
			}
			results := run(t, s, c.file)
			if bad := errorsOf(results); bad != nil {
				t.Fatal(bad)
			}
			if got := idsOf(results); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestADeletedVariantsIdentifierComesBackOnlyToIt(t *testing.T) {
	const header = "Handle,Title,Option1 Name,Option1 Value,Price"
	s := stocked(t, sheet(header, "a,A,S,L,1", "a,,,M,1"), sheet(header, "a,A,S,M,1", "a,,,l,1"))
	if got := idsOf(run(t, s, sheet(header, "a,A,S,M,1", "a,,,l,1", "a,,,L,1"))); got != "a-m a-l-2 a-l" {
		t.Errorf("got %s", got)
	}
}

func TestSlugsAreHandlesAndTellTextsApart(t *testing.T) {
	for text, want := range map[string]string{
		"Ocean Blue  Shirt!": "ocean-blue-shirt", "Crème brûlée": "creme-brulee", "Straße": "strasse", "Women's Top": "womens-top",
		"Łódź": "lodz", "Ελλάδα": "ellada", "Щука": "shchuka", "½ l": "1-2-l", "--a--": "a", "ＡＢＣ": "abc",
	} {
		if got := slug(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	seen := map[string]string{}
	for _, text := range []string{"茶", "緑茶", "緑茶 100g", "紅茶 100g", "🍵", "🍶", "…", strings.Repeat("a", 101), strings.Repeat("a", 102), strings.Repeat("ä", 300)} {
		got := slug(text)
		if _, err := protocol.ParseHandle(got); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%q and %q are both %s", text, other, got)
		}
		seen[got] = text
	}
}

func TestMemoryOfAFileDoesNotHoldItsRows(t *testing.T) {
	var b strings.Builder
	b.WriteString("Handle,Title,SKU,Price,Description\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "p%d,P,s%d,1,%s\n", i, i, strings.Repeat("x", 2000))
	}
	f, err := Open(strings.NewReader(b.String()), Options{Currency: "EUR", Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	for _, err := range f.Products(t.Context(), newShop()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("reading 20,000 products of 2 KB keeps %d KiB", grown>>10)
	}
	if len(f.handles) != 20_000 {
		t.Error(len(f.handles))
	}
}
