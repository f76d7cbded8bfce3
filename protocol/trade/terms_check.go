package trade

import "github.com/stoa-commerce/stoa/protocol"

// Version is the version of Terms.
const Version = 1

// Validate reports the first rule that the terms break, by its field. The error wraps
// protocol.ErrInvalid.
func (t *Terms) Validate() error {
	c := &check{object: "terms"}
	c.require(t.V == Version, "v", "is %d, not %d", t.V, Version)
	_, err := protocol.ParseCurrency(string(t.Currency))
	c.require(err == nil, "currency", "is %.20q, not an ISO 4217 code", string(t.Currency))
	c.country("country", t.Country)
	t.Tax.rules(c)
	t.shippingRules(c)
	t.discountRules(c)
	t.paymentRules(c)
	c.within("returns.days", t.Returns.Days, 0, MaxDays)
	c.text("returns.text", t.Returns.Text, MaxTermsText)
	c.within("texts", int64(t.texts()), 0, MaxTexts)
	c.within("ceiling", t.Ceiling, 0, 100)
	return c.err
}

// texts is how many bytes the texts that stand in every quote have.
func (t *Terms) texts() int {
	n := len(t.Returns.Text)
	for _, p := range t.Payments {
		n += len(p.Name) + len(p.Instructions)
	}
	return n
}

func (t *Tax) rules(c *check) {
	if t.Shipping != "" {
		c.class("tax.shipping", t.Shipping)
	}
	c.require(t.Set || len(t.Rates) == 0, "tax.rates", "is given while tax is unset")
	c.atMost("tax.rates", len(t.Rates), MaxTaxRates)
	seen := map[TaxRate]bool{}
	for i, r := range t.Rates {
		field := at("tax.rates", i)
		if r.Country != "" {
			c.country(field+".country", r.Country)
		}
		c.require(r.Country != "" || r.Region == "", field+".region", "stands without a country")
		c.line(field+".region", r.Region, MaxPlace)
		c.class(field+".class", r.Class)
		c.within(field+".rate", int64(r.Rate), 0, hundred)
		r.Rate, r.Region = 0, NormalRegion(r.Country, r.Region)
		c.require(!seen[r], field, "is there twice")
		seen[r] = true
	}
}

func (t *Terms) shippingRules(c *check) {
	c.atMost("shipping", len(t.Shipping), MaxZones)
	var ids []string
	for i := range t.Shipping {
		z := &t.Shipping[i]
		z.rules(c, at("shipping", i))
		for _, r := range z.Rates {
			ids = append(ids, r.ID)
		}
	}
	c.distinct("shipping rates", ids)
}

func (z *Zone) rules(c *check, field string) {
	if z.ID != "" {
		c.id(field+".id", z.ID)
	}
	c.atMost(field+".countries", len(z.Countries), 300)
	for i, country := range z.Countries {
		c.country(at(field+".countries", i), country)
	}
	c.places(field+".regions", z.Regions)
	c.places(field+".postcodes", z.Postcodes)
	c.require(len(z.Rates) > 0, field+".rates", "is empty: nothing could be shipped there")
	c.atMost(field+".rates", len(z.Rates), MaxRates)
	for i := range z.Rates {
		z.Rates[i].rules(c, at(field+".rates", i))
	}
}

func (c *check) places(field string, list []string) {
	c.atMost(field, len(list), MaxPlaces)
	for i, s := range list {
		c.name(at(field, i), s, MaxPlace)
	}
}

func (r *Rate) rules(c *check, field string) {
	c.id(field+".id", r.ID)
	c.line(field+".name", r.Name, MaxTermName)
	c.amount(field+".price", r.Price)
	c.amount(field+".freeFrom", r.FreeFrom)
	c.within(field+".days.min", r.Days.Min, 0, MaxDays)
	c.within(field+".days.max", r.Days.Max, 0, MaxDays)
	c.require(r.Days.Max == 0 || r.Days.Min <= r.Days.Max, field+".days", "has min above max")
	switch r.Kind {
	case RateFlat, RatePickup:
		c.require(len(r.Steps) == 0, field+".steps", "don't belong to kind %s", r.Kind)
	case RateWeight, RateValue:
		c.require(r.Price == 0, field+".price", "doesn't belong to kind %s: the steps have prices", r.Kind)
		r.stepRules(c, field+".steps")
	default:
		c.require(false, field+".kind", "is %.40q, allowed are flat, weight, value and pickup", string(r.Kind))
	}
}

func (r *Rate) stepRules(c *check, field string) {
	c.require(len(r.Steps) > 0, field, "is empty")
	c.atMost(field, len(r.Steps), MaxSteps)
	last := int64(0)
	for i, s := range r.Steps {
		open := s.UpTo == 0 && i == len(r.Steps)-1
		c.require(open || s.UpTo > last && s.UpTo <= protocol.MaxInt, at(field, i)+".upTo", "is not above the one before; only the last may be without end")
		c.amount(at(field, i)+".price", s.Price)
		last = s.UpTo
	}
}

func (t *Terms) discountRules(c *check) {
	c.atMost("discounts", len(t.Discounts), MaxDiscounts)
	codes := make([]string, len(t.Discounts))
	for i := range t.Discounts {
		codes[i] = NormalCode(t.Discounts[i].Code)
		t.Discounts[i].rules(c, at("discounts", i))
	}
	c.distinct("discounts", codes)
}

func (d *Discount) rules(c *check, field string) {
	c.name(field+".code", d.Code, MaxCode)
	c.within(field+".percent", int64(d.Percent), 0, hundred)
	c.amount(field+".amount", d.Amount)
	c.amount(field+".min", d.Min)
	c.within(field+".uses", d.Uses, 0, protocol.MaxInt)
	c.within(field+".from", int64(d.From), 0, int64(protocol.MaxTime))
	c.within(field+".until", int64(d.Until), 0, int64(protocol.MaxTime))
	c.require(d.Percent == 0 || d.Amount == 0, field, "has both percent and amount")
	c.require(d.Percent != 0 || d.Amount != 0 || d.FreeShipping, field, "gives nothing: percent, amount or freeShipping is needed")
	c.require(d.Until == 0 || d.From < d.Until, field+".until", "is not after from")
}

func (t *Terms) paymentRules(c *check) {
	c.atMost("payments", len(t.Payments), MaxPayments)
	ids := make([]string, len(t.Payments))
	for i := range t.Payments {
		ids[i] = t.Payments[i].ID
		t.Payments[i].rules(c, at("payments", i))
	}
	c.distinct("payments", ids)
}

func (p *Payment) rules(c *check, field string) {
	c.id(field+".id", p.ID)
	c.require(p.Kind == PayBank || p.Kind == PayCOD || p.Kind == PayCounter, field+".kind", "is %.40q, allowed are bank, cod and counter", string(p.Kind))
	c.line(field+".name", p.Name, MaxTermName)
	c.text(field+".instructions", p.Instructions, MaxTermsText)
	c.within(field+".holdFor", p.HoldFor, 0, MaxHoldDays*day)
}

// day is one in milliseconds.
const day = 24 * 60 * 60 * 1000

// How long an unpaid order holds its stock when the brand says nothing else.
const (
	HoldBank    = 7 * day
	HoldCOD     = 30 * day
	HoldCounter = 3 * day
)

// HoldOf returns how long an order holds its stock by default, in milliseconds.
func HoldOf(kind PaymentKind) int64 {
	switch kind {
	case PayCOD:
		return HoldCOD
	case PayCounter:
		return HoldCounter
	}
	return HoldBank
}

// DefaultTerms let a fresh shop sell at once: free shipping within its own country,
// tax undecided, payment by transfer, on delivery or at the counter.
func DefaultTerms(currency protocol.Currency, country protocol.Country) Terms {
	return Terms{
		V: Version, Currency: currency, Country: country,
		Shipping: []Zone{{ID: "home", Countries: []protocol.Country{country}, Rates: []Rate{{ID: "standard", Kind: RateFlat}}}},
		Payments: []Payment{
			{ID: "bank", Kind: PayBank, HoldFor: HoldBank},
			{ID: "cod", Kind: PayCOD, HoldFor: HoldCOD},
			{ID: "counter", Kind: PayCounter, HoldFor: HoldCounter},
		},
	}
}

// Encode returns the canonical CBOR of valid terms.
func (t *Terms) Encode() ([]byte, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	return protocol.Marshal(t)
}

// DecodeTerms reads what Encode wrote.
func DecodeTerms(b []byte) (*Terms, error) {
	t := new(Terms)
	if err := protocol.Unmarshal(b, t); err != nil {
		return nil, err
	}
	return t, t.Validate()
}
