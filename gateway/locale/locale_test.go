package locale

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func book(t *testing.T) *Book {
	t.Helper()
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMoneyIsWrittenAsTheLanguageDoes(t *testing.T) {
	b := book(t)
	for _, c := range []struct {
		lang    protocol.Language
		country protocol.Country
		minor   int64
		cur     protocol.Currency
		want    string
	}{
		{"en", "GB", 123456789, "EUR", "€1,234,567.89"},
		{"de", "DE", 123456789, "EUR", "1.234.567,89_€"},
		{"de", "AT", 1250, "EUR", "€_12,50"},
		{"de", "CH", 123450, "CHF", "CHF_1’234.50"},
		{"en", "JP", 1500, "JPY", "¥1,500"},
		{"zh", "CN", 1500, "CNY", "¥15.00"},
		{"en", "US", 1999, "USD", "$19.99"},
		{"fr", "FR", 123456, "EUR", "1_234,56_€"},
		{"en", "IN", 123456789, "INR", "₹12,34,567.89"},
		{"es", "ES", 123456, "EUR", "1234,56_€"},
		{"en", "KW", 1234567, "KWD", "KWD_1,234.567"},
		{"en", "GB", -5, "GBP", "−£0.05"},
		{"nl", "NL", 123456, "EUR", "€_1.234,56"},
		{"en", "DE", 0, "CHF", "CHF_0.00"},
	} {
		want := strings.ReplaceAll(c.want, "_", "\u00a0")
		if got := b.For(c.lang, c.country).Money(protocol.NewMoney(c.minor, c.cur)); got != want {
			t.Errorf("%s-%s %d %s: got %q, want %q", c.lang, c.country, c.minor, c.cur, got, want)
		}
	}
}

func TestDatesAreWrittenAsTheLanguageDoes(t *testing.T) {
	b := book(t)
	const day = protocol.Millis(1772643900000) // 2026-03-04T17:05:00Z
	for lang, want := range map[protocol.Language]string{
		"en-GB": "4 March 2026, 17:05 UTC", "en-US": "March 4, 2026, 17:05 UTC", "de": "4. März 2026, 17:05 UTC",
		"zh": "2026年3月4日 17:05 UTC", "fi": "2026-03-04, 17:05 UTC",
	} {
		if got := b.For(lang, "").Moment(day); got != want {
			t.Errorf("%s: got %q, want %q", lang, got, want)
		}
	}
}

func TestThousandthsDropTrailingZeros(t *testing.T) {
	l := book(t).For("de", "DE")
	for milli, want := range map[int64]string{250: "0,25", 100000: "100", 1234567: "1.234,567", -1500: "−1,5"} {
		if got := l.Thousandths(milli); got != want {
			t.Errorf("%d: got %q, want %q", milli, got, want)
		}
	}
}

func TestEveryLanguageHasEveryMessage(t *testing.T) {
	b := book(t)
	want := slices.Sorted(maps.Keys(b.words[0]))
	for i, words := range b.words {
		if got := slices.Sorted(maps.Keys(words)); !slices.Equal(got, want) {
			t.Errorf("%s has other keys than %s", b.tags[i], b.tags[0])
		}
		for key, text := range words {
			if strings.Count(text, "{") != strings.Count(b.words[0][key], "{") {
				t.Errorf("%s %s: other blanks to fill than %s", b.tags[i], key, b.tags[0])
			}
		}
	}
}

func TestUnknownLanguagesFallBack(t *testing.T) {
	b := book(t)
	for lang, want := range map[protocol.Language]string{"de-AT": "Suchen", "zh-Hant": "搜索", "sw": "Search", "!": "Search"} {
		if got := b.For(lang, "").Say("search"); got != want {
			t.Errorf("%s: got %q, want %q", lang, got, want)
		}
	}
}
