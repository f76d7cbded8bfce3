package trade

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// NormalCode returns the form in which discount codes are compared: upper case,
// without spaces around.
func NormalCode(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

// Discount returns the discount of a code, nil if there is none.
func (t *Terms) Discount(code string) *Discount {
	code = NormalCode(code)
	for i := range t.Discounts {
		if NormalCode(t.Discounts[i].Code) == code {
			return &t.Discounts[i]
		}
	}
	return nil
}

// refusal says why a code has no effect, "" when it has.
func (d *Discount) refusal(goods, used int64, now protocol.Millis) CodeRefusal {
	switch {
	case d == nil:
		return CodeUnknown
	case now < d.From:
		return CodeNotYet
	case d.Until != 0 && now >= d.Until:
		return CodeOver
	case d.Uses != 0 && used >= d.Uses:
		return CodeUsedUp
	case goods < d.Min:
		return CodeTooLittle
	}
	return ""
}

func (p *pricing) discount(now protocol.Millis) error {
	if NormalCode(p.ask.Code) == "" {
		return nil
	}
	d := p.t.Discount(p.ask.Code)
	if p.quote.CodeRefused = d.refusal(p.quote.Goods, p.ask.Used, now); p.quote.CodeRefused != "" {
		return nil
	}
	shares := d.shares(p.quote.Lines, p.quote.Goods)
	p.quote.Discount = &QuoteDiscount{Code: d.Code, FreeShipping: d.FreeShipping}
	for i, s := range shares {
		p.quote.Lines[i].Discount = s
		p.quote.Discount.Amount += s
	}
	p.freeShip = d.FreeShipping
	return nil
}

// shares returns what comes off each line: a percentage of each, or an amount, at most
// all the goods, spread over them.
func (d *Discount) shares(lines []QuoteLine, goods int64) []int64 {
	totals := make([]int64, len(lines))
	for i, l := range lines {
		totals[i] = l.Total
	}
	if d.Percent == 0 {
		return Spread(min(d.Amount, goods), totals)
	}
	for i := range totals {
		totals[i] = d.Percent.Of(totals[i])
	}
	return totals
}
