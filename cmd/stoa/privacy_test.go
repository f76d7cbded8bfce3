package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// plantedCSV is a shop with private values that stand out: costs, quantities,
// policies, file names, and products that are no shopper's business.
const plantedCSV = `Handle,Title,Body (HTML),Vendor,Type,Tags,Status,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Cost per item,Image Src,Image Alt Text
lantern,Lantern of brass,<p>Shines far.</p>,Brightwork,Lamp,light,active,Size,Small,LAN-S,shopify,882135577,deny,19.00,73418765.43,quietsource.png,A lantern
lantern,,,,,,,,Large,LAN-L,shopify,-663174466,continue,29.00,84529176.54,,
dusk,Zwielichtprobe,<p>Dunkelwort</p>,Schattenhaus,Nachtding,finsternis,draft,Title,Default Title,ZWIELICHT-1,shopify,775193355,deny,39.00,95631387.65,nightpicture.png,Nachtbild
moth,Mottenkugel,<p>Kampferwort</p>,Altbestand,Restding,gestrig,archived,Title,Default Title,MOTTEN-1,shopify,551297788,continue,49.00,62745798.76,mothpicture.png,Mottenbild
fog,Nebelhorn,<p>Schleierwort</p>,Kuestenhaus,Horn,salzig,active,Title,Default Title,NEBEL-1,shopify,447319911,deny,59.00,53857989.87,fogpicture.png,Nebelbild
`

// hiddenCSV turns the fog horn, which was published, into a draft.
const hiddenCSV = `Handle,Title,Status
fog,Nebelhorn,draft
`

// plantedWords must appear nowhere, in no spelling.
func plantedWords() []string {
	words := []string{"73418765.43", "84529176.54", "95631387.65", "62745798.76", "53857989.87", "7341876543", "8452917654", "9563138765", "6274579876", "5385798987",
		"882135577", "663174466", "775193355", "551297788", "447319911", "quietsource", "nightpicture", "mothpicture", "fogpicture"}
	return append(words, strings.Fields(`Zwielichtprobe Dunkelwort Schattenhaus Nachtding finsternis ZWIELICHT-1 Nachtbild
		Mottenkugel Kampferwort Altbestand Restding gestrig MOTTEN-1 Mottenbild
		Nebelhorn Schleierwort Kuestenhaus salzig NEBEL-1 Nebelbild oversell onHand shopify inventory`)...)
}

// plantedNumbers must appear in no record, as CBOR integers.
func plantedNumbers() []int64 {
	return []int64{7341876543, 8452917654, 9563138765, 6274579876, 5385798987, 882135577, -663174466, 775193355, 551297788, 447319911}
}

// needle is something that must not be found; a word in any spelling.
type needle struct {
	name  string
	bytes []byte
	word  bool
}

func wordNeedles() []needle {
	var out []needle
	for _, w := range plantedWords() {
		out = append(out, needle{w, lower([]byte(w)), true})
	}
	return out
}

// recordNeedles are those for binary records: numbers as CBOR has them, the
// policies' words, and the pictures' identifiers.
func recordNeedles(t *testing.T, pictures ...protocol.CID) []needle {
	t.Helper()
	out := wordNeedles()
	for _, n := range plantedNumbers() {
		b, err := protocol.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, needle{fmt.Sprint(n), b, false})
	}
	for _, word := range []string{"deny", "continue", "draft", "archived"} {
		out = append(out, needle{word, []byte(word), true})
	}
	for _, p := range pictures {
		digest := p.Digest()
		out = append(out, needle{"picture " + p.String(), digest[:], false})
	}
	return out
}

func find(t *testing.T, where string, text []byte, needles []needle) {
	t.Helper()
	small := lower(text)
	for _, n := range needles {
		if bytes.Contains(text, n.bytes) || n.word && bytes.Contains(small, n.bytes) {
			t.Errorf("%s: %q is there", where, n.name)
		}
	}
}

// lower turns ASCII letters to lower case and leaves all other bytes.
func lower(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] += 'a' - 'A'
		}
	}
	return out
}

// plantedHome founds a shop with the planted values in a home.
func plantedHome(t *testing.T) string {
	t.Helper()
	home, images := t.TempDir(), t.TempDir()
	for i, name := range []string{"quietsource", "nightpicture", "mothpicture", "fogpicture"} {
		img := image.NewGray(image.Rect(0, 0, 400, 400))
		for j := range img.Pix {
			img.Pix[j] = uint8(40*i + j%7)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(images, name+".png"), b.Bytes())
	}
	write(t, filepath.Join(images, "planted.csv"), []byte(plantedCSV))
	write(t, filepath.Join(images, "hidden.csv"), []byte(hiddenCSV))
	stoa(t, home, "init", "--name", "Brightwork")
	var report struct{ Created int }
	if err := json.Unmarshal([]byte(stoa(t, home, "import", filepath.Join(images, "planted.csv"), "--images", images)), &report); err != nil || report.Created != 4 {
		t.Fatalf("%d products, %v", report.Created, err)
	}
	stoa(t, home, "import", filepath.Join(images, "hidden.csv"))
	return home
}

func write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPrivateIsInNoRecordArchiveOrProof(t *testing.T) {
	home := plantedHome(t)
	archive := filepath.Join(t.TempDir(), "a.car")
	stoa(t, home, "export", archive)
	n, err := node.Open(t.Context(), (&app{home: home}).options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	needles := recordNeedles(t, pictureOf(t, n, "nightpicture.png"), pictureOf(t, n, "mothpicture.png"), pictureOf(t, n, "fogpicture.png"))
	whole, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(whole, []byte("Lantern of brass")) {
		t.Fatal("the archive lacks what is public")
	}
	find(t, "archive", whole, needles)
	var paths []protocol.Path
	_, err = catalog.ReadArchive(bytes.NewReader(whole), catalog.ArchiveOptions{Now: protocol.MillisOf(time.Now()), Record: func(e catalog.Entry) error {
		paths = append(paths, e.Path)
		find(t, "record "+string(e.Path), e.Data, needles)
		return nil
	}})
	if err != nil || len(paths) != 5 { // profile, product, two offers, picture
		t.Fatalf("records %v, %v", paths, err)
	}
	for _, path := range append(paths, "product/dusk", "product/moth", "product/fog", "offer/fog/NEBEL-1", "media/"+protocol.Path(pictureOf(t, n, "nightpicture.png").String())) {
		err := n.Store().View(t.Context(), n.Brand(), func(v *store.View) error {
			bundle, err := v.Bundle(path)
			find(t, "proof of "+string(path), bytes.ReplaceAll(bundle, []byte(path), nil), needles)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func pictureOf(t *testing.T, n *node.Node, source string) protocol.CID {
	t.Helper()
	p, err := n.Store().Picture(t.Context(), source)
	if err != nil || p.Media == nil {
		t.Fatalf("%s: %+v, %v", source, p, err)
	}
	return p.Media.Blob
}

func TestWhatIsPrivateIsOnNoPage(t *testing.T) {
	home := plantedHome(t)
	n, err := node.Open(t.Context(), (&app{home: home}).options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	drafts := pictureOf(t, n, "nightpicture.png")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	c := &crawl{t: t, base: openHome(t, home).places.Shop, seen: map[string]string{}, needles: wordNeedles()}
	c.visit("/", "/c/all", "/sitemap.xml", "/robots.txt", "/manifest.webmanifest", "/.well-known/stoa", "/journal", "/pages", "/c",
		"/p/lantern?variant=LAN-L", "/search?q=lan", "/search?q=brass")
	for _, path := range []string{"/", "/p/lantern", "/c/all", "/search?q=brass", "/p/lantern?variant=LAN-L"} {
		if !strings.Contains(c.seen[path], "Lantern of brass") {
			t.Errorf("%s lacks what is public", path)
		}
	}
	if !strings.Contains(c.seen["/p/lantern"], "application/ld+json") || !strings.Contains(c.seen["/p/lantern"], "/m/") {
		t.Error("the crawl saw no JSON-LD or no picture")
	}
	c.hidden(drafts)
}

// crawl follows every link of the shop and looks for needles in every answer.
type crawl struct {
	t       *testing.T
	base    string
	seen    map[string]string // bodies by path
	needles []needle
}

// links finds addresses in HTML, XML and JSON alike.
var links = regexp.MustCompile(`(?:href|src|srcset|content|action)="([^"]+)"|<loc>([^<]+)</loc>|"(?:url|src|item|image|@id)":\s*"([^"]+)"`)

func (c *crawl) visit(paths ...string) {
	c.t.Helper()
	for len(paths) > 0 {
		path := paths[0]
		paths = paths[1:]
		if _, done := c.seen[path]; done || len(c.seen) > 300 {
			continue
		}
		body := c.get(path)
		c.seen[path] = body
		if strings.HasPrefix(path, "/assets/") {
			continue // built beforehand, the same for every shop
		}
		find(c.t, path, []byte(body), c.needles)
		for _, m := range links.FindAllStringSubmatch(body, -1) {
			for _, target := range strings.Split(m[1]+m[2]+m[3], ",") {
				target, _, _ = strings.Cut(strings.TrimSpace(html.UnescapeString(target)), " ")
				if next, ok := c.inside(target); ok {
					paths = append(paths, next)
				}
			}
		}
	}
}

// inside returns the path of an address of this shop.
func (c *crawl) inside(target string) (string, bool) {
	target = strings.TrimPrefix(strings.ReplaceAll(target, `\/`, "/"), c.base)
	u, err := url.Parse(target)
	if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
		return "", false
	}
	u.Fragment = ""
	return u.String(), true
}

func (c *crawl) get(path string) string {
	c.t.Helper()
	_, body := c.fetch(path)
	return body
}

func (c *crawl) fetch(path string) (int, string) {
	c.t.Helper()
	res, err := http.Get(c.base + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	header := fmt.Sprint(res.Header)
	find(c.t, "header of "+path, []byte(header), c.needles)
	return res.StatusCode, string(body)
}

// hidden asks straight for what mustn't be there.
func (c *crawl) hidden(draftPicture protocol.CID) {
	c.t.Helper()
	for _, path := range []string{"/p/dusk", "/p/moth", "/p/fog", "/p/fog?variant=NEBEL-1", "/m/" + draftPicture.String() + "/320.jpg", "/m/" + draftPicture.String() + "/320.png"} {
		status, body := c.fetch(path)
		if status != http.StatusNotFound {
			c.t.Errorf("%s: status %d", path, status)
		}
		find(c.t, path, []byte(body), c.needles)
	}
	for _, words := range []string{"Zwielichtprobe", "Mottenkugel", "Nebelhorn", "Schattenhaus"} {
		_, body := c.fetch("/search?q=" + words)
		find(c.t, "search for "+words, []byte(strings.ReplaceAll(body, words, "")), c.needles)
		if strings.Contains(body, `href="/p/`) {
			c.t.Errorf("a search for %s finds something", words)
		}
	}
	brand := brandOf(c.t, c.seen["/.well-known/stoa"])
	for _, path := range []string{"profile", "product/lantern", "product/dusk", "product/moth", "product/fog", "media/" + draftPicture.String()} {
		status, body := c.fetch("/proof/" + brand + "/" + path)
		if status != http.StatusOK {
			c.t.Errorf("proof of %s: status %d", path, status)
		}
		find(c.t, "proof of "+path, []byte(strings.ReplaceAll(body, path, "")), recordNeedles(c.t, draftPicture))
	}
}

func brandOf(t *testing.T, doc string) string {
	t.Helper()
	var known struct{ Brand string }
	if err := json.Unmarshal([]byte(doc), &known); err != nil || known.Brand == "" {
		t.Fatalf("%s: %v", doc, err)
	}
	return known.Brand
}
