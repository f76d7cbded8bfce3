package gateway_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"golang.org/x/net/html"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// shopPages are addresses of the nasty shop that give a page.
var shopPages = []string{
	"/", "/c", "/c/all", "/c/lang", "/p/viele", "/p/viele?variant=h-2-3", "/p/lang", "/p/bildlos", "/p/teuer", "/pages", "/pages/versand",
	"/journal", "/journal/neu", "/search", "/search?q=Arbeits", "/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "/nirgends", "/t/", "/shops",
}

func nastyShop(t testing.TB) (*brand, *httptest.Server) {
	b := newBrand(t)
	nasty(b)
	return b, b.serve()
}

func TestEveryAddressAnswers(t *testing.T) {
	_, s := nastyShop(t)
	for path, want := range map[string]struct {
		status int
		kind   string
		holds  string
	}{
		"/":                             {200, "text/html", "Donaudampf"},
		"/c/all":                        {200, "text/html", "4 Artikel"},
		"/c/lang":                       {200, "text/html", "3 Artikel"},
		"/p/teuer":                      {200, "text/html", "1.234.567,89\u00a0€"},
		"/p/viele?variant=h-2-3":        {200, "text/html", "27,90\u00a0€"},
		"/pages/versand":                {200, "text/html", "<td>4,90 €</td>"},
		"/journal/neu":                  {200, "text/html", "umgeräumt"},
		"/search?q=hochleist":           {200, "text/html", "1 Artikel"},
		"/search?q=gibtsnicht":          {200, "text/html", "Nichts heißt „gibtsnicht“"},
		"/p/nope":                       {404, "text/html", "Unter dieser Adresse ist nichts"},
		"/c/all?page=2":                 {404, "text/html", "nichts"},
		"/c/all?page=x":                 {404, "text/html", "nichts"},
		"/sitemap.xml":                  {200, "application/xml", "/p/teuer</loc>"},
		"/robots.txt":                   {200, "text/plain", "Sitemap: http://"},
		"/manifest.webmanifest":         {200, "application/manifest+json", `"lang":"de"`},
		"/favicon.svg":                  {200, "image/svg+xml", "<svg"},
		"/favicon.ico":                  {200, "image/png", "PNG"},
		"/m/x/160.jpg":                  {404, "text/html", "nichts"},
		"/assets/none.css":              {404, "text/html", "nichts"},
		"/" + strings.Repeat("a", 2000): {400, "text/html", "nicht lesbar"},
	} {
		resp, body := get(t, s, path)
		if resp.StatusCode != want.status || !strings.HasPrefix(resp.Header.Get("Content-Type"), want.kind) || !strings.Contains(body, want.holds) {
			t.Errorf("%.60s: %d %s, holds %q: %v", path, resp.StatusCode, resp.Header.Get("Content-Type"), want.holds, strings.Contains(body, want.holds))
		}
	}
}

func TestOldAddressesLeadOn(t *testing.T) {
	b, s := nastyShop(t)
	b.check(b.store.UpdateOwn(t.Context(), func(o *store.OwnTxn) error {
		if err := o.PutRedirect("/altes-zeug", "/p/teuer"); err != nil {
			return err
		}
		return o.PutRedirect("/falle", "//evil.example")
	}))
	for path, want := range map[string]string{
		"/products/viele": "/p/viele", "/products/Viele": "/p/viele", "/collections/lang": "/c/lang", "/collections/lang/products/viele": "/p/viele",
		"/collections": "/c", "/products": "/c/all", "/p/viele/": "/p/viele", "/altes-zeug": "/p/teuer", "/falle": "", "/shipping": "/pages/versand",
		"/products/..%2f..": "", "//evil.example/": "", "/%5Cevil.example/": "", "///": "",
	} {
		resp, _ := get(t, s, path)
		if got := resp.Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
}

func TestAnEditShowsInTheNextResponse(t *testing.T) {
	b, s := nastyShop(t)
	for _, encoding := range []string{"identity", "gzip", "br"} {
		for minor := int64(5000); minor < 5003; minor++ {
			b.publish(simple("lang", "Langes", minor)...)
			resp, _ := get(t, s, "/p/lang", "Accept-Encoding", encoding)
			price := "50,0" + string(rune('0'+minor-5000))
			if body := decoded(t, s, "/p/lang", encoding); !strings.Contains(body, price) {
				t.Errorf("%s (%s): the page doesn't show %s", encoding, resp.Header.Get("Content-Encoding"), price)
			}
		}
	}
	b.remove(catalog.ProductPath("lang"))
	if resp, _ := get(t, s, "/p/lang"); resp.StatusCode != 404 {
		t.Errorf("a removed product answers %d", resp.StatusCode)
	}
}

func decoded(t *testing.T, s *httptest.Server, path, encoding string) string {
	t.Helper()
	resp, body := get(t, s, path, "Accept-Encoding", encoding)
	var r io.Reader = strings.NewReader(body)
	var err error
	switch resp.Header.Get("Content-Encoding") {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestEveryEncodingCarriesTheSamePage(t *testing.T) {
	_, s := nastyShop(t)
	want := decoded(t, s, "/p/viele", "identity")
	for _, encoding := range []string{"gzip", "br, gzip", "br", "gzip;q=0, br;q=0.5", "*"} {
		if got := decoded(t, s, "/p/viele", encoding); got != want {
			t.Errorf("%s gives another page", encoding)
		}
	}
	resp, _ := get(t, s, "/p/viele", "Accept-Encoding", "br;q=0, gzip;q=0")
	if resp.Header.Get("Content-Encoding") != "" || resp.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("refused encodings: %v", resp.Header)
	}
}

func TestUnchangedPagesAreNotSentAgain(t *testing.T) {
	b, s := nastyShop(t)
	for _, path := range []string{"/", "/p/viele", "/favicon.svg", "/sitemap.xml"} {
		first, _ := get(t, s, path, "Accept-Encoding", "identity")
		again, body := get(t, s, path, "Accept-Encoding", "identity", "If-None-Match", `"other", W/`+first.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s: %d with %d bytes", path, again.StatusCode, len(body))
		}
	}
	first, _ := get(t, s, "/p/lang", "Accept-Encoding", "identity")
	b.publish(simple("lang", "Anders", 100)...)
	if again, _ := get(t, s, "/p/lang", "Accept-Encoding", "identity", "If-None-Match", first.Header.Get("ETag")); again.StatusCode != 200 {
		t.Errorf("an edited page answers %d to the old tag", again.StatusCode)
	}
}

func TestOnlyReadingIsPossible(t *testing.T) {
	_, s := nastyShop(t)
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"} {
		resp, _ := do(t, method, s, "/p/viele")
		if resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", method, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
	for _, path := range append(shopPages, "/favicon.ico", "/.well-known/stoa") {
		g, body := get(t, s, path, "Accept-Encoding", "identity")
		h, none := do(t, http.MethodHead, s, path, "Accept-Encoding", "identity")
		if none != "" || h.StatusCode != g.StatusCode || h.ContentLength != int64(len(body)) {
			t.Errorf("HEAD %s: %d, %d bytes announced, %d sent; GET: %d, %d", path, h.StatusCode, h.ContentLength, len(none), g.StatusCode, len(body))
		}
	}
}

func TestEveryResponseIsGuarded(t *testing.T) {
	_, s := nastyShop(t)
	for _, path := range append(shopPages, "/assets/x", "/m/x", "/proof/x", "/.well-known/stoa", "/products/x", "/robots.txt") {
		resp, _ := get(t, s, path)
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "base-uri 'none'"} {
			if !strings.Contains(resp.Header.Get("Content-Security-Policy"), part) {
				t.Errorf("%s: the policy lacks %s", path, part)
			}
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Referrer-Policy") == "" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
}

func TestPagesHoldNothingInlineAndNothingForeign(t *testing.T) {
	_, s := nastyShop(t)
	for _, path := range shopPages {
		holdsNothingForeign(t, s, path)
	}
}

// holdsNothingForeign reads a page as a browser does and names what may not be there.
func holdsNothingForeign(t *testing.T, s *httptest.Server, path string) {
	t.Helper()
	_, body := get(t, s, path)
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attrs := map[string]string{}
		for _, a := range n.Attr {
			attrs[a.Key] = a.Val
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") || strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			}
		}
		inert := attrs["type"] == "application/json" || attrs["type"] == "application/ld+json"
		if n.Data == "style" || n.Data == "script" && attrs["src"] == "" && !inert {
			t.Errorf("%s holds an inline %s", path, n.Data)
		}
		for _, key := range []string{"src", "srcset"} {
			if v, ok := attrs[key]; ok && !strings.HasPrefix(v, "/") {
				t.Errorf("%s loads %s", path, v)
			}
		}
		if n.Data == "link" && attrs["rel"] != "canonical" && !strings.HasPrefix(attrs["href"], "/") {
			t.Errorf("%s links %s", path, attrs["href"])
		}
		if n.Data == "img" && (attrs["width"] == "" || attrs["height"] == "" || !strings.Contains(body, `alt=`)) {
			t.Errorf("%s: a picture without a box", path)
		}
	}
}

func TestStructuredDataTellsTheTruth(t *testing.T) {
	_, s := nastyShop(t)
	_, body := get(t, s, "/p/viele")
	_, rest, _ := strings.Cut(body, `<script type="application/ld+json">`)
	data, _, _ := strings.Cut(rest, "</script>")
	var group catalog.Thing
	if err := json.Unmarshal([]byte(data), &group); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	if group.Type != "ProductGroup" || len(group.Variants) != 23 || !strings.HasPrefix(group.URL, s.URL) {
		t.Errorf("%s with %d variants at %s", group.Type, len(group.Variants), group.URL)
	}
	sold := 0
	for _, v := range group.Variants {
		if v.Offers.Availability == "https://schema.org/OutOfStock" {
			sold++
		}
	}
	if sold != 4 {
		t.Errorf("%d variants are sold out, want 4", sold)
	}
}

func TestTheProofOfAPageVerifies(t *testing.T) {
	b, s := nastyShop(t)
	_, page := get(t, s, "/p/viele")
	path := "/proof/" + b.id.String() + "/product/viele"
	if !strings.Contains(page, `href="`+path+`"`) {
		t.Error("the page doesn't offer its proof")
	}
	resp, bundle := get(t, s, path)
	if resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	if _, err := catalog.VerifyBundle([]byte(bundle), b.id, protocol.MillisOf(b.clock)); err != nil {
		t.Error(err)
	}
	if resp, _ := get(t, s, "/proof/"+protocol.Sum(protocol.DagCBOR, nil).String()+"/product/viele"); resp.StatusCode != 404 {
		t.Errorf("the proof of another brand answers %d", resp.StatusCode)
	}
}

func TestTheNodeSaysWhoseItIs(t *testing.T) {
	b, s := nastyShop(t)
	_, body := get(t, s, "/.well-known/stoa")
	var doc struct {
		Versions []int
		Brand    protocol.CID
		Name     string
		Head     struct {
			CID protocol.CID
			Seq uint64
		}
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Brand != b.id || doc.Head.CID != b.last.CID || doc.Head.Seq != b.last.Seq || !strings.HasPrefix(doc.Name, "Werkzeug") {
		t.Errorf("%s", body)
	}
}

func TestPicturesOfTheCatalogAreServedAndNoOthers(t *testing.T) {
	b, s := nastyShop(t)
	_, page := get(t, s, "/p/viele")
	_, rest, _ := strings.Cut(page, `src="/m/`)
	src, _, _ := strings.Cut(rest, `"`)
	resp, body := get(t, s, "/m/"+src)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "image/jpeg" || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") || len(body) == 0 {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	draft, _ := b.picture(plate(40, 40, white, black), "")
	for _, path := range []string{"/m/" + draft.Blob.String() + "/160.jpg", "/m/" + src[:59] + "/161.jpg", "/m/" + src[:59] + "/0160.jpg", "/m/" + src[:59] + "/160.svg"} {
		if resp, _ := get(t, s, path); resp.StatusCode != 404 {
			t.Errorf("%s answers %d", path, resp.StatusCode)
		}
	}
}

func TestAnUnconfirmedCatalogIsFlagged(t *testing.T) {
	b, s := nastyShop(t)
	if _, body := get(t, s, "/p/lang"); strings.Contains(body, "nicht bestätigt") {
		t.Error("a fresh catalog is flagged")
	}
	b.clock = b.last.Expires.Time()
	if _, body := get(t, s, "/p/lang"); !strings.Contains(body, "nicht bestätigt") {
		t.Error("an expired catalog isn't flagged")
	}
}

func TestAShopBeforeItsFirstCatalogSaysSo(t *testing.T) {
	s := newBrand(t).serve()
	resp, body := get(t, s, "/")
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "isn&#39;t open yet") && !strings.Contains(body, "isn't open yet") {
		t.Errorf("%d: %s", resp.StatusCode, body)
	}
}

func TestIconsArePictures(t *testing.T) {
	_, s := nastyShop(t)
	_, body := get(t, s, "/icon-192.png")
	img, err := png.Decode(bytes.NewReader([]byte(body)))
	if err != nil || img.Bounds().Dx() != 192 {
		t.Errorf("%v", err)
	}
}

func TestAllProductsCanBeReachedPageByPage(t *testing.T) {
	b := newBrand(t)
	nasty(b)
	for i := range 60 {
		b.publish(simple("stueck-"+string(rune('a'+i/26))+string(rune('a'+i%26)), "Stück", 100)...)
	}
	s := b.serve()
	seen := map[string]bool{}
	for next := "/c/all"; next != ""; {
		_, body := get(t, s, next)
		for _, part := range strings.Split(body, `<h3><a href="`)[1:] {
			href, _, _ := strings.Cut(part, `"`)
			seen[href] = true
		}
		_, rest, _ := strings.Cut(body, `rel="next" href="`)
		next, _, _ = strings.Cut(rest, `"`)
	}
	if len(seen) != 64 {
		t.Errorf("%d products are reached, want 64", len(seen))
	}
}
