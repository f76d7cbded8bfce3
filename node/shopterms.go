package node

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/stoa-commerce/stoa/node/sales"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// TermsDoc is the part of a shop document about selling. It stays private: shoppers see
// what follows from it in a quote. Each list replaces the one there was.
type TermsDoc struct {
	Tax       *TaxDoc        `json:"tax,omitempty"`
	Shipping  *[]ZoneDoc     `json:"shipping,omitempty"`
	Discounts *[]DiscountDoc `json:"discounts,omitempty"`
	Payments  *[]PaymentDoc  `json:"payments,omitempty"`
	Returns   *trade.Returns `json:"returns,omitempty"`
	Ceiling   *int64         `json:"ceiling,omitempty"` // percent of a variant's stock that strangers' unpaid orders may hold; 0: no ceiling
}

// TaxDoc decides on tax; as long as a shop has none, none is reckoned.
type TaxDoc struct {
	Included bool             `json:"included"`           // prices hold the tax
	Shipping catalog.TaxClass `json:"shipping,omitempty"` // class of the cost of shipping; "" is standard
	Rates    []TaxRateDoc     `json:"rates"`
}

// TaxRateDoc is the rate of a class at a destination, in percent.
type TaxRateDoc struct {
	Country protocol.Country `json:"country,omitempty"` // "": everywhere else
	Region  string           `json:"region,omitempty"`
	Class   catalog.TaxClass `json:"class"`
	Rate    Decimal          `json:"rate"`
}

// ZoneDoc is where shipping costs the same: the first zone that fits counts.
type ZoneDoc struct {
	ID        string             `json:"id,omitempty"`
	Countries []protocol.Country `json:"countries,omitempty"`
	Regions   []string           `json:"regions,omitempty"`
	Postcodes []string           `json:"postcodes,omitempty"` // exact, or a beginning and *
	Rates     []RateDoc          `json:"rates"`
}

// RateDoc is one way of shipping; kind is flat, weight, value or pickup.
type RateDoc struct {
	ID       string         `json:"id,omitempty"`
	Name     string         `json:"name,omitempty"`
	Kind     trade.RateKind `json:"kind"`
	Price    Decimal        `json:"price,omitempty"`
	Steps    []StepDoc      `json:"steps,omitempty"`
	FreeFrom Decimal        `json:"freeFrom,omitempty"`
	Days     *trade.Days    `json:"days,omitempty"`
}

// StepDoc is the price up to a weight in grams or a value; the last step may have none.
type StepDoc struct {
	UpTo  Decimal `json:"upTo,omitempty"`
	Price Decimal `json:"price"`
}

// DiscountDoc is what a code gives.
type DiscountDoc struct {
	Code         string  `json:"code"`
	Percent      Decimal `json:"percent,omitempty"`
	Amount       Decimal `json:"amount,omitempty"`
	FreeShipping bool    `json:"freeShipping,omitempty"`
	Min          Decimal `json:"min,omitempty"`
	From         string  `json:"from,omitempty"` // YYYY-MM-DD or RFC 3339
	Until        string  `json:"until,omitempty"`
	Uses         int64   `json:"uses,omitempty"`
}

// PaymentDoc is a way to pay; kind is bank, cod or counter.
type PaymentDoc struct {
	ID           string            `json:"id,omitempty"` // "": the kind
	Kind         trade.PaymentKind `json:"kind"`
	Name         string            `json:"name,omitempty"`
	Instructions string            `json:"instructions,omitempty"`
	HoldDays     *int64            `json:"holdDays,omitempty"` // that an unpaid order keeps its stock; 0: without end
}

// Decimal is a number as text, "4.90"; in JSON it may stand without quotes.
type Decimal string

// UnmarshalJSON takes a string or a number.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	text, err := strconv.Unquote(string(b))
	if err != nil {
		text = string(bytes.TrimSpace(b))
	}
	*d = Decimal(text)
	return nil
}

// says reports whether the document decides anything about selling.
func (d TermsDoc) says() bool {
	return d.Tax != nil || d.Shipping != nil || d.Discounts != nil || d.Payments != nil || d.Returns != nil || d.Ceiling != nil
}

// terms gathers what the document decides about selling.
func (a *applying) terms(ctx context.Context, doc ShopDoc) error {
	is, err := a.n.terms(ctx, a.shop.Currency, a.shop.Country)
	if err != nil {
		return err
	}
	was := *is
	if err := follow(is, doc.TermsDoc, a.shop); err != nil {
		return err
	}
	r := &termsReader{terms: is}
	r.read(doc.TermsDoc)
	if r.err == nil {
		r.err = is.Validate()
	}
	if r.err != nil {
		return r.err
	}
	if doc.says() {
		a.warnings = append(a.warnings, termsWarnings(is)...)
	}
	return a.keepTerms(&was, is)
}

// TermsWarnings says what is missing of the terms the shop sells on, such as tax, for
// whoever opens it.
func (n *Node) TermsWarnings(ctx context.Context) ([]string, error) {
	var p *catalog.Profile
	err := n.store.View(ctx, n.brand, func(v *store.View) (err error) {
		p, err = v.Profile()
		return err
	})
	if err != nil {
		return nil, err
	}
	t, err := n.terms(ctx, p.Currency, p.Country)
	if err != nil {
		return nil, err
	}
	return termsWarnings(t), nil
}

// keepTerms notes the terms to be written when they changed.
func (a *applying) keepTerms(was, is *trade.Terms) error {
	raw, err := is.Encode()
	if err != nil {
		return err
	}
	if before, err := protocol.Marshal(was); err != nil || bytes.Equal(before, raw) {
		return err
	}
	a.private = append(a.private, func(o *store.OwnTxn) error { return o.PutSetting(sales.SettingTerms, raw) })
	return nil
}

// terms returns the terms in force: those stored, or those of a fresh shop.
func (n *Node) terms(ctx context.Context, currency protocol.Currency, country protocol.Country) (*trade.Terms, error) {
	raw, err := n.store.Setting(ctx, sales.SettingTerms)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		t := trade.DefaultTerms(currency, country)
		return &t, nil
	}
	t, err := trade.DecodeTerms(raw)
	if err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	return t, nil
}

// follow brings terms to the currency and country of the profile. Amounts can't be
// brought to another currency: then they have to be said again.
func follow(t *trade.Terms, doc TermsDoc, p *catalog.Profile) error {
	if t.Currency != p.Currency {
		if doc.Shipping == nil && pricedShipping(t) || doc.Discounts == nil && len(t.Discounts) > 0 {
			return protocol.Invalid("shop document", "the currency becomes %s: shipping and discounts are in %s and have to be given again", p.Currency, t.Currency)
		}
		t.Currency = p.Currency
	}
	t.Country = p.Country
	return nil
}

func pricedShipping(t *trade.Terms) bool {
	for _, z := range t.Shipping {
		for _, r := range z.Rates {
			if r.Price != 0 || r.FreeFrom != 0 || len(r.Steps) > 0 {
				return true
			}
		}
	}
	return false
}

func termsWarnings(t *trade.Terms) (out []string) {
	if !t.Tax.Set {
		out = append(out, `tax is not set: no tax is reckoned or shown to shoppers; say it in "tax" (stoa apply --help)`)
	}
	if len(t.Payments) == 0 {
		out = append(out, "there is no way to pay: nobody can order")
	}
	if len(t.Shipping) == 0 {
		out = append(out, "nothing is shipped anywhere: only digital goods can be ordered")
	}
	return out
}
