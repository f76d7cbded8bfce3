package shop

import (
	"encoding/json"
	"errors"
	"html/template"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

type homeData struct {
	*house
	Hero  *story
	Rows  []row
	Posts []postCard
}

// row is one section of the front page: products or a story.
type row struct {
	Title, URL string
	Cards      []card
	Story      *story
}

type story struct {
	Title, Text string
	Picture     *picture
	Link        *link
}

func (v *visit) home(Request) (Answer, error) {
	d := homeData{house: v.house}
	p := v.house.profile
	var err error
	if d.Hero, err = v.hero(); err != nil {
		return Answer{}, err
	}
	for _, s := range p.Home.Sections {
		if err := v.section(&d, s); err != nil {
			return Answer{}, err
		}
	}
	if len(d.Rows) == 0 {
		if err := v.newest(&d); err != nil {
			return Answer{}, err
		}
	}
	if d.Posts, err = v.postCards(0, 3); err != nil {
		return Answer{}, err
	}
	l := v.layout("", "/")
	if p.Tagline != "" {
		l.Title = p.Name + " · " + p.Tagline
	}
	l.About = shorten(p.Description, 160)
	if d.Hero.Picture != nil {
		l.Image = v.absolute(d.Hero.Picture.Blob)
	}
	l.Data = v.organization()
	return v.render(l, "home", d)
}

// hero is the brand's own, or its name and tagline.
func (v *visit) hero() (*story, error) {
	p := v.house.profile
	if p.Home.Hero == nil {
		s := &story{Title: p.Tagline, Text: p.Description, Link: &link{v.house.Say("all"), template.URL(v.house.at("/c/all"))}}
		if s.Title == "" {
			s.Title = p.Name
		}
		return s, nil
	}
	s, err := v.story(p.Home.Hero, largeSizes)
	if err == nil && s.Title == "" {
		s.Title = p.Name
	}
	if s != nil && s.Picture != nil {
		s.Picture.First = true
	}
	return s, err
}

func (v *visit) story(s *catalog.Story, sizes string) (*story, error) {
	pic, err := v.picture(s.Picture, sizes, largeWidths)
	out := &story{Title: s.Title, Text: s.Text, Picture: pic}
	if s.Link != nil {
		if href := v.house.href(s.Link.Href); href != "" {
			out.Link = &link{s.Link.Label, href}
		}
	}
	return out, err
}

func (v *visit) section(d *homeData, s catalog.Section) error {
	if s.Story != nil {
		told, err := v.story(s.Story, halfSizes)
		d.Rows = append(d.Rows, row{Story: told})
		return err
	}
	c, err := v.view.Collection(s.Collection)
	if errors.Is(err, store.ErrNotFound) {
		return nil // the brand removed it since
	}
	if err != nil {
		return err
	}
	list, err := v.view.CollectionCards(c.Handle, 0, v.rowLength())
	if err != nil || len(list.Cards) == 0 {
		return err
	}
	r := row{Title: s.Title, URL: v.house.collectionURL(c.Handle)}
	if r.Title == "" {
		r.Title = c.Title
	}
	r.Cards, err = v.cards(list.Cards, 0)
	d.Rows = append(d.Rows, r)
	return err
}

func (v *visit) rowLength() int {
	if v.house.look.Density == "dense" {
		return 8
	}
	return 4
}

func (v *visit) newest(d *homeData) error {
	list, err := v.view.Products(0, 12)
	if err != nil || len(list.Cards) == 0 {
		return err
	}
	r := row{Title: v.house.Say("all"), URL: v.house.at("/c/all")}
	r.Cards, err = v.cards(list.Cards, 0)
	d.Rows = append(d.Rows, r)
	return err
}

// organization describes the brand in schema.org's terms.
func (v *visit) organization() template.JS {
	p := v.house.profile
	about := map[string]any{
		"@context": "https://schema.org", "@type": "Organization", "@id": v.canonical("/") + "#brand",
		"name": p.Name, "url": v.canonical("/"), "description": p.Description, "logo": v.here("/icon-512.png"),
	}
	if p.Email != "" {
		about["email"] = p.Email
	}
	if p.Phone != "" {
		about["telephone"] = p.Phone
	}
	return jsonData(about)
}

// jsonData writes a data block. encoding/json escapes <, > and &, so that nothing
// in it can end the block.
func jsonData(v any) template.JS {
	b, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return template.JS(b)
}
