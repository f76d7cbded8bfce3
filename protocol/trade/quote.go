package trade

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// QuoteFor is how long a quote binds the brand, in milliseconds.
const QuoteFor = 15 * 60 * 1000

// Limits of a cart.
const (
	MaxLines    = 100
	MaxQuantity = 100_000
	// MaxTotal is the largest sum of a quote in minor units; every amount in it is
	// within it too.
	MaxTotal = protocol.MaxInt
)

// MaxQuote is the largest quote in bytes, so that it fits the body of an entry: a
// hundred lines with usual titles take half of it.
const MaxQuote = 56_000

// CartLine is what a shopper asks for: nothing that a price depends on but the
// quantity.
type CartLine struct {
	Product  protocol.Handle    `cbor:"product" json:"product"`
	Variant  protocol.VariantID `cbor:"variant" json:"variant"`
	Quantity int64              `cbor:"quantity" json:"quantity"`
}

// Destination is where goods go, as far as prices depend on it.
type Destination struct {
	Country  protocol.Country `cbor:"country" json:"country"`
	Region   string           `cbor:"region,omitempty" json:"region,omitempty"`
	Postcode string           `cbor:"postcode,omitempty" json:"postcode,omitempty"`
}

// Item is a line of a cart with what the brand's catalog says of it.
type Item struct {
	Product  protocol.Handle
	Variant  protocol.VariantID
	Offer    protocol.CID // the offer's record
	Title    string
	Options  []string
	Quantity int64
	Unit     protocol.Money
	TaxClass catalog.TaxClass
	Grams    int64 // of one piece; 0 is unknown and counts as none
	Digital  bool
}

// Quote is a brand's offer for one cart: binding until Until, usable for one order,
// holding no stock. All amounts are minor units of Currency. It is named by the entry
// that carries it.
type Quote struct {
	Brand       protocol.CID      `cbor:"brand" json:"brand"`
	Lines       []QuoteLine       `cbor:"lines" json:"lines"`
	Goods       int64             `cbor:"goods" json:"goods"` // sum of the lines' totals
	Discount    *QuoteDiscount    `cbor:"discount,omitempty" json:"discount,omitempty"`
	Shipping    *ShippingChoice   `cbor:"shipping,omitempty" json:"shipping,omitempty"` // nil when nothing is shipped
	Options     []ShippingChoice  `cbor:"options,omitempty" json:"options,omitempty"`   // all there are, Shipping among them
	Tax         int64             `cbor:"tax" json:"tax"`                               // of lines and shipping
	TaxIncluded bool              `cbor:"taxIncluded" json:"taxIncluded"`               // Tax is within the amounts, not added
	Total       int64             `cbor:"total" json:"total"`
	Currency    protocol.Currency `cbor:"currency" json:"currency"`
	Destination                   // country, region, postcode
	Payments    []Payment         `cbor:"payments" json:"payments"`
	Returns     Returns           `cbor:"returns" json:"returns"`
	Until       protocol.Millis   `cbor:"until" json:"until"`
	Digital     bool              `cbor:"digital,omitempty" json:"digital,omitempty"`         // nothing is to be shipped
	CodeRefused CodeRefusal       `cbor:"codeRefused,omitempty" json:"codeRefused,omitempty"` // why the code that was given has no effect
}

// QuoteLine is one line of a quote. Total is Unit × Quantity; Discount comes off it.
type QuoteLine struct {
	Product  protocol.Handle    `cbor:"product" json:"product"`
	Variant  protocol.VariantID `cbor:"variant" json:"variant"`
	Offer    protocol.CID       `cbor:"offer" json:"offer"`
	Title    string             `cbor:"title" json:"title"`
	Options  []string           `cbor:"options,omitempty" json:"options,omitempty"`
	Quantity int64              `cbor:"quantity" json:"quantity"`
	Unit     int64              `cbor:"unit" json:"unit"`
	Total    int64              `cbor:"total" json:"total"`
	Discount int64              `cbor:"discount,omitempty" json:"discount,omitempty"`
	TaxClass catalog.TaxClass   `cbor:"taxClass" json:"taxClass"`
	TaxRate  Percent            `cbor:"taxRate" json:"taxRate"`
	Tax      int64              `cbor:"tax" json:"tax"`
	Digital  bool               `cbor:"digital,omitempty" json:"digital,omitempty"`
}

// QuoteDiscount is what a code took off: the sum of the lines' discounts, and of the
// shipping when that is free by it.
type QuoteDiscount struct {
	Code         string `cbor:"code" json:"code"`
	Amount       int64  `cbor:"amount" json:"amount"`
	FreeShipping bool   `cbor:"freeShipping,omitempty" json:"freeShipping,omitempty"`
}

// CodeRefusal is the machine word for why a discount code has no effect.
type CodeRefusal string

// Why a code has no effect.
const (
	CodeUnknown   CodeRefusal = "unknown"
	CodeNotYet    CodeRefusal = "not_yet"
	CodeOver      CodeRefusal = "over"
	CodeTooLittle CodeRefusal = "too_little" // the goods cost less than it needs
	CodeUsedUp    CodeRefusal = "used_up"
)

// ShippingChoice is one way to ship the cart of a quote, and its price there. Tax is
// of the chosen destination; when prices don't include it, it comes on top.
type ShippingChoice struct {
	ID      string   `cbor:"id" json:"id"`
	Name    string   `cbor:"name,omitempty" json:"name,omitempty"` // "": the reader's word for the kind
	Kind    RateKind `cbor:"kind" json:"kind"`
	Price   int64    `cbor:"price" json:"price"`
	TaxRate Percent  `cbor:"taxRate" json:"taxRate"`
	Tax     int64    `cbor:"tax" json:"tax"`
	Days    Days     `cbor:"days,omitzero" json:"days,omitzero"`
}

// SamePrice reports whether two quotes offer the same for the same money: lines,
// discount, shipping, tax and total.
func (q *Quote) SamePrice(other *Quote) bool {
	return q.Total == other.Total && q.Tax == other.Tax && q.TaxIncluded == other.TaxIncluded && q.Currency == other.Currency &&
		slices.EqualFunc(q.Lines, other.Lines, QuoteLine.same) && same(q.Discount, other.Discount) && same(q.Shipping, other.Shipping)
}

func (l QuoteLine) same(m QuoteLine) bool {
	return l.Variant == m.Variant && l.Offer == m.Offer && l.Quantity == m.Quantity && l.Total == m.Total &&
		l.Discount == m.Discount && l.TaxRate == m.TaxRate && l.Tax == m.Tax
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// size is at least the number of bytes of the quote's encoding: its texts, and room for
// names of fields and numbers.
func (q *Quote) size() int {
	const fixed, line, choice = 500, 260, 160
	n := fixed + len(q.Region) + len(q.Postcode) + len(q.Returns.Text)
	for _, l := range q.Lines {
		n += line + len(l.Product) + len(l.Variant) + len(l.Title)
		for _, o := range l.Options {
			n += 5 + len(o)
		}
	}
	for _, c := range q.Options {
		n += choice + len(c.Name)
	}
	for _, p := range q.Payments {
		n += choice + len(p.Name) + len(p.Instructions)
	}
	return n
}
