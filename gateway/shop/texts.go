package shop

import (
	"html/template"
	"net/http"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// postsPerPage is how many posts one page of the journal lists.
const postsPerPage = 12

type textData struct {
	*house
	Title, Updated string
	Body           template.HTML
}

func (v *visit) text(r Request) (Answer, error) {
	p, err := v.view.Page(protocol.Handle(r.Name))
	if err != nil {
		return Answer{}, err
	}
	d := textData{house: v.house, Title: p.Title, Body: v.house.rich(p.Body, pagePath(p.Handle))}
	if p.Updated > 0 {
		d.Updated = v.house.Say("updated", v.house.Date(p.Updated))
	}
	l := v.layout(p.Title, pagePath(p.Handle))
	l.About, l.Kind = plain(p.Body, 160), "article"
	return v.render(l, "text", d)
}

// textOfKind leads /about and its like to the page of that kind.
func (v *visit) textOfKind(r Request) (Answer, error) {
	target := v.house.textOfKind(r.Name)
	if target == "" {
		return Answer{}, ErrNotFound
	}
	return Answer{Status: http.StatusFound, Location: target}, nil
}

func (v *visit) texts(Request) (Answer, error) {
	title := v.house.Say("footer.help")
	return v.render(v.layout(title, "/pages"), "texts", struct {
		*house
		Title string
		Links []link
	}{v.house, title, v.house.footer().Help})
}

// postCard shows a post in a list.
type postCard struct {
	Title, URL, Summary, Date, Machine string
	Picture                            *picture
}

func (v *visit) postCards(offset, limit int) ([]postCard, error) {
	posts, err := v.view.Posts(offset, limit)
	if err != nil {
		return nil, err
	}
	var out []postCard
	for _, p := range posts {
		c, err := v.postCard(p)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (v *visit) postCard(p *catalog.Post) (postCard, error) {
	c := postCard{Title: p.Title, URL: v.house.postURL(p.Handle), Summary: p.Summary, Date: v.house.Date(p.Date), Machine: p.Date.Time().Format("2006-01-02")}
	if c.Summary == "" {
		c.Summary = plain(p.Body, 180)
	}
	var err error
	c.Picture, err = v.picture(p.Picture, halfSizes, largeWidths)
	return c, err
}

func (v *visit) journal(r Request) (Answer, error) {
	cards, err := v.postCards((r.Number-1)*postsPerPage, postsPerPage+1)
	if err != nil {
		return Answer{}, err
	}
	if r.Number > 1 && len(cards) == 0 {
		return Answer{}, ErrNotFound
	}
	var next *paging
	if len(cards) > postsPerPage || r.Number > 1 {
		// Whether there is a further page is known, how many isn't.
		next = &paging{house: v.house}
		if r.Number > 1 {
			next.Previous = pageOf(v.house.at("/journal"), r.Number-1)
		}
		if len(cards) > postsPerPage {
			next.Next, cards = pageOf(v.house.at("/journal"), r.Number+1), cards[:postsPerPage]
		}
	}
	title := v.house.Say("journal")
	l := v.layout(title, "/journal")
	l.Canonical = v.canonical(pageOf("/journal", r.Number))
	return v.render(l, "journal", struct {
		*house
		Title  string
		Posts  []postCard
		Paging *paging
	}{v.house, title, cards, next})
}

func (v *visit) post(r Request) (Answer, error) {
	p, err := v.view.Post(protocol.Handle(r.Name))
	if err != nil {
		return Answer{}, err
	}
	c, err := v.postCard(p)
	if err != nil {
		return Answer{}, err
	}
	l := v.layout(p.Title, postPath(p.Handle))
	l.About, l.Kind = c.Summary, "article"
	if c.Picture != nil {
		c.Picture.First = true
		l.Image = v.absolute(c.Picture.Blob)
	}
	return v.render(l, "post", struct {
		*house
		postCard
		Body template.HTML
	}{v.house, c, v.house.rich(p.Body, postPath(p.Handle))})
}
