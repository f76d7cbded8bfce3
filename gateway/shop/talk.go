package shop

import (
	"html/template"
	"strings"

	"github.com/stoa-commerce/stoa/gateway/web"
	"github.com/stoa-commerce/stoa/protocol"
)

// TalkPath is where conversations stand: with the own brand at TalkPath itself, with
// another below it, at its handle.
const TalkPath = "/t/"

// ShopsPath is the page of all conversations that a browser has on this server.
const ShopsPath = "/shops"

// TalkURL is where a shopper writes to the brand, and buys.
func (h *house) TalkURL() string { return TalkPath + strings.TrimPrefix(h.Base, "/@") }

// talkPage is the frame in which the scripts of a conversation work. Without scripts
// it says how else to reach the brand.
type talkPage struct {
	*house
	Name    string
	Icon    template.HTML
	Logo    *picture
	Status  string // under the name
	Contact []link
	Data    template.JS
}

// talkScript is what the scripts are told: facts of the brand, and words. Nothing in
// it is secret, and nothing of it is believed where money is concerned.
type talkScript struct {
	Brand    protocol.CID      `json:"brand"`
	Home     protocol.CID      `json:"home"`   // the brand whose server this is
	Direct   bool              `json:"direct"` // they are one
	Base     string            `json:"base"`
	URL      string            `json:"url"`
	Name     string            `json:"name"`
	Server   string            `json:"server,omitempty"` // name of the home brand, when it is another
	Locale   string            `json:"locale"`
	Country  protocol.Country  `json:"country"`
	Closed   string            `json:"closed,omitempty"` // why nothing can be bought
	Stale    string            `json:"stale,omitempty"`  // why buying is asking
	Seller   []string          `json:"seller"`
	VATID    string            `json:"vat,omitempty"`
	Email    string            `json:"email,omitempty"`
	Phone    string            `json:"phone,omitempty"`
	Links    map[string]string `json:"links"` // to the brand's pages, by kind
	Words    map[string]string `json:"words"`
	Worker   string            `json:"worker,omitempty"`
	Currency protocol.Currency `json:"currency"`
}

func (v *visit) talk(Request) (Answer, error) {
	h := v.house
	data := v.talkScript()
	page := talkPage{
		house: h, Name: h.profile.Name, Logo: h.logo, Icon: template.HTML(h.icon.SVG()), Contact: h.contacts(),
		Status: h.Say("talk.sealed"), Data: jsonData(data),
	}
	if !data.Direct {
		page.Status = h.Say("talk.sealed.mirror", h.profile.Name)
	}
	l := v.talkLayout(h.Say("talk.title", h.profile.Name))
	if l.Mark != nil && l.Mark.Text == "" {
		l.Mark = nil // the head says whose shop it is
	}
	return v.render(l, "talk", page)
}

func (v *visit) talkScript() talkScript {
	h := v.house
	p := h.profile
	d := talkScript{
		Brand: v.shop.brand, Home: v.shop.home, Direct: v.shop.brand == v.shop.home, Base: h.Base, URL: h.TalkURL(), Name: p.Name,
		Locale: h.Tag(), Country: p.Country, Currency: p.Currency, Seller: append([]string{p.Name}, h.address()...), VATID: p.VATID, Email: p.Email, Phone: p.Phone,
		Links: map[string]string{}, Words: h.Words("talk."),
	}
	for _, kind := range []string{"shipping", "returns", "privacy", "imprint"} {
		if page := h.textOfKind(kind); page != "" {
			d.Links[kind] = page
		}
	}
	if v.mark.Browse() {
		d.Closed = h.Say("mark." + string(v.mark.State) + ".buy")
	}
	if v.mark.State == Stale {
		d.Stale = h.Say("talk.stale", p.Name)
	}
	return d
}

// talkLayout frames a page of conversations: no menu and no footer, which a
// conversation has no room for.
func (v *visit) talkLayout(title string) *layout {
	l := v.layout("", "/")
	l.Title, l.Hidden, l.Canonical, l.Plain = title, true, "", true
	l.Extra = &extra{v.shop.assets.Named("talk.css"), v.shop.assets.Named("talk.js")}
	return l
}

// extra is what a page loads beside what all pages do.
type extra struct{ Style, Script *web.Asset }

// shopsPage is filled in by scripts: which conversations there are, only the browser
// knows.
type shopsPage struct {
	*house
	Data template.JS
}

func (v *visit) myShops(Request) (Answer, error) {
	h := v.house
	if h.Base != "" {
		return Answer{}, ErrNotFound
	}
	data := struct {
		Home   protocol.CID      `json:"home"`
		Locale string            `json:"locale"`
		Others bool              `json:"others"`
		Words  map[string]string `json:"words"`
	}{v.shop.home, h.Tag(), h.Others, h.Words("talk.")}
	l := v.talkLayout(h.Say("talk.shops") + " · " + h.profile.Name)
	l.Plain = false
	return v.render(l, "my-shops", shopsPage{h, jsonData(data)})
}
