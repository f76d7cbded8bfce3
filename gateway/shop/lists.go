package shop

import (
	"errors"
	"html/template"
	"net/url"
	"strconv"

	"github.com/stoa-commerce/stoa/store"

	"github.com/stoa-commerce/stoa/protocol"
)

// perPage is how many products one page of a list shows.
const perPage = 24

type listData struct {
	*house
	Title   string
	Intro   template.HTML
	Count   string
	Cards   []card
	Paging  *paging
	Empty   string
	Search  bool
	Words   string
	Starter []link // ways on when there is nothing
}

// paging leads through a long list.
type paging struct {
	*house
	Previous, Next, Where string
}

// paging returns nil when all fits one page. path may hold a query.
func (v *visit) paging(path string, number, total, per int) *paging {
	last := (total + per - 1) / per
	if last <= 1 {
		return nil
	}
	p := &paging{house: v.house, Where: v.house.Say("page.of", v.house.Number(int64(number)), v.house.Number(int64(last)))}
	if number > 1 {
		p.Previous = pageOf(path, number-1)
	}
	if number < last {
		p.Next = pageOf(path, number+1)
	}
	return p
}

func pageOf(path string, number int) string {
	u, err := url.Parse(path)
	if err != nil || number == 1 {
		return path
	}
	q := u.Query()
	q.Set("page", strconv.Itoa(number))
	u.RawQuery = q.Encode()
	return u.String()
}

func (v *visit) collection(r Request) (Answer, error) {
	d := listData{house: v.house, Empty: v.house.Say("collection.empty")}
	offset := (r.Number - 1) * perPage
	c, err := v.view.Collection(protocol.Handle(r.Name))
	if errors.Is(err, store.ErrNotFound) && r.Name == "all" {
		d.Title, d.Empty = v.house.Say("all"), v.house.Say("collection.empty.shop")
		list, err := v.view.Products(offset, perPage)
		return v.list(d, r, list, "", err)
	}
	if err != nil {
		return Answer{}, err
	}
	d.Title, d.Intro = c.Title, v.house.rich(c.Description, collectionPath(c.Handle))
	list, err := v.view.CollectionCards(c.Handle, offset, perPage)
	return v.list(d, r, list, plain(c.Description, 160), err)
}

func (v *visit) list(d listData, r Request, list store.Listing, about string, err error) (Answer, error) {
	if err != nil {
		return Answer{}, err
	}
	if r.Number > 1 && len(list.Cards) == 0 {
		return Answer{}, ErrNotFound
	}
	path := "/c/" + r.Name
	d.Count, d.Paging = v.house.Count("products", list.Total), v.paging(v.house.at(path), r.Number, list.Total, perPage)
	if d.Cards, err = v.cards(list.Cards, 2); err != nil {
		return Answer{}, err
	}
	if len(d.Cards) == 0 && r.Name != "all" {
		d.Starter = []link{{v.house.Say("all"), template.URL(v.house.at("/c/all"))}}
	}
	l := v.layout(d.Title, path)
	l.Canonical, l.About = v.canonical(pageOf(path, r.Number)), about
	if len(list.Cards) > 0 && list.Cards[0].Picture != nil {
		l.Image = v.absolute(list.Cards[0].Picture.Blob)
	}
	return v.render(l, "list", d)
}

func (v *visit) search(r Request) (Answer, error) {
	d := listData{house: v.house, Title: v.house.Say("search.title"), Search: true, Words: r.Words, Empty: v.house.Say("search.start")}
	if r.Words != "" {
		list, err := v.view.Search(r.Words, (r.Number-1)*perPage, perPage)
		if err != nil {
			return Answer{}, err
		}
		d.Title, d.Count = v.house.Say("search.results", r.Words), v.house.Count("products", list.Total)
		d.Empty = v.house.Say("search.none", r.Words)
		d.Paging = v.paging(v.house.at("/search")+"?q="+url.QueryEscape(r.Words), r.Number, list.Total, perPage)
		if d.Cards, err = v.cards(list.Cards, 2); err != nil {
			return Answer{}, err
		}
	}
	if len(d.Cards) == 0 {
		d.Count, d.Starter = "", v.house.menu
	}
	l := v.layout(d.Title, "/search")
	l.Hidden = true
	return v.render(l, "list", d)
}

// tile shows a collection in the list of collections.
type tile struct {
	Title, URL, Initial string
	Picture             *picture
}

// maxTiles bounds how many collections are shown; menus and the sitemap lead to more.
const maxTiles = 240

func (v *visit) collections(Request) (Answer, error) {
	all, err := v.view.Collections()
	if err != nil {
		return Answer{}, err
	}
	var tiles []tile
	for _, c := range all[:min(len(all), maxTiles)] {
		t := tile{Title: c.Title, URL: v.house.collectionURL(c.Handle), Initial: initial(c.Title)}
		ref := c.Picture
		if ref == nil {
			list, err := v.view.CollectionCards(c.Handle, 0, 1)
			if err != nil {
				return Answer{}, err
			}
			if len(list.Cards) > 0 {
				ref = list.Cards[0].Picture
			}
		}
		if t.Picture, err = v.picture(ref, cardSizes, cardWidths); err != nil {
			return Answer{}, err
		}
		if t.Picture != nil {
			t.Picture.Alt = ""
		}
		tiles = append(tiles, t)
	}
	title := v.house.Say("collections")
	return v.render(v.layout(title, "/c"), "tiles", struct {
		*house
		Title string
		Tiles []tile
	}{v.house, title, tiles})
}
