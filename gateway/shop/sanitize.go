package shop

import (
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// policy says what rich text may hold: words, lists, tables, links and the
// shop's own pictures. No scripts, styles, classes, identifiers, forms, frames
// or vector graphics. Text was cleaned when it was imported; a catalog that came
// from elsewhere wasn't necessarily, so it is cleaned again here.
var policy = newPolicy()

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "strong", "b", "em", "i", "u", "s", "small", "sub", "sup", "mark", "abbr", "cite", "q",
		"ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "code", "kbd", "figure", "figcaption", "h2", "h3", "h4", "h5", "h6",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "div", "span", "section")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[1-9][0-9]?$`)).OnElements("td", "th")
	p.AllowAttrs("scope").Matching(regexp.MustCompile(`^(row|col)$`)).OnElements("th")
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)).Globally()
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "http", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnFullyQualifiedLinks(true)
	p.RequireNoReferrerOnFullyQualifiedLinks(true)
	p.AllowAttrs("src").Matching(regexp.MustCompile(`^/m/[a-z2-7]{59}/[0-9]{3,4}\.jpg$`)).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(regexp.MustCompile(`^[1-9][0-9]{0,3}$`)).OnElements("img")
	return p
}

// rich returns rich text that is safe to stand on a page. A text without any
// markup becomes paragraphs.
func rich(text string) template.HTML {
	if text == "" {
		return ""
	}
	if !strings.ContainsRune(text, '<') {
		text = paragraphs(text)
	}
	return template.HTML(policy.Sanitize(text))
}

func paragraphs(text string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			b.WriteString("<p>" + strings.ReplaceAll(part, "\n", "<br>") + "</p>")
		}
	}
	return b.String()
}

// plain returns the words of rich text, cut at a word's end to at most n
// characters.
func plain(text string, n int) string {
	if !strings.ContainsAny(text, "<&") {
		return shorten(text, n)
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(text))
	skip := false
	for b.Len() <= 4*n {
		switch z.Next() {
		case html.ErrorToken:
			return shorten(b.String(), n)
		case html.TextToken:
			if !skip {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			token := z.Token()
			skip = token.Type == html.StartTagToken && (token.Data == "script" || token.Data == "style")
			b.WriteByte(' ')
		}
	}
	return shorten(b.String(), n)
}

func shorten(text string, n int) string {
	text = strings.Join(strings.Fields(html.UnescapeString(text)), " ")
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	cut := string(runes[:n-1])
	if at := strings.LastIndexByte(cut, ' '); at > len(cut)*2/3 && runes[n-1] != ' ' {
		cut = cut[:at]
	}
	return strings.TrimRight(cut, " ,;.:–-") + "…"
}

// safeHref returns a link of the brand if it is a path of the shop or an address
// of the schemes https, mailto and tel, else "".
func safeHref(href string) template.URL {
	if strings.ContainsFunc(href, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return ""
	}
	if strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") {
		return template.URL(href)
	}
	for _, scheme := range []string{"https://", "mailto:", "tel:"} {
		if strings.HasPrefix(href, scheme) {
			return template.URL(href)
		}
	}
	return ""
}
