package shop

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/stoa-commerce/stoa/protocol"
)

// layout is the data of a page's frame.
type layout struct {
	*house
	Lang, Classes, Title, About string
	Canonical, Image, Kind      string
	Hidden                      bool // from search engines
	Data                        template.JS
	Header, Main                template.HTML
	Announcement                string
	Mark                        *markData
	Name                        string
	ProductPrice                *offerMeta
	Plain                       bool   // without header and footer
	Extra                       *extra // nil on most pages
}

// offerMeta is the price in Open Graph's terms.
type offerMeta struct{ Amount, Currency string }

// layout starts a page: title is the page's own, path its canonical address.
func (v *visit) layout(title, path string) *layout {
	h := v.house
	l := &layout{
		house: h, Lang: string(h.profile.Language), Classes: h.look.Classes(), Name: h.profile.Name,
		Title: h.profile.Name, Canonical: v.canonical(path), Kind: "website",
		Announcement: h.profile.Announcement, Header: h.headerFor(path),
	}
	if title != "" {
		l.Title = title + " · " + h.profile.Name
	}
	l.Mark, l.Hidden = v.markData(), v.mark.Browse()
	return l
}

// render fills the named template and puts it into its frame.
func (v *visit) render(l *layout, name string, data any) (Answer, error) {
	main, err := v.shop.part(name, data)
	if err != nil {
		return Answer{}, err
	}
	l.Main = main
	var b bytes.Buffer
	b.Grow(len(main) + 16<<10)
	if err := v.shop.templates.ExecuteTemplate(&b, "layout", l); err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusOK, Type: "text/html; charset=utf-8", Body: b.Bytes()}, nil
}

// absolute returns the address of a picture for others to fetch.
func (v *visit) absolute(blob protocol.CID) string {
	return v.origin + v.house.pictureURL(blob.String(), 1280)
}
