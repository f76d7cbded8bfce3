package shop

import (
	"html/template"
	"net/url"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

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
	if h.isStreet() {
		f.More = append(f.More, link{h.Say("brands"), DirectoryPath})
	} else {
		f.More = h.footerShop()
	}
	order := []string{"about", "shipping", "returns", "privacy", "imprint", "page"}
	pages := slices.Clone(h.pages)
	slices.SortStableFunc(pages, func(a, b *catalog.Page) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	for _, p := range pages[:min(len(pages), 10)] {
		f.Help = append(f.Help, link{p.Title, template.URL(h.pageURL(p.Handle))})
	}
	return f
}

func (h *house) footerShop() []link {
	list := []link{{h.Say("all"), template.URL(h.at("/c/all"))}, {h.Say("collections"), template.URL(h.at("/c"))}}
	if h.posts {
		list = append(list, link{h.Say("journal"), template.URL(h.at("/journal"))})
	}
	list = append(list, link{h.Say("footer.write"), template.URL(h.TalkURL())}, link{h.Say("talk.shops"), ShopsPath})
	if h.Others {
		list = append(list, link{h.Say("brands.others"), DirectoryPath})
	}
	return list
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
