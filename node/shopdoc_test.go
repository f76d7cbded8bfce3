package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// docs generates shop documents with pictures a.png, b.png and c.png.
func docs() *rapid.Generator[ShopDoc] {
	return rapid.Custom(func(t *rapid.T) ShopDoc {
		var d ShopDoc
		text := func(label string) string {
			return rapid.SampledFrom([]string{"", "Tea", "Tee & Überraschung", "煎茶 <3", `say "hi"`}).Draw(t, label)
		}
		title := func(label string) string { return "T" + text(label) }
		body := func(label string) string {
			return rapid.SampledFrom([]string{"", "<p>One.</p>", "<h2>A</h2><ul><li>b &amp; c</li></ul>", "plain", "<p onclick=x>y</p>"}).Draw(t, label)
		}
		picture := func(label string) (string, string) {
			source := rapid.SampledFrom([]string{"", "a.png", "b.png", "c.png"}).Draw(t, label)
			if source == "" {
				return "", ""
			}
			return source, text(label + " alt")
		}
		maybe := func(label string) bool { return rapid.Bool().Draw(t, label) }
		story := func(label string) *StoryDoc {
			s := &StoryDoc{Title: title(label), Text: text(label + " text")}
			s.Picture, s.Alt = picture(label)
			if maybe(label + " link") {
				s.Link = &catalog.Link{Label: title(label), Href: "/c/best"}
			}
			return s
		}
		if maybe("profile") {
			d.Profile = &ProfileDoc{Name: title("name"), Tagline: text("tagline"), Language: "en", Country: "DE", Currency: "EUR", Since: "1987"}
			if maybe("address") {
				d.Profile.Address = &catalog.Address{Street: "Main Street 1", City: "Berlin", Country: "DE"}
				d.Profile.Email = "hello@example.com"
			}
		}
		if maybe("theme") {
			d.Theme = &ThemeDoc{Theme: catalog.Theme{Accent: "#2f5d43", Radius: "small"}}
			d.Theme.Logo, d.Theme.LogoAlt = picture("logo")
		}
		if maybe("home") {
			d.Home = &HomeDoc{}
			if maybe("hero") {
				d.Home.Hero = story("hero")
			}
			if maybe("sections") {
				d.Home.Sections = []SectionDoc{{Collection: "best", Title: text("section")}, {Story: story("section story")}}
			}
		}
		if maybe("menu") {
			d.Menu = &[]catalog.Link{{Label: "Tea", Href: "/c/best"}}
		}
		if maybe("announcement") {
			a := text("announcement")
			d.Announcement = &a
		}
		if maybe("pages") {
			d.Pages = &[]PageDoc{}
			for i := range rapid.IntRange(0, 3).Draw(t, "number of pages") {
				kind := rapid.SampledFrom([]string{"", "page", "about", "imprint"}).Draw(t, "kind")
				*d.Pages = append(*d.Pages, PageDoc{Handle: handle("page", i), Kind: kind, Title: title("page"), Body: body("page")})
			}
		}
		if maybe("posts") {
			d.Posts = &[]PostDoc{}
			for i := range rapid.IntRange(0, 3).Draw(t, "number of posts") {
				p := PostDoc{Handle: handle("post", i), Title: title("post"), Summary: text("summary"), Body: body("post")}
				p.Date = rapid.SampledFrom([]string{"2026-03-20", "2025-12-31T23:59:59.25+01:00", "1999-01-01T00:00:00Z"}).Draw(t, "date")
				p.Picture, p.Alt = picture("post")
				*d.Posts = append(*d.Posts, p)
			}
		}
		if maybe("collections") {
			d.Collections = &[]CollectionDoc{}
			for i := range rapid.IntRange(0, 3).Draw(t, "number of collections") {
				c := CollectionDoc{Handle: handle("set", i), Title: title("collection"), Description: body("collection")}
				c.Picture, c.Alt = picture("collection")
				if maybe("by rule") {
					c.Rule = &catalog.Rule{Match: "any", Conditions: []catalog.Condition{{Field: "price", Op: "less", Value: "10"}}}
				} else {
					c.Products = []protocol.Handle{"sencha", "not-there"}
				}
				*d.Collections = append(*d.Collections, c)
			}
		}
		return d
	})
}

func handle(kind string, i int) protocol.Handle { return protocol.Handle(fmt.Sprint(kind, "-", i)) }

func TestApplyingWhatTheShopShowsChangesNothing(t *testing.T) {
	dir, home := folder(t, 3), t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := inMemory(t, freshHome(t, home), nil)
		defer s.Close()
		s.put(tea("sencha", 900))
		for range 2 { // the second document meets what the first one made
			doc := docs().Draw(t, "document")
			applied, err := s.ApplyShop(t.Context(), doc, dir)
			s.check(err)
			if others := butTax(applied.Warnings); len(others) > 0 {
				t.Fatalf("warnings %v", others)
			}
			s.clock.advance(time.Hour)
			shown := s.shownTwice(t)
			keepsParts(t, doc, shown)
		}
	})
}

// shownTwice applies what is shown, by way of JSON, and checks that nothing moves.
func (s *stand) shownTwice(t *rapid.T) ShopDoc {
	shown, err := s.Shop(t.Context())
	s.check(err)
	text, err := json.Marshal(shown)
	s.check(err)
	read, err := ReadShopDoc(strings.NewReader(string(text)))
	s.check(err)
	before := s.current()
	again, err := s.ApplyShop(t.Context(), read, "")
	s.check(err)
	if again.Changed || again.Head.CID != before.CID || len(butTax(again.Warnings)) > 0 {
		t.Fatalf("changed: %t, warnings %v\n%s", again.Changed, again.Warnings, text)
	}
	after, err := s.Shop(t.Context())
	s.check(err)
	if !reflect.DeepEqual(after, shown) {
		t.Fatalf("shown first %+v\nthen %+v", shown, after)
	}
	return shown
}

// butTax leaves out the warning that tax isn't set.
func butTax(warnings []string) []string {
	return slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return strings.HasPrefix(w, "tax is not set") })
}

// keepsParts checks that the parts of the document came through.
func keepsParts(t *rapid.T, doc, shown ShopDoc) {
	if doc.Profile != nil && !reflect.DeepEqual(doc.Profile, shown.Profile) {
		t.Fatalf("profile %+v became %+v", doc.Profile, shown.Profile)
	}
	if doc.Announcement != nil && *doc.Announcement != *shown.Announcement {
		t.Fatalf("announcement %q became %q", *doc.Announcement, *shown.Announcement)
	}
	if doc.Pages != nil && len(*doc.Pages) != len(*shown.Pages) {
		t.Fatalf("%d pages became %d", len(*doc.Pages), len(*shown.Pages))
	}
	if doc.Posts != nil && len(*doc.Posts) != len(*shown.Posts) {
		t.Fatalf("%d posts became %d", len(*doc.Posts), len(*shown.Posts))
	}
	if doc.Collections != nil && len(*doc.Collections) != len(*shown.Collections) {
		t.Fatalf("%d collections became %d", len(*doc.Collections), len(*shown.Collections))
	}
	if doc.Theme != nil && (doc.Theme.Theme != shown.Theme.Theme || (doc.Theme.Logo == "") != (shown.Theme.Logo == "") || doc.Theme.LogoAlt != shown.Theme.LogoAlt) {
		t.Fatalf("theme %+v became %+v", doc.Theme, shown.Theme)
	}
}

func TestPartsThatADocumentLeavesOutStay(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	full := `{"profile": {"name": "Corner Tea", "language": "en", "country": "DE", "currency": "EUR"}, "announcement": "Hello",
		"menu": [{"label": "Tea", "href": "/c/best"}], "pages": [{"handle": "about", "title": "About", "body": "<p>x</p>"}],
		"posts": [{"handle": "one", "title": "One", "date": "2026-01-01", "body": ""}], "collections": [{"handle": "best", "title": "Best"}]}`
	s.applyText(full)
	before, err := s.Shop(t.Context())
	s.check(err)
	s.applyText(`{"announcement": "Bye"}`)
	after, err := s.Shop(t.Context())
	s.check(err)
	bye := "Bye"
	before.Announcement = &bye
	if !reflect.DeepEqual(before, after) {
		t.Errorf("was %+v\nis %+v", before, after)
	}
	s.applyText(`{"pages": [], "posts": [], "collections": [], "menu": [], "announcement": ""}`)
	empty, err := s.Shop(t.Context())
	s.check(err)
	if len(*empty.Pages)+len(*empty.Posts)+len(*empty.Collections)+len(*empty.Menu)+len(*empty.Announcement) > 0 {
		t.Errorf("empty lists left %+v", empty)
	}
}

func (s *stand) applyText(text string) Applied {
	s.Helper()
	doc, err := ReadShopDoc(strings.NewReader(text))
	s.check(err)
	applied, err := s.ApplyShop(s.Context(), doc, "")
	s.check(err)
	return applied
}

func TestAPageKeepsItsDateUntilItSaysSomethingElse(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	updated := func() (at protocol.Millis) {
		s.view(func(v *store.View) error {
			p, err := v.Page("about")
			at = p.Updated
			return err
		})
		return at
	}
	s.applyText(`{"pages": [{"handle": "about", "title": "About", "body": "<p>x</p>"}]}`)
	first := updated()
	s.clock.advance(time.Hour)
	if a := s.applyText(`{"pages": [{"handle": "about", "title": "About", "body": "<p>x</p>"}]}`); a.Changed || updated() != first {
		t.Errorf("changed %t, dated %s after %s", a.Changed, updated(), first)
	}
	if a := s.applyText(`{"pages": [{"handle": "about", "title": "About", "body": "<p>y</p>"}]}`); !a.Changed || updated() != s.millis() {
		t.Errorf("changed %t, dated %s at %s", a.Changed, updated(), s.millis())
	}
}

func TestDocumentsThatAreWrongChangeNothing(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.applyText(`{"announcement": "Hello", "pages": [{"handle": "about", "title": "About", "body": "x"}]}`)
	s.sell(tea("sencha", 900))
	before := s.current()
	page := func(rest string) string {
		return `{"announcement": "no", "pages": [{"handle": "a", "title": "A", "body": ""}, ` + rest + `]}`
	}
	for _, c := range []struct{ doc, says string }{
		{page(`{"handle": "a", "title": "B", "body": ""}`), `two pages have the handle "a"`},
		{page(`{"handle": "b", "title": "", "body": ""}`), "page/b"},
		{page(`{"handle": "b b", "title": "B", "body": ""}`), "handle"},
		{page(`{"handle": "b", "title": "B", "body": "", "kind": "nonsense"}`), "page/b"},
		{`{"posts": [{"handle": "p", "title": "P", "date": "yesterday", "body": ""}]}`, `"yesterday"`},
		{`{"posts": [{"handle": "p", "title": "P", "date": "2026-01-01", "body": ""}, {"handle": "p", "title": "P", "date": "2026-01-01", "body": ""}]}`, "two posts"},
		{`{"collections": [{"handle": "c", "title": "C", "rule": {"match": "most", "conditions": []}}]}`, "collection/c"},
		{`{"collections": [{"handle": "c", "title": "C"}, {"handle": "c", "title": "C"}]}`, "two collections"},
		{`{"profile": {"name": "", "language": "en", "country": "DE", "currency": "EUR"}}`, "profile"},
		{`{"theme": {"accent": "green"}}`, "profile"},
		{`{"menu": [{"label": "x", "href": "javascript:alert(1)"}]}`, "profile"},
		{`{"announcement": "` + strings.Repeat("x", 301) + `"}`, "profile"},
		{`{"profile": {"name": "A", "language": "en", "country": "US", "currency": "USD"}}`, "prices in EUR"},
		{`{"posts": [{"handle": "p", "title": "P", "date": "0001-01-01", "body": ""}]}`, "post/p"},
		{`{"collections": [` + many(501, `{"handle": "c%d", "title": "C", "rule": {"match": "all", "conditions": []}}`) + `]}`, "allowed are 500"},
		{`{"collections": [` + many(5001, `{"handle": "c%d", "title": "C"}`) + `]}`, "allowed are 5000"},
	} {
		doc, err := ReadShopDoc(strings.NewReader(c.doc))
		if err == nil {
			_, err = s.ApplyShop(t.Context(), doc, "")
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s\n  error %v; want one with %q", c.doc, err, c.says)
		}
		if s.current().CID != before.CID {
			t.Fatalf("%s\n  changed the shop", c.doc)
		}
	}
}

// many repeats a part of a document with a number in it.
func many(n int, part string) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(part, i))
	}
	return strings.Join(list, ",")
}

// waiting is a picture source that answers when the test lets it.
type waiting struct {
	asked  chan struct{}
	answer chan struct{}
}

// Fetch implements PictureSource.
func (w waiting) Fetch(context.Context, string) (io.ReadCloser, error) {
	w.asked <- struct{}{}
	<-w.answer
	return io.NopCloser(bytes.NewReader(dot(3))), nil
}

// Temporary implements PictureSource.
func (waiting) Temporary(error) bool { return true }

func TestNobodyWaitsForTheServersOfADocumentsPictures(t *testing.T) {
	slow := waiting{make(chan struct{}), make(chan struct{})}
	s := inMemory(t, t.TempDir(), slow)
	s.sell(tea("sencha", 900))
	var applied Applied
	var err error
	var g sync.WaitGroup
	g.Go(func() {
		applied, err = s.ApplyShop(t.Context(), ShopDoc{Theme: &ThemeDoc{Logo: "https://example.com/logo.png"}}, "")
	})
	<-slow.asked
	_, priced := s.SetPrice(t.Context(), "sencha", "2") // would wait for ever
	close(slow.answer)
	g.Wait()
	if err != nil || priced != nil || !applied.Changed || len(applied.Warnings) > 0 {
		t.Errorf("%v, %v, %+v", err, priced, applied)
	}
}

func TestShopDocumentsAreReadStrictly(t *testing.T) {
	for text, says := range map[string]string{
		`{"tagine": 1}`:                   `unknown field "tagine"`,
		"{\n\"menu\": 5}":                 "line 2",
		"{\n\n\"menu\": [}":               "line 3",
		`{} {}`:                           "text follows",
		`{}}`:                             "text follows",
		``:                                "EOF",
		`{"profile": {"name": "x"`:        "unexpected EOF",
		strings.Repeat(" ", maxShopDoc+1): "more than",
	} {
		if _, err := ReadShopDoc(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v; want %q", text, err, says)
		}
	}
}

func TestAPictureThatIsNotThereIsAWarning(t *testing.T) {
	s, dir := inMemory(t, t.TempDir(), nil), folder(t, 1)
	if err := os.WriteFile(filepath.Join(dir, "words.png"), []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"gone.png", "words.png", "../secret.png", "/etc/hostname", "https://example.com/x.png", protocol.Sum(protocol.Raw, nil).String()} {
		tagline := "with " + source
		doc := ShopDoc{Announcement: &tagline, Theme: &ThemeDoc{Logo: source}}
		applied, err := s.ApplyShop(t.Context(), doc, dir)
		if err != nil || !applied.Changed || len(applied.Warnings) != 1 || !strings.Contains(applied.Warnings[0], source) {
			t.Errorf("%s: %v, %+v", source, err, applied)
		}
	}
}
