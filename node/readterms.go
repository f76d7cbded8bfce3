package node

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// termsReader reads the parts of a document into terms, up to the first that is wrong.
type termsReader struct {
	terms *trade.Terms
	err   error
}

func (r *termsReader) read(d TermsDoc) {
	if d.Tax != nil {
		r.terms.Tax = r.tax(d.Tax)
	}
	if d.Shipping != nil {
		r.terms.Shipping = each(*d.Shipping, r.zone)
	}
	if d.Discounts != nil {
		r.terms.Discounts = each(*d.Discounts, r.discount)
	}
	if d.Payments != nil {
		r.terms.Payments = each(*d.Payments, r.payment)
	}
	if d.Returns != nil {
		r.terms.Returns = *d.Returns
	}
	if d.Ceiling != nil {
		r.terms.Ceiling = *d.Ceiling
	}
}

func each[D, T any](list []D, read func(int, D) T) (out []T) {
	for i, d := range list {
		out = append(out, read(i, d))
	}
	return out
}

func (r *termsReader) fail(field string, err error) {
	if err != nil && r.err == nil {
		r.err = protocol.Invalid("shop document", "%s: %s", field, strings.TrimSuffix(err.Error(), ": "+protocol.ErrInvalid.Error()))
	}
}

func (r *termsReader) money(field string, d Decimal) int64 {
	if d == "" {
		return 0
	}
	m, err := protocol.ParseMoney(string(d), r.terms.Currency)
	r.fail(field, err)
	return m.Minor
}

// percent reads a percentage of up to three decimals.
func (r *termsReader) percent(field string, d Decimal) trade.Percent {
	text := strings.TrimSpace(strings.TrimSuffix(string(d), "%"))
	if text == "" {
		return 0
	}
	m, err := protocol.ParseMoney(text, "KWD") // a currency of three decimals
	if err != nil {
		r.fail(field, fmt.Errorf("%.40q is not a percentage such as 19 or 7.25", string(d)))
	}
	return trade.Percent(m.Minor)
}

func (r *termsReader) time(field, text string) protocol.Millis {
	if text == "" {
		return 0
	}
	at, err := parseDate(text)
	r.fail(field, err)
	return at
}

func (r *termsReader) tax(d *TaxDoc) trade.Tax {
	t := trade.Tax{Set: true, Included: d.Included, Shipping: d.Shipping}
	for i, rate := range d.Rates {
		t.Rates = append(t.Rates, trade.TaxRate{
			Country: rate.Country, Region: rate.Region, Class: rate.Class, Rate: r.percent(fmt.Sprintf("tax.rates[%d].rate", i), rate.Rate),
		})
	}
	return t
}

func (r *termsReader) zone(i int, d ZoneDoc) trade.Zone {
	z := trade.Zone{ID: d.ID, Countries: d.Countries, Regions: d.Regions, Postcodes: d.Postcodes}
	for j, rate := range d.Rates {
		z.Rates = append(z.Rates, r.rate(fmt.Sprintf("shipping[%d].rates[%d]", i, j), fmt.Sprintf("%s-%d-%d", rate.Kind, i+1, j+1), rate))
	}
	return z
}

func (r *termsReader) rate(field, id string, d RateDoc) trade.Rate {
	rate := trade.Rate{ID: d.ID, Name: d.Name, Kind: d.Kind, Price: r.money(field+".price", d.Price), FreeFrom: r.money(field+".freeFrom", d.FreeFrom)}
	if rate.ID == "" {
		rate.ID = id
	}
	if d.Days != nil {
		rate.Days = *d.Days
	}
	for i, s := range d.Steps {
		at := fmt.Sprintf("%s.steps[%d]", field, i)
		rate.Steps = append(rate.Steps, trade.Step{UpTo: r.upTo(at+".upTo", d.Kind, s.UpTo), Price: r.money(at+".price", s.Price)})
	}
	return rate
}

// upTo reads grams or an amount.
func (r *termsReader) upTo(field string, kind trade.RateKind, d Decimal) int64 {
	if kind != trade.RateWeight || d == "" {
		return r.money(field, d)
	}
	grams, err := strconv.ParseInt(string(d), 10, 64)
	if err != nil {
		r.fail(field, fmt.Errorf("%.40q is not a whole number of grams", string(d)))
	}
	return grams
}

func (r *termsReader) discount(i int, d DiscountDoc) trade.Discount {
	field := fmt.Sprintf("discounts[%d].", i)
	return trade.Discount{
		Code: strings.TrimSpace(d.Code), Percent: r.percent(field+"percent", d.Percent), Amount: r.money(field+"amount", d.Amount),
		FreeShipping: d.FreeShipping, Min: r.money(field+"min", d.Min), Uses: d.Uses,
		From: r.time(field+"from", d.From), Until: r.time(field+"until", d.Until),
	}
}

// dayMillis is a day in milliseconds.
const dayMillis = 24 * 60 * 60 * 1000

func (r *termsReader) payment(i int, d PaymentDoc) trade.Payment {
	p := trade.Payment{ID: d.ID, Kind: d.Kind, Name: d.Name, Instructions: d.Instructions, HoldFor: trade.HoldOf(d.Kind)}
	if p.ID == "" {
		p.ID = string(d.Kind)
	}
	if d.HoldDays == nil {
		return p
	}
	if *d.HoldDays < 0 || *d.HoldDays > trade.MaxHoldDays {
		r.fail(fmt.Sprintf("payments[%d].holdDays", i), fmt.Errorf("is %d, allowed are 0 to %d", *d.HoldDays, trade.MaxHoldDays))
		return p
	}
	p.HoldFor = *d.HoldDays * dayMillis
	return p
}
