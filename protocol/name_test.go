package protocol_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestPaths(t *testing.T) {
	valid := []struct{ path, kind, name, leaf, group string }{
		{"profile", "profile", "", "", "profile"},
		{"product/gyokuro", "product", "gyokuro", "", "product/gyokuro"},
		{"offer/gyokuro/100-g", "offer", "gyokuro", "100-g", "product/gyokuro"},
		{"offer/gyokuro/TEA-100.g_x", "offer", "gyokuro", "TEA-100.g_x", "product/gyokuro"},
		{"media/Q", "media", "Q", "", "media/Q"},
		{"page/a..b", "page", "a..b", "", "page/a..b"},
		{strings.Repeat("a", 256), strings.Repeat("a", 256), "", "", strings.Repeat("a", 256)},
	}
	for _, c := range valid {
		p, err := protocol.ParsePath(c.path)
		if err != nil || p.Kind() != c.kind || p.Name() != c.name || p.Leaf() != c.leaf || p.Group() != c.group {
			t.Errorf("%q: %q %q %q %q %v", c.path, p.Kind(), p.Name(), p.Leaf(), p.Group(), err)
		}
	}
	for _, s := range []string{
		"", "/", "/product", "product/", "a//b", "a/b/c/d", "Product/a", "offer/Gyokuro/x", ".", "..", "a/..", "a/./b",
		"a b", "a\x00", "a\\b", "a%2f", "é", "product/gyokuro\n", strings.Repeat("a", 257),
	} {
		if _, err := protocol.ParsePath(s); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestHandlesAndVariantIDs(t *testing.T) {
	cases := []struct {
		text            string
		handle, variant bool
	}{
		{"gyokuro", true, true}, {"a", true, true}, {"2024.winter_x-1", true, true}, {"-", true, true}, {"...", true, true},
		{strings.Repeat("a", 100), true, true},
		{"TEA-100", false, true},
		{strings.Repeat("a", 101), false, false}, {"", false, false}, {".", false, false}, {"..", false, false},
		{"a/b", false, false}, {"a b", false, false}, {"é", false, false}, {"a\n", false, false},
	}
	for _, c := range cases {
		if _, err := protocol.ParseHandle(c.text); (err == nil) != c.handle {
			t.Errorf("handle %q: %v", c.text, err)
		}
		if _, err := protocol.ParseVariantID(c.text); (err == nil) != c.variant {
			t.Errorf("variant id %q: %v", c.text, err)
		}
	}
}

func TestGTINs(t *testing.T) {
	valid := []string{"96385074", "036000291452", "4006381333931", "10012345678902", "9780306406157"}
	for _, s := range valid {
		if g, err := protocol.ParseGTIN(s); err != nil || string(g) != s {
			t.Errorf("%q: %v", s, err)
		}
		for i := range len(s) {
			for d := byte('0'); d <= '9'; d++ {
				wrong := s[:i] + string(d) + s[i+1:]
				if _, err := protocol.ParseGTIN(wrong); (err == nil) != (wrong == s) {
					t.Errorf("%q with one digit changed to %q: %v", s, wrong, err)
				}
			}
		}
	}
	for _, s := range []string{"", "4006381333932", "400638133393", "40063813339310", "400638133393a", "4006381-33931", "４００６３８１３３３９３１"} {
		if _, err := protocol.ParseGTIN(s); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestCountriesAreThoseAssigned(t *testing.T) {
	for text, want := range map[string]protocol.Country{"DE": "DE", "de": "DE", "XK": "XK", "AD": "AD", "ZW": "ZW"} {
		if c, err := protocol.ParseCountry(text); err != nil || c != want {
			t.Errorf("%q: %s %v", text, c, err)
		}
	}
	for _, s := range []string{"", "D", "DEU", "UK", "EU", "SU", "YU", "ZZ", "XX", " D", "D ", "E ", "A ", "276"} {
		if c, err := protocol.ParseCountry(s); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%q is read as %s: %v", s, c, err)
		}
	}
	n := 0
	for i := range 676 {
		if _, err := protocol.ParseCountry(string([]byte{byte('A' + i/26), byte('A' + i%26)})); err == nil {
			n++
		}
	}
	if n != 250 {
		t.Errorf("%d countries instead of the 249 of ISO 3166-1 and XK", n)
	}
}

func TestLanguagesComeOutInCanonicalCase(t *testing.T) {
	for text, want := range map[string]protocol.Language{"en": "en", "EN-us": "en-US", "zh-hant": "zh-Hant", "SR-LATN-rs": "sr-Latn-RS", "pt-BR": "pt-BR"} {
		if l, err := protocol.ParseLanguage(text); err != nil || l != want {
			t.Errorf("%q: %s %v", text, l, err)
		}
	}
	for _, s := range []string{"", "e", "und", "english language", "en-", "-en", "e1", strings.Repeat("en-", 20) + "US"} {
		if l, err := protocol.ParseLanguage(s); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%q is read as %s: %v", s, l, err)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"profile", "offer/gyokuro/100-G", "product/..", "a//b", "Product/a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := protocol.ParsePath(s)
		if err != nil {
			return
		}
		parts := []string{p.Kind()}
		for _, part := range []string{p.Name(), p.Leaf()} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		if strings.Join(parts, "/") != s || len(s) > protocol.MaxPath {
			t.Fatalf("%q comes apart as %q", s, parts)
		}
	})
}
