package shop

import (
	"html/template"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/html"

	"github.com/stoa-commerce/stoa/protocol"
)

// The addresses of a shop's pages, as they are for a shop at "/".
func productPath(h protocol.Handle) string    { return "/p/" + string(h) }
func collectionPath(h protocol.Handle) string { return "/c/" + string(h) }
func pagePath(h protocol.Handle) string       { return "/pages/" + string(h) }
func postPath(h protocol.Handle) string       { return "/journal/" + string(h) }

// at is where a path of the shop stands on this server: every link of a page goes
// through it, so that one shop never leads into another by accident.
func (h *house) at(path string) string { return h.Base + path }

func (h *house) productURL(p protocol.Handle) string    { return h.at(productPath(p)) }
func (h *house) collectionURL(c protocol.Handle) string { return h.at(collectionPath(c)) }
func (h *house) pageURL(p protocol.Handle) string       { return h.at(pagePath(p)) }
func (h *house) postURL(p protocol.Handle) string       { return h.at(postPath(p)) }

// here is the absolute address of a path of the shop on this server.
func (v *visit) here(path string) string { return v.origin + v.house.at(path) }

// canonical is the address that search engines and readers are to remember. For a
// mirrored shop it is on the brand's own gateway, if its signed profile names one.
func (v *visit) canonical(path string) string {
	if own := v.house.gateway(); own != "" && own != v.origin {
		return own + path
	}
	return v.here(path)
}

// gateway is the first gateway in the profile of a mirrored brand, without a slash
// at the end; "" for one's own shop.
func (h *house) gateway() string {
	if h.Base == "" {
		return ""
	}
	for _, g := range h.profile.Gateways {
		if u, err := url.Parse(g); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" {
			return strings.TrimRight(u.String(), "/")
		}
	}
	return ""
}

// href returns a link of the brand if it is a path of the shop or an address of the
// schemes https, mailto and tel, else "". A path stays within the shop.
func (h *house) href(link string) template.URL {
	checked := safeHref(link)
	if h.Base == "" || !strings.HasPrefix(string(checked), "/") {
		return checked
	}
	return template.URL(h.within(link, "/"))
}

// within resolves a reference that stands on the page at a path of a mirrored shop,
// as a browser would if the shop stood at "/": dots, also written as %2e, lead no
// higher than the shop's own front page. References that aren't to a path, and
// those to other hosts, return as they are; what can't be read returns "".
func (h *house) within(ref, page string) string {
	u, err := url.Parse(ref)
	if err != nil {
		return ""
	}
	if (u.Scheme == "http" || u.Scheme == "https") && u.Host == "" {
		return "" // browsers take it for a path
	}
	if u.Scheme != "" || u.Host != "" || u.Path == "" && u.RawQuery == "" {
		return ref
	}
	target := (&url.URL{Path: page}).ResolveReference(u)
	clean := &url.URL{Path: path.Clean("/" + target.Path), RawQuery: target.RawQuery, Fragment: target.Fragment}
	return h.Base + clean.String()
}

// rich returns rich text that is safe to stand on the page at a path of the shop.
func (h *house) rich(text, page string) template.HTML {
	safe := rich(text)
	if h.Base == "" || !strings.Contains(string(safe), "=") {
		return safe
	}
	return template.HTML(h.rebase(string(safe), page))
}

// rebase leads the links and pictures of clean HTML to where the shop stands.
func (h *house) rebase(text, page string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(text))
	for z.Next() != html.ErrorToken {
		raw := string(z.Raw())
		token := z.Token()
		if token.Data != "a" && token.Data != "img" || len(token.Attr) == 0 {
			b.WriteString(raw)
			continue
		}
		for i, a := range token.Attr {
			if a.Key == "href" || a.Key == "src" {
				token.Attr[i].Val = h.within(a.Val, page)
			}
		}
		b.WriteString(token.String())
	}
	return b.String()
}
