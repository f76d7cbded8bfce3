package shop

import (
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestAddressesAreReadToOneRequest(t *testing.T) {
	for address, want := range map[string]Request{
		"/":                           {Page: Home},
		"/?utm_source=x":              {Page: Home},
		"/p/gyokuro":                  {Page: Product, Name: "gyokuro"},
		"/p/gyokuro?variant=g-50&x=1": {Page: Product, Name: "gyokuro", Choice: "g-50"},
		"/p/gyokuro?variant=%2e%2e":   {Page: Product, Name: "gyokuro"},
		"/c/all":                      {Page: Collection, Name: "all", Number: 1},
		"/c/all?page=3":               {Page: Collection, Name: "all", Number: 3},
		"/search?q=++two++words+":     {Page: Search, Words: "two words", Number: 1},
		"/sitemap-2.xml":              {Page: Sitemap, Number: 2},
		"/theme-0123456789abcdef.css": {Page: Theme, Name: "0123456789abcdef"},
		"/shipping":                   {Page: TextOfKind, Name: "shipping"},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := Parse(u.Path, u.Query()); !ok || got != want {
			t.Errorf("%s: %+v %v, want %+v", address, got, ok, want)
		}
	}
	for _, address := range []string{"/p/", "/p/..", "/p/A", "/p/a/b", "/c/x?page=0", "/c/x?page=-1", "/c/x?page=9999999", "/sitemap-0.xml", "/sitemap-01.xml", "/theme-.css", "/x"} {
		u, _ := url.Parse(address)
		if got, ok := Parse(u.Path, u.Query()); ok {
			t.Errorf("%s is read as %+v", address, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{{"/", ""}, {"/p/gyokuro", "variant=g-50"}, {"/search", "q=%ff%20x"}, {"/c/all", "page=3"}, {"/sitemap-1.xml", ""}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		if path == "" || path[0] != '/' {
			return
		}
		values, _ := url.ParseQuery(query)
		r, ok := Parse(path, values)
		if !ok {
			return
		}
		if len(r.Words) > MaxQuery || !utf8.ValidString(r.Words) || r.Number < 0 || r.Number > MaxNumber {
			t.Errorf("%q ?%q: %+v", path, query, r)
		}
		if _, err := protocol.ParseHandle(r.Name); r.Page == Product && err != nil {
			t.Errorf("%q: %v", path, err)
		}
		if again := clean(r.Words); again != r.Words {
			t.Errorf("%q cleans to %q", r.Words, again)
		}
	})
}
