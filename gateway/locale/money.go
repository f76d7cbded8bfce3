package locale

import (
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/stoa-commerce/stoa/protocol"
)

// style is where the currency stands. A no-break space keeps a price on one line.
type style struct {
	after bool // 12,50 € and not €12.50
	apart bool // a space between a symbol and the amount that follows it
}

const noBreak = "\u00a0"

// styles holds what differs from "€12.50", by language or language and region
// (CLDR 46, standard currency patterns). x/text doesn't export the patterns.
var styles = map[string]style{
	"de": {after: true}, "fr": {after: true}, "es": {after: true}, "it": {after: true}, "pt-PT": {after: true},
	"pl": {after: true}, "cs": {after: true}, "sk": {after: true}, "sl": {after: true}, "hr": {after: true},
	"hu": {after: true}, "ro": {after: true}, "bg": {after: true}, "el": {after: true}, "ru": {after: true},
	"uk": {after: true}, "sr": {after: true}, "lt": {after: true}, "lv": {after: true}, "et": {after: true},
	"fi": {after: true}, "sv": {after: true}, "da": {after: true}, "nb": {after: true}, "nn": {after: true},
	"is": {after: true}, "ca": {after: true}, "vi": {after: true},
	"nl": {apart: true}, "pt": {apart: true}, "tr": {}, "de-AT": {apart: true}, "de-CH": {apart: true}, "de-LI": {apart: true},
	"es-MX": {}, "es-US": {}, "es-AR": {apart: true}, "es-CO": {apart: true}, "es-CL": {},
}

func styleOf(tag language.Tag) style {
	base, _ := tag.Base()
	region, _ := tag.Region()
	if s, ok := styles[base.String()+"-"+region.String()]; ok {
		return s
	}
	return styles[base.String()]
}

// Money writes an amount with its currency's symbol: "€12.50", "12,50 €",
// "¥1,500". All decimals of the currency are written.
func (l *Locale) Money(m protocol.Money) string {
	decimal, negative := strings.CutPrefix(m.Decimal(), "-")
	whole, decimals, _ := strings.Cut(decimal, ".")
	amount := l.symbols.write(whole, decimals)
	sign := ""
	if negative {
		sign = "−"
	}
	symbol := l.symbol(m.Currency)
	switch {
	case l.style.after:
		return sign + amount + noBreak + symbol
	case l.style.apart || isWord(symbol):
		return sign + symbol + noBreak + amount
	}
	return sign + symbol + amount
}

// symbol returns the currency's symbol in the language, or its code. The short
// form, ¥ for JP¥, is for the money of the country itself.
func (l *Locale) symbol(c protocol.Currency) string {
	unit, err := currency.ParseISO(string(c))
	if err != nil {
		return string(c)
	}
	form := currency.Symbol
	if unit == l.home {
		form = currency.NarrowSymbol
	}
	symbol := message.NewPrinter(l.tag).Sprint(form(unit))
	return strings.Replace(symbol, "￥", "¥", 1) // the full-width form leaves a hole before the digits
}

func moneyOf(country protocol.Country) currency.Unit {
	region, err := language.ParseRegion(string(country))
	if err != nil {
		return currency.Unit{}
	}
	unit, _ := currency.FromRegion(region)
	return unit
}

// isWord reports whether the symbol ends in a letter, as CHF does: then it isn't
// written against the digits.
func isWord(symbol string) bool {
	last := symbol[len(symbol)-1]
	return last >= 'A' && last <= 'Z' || last >= 'a' && last <= 'z' || last == '.'
}
