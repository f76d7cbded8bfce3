package main

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// valuesVectors makes the cases of specs/03-values.md §9.
func valuesVectors() (any, error) {
	cases := append(tables(), amounts()...)
	cases = append(cases, pathVectors()...)
	cases = append(cases, nameVectors()...)
	cases = append(cases, timeVectors()...)
	return vecSet{"03-values", "Money, paths, names, numbers, places, languages and times; specs/03-values.md §9 says what each kind holds.", cases}, nil
}

// tables list every currency and country there is.
func tables() []vec {
	currencies, countries := vec{}, []string{}
	for i := range 26 * 26 * 26 {
		code := string([]byte{byte('A' + i/676), byte('A' + i/26%26), byte('A' + i%26)})
		if c, err := protocol.ParseCurrency(code); err == nil {
			currencies[code] = c.Exponent()
		}
		if _, err := protocol.ParseCountry(code[1:]); err == nil && i < 676 {
			countries = append(countries, code[1:])
		}
	}
	return []vec{
		{"name": "every currency with its decimals", "kind": "currencies", "valid": true, "decimals": currencies},
		{"name": "every country", "kind": "countries", "valid": true, "codes": countries},
	}
}

func amounts() []vec {
	var cases []vec
	for _, a := range [][2]string{
		{"12.50", "EUR"}, {"12.5", "EUR"}, {"12", "EUR"}, {"-3", "EUR"}, {"0.01", "EUR"}, {"007", "EUR"}, {"12.500", "EUR"},
		{"-0.05", "EUR"}, {"-0", "EUR"}, {"1500", "JPY"}, {"1500.0", "JPY"}, {"1.234", "KWD"}, {"0.0001", "CLF"}, {"90071992547409.91", "EUR"}, {"9007199254740991", "JPY"},
	} {
		m := sure(protocol.ParseMoney(a[0], protocol.Currency(a[1])))
		cases = append(cases, vec{
			"name": a[0] + " " + a[1], "kind": "money", "valid": true, "text": a[0], "currency": a[1],
			"minor": m.Minor, "decimal": m.Decimal(), "cbor": hexed(sure(protocol.Marshal(m))),
		})
	}
	for _, a := range [][2]string{
		{"12.505", "EUR"}, {"0.5", "JPY"}, {"90071992547409.92", "EUR"}, {"", "EUR"}, {"-", "EUR"}, {".5", "EUR"}, {"5.", "EUR"},
		{"+5", "EUR"}, {"1,50", "EUR"}, {"1 000", "EUR"}, {"1e3", "EUR"}, {" 5", "EUR"}, {"1.2.3", "EUR"}, {"5", "XXX"}, {"5", "XAU"}, {"5", "EURO"},
	} {
		cases = append(cases, vec{"name": "not an amount: " + a[0] + " " + a[1], "kind": "money", "valid": false, "error": amountClass(a[1]), "text": a[0], "currency": a[1]})
	}
	return cases
}

func amountClass(currency string) string {
	if _, err := protocol.ParseCurrency(currency); err != nil {
		return "currency"
	}
	return "amount"
}

func pathVectors() []vec {
	var cases []vec
	for _, s := range []string{"profile", "offer", "offer/gyokuro", "offer/Gyokuro", "offers/gyokuro/100-g", "product/gyokuro", "offer/gyokuro/TEA-100.g_x", "offer/gyokuro/100-g", "media/Q", "page/a..b", strings.Repeat("a", 256)} {
		p := sure(protocol.ParsePath(s))
		cases = append(cases, vec{"name": "path " + s, "kind": "path", "valid": true, "text": s, "segments": strings.Split(s, "/"), "group": p.Group()})
	}
	for _, s := range []string{"", "/", "/product", "product/", "a//b", "a/b/c/d", "Product/a", "offer/Gyokuro/x", "..", "a/..", "a/.", "a b", "a/é", "a%2f", strings.Repeat("a", 257)} {
		cases = append(cases, vec{"name": "not a path: " + s, "kind": "path", "valid": false, "error": "path", "text": s})
	}
	return cases
}

func nameVectors() []vec {
	long := strings.Repeat("a", 100)
	var cases []vec
	for _, n := range []struct {
		kind  string
		valid bool
		texts []string
	}{
		{"handle", true, []string{"gyokuro", "a", "2024.winter_x-1", "...", long}},
		{"handle", false, []string{"", ".", "..", "Tea", "a/b", "a b", "é", long + "a"}},
		{"variant", true, []string{"TEA-100", "gyokuro", "...", long}},
		{"variant", false, []string{"", ".", "..", "a/b", "a b", "é", long + "a"}},
		{"gtin", true, []string{"96385074", "036000291452", "4006381333931", "10012345678902"}},
		{"gtin", false, []string{"", "4006381333932", "4006381333913", "400638133393", "400638133393a", "4006381-33931"}},
		{"country", true, []string{"DE", "XK"}},
		{"country", false, []string{"UK", "EU", "SU", "DEU", "", "ZZ"}},
		{"language", true, []string{"en", "en-US", "zh-Hant", "sr-Latn-RS", "pt-BR"}},
		{"language", false, []string{"", "e", "und", "english language", "en-"}},
	} {
		for _, s := range n.texts {
			cases = append(cases, named(n.kind, s, n.valid))
		}
	}
	return cases
}

func named(kind, text string, valid bool) vec {
	if valid {
		return vec{"name": kind + " " + text, "kind": kind, "valid": true, "text": text}
	}
	return vec{"name": "not a " + kind + ": " + text, "kind": kind, "valid": false, "error": kind, "text": text}
}

func timeVectors() []vec {
	var cases []vec
	for _, ms := range []int64{0, 1, 1795253400123, 1795253400000, 253402300799999} {
		text := protocol.Millis(ms).String()
		cases = append(cases, vec{"name": "time " + text, "kind": "time", "valid": true, "millis": ms, "text": text, "cbor": hexed(sure(protocol.Marshal(ms)))})
	}
	for _, s := range []string{"2026-11-21", "2026-13-01T00:00:00Z", "yesterday", "2026-11-21 09:30:00Z"} {
		cases = append(cases, vec{"name": "not a time: " + s, "kind": "time", "valid": false, "error": "time", "text": s})
	}
	return cases
}
