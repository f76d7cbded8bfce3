// Package richtext brings a merchant's HTML to the small subset that records
// carry (specs/06-records.md): paragraphs, headings, lists, emphasis, links,
// quotes and plain tables. Whoever renders a record sanitises it again; this is
// for what the brand itself signs.
package richtext

import (
	"html"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
)

// policy is built once; bluemonday's policies are safe for concurrent use after
// that.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "b", "i", "u", "s", "sub", "sup",
		"blockquote", "hr", "table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "http", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[1-9][0-9]?$`)).OnElements("td", "th")
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[a-zA-Z-]{2,35}$`)).OnElements("p", "li", "em", "strong", "h2", "h3", "h4")
	return p
})

// tops matches the tag of a first-level heading, which belongs to the page.
var tops = regexp.MustCompile(`(?i)<(/?)h[156](\s[^>]*)?>`)

// Sanitize returns the part of an HTML fragment that records carry. Headings of
// the first level become those of the second. Sanitising again changes nothing.
func Sanitize(fragment string) string {
	fragment = tops.ReplaceAllString(fragment, "<${1}h2>")
	for range 4 {
		clean := strings.TrimSpace(policy().Sanitize(fragment))
		if clean == fragment {
			break
		}
		fragment = clean
	}
	return fragment
}

var (
	blocks = regexp.MustCompile(`(?i)</(p|h[1-6]|li|tr|blockquote|dd|dt)>|<br\s*/?>`)
	strict = sync.OnceValue(bluemonday.StrictPolicy)
)

// Text returns the words of a fragment without markup, in one line.
func Text(fragment string) string {
	spaced := blocks.ReplaceAllString(fragment, " $0")
	return strings.Join(strings.Fields(html.UnescapeString(strict().Sanitize(spaced))), " ")
}
