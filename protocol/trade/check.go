package trade

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// check collects the first rule that a value breaks, so that a list of rules reads as
// one.
type check struct {
	object string
	err    error
}

func (c *check) require(ok bool, field, rule string, args ...any) {
	if !ok && c.err == nil {
		c.err = protocol.Invalid(c.object, "%s: %s", field, fmt.Sprintf(rule, args...))
	}
}

func (c *check) within(field string, n, low, high int64) {
	c.require(n >= low && n <= high, field, "is %d, allowed are %d to %d", n, low, high)
}

func (c *check) atMost(field string, n, limit int) {
	c.require(n <= limit, field, "has %d entries, allowed are %d", n, limit)
}

func (c *check) amount(field string, n int64) {
	c.within(field, n, 0, catalog.MaxPrice)
}

// line is a text without control characters and without characters that turn the
// direction of the text around it.
func (c *check) line(field, s string, limit int) {
	c.text(field, s, limit)
	c.require(!strings.ContainsFunc(s, unicode.IsControl), field, "holds a line break or another control character")
}

func (c *check) name(field, s string, limit int) {
	c.require(strings.TrimSpace(s) != "", field, "is empty")
	c.line(field, s, limit)
}

func (c *check) text(field, s string, limit int) {
	c.require(utf8.ValidString(s), field, "is not UTF-8")
	c.require(utf8.RuneCountInString(s) <= limit, field, "is longer than %d characters", limit)
	c.require(!strings.ContainsFunc(s, forbidden), field, "holds a control character")
}

// forbidden are control characters other than line ends and tabs, and the marks that
// reorder the text around them.
func forbidden(c rune) bool {
	bidi := c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069
	return bidi || unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t'
}

// id is a short machine name.
func (c *check) id(field, s string) {
	c.require(s != "" && len(s) <= MaxID && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == "",
		field, "is %.60q, allowed are 1 to %d characters of a-z, 0-9, '-' and '_'", s, MaxID)
}

func (c *check) country(field string, s protocol.Country) {
	parsed, err := protocol.ParseCountry(string(s))
	c.require(err == nil && parsed == s, field, "is %.20q, not an ISO 3166-1 alpha-2 code such as DE", string(s))
}

func (c *check) class(field string, s catalog.TaxClass) {
	c.require(slices.Contains(taxClasses(), s), field, "is %.40q, allowed are standard, reduced, zero and exempt", string(s))
}

func (c *check) distinct(field string, values []string) {
	seen := make(map[string]bool, len(values))
	for i, v := range values {
		c.require(!seen[v], at(field, i), "repeats %.60q", v)
		seen[v] = true
	}
}

// at names an entry of a list.
func at(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }
