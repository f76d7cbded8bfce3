package shop

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"strings"

	"github.com/stoa-commerce/stoa/gateway/locale"
	"github.com/stoa-commerce/stoa/gateway/theme"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// house is what all pages of one catalog state share. It is immutable.
type house struct {
	*locale.Locale
	Seller  protocol.CID // the brand
	Base    string       // where the shop stands on this server: "" or like "/@tea"
	Empty   bool         // it has no products
	Others  bool         // this server shows shops beside its own, and this is its own
	head    catalog.SignedHead
	profile *catalog.Profile
	look    theme.Theme
	sheet   theme.Sheet
	icon    theme.Icon
	logo    *picture
	pages   []*catalog.Page
	posts   bool // there are any

	Head   template.HTML // of every page: styles, script, icons
	Footer template.HTML
	menu   []link
	header map[template.URL]template.HTML // by the path whose menu entry is current; "" for others

	findings template.JS // what to say when a browser has checked a page
	agoForms template.JS // the ways to say how long ago, for scripts
}

// link is a labelled reference. Its URL was checked by safeHref or put together
// here.
type link struct {
	Label string
	URL   template.URL
}

// External reports whether the link leaves this server.
func (l link) External() bool { return strings.HasPrefix(string(l.URL), "https://") }

// houseOf returns the house of the view's head, built when the head is new.
func (s *Shop) houseOf(v *store.View) (*house, error) {
	if h := s.house.Load(); s.fits(h, v.Head().CID) {
		return h, nil
	}
	h, err := s.build(v)
	if err == nil {
		s.house.Store(h)
	}
	return h, err
}

// fits reports whether the house is that of the head, with the neighbours that there
// are now.
func (s *Shop) fits(h *house, head protocol.CID) bool {
	return h != nil && h.head.CID == head && h.Others == s.others.Load()
}

func (s *Shop) build(v *store.View) (*house, error) {
	profile, err := v.Profile()
	if errors.Is(err, store.ErrNotFound) {
		profile, err = &catalog.Profile{Name: "Shop", Language: "en"}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	h := &house{Seller: s.brand, Base: s.base, Others: s.others.Load(), head: v.Head(), profile: profile, Locale: s.book.For(profile.Language, profile.Country), look: theme.Of(profile.Theme)}
	h.sheet = h.look.Sheet(s.fontURL)
	if h.icon, err = h.look.Icon(profile.Name); err != nil {
		return nil, err
	}
	if err := h.furnish(v); err != nil {
		return nil, err
	}
	return h, s.paint(h)
}

func (s *Shop) fontURL(file string) string {
	if a := s.assets.Named(file); a != nil {
		return a.URL
	}
	return "/assets/" + file
}

// furnish collects what headers and footers link to.
func (h *house) furnish(v *store.View) error {
	pages, err := v.Pages()
	if err != nil {
		return fmt.Errorf("read pages: %w", err)
	}
	for _, p := range pages { // their texts aren't kept in memory
		h.pages = append(h.pages, &catalog.Page{Handle: p.Handle, Kind: p.Kind, Title: p.Title, Updated: p.Updated})
	}
	posts, err := v.Posts(0, 1)
	if err != nil {
		return fmt.Errorf("read posts: %w", err)
	}
	h.posts = len(posts) > 0
	products, err := v.Products(0, 0)
	if err != nil {
		return fmt.Errorf("count products: %w", err)
	}
	h.Empty = products.Total == 0
	collections, err := v.Collections()
	if err != nil {
		return fmt.Errorf("read collections: %w", err)
	}
	h.menu = h.menuOf(collections)
	if h.profile.Logo == nil {
		return nil
	}
	h.logo, err = (&visit{house: h, view: v}).picture(h.profile.Logo, "8rem", []int{160, 320, 480})
	return err
}

// maxMenu bounds the menu: more is a list, not a menu.
const maxMenu = 7

// menuOf is the brand's own menu, or one made of its collections.
func (h *house) menuOf(collections []*catalog.Collection) []link {
	var menu []link
	for _, l := range h.profile.Menu {
		if href := h.href(l.Href); href != "" && l.Label != "" {
			menu = append(menu, link{l.Label, href})
		}
	}
	if len(menu) > 0 {
		return menu[:min(len(menu), maxMenu)]
	}
	if h.isStreet() {
		return nil
	}
	menu = append(menu, link{h.Say("all"), template.URL(h.at("/c/all"))})
	for _, c := range collections[:min(len(collections), 4)] {
		menu = append(menu, link{c.Title, template.URL(h.collectionURL(c.Handle))})
	}
	if h.posts {
		menu = append(menu, link{h.Say("journal"), template.URL(h.at("/journal"))})
	}
	return menu
}

// paint renders the parts that don't change from page to page.
func (s *Shop) paint(h *house) error {
	var err error
	if h.Head, err = s.part("head", s.headData(h)); err != nil {
		return err
	}
	if h.Footer, err = s.part("footer", h.footer()); err != nil {
		return err
	}
	h.findings, h.agoForms = h.sayFindings(Mark{}), jsonData(h.AgoForms())
	h.header = map[template.URL]template.HTML{}
	for _, current := range append([]link{{}}, h.menu...) {
		if h.header[current.URL], err = s.part("header", headerData{h, h.profile, h.logo, h.menu, current.URL}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shop) part(name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	if err := s.templates.ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return template.HTML(b.String()), nil
}

type headerData struct {
	*house
	Profile *catalog.Profile
	Logo    *picture
	Menu    []link
	Current template.URL
}

type headData struct {
	Base, Name, ColorScheme, Sheet, Font string
	Style, Script                        any
	Light, Dark                          string // colours of the browser's own frame
	Scheme                               string
}

func (s *Shop) headData(h *house) headData {
	return headData{
		Name: h.profile.Name, ColorScheme: h.look.ColorScheme(), Scheme: h.look.Scheme,
		Base: h.Base, Sheet: h.at("/theme-" + h.sheet.Hash + ".css"), Font: s.fontURL(h.look.PreloadFont()),
		Style: s.assets.Named("app.css"), Script: s.assets.Named("app.js"),
		Light: h.look.Light.Ground.String(), Dark: h.look.Dark.Ground.String(),
	}
}

// textOfKind returns the address of the page of that kind, "" if there is none.
func (h *house) textOfKind(kind string) string {
	for _, p := range h.pages {
		if p.Kind == kind {
			return h.pageURL(p.Handle)
		}
	}
	return ""
}

// SearchURL is where words are searched for: in the shop, or in all shops when it
// has nothing of its own beside them.
func (h *house) SearchURL() string {
	if h.isStreet() {
		return DirectoryPath
	}
	return h.at("/search")
}

// isStreet reports whether the shop is no more than the door to others.
func (h *house) isStreet() bool { return h.Empty && h.Others && h.Base == "" }

func (h *house) headerFor(path string) template.HTML {
	if header, ok := h.header[template.URL(h.at(path))]; ok {
		return header
	}
	return h.header[""]
}
