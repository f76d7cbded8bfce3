package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// ShopDoc is what a brand decides about itself, as JSON: what stoa apply reads and
// stoa show writes. A part that is absent stays as it is; pages, posts and
// collections, and the lists of what it sells on, replace all there were. Pictures are named by file, by https URL, or
// by the identifier of one the shop has.
type ShopDoc struct {
	Profile      *ProfileDoc      `json:"profile,omitempty"`
	Theme        *ThemeDoc        `json:"theme,omitempty"`
	Home         *HomeDoc         `json:"home,omitempty"`
	Menu         *[]catalog.Link  `json:"menu,omitempty"`
	Announcement *string          `json:"announcement,omitempty"`
	Pages        *[]PageDoc       `json:"pages,omitempty"`
	Posts        *[]PostDoc       `json:"posts,omitempty"`
	Collections  *[]CollectionDoc `json:"collections,omitempty"`
	TermsDoc
}

// ProfileDoc is who the brand is.
type ProfileDoc struct {
	Name        string            `json:"name"`
	Tagline     string            `json:"tagline,omitempty"`
	Description string            `json:"description,omitempty"`
	Language    protocol.Language `json:"language"`
	Country     protocol.Country  `json:"country"`
	Currency    protocol.Currency `json:"currency"`
	Email       string            `json:"email,omitempty"`
	Phone       string            `json:"phone,omitempty"`
	Address     *catalog.Address  `json:"address,omitempty"`
	VATID       string            `json:"vatId,omitempty"`
	Since       string            `json:"since,omitempty"`
	Gateways    []string          `json:"gateways,omitempty"`
}

// ThemeDoc is how the pages look.
type ThemeDoc struct {
	catalog.Theme
	Logo    string `json:"logo,omitempty"` // a picture
	LogoAlt string `json:"logoAlt,omitempty"`
}

// HomeDoc is the front page.
type HomeDoc struct {
	Hero     *StoryDoc    `json:"hero,omitempty"`
	Sections []SectionDoc `json:"sections,omitempty"`
}

// SectionDoc is a row of a collection's products, or a story.
type SectionDoc struct {
	Collection protocol.Handle `json:"collection,omitempty"`
	Title      string          `json:"title,omitempty"`
	Story      *StoryDoc       `json:"story,omitempty"`
}

// StoryDoc is a picture with words and a way on.
type StoryDoc struct {
	Title   string        `json:"title,omitempty"`
	Text    string        `json:"text,omitempty"`
	Picture string        `json:"picture,omitempty"`
	Alt     string        `json:"alt,omitempty"`
	Link    *catalog.Link `json:"link,omitempty"`
}

// PageDoc is a content page; Body is HTML.
type PageDoc struct {
	Handle protocol.Handle `json:"handle"`
	Kind   string          `json:"kind,omitempty"` // about, shipping, returns, privacy, imprint or page
	Title  string          `json:"title"`
	Body   string          `json:"body"`
}

// PostDoc is news; Date is YYYY-MM-DD or RFC 3339, Body is HTML.
type PostDoc struct {
	Handle  protocol.Handle `json:"handle"`
	Title   string          `json:"title"`
	Date    string          `json:"date"`
	Summary string          `json:"summary,omitempty"`
	Body    string          `json:"body"`
	Picture string          `json:"picture,omitempty"`
	Alt     string          `json:"alt,omitempty"`
}

// CollectionDoc is a set of products by list or by rule; Description is HTML.
type CollectionDoc struct {
	Handle      protocol.Handle   `json:"handle"`
	Title       string            `json:"title"`
	Description string            `json:"description,omitempty"`
	Picture     string            `json:"picture,omitempty"`
	Alt         string            `json:"alt,omitempty"`
	Products    []protocol.Handle `json:"products,omitempty"`
	Rule        *catalog.Rule     `json:"rule,omitempty"`
}

// Bounds of a shop document.
const (
	maxShopDoc = 8 << 20 // bytes
	maxParts   = 5000    // pages, posts and collections, of each
	maxRules   = 500     // collections by rule: every product is held against each
)

// ReadShopDoc reads a document. A field that doesn't exist is an error that names
// it, so that a slip isn't silently ignored.
func ReadShopDoc(r io.Reader) (ShopDoc, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxShopDoc+1))
	if err != nil {
		return ShopDoc{}, fmt.Errorf("read shop document: %w", err)
	}
	if len(b) > maxShopDoc {
		return ShopDoc{}, protocol.Invalid("shop document", "more than %d bytes", maxShopDoc)
	}
	var doc ShopDoc
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return ShopDoc{}, explainJSON(b, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return ShopDoc{}, protocol.Invalid("shop document", "text follows the document")
	}
	return doc, nil
}

// explainJSON says where in the file a JSON error lies.
func explainJSON(b []byte, err error) error {
	at := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	text := strings.TrimPrefix(err.Error(), "json: ")
	if at < 0 || at > int64(len(b)) {
		return protocol.Invalid("shop document", "%s", text)
	}
	line := 1 + bytes.Count(b[:at], []byte("\n"))
	return protocol.Invalid("shop document", "line %d: %s", line, text)
}

// checkCounts refuses a document with more parts than a shop is shown with.
func (d ShopDoc) checkCounts() error {
	if len(listed(d.Pages)) > maxParts || len(listed(d.Posts)) > maxParts || len(listed(d.Collections)) > maxParts {
		return protocol.Invalid("shop document", "allowed are %d pages, %d posts and %d collections", maxParts, maxParts, maxParts)
	}
	rules := 0
	for _, c := range listed(d.Collections) {
		if c.Rule != nil {
			rules++
		}
	}
	if rules > maxRules {
		return protocol.Invalid("shop document", "%d collections select by rule, allowed are %d: list the products of some", rules, maxRules)
	}
	return nil
}

// pictures lists the sources of pictures that the document names.
func (d ShopDoc) pictures() (out []string) {
	if d.Theme != nil {
		out = append(out, d.Theme.Logo)
	}
	if d.Home != nil {
		out = append(out, d.Home.Hero.pictures()...)
		for _, s := range d.Home.Sections {
			out = append(out, s.Story.pictures()...)
		}
	}
	for _, p := range listed(d.Posts) {
		out = append(out, p.Picture)
	}
	for _, c := range listed(d.Collections) {
		out = append(out, c.Picture)
	}
	return out
}

func (d *StoryDoc) pictures() []string {
	if d == nil {
		return nil
	}
	return []string{d.Picture}
}

// listed returns the list that a part of a document holds, none when it is absent.
func listed[T any](part *[]T) []T {
	if part == nil {
		return nil
	}
	return *part
}
