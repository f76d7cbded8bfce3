package protocol

import (
	"strings"

	"golang.org/x/text/language"
)

// Country is an ISO 3166-1 alpha-2 code in upper case.
type Country string

// ParseCountry checks s, in either case.
func ParseCountry(s string) (Country, error) {
	up := strings.ToUpper(s)
	r, err := language.ParseRegion(up)
	if err != nil || len(up) != 2 || !r.IsCountry() || r.String() != up {
		return "", Invalid("country", "%q is not an ISO 3166-1 alpha-2 code such as DE", clip(s, 20))
	}
	return Country(up), nil
}

// Language is a BCP 47 tag in its canonical case, for example "de" or "zh-Hant".
type Language string

// ParseLanguage checks s and brings it to canonical case.
func ParseLanguage(s string) (Language, error) {
	tag, err := language.Parse(s)
	if err != nil || len(s) > 35 || tag == language.Und {
		return "", Invalid("language", "%q is not a BCP 47 tag such as en or pt-BR", clip(s, 40))
	}
	return Language(tag.String()), nil
}
