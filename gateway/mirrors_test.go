package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// mirrorPages are the nasty shop's pages on another brand's server.
func mirrorPages() []string {
	var all []string
	for _, path := range shopPages {
		all = append(all, "/@werkzeug"+path)
	}
	return all
}

func TestAMirroredShopHasTheSamePages(t *testing.T) {
	notShort(t)
	_, _, _, mirror := twoShops(t)
	_, own := nastyShop(t)
	for _, path := range append(slices.DeleteFunc(slices.Clone(shopPages), isTalk), "/sitemap.xml", "/manifest.webmanifest", "/favicon.svg", "/icon-192.png", "/products/viele", "/c/all/", "/nirgends/") {
		here, body := get(t, own, path)
		there, mirrored := get(t, mirror, "/@werkzeug"+path)
		want := here.Header.Get("Location")
		if want != "" {
			want = "/@werkzeug" + want
		}
		if there.StatusCode != here.StatusCode || there.Header.Get("Location") != want || there.Header.Get("Content-Type") != here.Header.Get("Content-Type") {
			t.Errorf("%s: %d to %q, at home %d to %q", path, there.StatusCode, there.Header.Get("Location"), here.StatusCode, here.Header.Get("Location"))
		}
		if heading(body) != heading(mirrored) {
			t.Errorf("%s: %q, at home %q", path, heading(mirrored), heading(body))
		}
	}
}

// isTalk names pages that stand beside the shops, for all of them.
func isTalk(path string) bool { return strings.HasPrefix(path, "/t/") || path == "/shops" }

func heading(page string) string {
	_, rest, _ := strings.Cut(page, "<h1")
	words, _, _ := strings.Cut(rest, "</h1>")
	return words
}

// shared are the addresses that all shops of a server have in common.
var shared = []string{"/t/werkzeug", "/shops", "/assets/", "/proof/"}

// addresses lists what a page leads to or loads, but for links marked as leaving.
func addresses(t *testing.T, body string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for n := range doc.Descendants() {
		attrs := map[string]string{}
		for _, a := range n.Attr {
			attrs[a.Key] = a.Val
		}
		if _, leaves := attrs["data-leaves"]; leaves {
			continue
		}
		for _, key := range []string{"href", "src", "action", "data-proof", "data-script"} {
			if v, ok := attrs[key]; ok {
				all = append(all, v)
			}
		}
		for part := range strings.SplitSeq(attrs["srcset"], ",") {
			if words := strings.Fields(part); len(words) > 0 {
				all = append(all, words[0])
			}
		}
	}
	return all
}

func TestNoLinkOfAMirroredPageLeadsIntoTheOwnShop(t *testing.T) {
	notShort(t)
	_, other, _, s := twoShops(t)
	other.publish(leaky()...)
	seen, queue := map[string]bool{}, append(mirrorPages(), "/@werkzeug/pages/leck")
	for len(queue) > 0 {
		path := queue[0]
		if queue = queue[1:]; seen[path] {
			continue
		}
		seen[path] = true
		resp, body := get(t, s, path)
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			continue
		}
		page, err := url.Parse(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range addresses(t, body) {
			target, err := page.Parse(ref)
			if err != nil {
				t.Errorf("%s holds %q", path, ref)
				continue
			}
			if target.Host != page.Host {
				continue
			}
			// Browsers read %2e as a dot before they resolve dots.
			clean, err := page.Parse(strings.NewReplacer("%2e", ".", "%2E", ".").Replace(ref))
			if err != nil || !within(target.Path) || !within(clean.Path) {
				t.Errorf("%s leads to %s (%q)", path, target.Path, ref)
				continue
			}
			if strings.HasPrefix(target.Path, "/@werkzeug/") && len(seen)+len(queue) < 400 {
				queue = append(queue, target.RequestURI())
			}
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d addresses were looked at", len(seen))
	}
}

func within(path string) bool {
	if strings.HasPrefix(path, "/@werkzeug/") {
		return true
	}
	for _, prefix := range shared {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// leaky are records of which every link tries to leave the shop's own addresses.
func leaky() []catalog.Record {
	var links strings.Builder
	for _, ref := range []string{
		"/", "/p/sencha", "../../p/sencha", "../../../../p/sencha", "/../p/sencha", "/%2e%2e/p/sencha", "/x/%2E%2e/..%2f../p/sencha", "p/sencha", "./../../../",
		"?variant=x", "#content", "/@werkzeug/../p/sencha", "/m/../p/sencha", "/./../c/all", "/p/a:b", "/brands", "/;/../../p/sencha", "http:/p/sencha", "http:p/sencha", "HTTP:../../p/sencha", "https:/p/sencha", "..//..//p/sencha", "/p//sencha", "",
	} {
		fmt.Fprintf(&links, `<a href="%s">x</a> `, ref)
	}
	profile := &catalog.Profile{
		Header: catalog.HeaderOf(catalog.TypeProfile), Name: "Leck", Language: "de", Country: "DE", Currency: "EUR",
		Menu: []catalog.Link{
			{Label: "Auf", Href: "/../p/sencha"}, {Label: "Punkte", Href: "/%2e%2e/p/sencha"}, {Label: "Marken", Href: "/brands"}, {Label: "Draußen", Href: "https://elsewhere.example/"},
		},
		Home: catalog.Home{Hero: &catalog.Story{Title: "Leck", Link: &catalog.Link{Label: "los", Href: "/x/../../p/sencha"}}},
	}
	return []catalog.Record{profile, &catalog.Page{Header: catalog.HeaderOf(catalog.TypePage), Handle: "leck", Kind: "page", Title: "Leck", Updated: 1772643900000, Body: links.String()}}
}

func TestMenuLinksThatLeaveAreMarked(t *testing.T) {
	_, other, _, s := twoShops(t)
	other.publish(leaky()...)
	_, body := get(t, s, "/@werkzeug/")
	if !strings.Contains(body, `<a href="https://elsewhere.example/" rel="external">`) || strings.Contains(body, `"/brands" rel="external"`) {
		t.Error("a link to elsewhere isn't marked")
	}
}

func TestHandlesLeadToOneBrandEach(t *testing.T) {
	own, other, m, s := twoShops(t)
	for path, want := range map[string]string{
		"/@werkzeug":                             "/@werkzeug/",
		"/@Werkzeug/p/viele?variant=h-1-1":       "/@werkzeug/p/viele?variant=h-1-1",
		"/@" + other.id.String() + "/p/viele":    "/@werkzeug/p/viele",
		"/@" + other.id.String():                 "/@werkzeug",
		"/@" + own.id.String() + "/p/sencha":     "",
		"/@nobody/":                              "",
		"/@":                                     "",
		"/@/p/viele":                             "",
		"/@werk%2Fzeug/":                         "",
		"/@werkzeug//evil.example/":              "",
		"/@werkzeug%00/":                         "",
		"/@" + strings.Repeat("a", 300) + "/":    "",
		"/@werkzeug/" + strings.Repeat("x", 900): "",
	} {
		resp, body := get(t, s, path)
		if got := resp.Header.Get("Location"); got != want || want == "" && resp.StatusCode != 404 {
			t.Errorf("%s: %d to %q, want %q", path, resp.StatusCode, got, want)
		}
		if strings.HasPrefix(path, "/@nobody") && !strings.Contains(body, "No shop of that name here") {
			t.Errorf("%s doesn't say that there is no such brand", path)
		}
	}
	m.set("werkzeug", func(f *gateway.Mirrored) { f.Handle = "werkzeug.example" })
	if resp, _ := get(t, s, "/@werkzeug/p/viele"); resp.StatusCode != 404 {
		t.Errorf("a handle that was given up answers %d", resp.StatusCode)
	}
	if resp, body := get(t, s, "/@werkzeug.example/p/viele"); resp.StatusCode != 200 || !strings.Contains(body, `"/@werkzeug.example/c/all"`) {
		t.Errorf("a domain as handle answers %d", resp.StatusCode)
	}
}

func TestAHandleThatMovesTakesNothingAlong(t *testing.T) {
	own, _, m, s := twoShops(t)
	third := own.beside(3)
	third.publish(simple("nur-hier", "Nur hier", 100)...)
	get(t, s, "/@werkzeug/p/viele")
	m.set("werkzeug", func(f *gateway.Mirrored) { f.Brand = third.id })
	if resp, _ := get(t, s, "/@werkzeug/p/viele"); resp.StatusCode != 404 {
		t.Errorf("the page of the brand before answers %d", resp.StatusCode)
	}
	if resp, _ := get(t, s, "/@werkzeug/p/nur-hier"); resp.StatusCode != 200 {
		t.Errorf("the new brand's page answers %d", resp.StatusCode)
	}
}

func TestTheCanonicalPageIsTheBrandsOwn(t *testing.T) {
	_, other, _, s := twoShops(t)
	canonical := func(path string) string {
		_, body := get(t, s, path)
		_, rest, _ := strings.Cut(body, `rel="canonical" href="`)
		address, _, _ := strings.Cut(rest, `"`)
		return address
	}
	if got := canonical("/@werkzeug/p/viele"); got != s.URL+"/@werkzeug/p/viele" {
		t.Errorf("without a gateway of its own: %s", got)
	}
	profile := &catalog.Profile{Header: catalog.HeaderOf(catalog.TypeProfile), Name: "Werkzeug", Language: "de", Country: "DE", Currency: "EUR", Gateways: []string{"https://werkzeug.example/"}}
	other.publish(profile)
	for path, want := range map[string]string{
		"/@werkzeug/": "https://werkzeug.example/", "/@werkzeug/p/viele?variant=h-1-1": "https://werkzeug.example/p/viele",
		"/@werkzeug/c/all": "https://werkzeug.example/c/all", "/": s.URL + "/",
	} {
		if got := canonical(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	_, page := get(t, s, "/@werkzeug/p/viele")
	_, rest, _ := strings.Cut(page, `<script type="application/ld+json">`)
	data, _, _ := strings.Cut(rest, "</script>")
	var thing catalog.Thing
	if err := json.Unmarshal([]byte(data), &thing); err != nil || thing.URL != "https://werkzeug.example/p/viele" {
		t.Errorf("structured data names %s (%v)", thing.URL, err)
	}
}

func TestAMirroredEditShowsInTheNextResponse(t *testing.T) {
	_, other, _, s := twoShops(t)
	for minor := int64(5000); minor < 5003; minor++ {
		other.publish(simple("lang", "Langes", minor)...)
		if _, body := get(t, s, "/@werkzeug/p/lang"); !strings.Contains(body, fmt.Sprintf("50,0%d", minor-5000)) {
			t.Errorf("the page doesn't show %d", minor)
		}
	}
	other.remove(catalog.ProductPath("lang"))
	if resp, _ := get(t, s, "/@werkzeug/p/lang"); resp.StatusCode != 404 {
		t.Errorf("a removed product answers %d", resp.StatusCode)
	}
}

func TestABrandWhoseCatalogIsOnItsWaySaysSo(t *testing.T) {
	own, _, m, s := twoShops(t)
	m.follow(own.beside(3), "neu")
	resp, body := get(t, s, "/@neu/")
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "on its way") {
		t.Errorf("%d: %s", resp.StatusCode, body)
	}
	if _, body := get(t, s, "/brands"); !strings.Contains(body, "On its way here") {
		t.Error("the directory doesn't say that a brand is on its way")
	}
}

func TestProofsOfMirroredBrandsAreServed(t *testing.T) {
	own, other, _, s := twoShops(t)
	stranger := own.beside(3)
	teahouse(stranger)
	resp, bundle := get(t, s, "/proof/"+other.id.String()+"/product/viele")
	if _, err := catalog.VerifyBundle([]byte(bundle), other.id, protocol.MillisOf(other.clock)); err != nil || resp.StatusCode != 200 {
		t.Errorf("%d: %v", resp.StatusCode, err)
	}
	if resp, _ := get(t, s, "/proof/"+stranger.id.String()+"/product/sencha"); resp.StatusCode != 404 {
		t.Errorf("the proof of a brand that isn't followed answers %d", resp.StatusCode)
	}
}

func TestPeersAreListed(t *testing.T) {
	_, _, _, s := twoShops(t)
	_, body := get(t, s, "/.well-known/stoa")
	var doc struct{ Peers []string }
	if err := json.Unmarshal([]byte(body), &doc); err != nil || len(doc.Peers) != 1 || !strings.HasPrefix(doc.Peers[0], "/ip4/192.0.2.1/") {
		t.Errorf("%v: %s", err, body)
	}
}

func TestMirroredPagesHoldNothingInlineAndNothingForeign(t *testing.T) {
	_, _, _, s := twoShops(t)
	for _, path := range append(mirrorPages(), "/brands", "/brands?q=handschuh", "/brands?q=%3Cscript%3Ealert(1)%3C/script%3E") {
		holdsNothingForeign(t, s, path)
	}
}

func TestEveryMirroredResponseIsGuarded(t *testing.T) {
	_, _, _, s := twoShops(t)
	for _, path := range append(mirrorPages(), "/@nobody/", "/@werkzeug/m/x", "/@werkzeug", "/brands") {
		resp, _ := get(t, s, path)
		if !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
	if resp, _ := do(t, http.MethodPost, s, "/@werkzeug/p/viele"); resp.StatusCode != 405 {
		t.Errorf("POST answers %d", resp.StatusCode)
	}
}

func TestManyShopsAreVisited(t *testing.T) {
	own := newBrand(t)
	teahouse(own)
	m := &street{}
	for i := range 140 {
		b := own.beside(uint16(i + 2))
		b.publish(simple("ding", fmt.Sprintf("Ding %d", i), 100)...)
		m.follow(b, fmt.Sprintf("b%03d", i))
	}
	s := own.serveWith(m)
	for range 2 {
		for i := range 140 {
			if _, body := get(t, s, fmt.Sprintf("/@b%03d/p/ding", i)); !strings.Contains(body, fmt.Sprintf("Ding %d<", i)) {
				t.Fatalf("shop %d shows something else", i)
			}
		}
	}
	reached := 0
	for next := "/brands"; next != ""; {
		_, body := get(t, s, next)
		reached += strings.Count(body, `<li class="brand `)
		_, rest, _ := strings.Cut(body, `rel="next" href="`)
		next, _, _ = strings.Cut(rest, `"`)
	}
	if reached != 141 {
		t.Errorf("%d brands are reached in the directory", reached)
	}
	if resp, _ := get(t, s, "/brands?page=9"); resp.StatusCode != 404 {
		t.Errorf("a page of the directory that isn't there answers %d", resp.StatusCode)
	}
}
