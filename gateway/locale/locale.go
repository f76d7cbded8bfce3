// Package locale says things in a shop's language: the gateway's own words,
// money, numbers and dates. It knows how each is written, not where it stands on
// a page. Locale data is golang.org/x/text's (CLDR); what that package doesn't
// export (where a currency stands, names of months) is a small table here.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"github.com/stoa-commerce/stoa/protocol"
)

//go:embed messages
var messages embed.FS

// Locale writes for one language. It is immutable.
type Locale struct {
	tag     language.Tag
	words   map[string]string
	symbols symbols
	style   style
	home    currency.Unit // the money of the country
}

// Book holds every language that the gateway's own words exist in.
type Book struct {
	tags    []language.Tag
	words   []map[string]string
	matcher language.Matcher
}

// languages are the ones with a file in messages. The first stands in for
// languages that have none.
var languages = []string{"en", "de", "zh"}

// Open reads the messages.
func Open() (*Book, error) {
	b := &Book{}
	for _, name := range languages {
		raw, err := messages.ReadFile("messages/" + name + ".json")
		if err != nil {
			return nil, fmt.Errorf("read messages: %w", err)
		}
		words := map[string]string{}
		if err := json.Unmarshal(raw, &words); err != nil {
			return nil, fmt.Errorf("read messages of %s: %w", name, err)
		}
		b.tags, b.words = append(b.tags, language.MustParse(name)), append(b.words, words)
	}
	b.matcher = language.NewMatcher(b.tags)
	return b, nil
}

// For returns the locale of a language in a country: numbers and money are
// written as there, words come from the nearest language that has them. The
// country may be empty.
func (b *Book) For(lang protocol.Language, country protocol.Country) *Locale {
	tag, err := language.Parse(string(lang))
	if err != nil {
		tag = language.English
	}
	_, at, confidence := b.matcher.Match(tag)
	if confidence == language.No {
		at = 0
	}
	tag = inCountry(tag, country)
	return &Locale{tag: tag, words: b.words[at], symbols: symbolsOf(tag), style: styleOf(tag), home: moneyOf(country)}
}

func inCountry(tag language.Tag, country protocol.Country) language.Tag {
	region, err := language.ParseRegion(string(country))
	if _, _, own := tag.Raw(); err != nil || own.String() != "ZZ" {
		return tag
	}
	if base, _ := tag.Base(); base.String() == "en" && !writesEnglish[region.String()] {
		region = britain
	}
	if t, err := language.Compose(tag, region); err == nil {
		return t
	}
	return tag
}

var britain = language.MustParseRegion("GB")

// writesEnglish are the countries that have English numbers of their own. In
// others CLDR lets an English page follow the country's numbers; a shopper who
// reads English expects 12.50.
var writesEnglish = map[string]bool{
	"US": true, "GB": true, "IE": true, "CA": true, "AU": true, "NZ": true, "IN": true, "SG": true, "HK": true, "ZA": true, "NG": true, "KE": true, "PH": true, "MY": true, "PK": true,
}

// Say returns the words for key with {0}, {1}… replaced. An unknown key is
// returned itself, which the tests of this package don't let happen.
func (l *Locale) Say(key string, with ...any) string {
	words, ok := l.words[key]
	if !ok {
		return key
	}
	for i, w := range with {
		words = strings.ReplaceAll(words, fmt.Sprintf("{%d}", i), fmt.Sprint(w))
	}
	return words
}

// Words returns all words whose key begins with prefix, by the rest of the key.
func (l *Locale) Words(prefix string) map[string]string {
	out := map[string]string{}
	for key, words := range l.words {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			out[rest] = words
		}
	}
	return out
}

// Tag is the language with its region, as browsers take it: BCP 47.
func (l *Locale) Tag() string { return l.tag.String() }

// Has reports whether there are words for key.
func (l *Locale) Has(key string) bool {
	_, ok := l.words[key]
	return ok
}

// Count says how many: the words for key+".one" when n is 1, else for
// key+".other", with {0} replaced by the number.
func (l *Locale) Count(key string, n int) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return l.Say(key+form, l.Number(int64(n)))
}

func (l *Locale) base() string {
	base, _ := l.tag.Base()
	return base.String()
}
