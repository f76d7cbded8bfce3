package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stoa-commerce/stoa/protocol"
)

// rules collects the first rule that a record breaks; later ones are dropped, so
// that a Validate method reads as a list.
type rules struct {
	of     Type
	silent bool // names no fields and words no errors: that takes longer than the rules
	err    error
}

// judge goes through the rules in silence, and again to name the one that is
// broken.
func judge(list func(*rules)) error {
	quiet := rules{silent: true}
	if list(&quiet); quiet.err == nil {
		return nil
	}
	var r rules
	list(&r)
	return r.err
}

func check(of Type, h Header) *rules {
	r := &rules{}
	r.header(of, h)
	return r
}

func (r *rules) header(of Type, h Header) {
	r.of = of
	r.require(h.Type == of, "type", "is not %q", of)
	r.require(h.V == Version, "v", "is not %d", Version)
}

func (r *rules) require(ok bool, field, rule string, args ...any) {
	switch {
	case ok || r.err != nil:
	case r.silent:
		r.err = errBroken
	default:
		r.err = &FieldError{Type: r.of, Field: field, Rule: fmt.Sprintf(rule, args...)}
	}
}

var errBroken = errors.New("a rule is broken")

// line is a text without line breaks and other control characters, of at most
// limit characters.
func (r *rules) line(field, s string, limit int) {
	if len(s) <= limit && isPlain(s) && strings.TrimSpace(s) == s {
		return
	}
	r.require(utf8.ValidString(s), field, "is not UTF-8")
	r.require(utf8.RuneCountInString(s) <= limit, field, "is longer than %d characters", limit)
	r.require(!strings.ContainsFunc(s, unicode.IsControl), field, "holds a line break or another control character")
	r.require(strings.TrimSpace(s) == s, field, "begins or ends with a space")
}

// name is a line that isn't empty.
func (r *rules) name(field, s string, limit int) {
	r.require(s != "", field, "is empty")
	r.line(field, s, limit)
}

// prose is a text of several lines, limited in bytes.
func (r *rules) prose(field, s string, limit int) {
	if len(s) <= limit && isPlain(s) {
		return
	}
	r.require(utf8.ValidString(s), field, "is not UTF-8")
	r.require(len(s) <= limit, field, "is longer than %d bytes", limit)
	r.require(!strings.ContainsFunc(s, forbiddenInProse), field, "holds a control character")
}

// isPlain reports whether s is of ASCII without control characters, as most texts
// are: then it keeps the rules of lines but for their length and their ends.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func forbiddenInProse(c rune) bool {
	return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t'
}

func (r *rules) atMost(field string, n, limit int) {
	if n > limit {
		r.require(false, field, "has %d entries, allowed are %d", n, limit)
	}
}

func (r *rules) within(field string, n, low, high int64) {
	if n < low || n > high {
		r.require(false, field, "is %d, allowed are %d to %d", n, low, high)
	}
}

func (r *rules) oneOf(field, s string, allowed ...string) {
	if !slices.Contains(allowed, s) {
		r.require(false, field, "is %.40q, allowed are %s", s, strings.Join(allowed, ", "))
	}
}

func (r *rules) time(field string, t protocol.Millis) {
	r.within(field, int64(t), 0, int64(MaxTime))
}

func (r *rules) handle(field string, h protocol.Handle) {
	_, err := protocol.ParseHandle(string(h))
	r.require(err == nil, field, "is not 1 to %d characters of a-z, 0-9, '.', '_' and '-'", protocol.MaxName)
}

func (r *rules) variantID(field string, v protocol.VariantID) {
	_, err := protocol.ParseVariantID(string(v))
	r.require(err == nil, field, "is not 1 to %d characters of A-Z, a-z, 0-9, '.', '_' and '-'", protocol.MaxName)
}

func (r *rules) price(field string, m protocol.Money) {
	r.require(m.Validate() == nil, field, "is not an amount in an ISO 4217 currency")
	r.require(m.Minor >= 0, field, "is negative")
	r.require(m.Minor <= MaxPrice, field, "is above %d minor units", int64(MaxPrice))
}

func (r *rules) quantity(field string, q Quantity) {
	r.within(field+".milli", q.Milli, 1, MaxMilli)
	r.oneOf(field+".unit", q.Unit, Units()...)
}

func (r *rules) picture(field string, m MediaRef) {
	r.require(m.Blob.Codec() == protocol.Raw, field+".blob", "is not the identifier of raw content")
	r.line(field+".alt", m.Alt, MaxAlt)
}

func (r *rules) language(field string, l protocol.Language) {
	parsed, err := protocol.ParseLanguage(string(l))
	r.require(err == nil && parsed == l, field, "is %.40q, not a BCP 47 tag in canonical case", l)
}

func (r *rules) country(field string, c protocol.Country) {
	parsed, err := protocol.ParseCountry(string(c))
	r.require(err == nil && parsed == c, field, "is %.20q, not an ISO 3166-1 alpha-2 code", c)
}

// color is #rrggbb in lower case, or "".
func (r *rules) color(field, s string) {
	ok := s == "" || len(s) == 7 && s[0] == '#' && strings.Trim(s[1:], "0123456789abcdef") == ""
	r.require(ok, field, "is %.20q, not a colour such as #1a2b3c in lower case", s)
}

func (r *rules) email(field, s string) {
	if s == "" {
		return
	}
	a, err := mail.ParseAddress(s)
	r.require(err == nil && a.Address == s && len(s) <= MaxEmail, field, "is not an e-mail address")
}

func (r *rules) phone(field, s string) {
	r.require(strings.Trim(s, "0123456789+-()./ ") == "", field, "holds something other than digits, spaces and +-()./")
	r.line(field, s, MaxPhone)
}

// href is a path of the shop, or an https, mailto or tel URL.
func (r *rules) href(field, s string) {
	r.require(len(s) <= MaxHref, field, "is longer than %d bytes", MaxHref)
	r.require(isHref(s), field, "is neither a path of the shop such as /c/tea nor an https:, mailto: or tel: URL")
}

func isHref(s string) bool {
	if strings.ContainsFunc(s, forbiddenInURL) {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil {
		return false
	}
	switch u.Scheme {
	case "":
		return strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
	case "https":
		return u.Host != "" && strings.HasPrefix(s, "https://")
	case "mailto", "tel":
		return u.Opaque != ""
	}
	return false
}

func forbiddenInURL(c rune) bool {
	return c <= ' ' || c >= 0x7f || strings.ContainsRune("\\\"<>`{}|^", c)
}

// distinct requires that no two of the values are equal.
func distinct[T comparable](r *rules, field string, values []T) {
	if len(values) <= fewValues && allDiffer(values) {
		return
	}
	seen := make(map[T]bool, len(values))
	for i, v := range values {
		if seen[v] {
			r.require(false, r.at(field, i, ""), "repeats %.100q", fmt.Sprint(v))
		}
		seen[v] = true
	}
}

// fewValues is up to how many it is quicker to compare each with each.
const fewValues = 16

func allDiffer[T comparable](values []T) bool {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return false
		}
	}
	return true
}

// at names an entry of a list.
func (r *rules) at(field string, i int, sub string) string {
	if r.silent {
		return ""
	}
	return field + "[" + strconv.Itoa(i) + "]" + sub
}

// sortedKeys makes the first error the same in every run.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
