package catalog

import (
	"net/url"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Validate implements Record.
func (p *Profile) Validate() error {
	r := check(TypeProfile, p.Header)
	r.name("name", p.Name, MaxName)
	r.line("tagline", p.Tagline, MaxTagline)
	r.prose("description", p.Description, MaxAbout)
	r.language("language", p.Language)
	r.country("country", p.Country)
	c, err := protocol.ParseCurrency(string(p.Currency))
	r.require(err == nil && c == p.Currency, "currency", "is %.20q, not an ISO 4217 code", p.Currency)
	p.contact(r)
	p.Theme.rules(r)
	p.Home.rules(r)
	p.links(r)
	r.line("announcement", p.Announcement, MaxAnnouncement)
	return r.err
}

func (p *Profile) contact(r *rules) {
	r.email("email", p.Email)
	r.phone("phone", p.Phone)
	if p.Address != nil {
		p.Address.rules(r)
	}
	r.line("vatId", p.VATID, MaxVATID)
	r.line("since", p.Since, MaxSince)
}

func (a *Address) rules(r *rules) {
	r.line("address.company", a.Company, MaxAddressLine)
	r.line("address.street", a.Street, MaxAddressLine)
	r.line("address.postalCode", a.PostalCode, MaxAddressLine)
	r.line("address.city", a.City, MaxAddressLine)
	r.line("address.region", a.Region, MaxAddressLine)
	if a.Country != "" {
		r.country("address.country", a.Country)
	}
}

func (t *Theme) rules(r *rules) {
	r.color("theme.accent", t.Accent)
	r.color("theme.ground", t.Ground)
	r.color("theme.ink", t.Ink)
	if t.Dark != nil {
		r.color("theme.dark.accent", t.Dark.Accent)
		r.color("theme.dark.ground", t.Dark.Ground)
		r.color("theme.dark.ink", t.Dark.Ink)
	}
	r.oneOf("theme.scheme", t.Scheme, "", "light", "dark")
	r.oneOf("theme.radius", t.Radius, "", "none", "small", "large", "round")
	r.oneOf("theme.type", t.Type, "", "grotesk", "serif", "display-serif", "mono")
	r.oneOf("theme.pictureShape", t.PictureShape, "", "portrait", "square", "round")
	r.oneOf("theme.density", t.Density, "", "airy", "normal", "dense")
}

func (h *Home) rules(r *rules) {
	if h.Hero != nil {
		h.Hero.rules(r, "home.hero")
	}
	r.atMost("home.sections", len(h.Sections), MaxSections)
	for i, s := range h.Sections {
		s.rules(r, r.at("home.sections", i, ""))
	}
}

func (s *Section) rules(r *rules, field string) {
	r.require((s.Collection != "") != (s.Story != nil), field, "has to have either a collection or a story")
	if s.Collection != "" {
		r.handle(field+".collection", s.Collection)
	}
	r.line(field+".title", s.Title, MaxTitle)
	if s.Story != nil {
		s.Story.rules(r, field+".story")
	}
}

func (s *Story) rules(r *rules, field string) {
	r.line(field+".title", s.Title, MaxTitle)
	r.prose(field+".text", s.Text, MaxStory)
	if s.Picture != nil {
		r.picture(field+".picture", *s.Picture)
	}
	if s.Link != nil {
		s.Link.rules(r, field+".link")
	}
}

func (l *Link) rules(r *rules, field string) {
	r.name(field+".label", l.Label, MaxLabel)
	r.href(field+".href", l.Href)
}

func (p *Profile) links(r *rules) {
	r.atMost("menu", len(p.Menu), MaxMenu)
	for i, l := range p.Menu {
		l.rules(r, r.at("menu", i, ""))
	}
	if p.Logo != nil {
		r.picture("logo", *p.Logo)
	}
	r.atMost("gateways", len(p.Gateways), MaxGateways)
	for i, g := range p.Gateways {
		r.require(isGateway(g), r.at("gateways", i, ""), "is not an https URL without query and fragment")
	}
	r.atMost("peers", len(p.Peers), MaxPeers)
	for i, a := range p.Peers {
		r.line(r.at("peers", i, ""), a, MaxPeer)
		r.require(strings.HasPrefix(a, "/"), r.at("peers", i, ""), "is not a multiaddr")
	}
}

func isGateway(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= MaxHref && isHref(s) && u.Scheme == "https" && u.RawQuery == "" && u.Fragment == ""
}
