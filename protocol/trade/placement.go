package trade

import (
	"net/mail"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// fits holds a placement to the quote it cites.
func (p *Placement) fits(q *Quote, now protocol.Millis) error {
	if err := p.Validate(); err != nil {
		return Refuse(BadBody, "%v", err)
	}
	switch {
	case now >= p.Until:
		return Refuse(Expired, "until %s", p.Until)
	case p.MaxTotal.Currency != q.Currency || p.MaxTotal.Minor < q.Total:
		return Refuse(PriceChanged, "at most %s, the quote is %s", p.MaxTotal, protocol.NewMoney(q.Total, q.Currency))
	case !p.sameRecords(q):
		return Refuse(PriceChanged, "other offers than the quote's were agreed on")
	case !q.offers(p.Method):
		return Refuse(PaymentUnavailable, "%.60q", p.Method)
	}
	return p.reaches(q)
}

func (p *Placement) sameRecords(q *Quote) bool {
	if len(p.Records) != len(q.Lines) {
		return false
	}
	for i, l := range q.Lines {
		if p.Records[i] != l.Offer {
			return false
		}
	}
	return true
}

func (q *Quote) offers(method string) bool {
	for _, p := range q.Payments {
		if p.ID == method {
			return true
		}
	}
	return false
}

// NeedsAddress reports whether something is to be carried to the shopper.
func (q *Quote) NeedsAddress() bool { return q.Shipping != nil && q.Shipping.Kind != RatePickup }

func (p *Placement) reaches(q *Quote) error {
	if !q.NeedsAddress() {
		return nil
	}
	a := p.Address
	if a == nil || strings.TrimSpace(a.Street) == "" || strings.TrimSpace(a.City) == "" {
		return Refuse(AddressIncomplete, "street and city are needed")
	}
	if a.Country != q.Country {
		return Refuse(NotDeliveredThere, "the quote is for %s, the address in %s", q.Country, a.Country)
	}
	return nil
}

// Destination returns where an address is, as far as prices depend on it.
func (a *Address) Destination() Destination {
	return Destination{Country: a.Country, Region: a.Region, Postcode: a.Postcode}
}

// Validate reports the first rule of form that a placement breaks, by its field. The
// error wraps protocol.ErrInvalid.
func (p *Placement) Validate() error {
	c := &check{object: "order"}
	c.require(p.Quote.Defined(), "quote", "is missing")
	c.atMost("records", len(p.Records), MaxLines)
	c.name("contact.name", p.Contact.Name, MaxPersonLine)
	c.email("contact.email", p.Contact.Email)
	c.line("contact.phone", p.Contact.Phone, catalog.MaxPhone)
	p.Address.rules(c, "address")
	p.Billing.rules(c, "billing")
	c.id("method", p.Method)
	c.text("note", p.Note, MaxNote)
	c.require(p.MaxTotal.Validate() == nil && p.MaxTotal.Minor >= 0, "maxTotal", "is no amount")
	c.within("until", int64(p.Until), 0, int64(protocol.MaxTime))
	return c.err
}

func (c *check) email(field, s string) {
	if s == "" {
		return
	}
	a, err := mail.ParseAddress(s)
	c.require(err == nil && a.Address == s && len(s) <= catalog.MaxEmail, field, "is not an e-mail address")
}

func (a *Address) rules(c *check, field string) {
	if a == nil {
		return
	}
	for _, l := range []struct{ name, text string }{
		{"name", a.Name}, {"company", a.Company}, {"street", a.Street}, {"extra", a.Extra},
		{"city", a.City}, {"region", a.Region}, {"postcode", a.Postcode},
	} {
		c.line(field+"."+l.name, l.text, MaxPersonLine)
	}
	c.country(field+".country", a.Country)
}
