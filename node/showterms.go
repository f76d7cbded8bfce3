package node

import (
	"strconv"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// showTerms writes terms as ApplyShop reads them.
func showTerms(t *trade.Terms) TermsDoc {
	s := termsShower{t.Currency}
	zones, discounts, payments := s.zones(t.Shipping), s.discounts(t.Discounts), s.payments(t.Payments)
	returns, ceiling := t.Returns, t.Ceiling
	return TermsDoc{Tax: s.tax(&t.Tax), Shipping: &zones, Discounts: &discounts, Payments: &payments, Returns: &returns, Ceiling: &ceiling}
}

// termsShower writes amounts in a currency.
type termsShower struct {
	currency protocol.Currency
}

// money writes an amount, "" for none.
func (s termsShower) money(minor int64) Decimal {
	if minor == 0 {
		return ""
	}
	return s.price(minor)
}

func (s termsShower) price(minor int64) Decimal {
	return Decimal(protocol.NewMoney(minor, s.currency).Decimal())
}

// percentDoc writes a percentage without zeros at its end.
func percentDoc(p trade.Percent) Decimal {
	text := strconv.FormatFloat(float64(p)/1000, 'f', -1, 64)
	return Decimal(text)
}

func dateDoc(at protocol.Millis) string {
	if at == 0 {
		return ""
	}
	return at.Time().Format(time.RFC3339Nano)
}

func (s termsShower) tax(t *trade.Tax) *TaxDoc {
	if !t.Set {
		return nil
	}
	d := &TaxDoc{Included: t.Included, Shipping: t.Shipping, Rates: []TaxRateDoc{}}
	for _, r := range t.Rates {
		d.Rates = append(d.Rates, TaxRateDoc{Country: r.Country, Region: r.Region, Class: r.Class, Rate: percentDoc(r.Rate)})
	}
	return d
}

func (s termsShower) zones(zones []trade.Zone) []ZoneDoc {
	out := []ZoneDoc{}
	for _, z := range zones {
		d := ZoneDoc{ID: z.ID, Countries: z.Countries, Regions: z.Regions, Postcodes: z.Postcodes}
		for _, r := range z.Rates {
			d.Rates = append(d.Rates, s.rate(r))
		}
		out = append(out, d)
	}
	return out
}

func (s termsShower) rate(r trade.Rate) RateDoc {
	d := RateDoc{ID: r.ID, Name: r.Name, Kind: r.Kind, FreeFrom: s.money(r.FreeFrom)}
	if len(r.Steps) == 0 {
		d.Price = s.price(r.Price)
	}
	if r.Days != (trade.Days{}) {
		d.Days = &r.Days
	}
	for _, step := range r.Steps {
		up := s.money(step.UpTo)
		if r.Kind == trade.RateWeight && step.UpTo != 0 {
			up = Decimal(strconv.FormatInt(step.UpTo, 10))
		}
		d.Steps = append(d.Steps, StepDoc{UpTo: up, Price: s.price(step.Price)})
	}
	return d
}

func (s termsShower) discounts(list []trade.Discount) []DiscountDoc {
	out := []DiscountDoc{}
	for _, d := range list {
		doc := DiscountDoc{
			Code: d.Code, Amount: s.money(d.Amount), FreeShipping: d.FreeShipping, Min: s.money(d.Min),
			From: dateDoc(d.From), Until: dateDoc(d.Until), Uses: d.Uses,
		}
		if d.Percent != 0 {
			doc.Percent = percentDoc(d.Percent)
		}
		out = append(out, doc)
	}
	return out
}

func (s termsShower) payments(list []trade.Payment) []PaymentDoc {
	out := []PaymentDoc{}
	for _, p := range list {
		days := p.HoldFor / dayMillis
		out = append(out, PaymentDoc{ID: p.ID, Kind: p.Kind, Name: p.Name, Instructions: p.Instructions, HoldDays: &days})
	}
	return out
}
