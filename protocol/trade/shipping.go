package trade

import "slices"

// shipping finds the ways to ship and takes the one asked for, or the first.
func (p *pricing) shipping() error {
	if p.quote.Digital {
		return nil
	}
	at := p.t.zone(p.ask.Destination)
	if at < 0 {
		return Refuse(NotDeliveredThere, "no zone holds %s %q %q", p.ask.Country, p.ask.Region, p.ask.Postcode)
	}
	grams := p.grams()
	for _, r := range p.t.Shipping[at].Rates {
		if price, ok := r.price(grams, p.quote.net()); ok {
			p.quote.Options = append(p.quote.Options, p.choice(r, price))
		}
	}
	if len(p.quote.Options) == 0 {
		return Refuse(NotDeliveredThere, "no rate of the zone takes %d g worth %d", grams, p.quote.net())
	}
	chosen := slices.IndexFunc(p.quote.Options, func(c ShippingChoice) bool { return c.ID == p.ask.Shipping })
	choice := p.quote.Options[max(chosen, 0)]
	p.quote.Shipping = &choice
	return nil
}

// grams is the weight of what is shipped.
func (p *pricing) grams() (sum int64) {
	for _, item := range p.items {
		if !item.Digital {
			sum += item.Grams * item.Quantity
		}
	}
	return sum
}

func (p *pricing) choice(r Rate, price int64) ShippingChoice {
	if p.freeShip {
		price = 0
	}
	rate := p.t.rate(p.t.shippingClass(), p.ask.Destination)
	return ShippingChoice{ID: r.ID, Name: r.Name, Kind: r.Kind, Price: price, TaxRate: rate, Tax: p.t.Tax.on(price, rate), Days: r.Days}
}

// price returns what the rate costs for so much weight and value, false when it
// doesn't take that.
func (r *Rate) price(grams, value int64) (int64, bool) {
	price, ok := r.Price, true
	switch r.Kind {
	case RateWeight:
		price, ok = step(r.Steps, grams)
	case RateValue:
		price, ok = step(r.Steps, value)
	}
	if r.FreeFrom != 0 && value >= r.FreeFrom {
		price = 0
	}
	return price, ok
}

// step returns the price of the first step that reaches.
func step(steps []Step, n int64) (int64, bool) {
	for _, s := range steps {
		if s.UpTo == 0 || n <= s.UpTo {
			return s.Price, true
		}
	}
	return 0, false
}
