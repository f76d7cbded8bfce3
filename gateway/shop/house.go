package shop

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
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
}

// link is a labelled reference. Its URL was checked by safeHref or put together
// here.
type link struct {
	Label string
	URL   template.URL
}

// houseOf returns the house of the view's head, built when the head is new.
func (s *Shop) houseOf(v *store.View) (*house, error) {
	if h := s.house.Load(); h != nil && h.head.CID == v.Head().CID {
		return h, nil
	}
	h, err := s.build(v)
	if err == nil {
		s.house.Store(h)
	}
	return h, err
}

func (s *Shop) build(v *store.View) (*house, error) {
	profile, err := v.Profile()
	if errors.Is(err, store.ErrNotFound) {
		profile, err = &catalog.Profile{Name: "Shop", Language: "en"}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	h := &house{head: v.Head(), profile: profile, Locale: s.book.For(profile.Language, profile.Country), look: theme.Of(profile.Theme)}
	h.sheet = h.look.Sheet(s.fontURL)
	if h.icon, err = h.look.Icon(profile.Name); err != nil {
		return nil, err
	}
	if h.pages, err = v.Pages(); err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
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
	posts, err := v.Posts(0, 1)
	if err != nil {
		return fmt.Errorf("read posts: %w", err)
	}
	h.posts = len(posts) > 0
	collections, err := v.Collections()
	if err != nil {
		return fmt.Errorf("read collections: %w", err)
	}
	h.menu = h.menuOf(collections)
	if h.profile.Logo == nil {
		return nil
	}
	h.logo, err = (&visit{view: v}).picture(h.profile.Logo, "8rem", []int{160, 320, 480})
	return err
}

// maxMenu bounds the menu: more is a list, not a menu.
const maxMenu = 7

// menuOf is the brand's own menu, or one made of its collections.
func (h *house) menuOf(collections []*catalog.Collection) []link {
	var menu []link
	for _, l := range h.profile.Menu {
		if href := safeHref(l.Href); href != "" && l.Label != "" {
			menu = append(menu, link{l.Label, href})
		}
	}
	if len(menu) > 0 {
		return menu[:min(len(menu), maxMenu)]
	}
	menu = append(menu, link{h.Say("all"), "/c/all"})
	for _, c := range collections[:min(len(collections), 4)] {
		menu = append(menu, link{c.Title, template.URL(collectionURL(c.Handle))})
	}
	if h.posts {
		menu = append(menu, link{h.Say("journal"), "/journal"})
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
	h.findings = h.sayFindings()
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
	Name, ColorScheme, Sheet, Font string
	Style, Script                  any
	Light, Dark                    string // colours of the browser's own frame
	Scheme                         string
}

func (s *Shop) headData(h *house) headData {
	return headData{
		Name: h.profile.Name, ColorScheme: h.look.ColorScheme(), Scheme: h.look.Scheme,
		Sheet: "/theme-" + h.sheet.Hash + ".css", Font: s.fontURL(h.look.PreloadFont()),
		Style: s.assets.Named("app.css"), Script: s.assets.Named("app.js"),
		Light: h.look.Light.Ground.String(), Dark: h.look.Dark.Ground.String(),
	}
}

type footerData struct {
	*house
	Profile    *catalog.Profile
	Help, More []link
	Address    []string
	Contact    []link
	Year       int
}

func (h *house) footer() footerData {
	f := footerData{house: h, Profile: h.profile, Address: h.address(), Contact: h.contacts(), Year: h.head.Time.Time().Year()}
	f.More = append(f.More, link{h.Say("all"), "/c/all"}, link{h.Say("collections"), "/c"})
	if h.posts {
		f.More = append(f.More, link{h.Say("journal"), "/journal"})
	}
	order := []string{"about", "shipping", "returns", "privacy", "imprint", "page"}
	pages := slices.Clone(h.pages)
	slices.SortStableFunc(pages, func(a, b *catalog.Page) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	for _, p := range pages[:min(len(pages), 10)] {
		f.Help = append(f.Help, link{p.Title, template.URL(pageURL(p.Handle))})
	}
	return f
}

func (h *house) address() []string {
	a := h.profile.Address
	if a == nil {
		return nil
	}
	var lines []string
	for _, line := range []string{a.Company, a.Street, strings.TrimSpace(a.PostalCode + " " + a.City), a.Region} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// contacts are the ways to reach the brand that work from a browser.
func (h *house) contacts() []link {
	var out []link
	if h.profile.Email != "" {
		out = append(out, link{h.profile.Email, template.URL("mailto:" + url.PathEscape(h.profile.Email))})
	}
	if number := dialable(h.profile.Phone); number != "" {
		out = append(out, link{h.profile.Phone, template.URL("tel:" + number)})
	}
	return out
}

// dialable keeps what a telephone dials.
func dialable(phone string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, phone)
}

// textOfKind returns the address of the page of that kind, "" if there is none.
func (h *house) textOfKind(kind string) string {
	for _, p := range h.pages {
		if p.Kind == kind {
			return pageURL(p.Handle)
		}
	}
	return ""
}

func (h *house) headerFor(path string) template.HTML {
	if header, ok := h.header[template.URL(path)]; ok {
		return header
	}
	return h.header[""]
}

func productURL(h protocol.Handle) string    { return "/p/" + string(h) }
func collectionURL(h protocol.Handle) string { return "/c/" + string(h) }
func pageURL(h protocol.Handle) string       { return "/pages/" + string(h) }
func postURL(h protocol.Handle) string       { return "/journal/" + string(h) }
