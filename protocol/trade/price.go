package trade

import "github.com/stoa-commerce/stoa/protocol"

// Ask is what a shopper wants to know of a cart, and the brand's count of how many
// orders used the code so far.
type Ask struct {
	Destination
	Code     string // of a discount; "" is none
	Shipping string // the ID of a rate; unknown or "" is the first there is
	Used     int64
}

// Price returns the brand's quote for a cart, good for QuoteFor. A code without effect
// is said in CodeRefused; anything else that can't be had is a *Refused. Amounts are
// rounded half up, per line (specs/18-trade.md §3).
func Price(t *Terms, brand protocol.CID, items []Item, ask Ask, now protocol.Millis) (Quote, error) {
	if ask.Country == "" {
		return Quote{}, Refuse(NotDeliveredThere, "no country")
	}
	p := pricing{t: t, items: items, ask: ask, quote: Quote{
		Brand: brand, Currency: t.Currency, Destination: ask.Destination,
		TaxIncluded: t.Tax.Included, Returns: t.Returns, Until: now + QuoteFor,
	}}
	for _, step := range []func() error{p.lines, func() error { return p.discount(now) }, p.taxes, p.shipping, p.total, p.payments} {
		if err := step(); err != nil {
			return Quote{}, err
		}
	}
	return p.quote, nil
}

type pricing struct {
	t        *Terms
	items    []Item
	ask      Ask
	quote    Quote
	freeShip bool // by a code
}

func (p *pricing) lines() error {
	if len(p.items) == 0 || len(p.items) > MaxLines {
		return Refuse(BadQuantity, "%d lines, allowed are 1 to %d", len(p.items), MaxLines)
	}
	p.quote.Digital = true
	for i, item := range p.items {
		line, err := p.line(item)
		if err != nil {
			return err
		}
		if p.quote.Goods += line.Total; p.quote.Goods > MaxTotal {
			return Refuse(BadQuantity, "the sum is beyond %d after line %d", int64(MaxTotal), i)
		}
		p.quote.Lines = append(p.quote.Lines, line)
		p.quote.Digital = p.quote.Digital && item.Digital
	}
	return nil
}

func (p *pricing) line(item Item) (QuoteLine, error) {
	if item.Quantity < 1 || item.Quantity > MaxQuantity {
		return QuoteLine{}, Refuse(BadQuantity, "%d of %s, allowed are 1 to %d", item.Quantity, item.Variant, MaxQuantity)
	}
	if item.Unit.Currency != p.t.Currency || item.Unit.Minor < 0 {
		return QuoteLine{}, Refuse(ShopClosed, "the price of %s is %s, the terms are in %s", item.Variant, item.Unit, p.t.Currency)
	}
	total, ok := times(item.Unit.Minor, item.Quantity)
	if !ok {
		return QuoteLine{}, Refuse(BadQuantity, "%d of %s cost more than %d", item.Quantity, item.Variant, int64(MaxTotal))
	}
	return QuoteLine{
		Product: item.Product, Variant: item.Variant, Offer: item.Offer, Title: item.Title, Options: item.Options,
		Quantity: item.Quantity, Unit: item.Unit.Minor, Total: total, TaxClass: item.TaxClass, Digital: item.Digital,
	}, nil
}

// taxes reckons the tax of each line on what is left of it after the discount.
func (p *pricing) taxes() error {
	for i := range p.quote.Lines {
		line := &p.quote.Lines[i]
		line.TaxRate = p.t.rate(line.TaxClass, p.ask.Destination)
		line.Tax = p.t.Tax.on(line.Total-line.Discount, line.TaxRate)
		p.quote.Tax += line.Tax
	}
	return nil
}

// on returns the tax of an amount, within it or on top.
func (t *Tax) on(amount int64, rate Percent) int64 {
	if t.Included {
		return rate.Within(amount)
	}
	return rate.Of(amount)
}

// net is the value of the goods after the discount.
func (q *Quote) net() int64 {
	if q.Discount == nil {
		return q.Goods
	}
	return q.Goods - q.Discount.Amount
}

func (p *pricing) total() error {
	q := &p.quote
	q.Total = q.net()
	if q.Shipping != nil {
		q.Total += q.Shipping.Price
		q.Tax += q.Shipping.Tax
	}
	if !q.TaxIncluded {
		q.Total += q.Tax
	}
	if q.Total > MaxTotal {
		return Refuse(BadQuantity, "the total is beyond %d", int64(MaxTotal))
	}
	return nil
}

// payments lists the ways to pay that fit how the goods get to the shopper.
func (p *pricing) payments() error {
	p.quote.Payments = []Payment{}
	s := p.quote.Shipping
	shipped := s != nil && s.Kind != RatePickup
	for _, m := range p.t.Payments {
		if m.Kind == PayCOD && !shipped || m.Kind == PayCounter && shipped {
			continue
		}
		p.quote.Payments = append(p.quote.Payments, m)
	}
	if n := p.quote.size(); n > MaxQuote {
		return Refuse(BadQuantity, "the quote would take %d bytes, allowed are %d", n, MaxQuote)
	}
	return nil
}
