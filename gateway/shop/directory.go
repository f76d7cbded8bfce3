package shop

import (
	"context"
	"errors"
	"fmt"
	"html/template"

	"github.com/stoa-commerce/stoa/gateway/theme"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// DirectoryPath is where all brands of a server are listed.
const DirectoryPath = "/brands"

// BrandsPerPage is how many brands one page of the directory shows.
const BrandsPerPage = 48

// Neighbor is a brand that this server shows.
type Neighbor struct {
	Brand  protocol.CID
	Base   string // where its shop stands: "" for the one at "/"
	Name   string // for want of a profile
	Domain string // that was verified to be the brand's; "" if none
	Mark   Mark
}

// Directory is what the list of brands is made of. On a server whose own shop has
// nothing to sell it is the front page.
type Directory struct {
	Brands []Neighbor // of this page
	Total  int
	Number int // of the page, from 1
	Path   string
}

type directoryData struct {
	*house
	Title, Lead, Count, Empty, Words string
	Tiles                            []brandTile
	Paging                           *paging
}

// brandTile shows a brand in the directory.
type brandTile struct {
	Name, URL, Tagline, Domain, Count, Note string
	State                                   Freshness
	Logo, Picture                           *picture
	Ground                                  string        // behind the logo, which was drawn for it
	Radius                                  string        // of the icon
	Icon                                    template.HTML // in place of a logo
}

// Directory renders the list of brands in the dress of the shop at "/".
func (s *Shop) Directory(ctx context.Context, d Directory, origin string) (Answer, error) {
	v, err := s.presentHouse(ctx, origin)
	if err != nil {
		return Answer{}, err
	}
	h := v.house
	page := directoryData{house: h, Title: h.Say("brands"), Lead: h.Say("brands.lead"), Empty: h.Say("brands.empty")}
	page.Count, page.Paging = h.Count("brands", d.Total), v.paging(d.Path, d.Number, d.Total, BrandsPerPage)
	if h.isStreet() && h.head.CID.Defined() {
		page.Title = h.profile.Name
		if h.profile.Tagline != "" {
			page.Title = h.profile.Tagline
		}
	}
	if page.Tiles, err = v.brandTiles(ctx, d.Brands); err != nil {
		return Answer{}, err
	}
	l := v.layout("", d.Path)
	if d.Path == DirectoryPath {
		l = v.layout(page.Title, d.Path)
	}
	l.Canonical, l.About = v.origin+pageOf(d.Path, d.Number), page.Lead
	return v.render(l, "directory", page)
}

// brandTiles leaves out brands that left while the page was made.
func (v *visit) brandTiles(ctx context.Context, list []Neighbor) ([]brandTile, error) {
	var tiles []brandTile
	for _, n := range list {
		tile := v.bareTile(n)
		err := v.shop.store.View(ctx, n.Brand, func(view *store.View) error { return v.guest(n, view).fill(&tile) })
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("show brand %s: %w", n.Brand, err)
		}
		tiles = append(tiles, tile)
	}
	return tiles, nil
}

// bareTile is what can be said of a brand whose catalog isn't here yet.
func (v *visit) bareTile(n Neighbor) brandTile {
	h := v.house
	t := brandTile{Name: n.Name, URL: n.Base + "/", Domain: n.Domain, State: Current, Note: h.Say("brands.fetching")}
	if t.Name == "" {
		t.Name = n.Brand.String()[:12]
	}
	if icon, err := theme.Of(catalog.Theme{}).Icon(t.Name); err == nil {
		t.Icon, t.Radius = template.HTML(icon.SVG()), "small"
	}
	return t
}

// guest is a visit to another brand of the server, told in this shop's words.
func (v *visit) guest(n Neighbor, view *store.View) *visit {
	profile, err := view.Profile()
	if err != nil {
		profile = &catalog.Profile{Name: n.Name}
	}
	h := &house{Locale: v.house.Locale, Base: n.Base, head: view.Head(), profile: profile, look: theme.Of(profile.Theme), agoForms: v.house.agoForms}
	return &visit{shop: v.shop, house: h, view: view, origin: v.origin, mark: h.mark(n.Mark, protocol.MillisOf(v.shop.now()))}
}

func (v *visit) fill(t *brandTile) error {
	h := v.house
	t.Name, t.Tagline, t.State = h.profile.Name, h.profile.Tagline, v.mark.State
	products, err := v.view.Products(0, 0)
	if err != nil {
		return err
	}
	t.Count, t.Note = h.Count("products", products.Total), v.tileNote()
	icon, err := h.look.Icon(t.Name)
	if err != nil {
		return err
	}
	t.Icon, t.Radius, t.Ground = template.HTML(icon.SVG()), h.look.Radius, h.look.First().Ground.String()
	if t.Logo, err = v.picture(h.profile.Logo, thumbSizes, thumbWidths); err != nil {
		return err
	}
	if t.Picture, err = v.face(); t.Picture != nil {
		t.Picture.Alt = ""
	}
	return err
}

// face is the picture that shows best what a brand is about: its hero's, else that
// of the newest product that has one.
func (v *visit) face() (*picture, error) {
	if hero := v.house.profile.Home.Hero; hero != nil && hero.Picture != nil {
		if p, err := v.picture(hero.Picture, tileSizes, cardWidths); p != nil || err != nil {
			return p, err
		}
	}
	list, err := v.view.Products(0, newestLooked)
	if err != nil {
		return nil, err
	}
	for _, c := range list.Cards {
		if p, err := v.picture(c.Picture, tileSizes, cardWidths); p != nil || err != nil {
			return p, err
		}
	}
	return nil, nil
}

// newestLooked is how many products are looked at for a picture.
const newestLooked = 8

// tileSizes is what share of the window a brand's picture fills in the directory.
const tileSizes = "(min-width: 60rem) 30vw, (min-width: 40rem) 46vw, 94vw"

// tileNote says in a few words how fresh a brand's catalog is.
func (v *visit) tileNote() string {
	h := v.house
	switch v.mark.State {
	case Expired, Contested:
		return h.Say("brands." + string(v.mark.State))
	case Stale:
		return h.Say("brands.stale")
	}
	if h.Base == "" {
		return ""
	}
	return h.Say("brands.signed", h.Ago(v.mark.Age.Unit, v.mark.Age.N))
}
