package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

func TestTheDirectoryShowsEveryBrand(t *testing.T) {
	_, other, m, s := twoShops(t)
	m.set("werkzeug", func(b *gateway.Mirrored) { b.Domain = "werkzeug.example" })
	_, body := get(t, s, "/brands")
	for _, words := range []string{
		`<a href="/">Lindenhof Tea</a>`, "Leaf, water, time", "1 product<", `<a href="/@werkzeug/">Werkzeugmanufaktur Düsseldorf-Oberkassel</a>`, "Donaudampf", "4 products", "signed just now",
		"werkzeug.example", "2 brands", `src="/m/`, `src="/@werkzeug/m/`, `action="/brands"`,
	} {
		if !strings.Contains(body, words) {
			t.Errorf("the directory lacks %q", words)
		}
	}
	for state, words := range map[string]string{"stale": "answer at the moment", "expired": "not confirmed lately", "contested": "in dispute"} {
		m.fresh("werkzeug", gateway.Freshness{State: state})
		if _, body := get(t, s, "/brands"); !strings.Contains(body, words) {
			t.Errorf("%s: the directory lacks %q", state, words)
		}
	}
	profile := &catalog.Profile{Header: catalog.HeaderOf(catalog.TypeProfile), Name: "Neuer Name", Language: "de", Country: "DE", Currency: "EUR"}
	other.publish(profile)
	if _, body := get(t, s, "/brands"); !strings.Contains(body, ">Neuer Name</a>") {
		t.Error("a new name doesn't show in the next answer")
	}
}

func TestTheOwnShopLeadsToTheOthersOnlyWhenThereAreAny(t *testing.T) {
	_, _, _, with := twoShops(t)
	if _, body := get(t, with, "/"); !strings.Contains(body, `href="/brands"`) {
		t.Error("no way leads to the other brands")
	}
	own := newBrand(t)
	teahouse(own)
	for name, s := range map[string]*httptest.Server{"follows nobody": own.serveWith(&street{}), "can't follow": own.serve()} {
		if _, body := get(t, s, "/"); strings.Contains(body, "/brands") {
			t.Errorf("%s: the front page links to an empty list", name)
		}
	}
	if resp, body := get(t, own.serveWith(&street{}), "/brands"); resp.StatusCode != 200 || !strings.Contains(body, "1 brand<") {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp, _ := get(t, own.serve(), "/brands"); resp.StatusCode != 404 {
		t.Errorf("a node without mirrors answers %d", resp.StatusCode)
	}
}

func TestAShopThatSellsNothingIsAStreet(t *testing.T) {
	profile := &catalog.Profile{Header: catalog.HeaderOf(catalog.TypeProfile), Name: "Kanalstraße", Tagline: "Drei Läden, eine Straße", Language: "de", Country: "DE", Currency: "EUR"}
	for name, records := range map[string][]catalog.Record{"with a profile": {profile}, "unpublished": nil} {
		_, s := bareStreet(t, records...)
		resp, body := get(t, s, "/")
		if resp.StatusCode != 200 || !strings.Contains(body, `<a href="/@werkzeug/">`) || !strings.Contains(body, `class="icon-button search-link" href="/brands"`) {
			t.Errorf("%s: %d %.600s", name, resp.StatusCode, body)
		}
		if len(records) > 0 && (!strings.Contains(body, "Drei Läden, eine Straße</h1>") || !strings.Contains(body, `>Kanalstraße</a>`)) {
			t.Errorf("%s: the street has no name", name)
		}
		for _, path := range assetsOf(t, s, "/") {
			if resp, _ := get(t, s, path); resp.StatusCode != 200 {
				t.Errorf("%s: %s answers %d", name, path, resp.StatusCode)
			}
		}
		if resp, _ := get(t, s, "/@werkzeug/p/viele"); resp.StatusCode != 200 {
			t.Errorf("%s: a product answers %d", name, resp.StatusCode)
		}
	}
	own := newBrand(t)
	own.publish(profile)
	if _, body := get(t, own.serveWith(&street{}), "/"); !strings.Contains(body, "Artikel sind bald hier") {
		t.Error("a shop that follows nobody and sells nothing yet doesn't say so")
	}
}

func TestASearchInAllShopsSaysWhoSells(t *testing.T) {
	own, _, m, s := twoShops(t)
	own.publish(simple("handschuh", "Arbeitshandschuh für Teepflücker", 900)...)
	_, body := get(t, s, "/brands?q=arbeits")
	for _, words := range []string{
		`<a href="/p/handschuh">`, `<a href="/@werkzeug/p/viele">`, `<p class="card-from">Lindenhof Tea</p>`, `<p class="card-from">Werkzeugmanufaktur Düsseldorf-Oberkassel</p>`,
		"2 products", `href="/@werkzeug/search?q=arbeits"`, `href="/search?q=arbeits"`, "€9.00", `content="noindex"`,
	} {
		if !strings.Contains(body, words) {
			t.Errorf("the results lack %q", words)
		}
	}
	m.fresh("werkzeug", gateway.Freshness{State: "contested"})
	if _, body := get(t, s, "/brands?q=arbeits"); !strings.Contains(body, "in dispute") {
		t.Error("a product of a brand in dispute looks like any other")
	}
	if _, body := get(t, s, "/brands?q=%3Cb%3E&page=1"); !strings.Contains(body, "Nothing is called “&lt;b&gt;” in any shop") {
		t.Error("a search that finds nothing doesn't say so")
	}
	for _, query := range []string{"?q=", "?q=++", ""} {
		if _, body := get(t, s, "/brands"+query); !strings.Contains(body, `class="brands"`) {
			t.Errorf("%q doesn't show the directory", query)
		}
	}
}

func TestOneLargeShopDoesNotHideTheOthers(t *testing.T) {
	own := newBrand(t)
	var records []catalog.Record
	for i := range 200 {
		records = append(records, simple(fmt.Sprintf("tasse-%d", i), fmt.Sprintf("Tasse %d", i), 100)...)
	}
	own.publish(records...)
	m := &street{}
	for i := range 30 {
		b := own.beside(uint16(i + 2))
		b.publish(simple("tasse", fmt.Sprintf("Tasse von %d", i), 100)...)
		m.follow(b, fmt.Sprintf("b%02d", i))
	}
	_, body := get(t, own.serveWith(m), "/brands?q=tasse")
	for i := range 30 {
		if !strings.Contains(body, fmt.Sprintf(`"/@b%02d/p/tasse"`, i)) {
			t.Errorf("brand %d is not among the results", i)
		}
	}
	if shown := strings.Count(body, `<li class="card`); shown != 42 || !strings.Contains(body, "230 products") {
		t.Errorf("%d products are shown", shown)
	}
}

// BenchmarkSearchInAllShops searches a word that every brand has, with 1,000 brands
// of 100 products.
func BenchmarkSearchInAllShops(b *testing.B) {
	own := newBrand(b)
	teahouse(own)
	m := &street{}
	for i := range 1000 {
		other := own.beside(uint16(i + 2))
		var records []catalog.Record
		for n := range 100 {
			records = append(records, simple(fmt.Sprintf("d-%d", n), fmt.Sprintf("Ding %d", n), 100)...)
		}
		other.publish(records...)
		m.follow(other, fmt.Sprintf("b%04d", i))
	}
	g := own.gatewayWith(m)
	for name, path := range map[string]string{"word": "/brands?q=ding", "rare": "/brands?q=sencha", "directory": "/brands"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
				if w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
