package shop

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"

	"github.com/stoa-commerce/stoa/protocol"
)

// maxURLs is the largest number of addresses in one sitemap (sitemaps.org
// protocol 0.9).
const maxURLs = 50_000

type siteURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

// sitemap lists every page, or the parts of the list when it is too long.
func (v *visit) sitemap(r Request) (Answer, error) {
	fixed, err := v.fixedURLs()
	if err != nil {
		return Answer{}, err
	}
	count, err := v.view.Products(0, 0)
	if err != nil {
		return Answer{}, err
	}
	total := len(fixed) + count.Total
	if r.Number == 0 && total > maxURLs {
		return v.sitemapIndex(total)
	}
	from := max(r.Number-1, 0) * maxURLs
	if from >= total {
		return Answer{}, ErrNotFound
	}
	urls := fixed[min(from, len(fixed)):]
	list, err := v.view.Products(max(from-len(fixed), 0), maxURLs-len(urls))
	if err != nil {
		return Answer{}, err
	}
	for _, c := range list.Cards {
		urls = append(urls, siteURL{v.origin + v.house.productURL(c.Handle), day(c.Updated)})
	}
	return asXML(struct {
		XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []siteURL `xml:"url"`
	}{URLs: urls})
}

func (v *visit) sitemapIndex(total int) (Answer, error) {
	var parts []siteURL
	for n := 1; (n-1)*maxURLs < total; n++ {
		parts = append(parts, siteURL{Loc: fmt.Sprintf("%s/sitemap-%d.xml", v.here(""), n)})
	}
	return asXML(struct {
		XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
		Parts   []siteURL `xml:"sitemap"`
	}{Parts: parts})
}

// fixedURLs are all pages but the products'.
func (v *visit) fixedURLs() ([]siteURL, error) {
	urls := []siteURL{{Loc: v.here("/")}, {Loc: v.here("/c/all")}}
	collections, err := v.view.Collections()
	if err != nil {
		return nil, err
	}
	for _, c := range collections {
		urls = append(urls, siteURL{Loc: v.origin + v.house.collectionURL(c.Handle)})
	}
	for _, p := range v.house.pages {
		urls = append(urls, siteURL{v.origin + v.house.pageURL(p.Handle), day(p.Updated)})
	}
	posts, err := v.view.Posts(0, 1000)
	for _, p := range posts {
		urls = append(urls, siteURL{v.origin + v.house.postURL(p.Handle), day(p.Date)})
	}
	return urls, err
}

func day(m protocol.Millis) string {
	if m <= 0 {
		return ""
	}
	return m.Time().Format("2006-01-02")
}

func asXML(v any) (Answer, error) {
	body, err := xml.Marshal(v)
	if err != nil {
		return Answer{}, fmt.Errorf("write sitemap: %w", err)
	}
	return Answer{Status: http.StatusOK, Type: "application/xml; charset=utf-8", Body: append([]byte(xml.Header), body...)}, nil
}

func (v *visit) robots(Request) (Answer, error) {
	body := "User-agent: *\nDisallow: " + v.house.at("/search") + "\nSitemap: " + v.here("/sitemap.xml") + "\n"
	return Answer{Status: http.StatusOK, Type: "text/plain; charset=utf-8", Body: []byte(body)}, nil
}

func (v *visit) manifest(Request) (Answer, error) {
	type icon struct {
		Src   string `json:"src"`
		Sizes string `json:"sizes"`
		Type  string `json:"type"`
	}
	first := v.house.look.First()
	body, err := json.Marshal(map[string]any{
		"name": v.house.profile.Name, "short_name": shorten(v.house.profile.Name, 12), "lang": v.house.profile.Language,
		"start_url": v.house.at("/"), "scope": v.house.at("/"), "display": "minimal-ui", "background_color": first.Ground.String(), "theme_color": first.Ground.String(),
		"icons": []icon{
			{v.house.at("/favicon.svg"), "any", "image/svg+xml"},
			{v.house.at("/icon-192.png"), "192x192", "image/png"}, {v.house.at("/icon-512.png"), "512x512", "image/png"},
		},
	})
	return Answer{Status: http.StatusOK, Type: "application/manifest+json", Body: body}, err
}

func (v *visit) icon(r Request) (Answer, error) {
	if r.Name == "svg" {
		return Answer{Status: http.StatusOK, Type: "image/svg+xml", Body: []byte(v.house.icon.SVG())}, nil
	}
	var b bytes.Buffer
	err := v.house.icon.PNG(&b, r.Number)
	return Answer{Status: http.StatusOK, Type: "image/png", Body: b.Bytes()}, err
}

// theme answers with the present stylesheet also for an older hash: a page that
// was open while the brand changed its look stays dressed.
func (v *visit) theme(r Request) (Answer, error) {
	s := v.house.sheet
	return Answer{Status: http.StatusOK, Type: "text/css; charset=utf-8", Body: []byte(s.CSS), Forever: r.Name == s.Hash}, nil
}
