package trade

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// Terms are what a brand decides about selling: taxes, shipping, discounts, payment
// and returns. They are private: a shopper sees what follows from them in a quote.
// Amounts are minor units of Currency.
type Terms struct {
	V        int               `cbor:"v" json:"v"`
	Currency protocol.Currency `cbor:"currency" json:"currency"`
	Country  protocol.Country  `cbor:"country" json:"country"` // where the brand sells from
	Tax      Tax               `cbor:"tax" json:"tax"`
	Shipping []Zone            `cbor:"shipping,omitempty" json:"shipping,omitempty"`
	// Discounts are found by their codes, which differ also when case is ignored.
	Discounts []Discount `cbor:"discounts,omitempty" json:"discounts,omitempty"`
	Payments  []Payment  `cbor:"payments,omitempty" json:"payments,omitempty"`
	Returns   Returns    `cbor:"returns" json:"returns"`
	// Ceiling is the share of a variant's stock, in percent, that unpaid orders of
	// strangers may hold; 0 is no ceiling.
	Ceiling int64 `cbor:"ceiling,omitempty" json:"ceiling,omitempty"`
}

// Tax says how prices and taxes belong together.
type Tax struct {
	Set      bool             `cbor:"set" json:"set"`                               // false: the brand hasn't decided; nothing is reckoned
	Included bool             `cbor:"included" json:"included"`                     // prices hold the tax; otherwise it is added
	Shipping catalog.TaxClass `cbor:"shipping,omitempty" json:"shipping,omitempty"` // of the cost of shipping; "" is standard
	Rates    []TaxRate        `cbor:"rates,omitempty" json:"rates,omitempty"`
}

// TaxRate is the rate of a class at a destination. Of the rates that fit, one with a
// region goes before one of the country, and that before one of everywhere.
type TaxRate struct {
	Country protocol.Country `cbor:"country,omitempty" json:"country,omitempty"` // "" is everywhere else
	Region  string           `cbor:"region,omitempty" json:"region,omitempty"`   // "" is all of the country
	Class   catalog.TaxClass `cbor:"class" json:"class"`
	Rate    Percent          `cbor:"rate" json:"rate"`
}

// Percent is a share in thousandths of a percent: 19 % is 19,000.
type Percent int64

// Zone is where shipping costs the same. A destination belongs to the first zone that
// fits it.
type Zone struct {
	ID        string             `cbor:"id,omitempty" json:"id,omitempty"`
	Countries []protocol.Country `cbor:"countries,omitempty" json:"countries,omitempty"` // none: every country
	Regions   []string           `cbor:"regions,omitempty" json:"regions,omitempty"`     // none: every region
	Postcodes []string           `cbor:"postcodes,omitempty" json:"postcodes,omitempty"` // exact, or a beginning with * behind it; none: every one
	Rates     []Rate             `cbor:"rates" json:"rates"`
}

// Rate is one way of shipping within a zone.
type Rate struct {
	ID       string   `cbor:"id" json:"id"` // unique in the terms
	Name     string   `cbor:"name,omitempty" json:"name,omitempty"`
	Kind     RateKind `cbor:"kind" json:"kind"`
	Price    int64    `cbor:"price" json:"price"`                           // of flat and pickup
	Steps    []Step   `cbor:"steps,omitempty" json:"steps,omitempty"`       // of weight and value, rising
	FreeFrom int64    `cbor:"freeFrom,omitempty" json:"freeFrom,omitempty"` // value of the goods after discount from which it costs nothing; 0 is never
	Days     Days     `cbor:"days,omitzero" json:"days,omitzero"`
}

// RateKind says what the price of shipping depends on.
type RateKind string

// The kinds of rates.
const (
	RateFlat   RateKind = "flat"
	RateWeight RateKind = "weight"
	RateValue  RateKind = "value"
	RatePickup RateKind = "pickup" // the shopper fetches it; no address is needed
)

// Step is the price up to a weight in grams or a value in minor units, that included.
// UpTo 0 stands last and has no end.
type Step struct {
	UpTo  int64 `cbor:"upTo,omitempty" json:"upTo,omitempty"`
	Price int64 `cbor:"price" json:"price"`
}

// Days is how many working days a delivery takes. Both 0 is unsaid.
type Days struct {
	Min int64 `cbor:"min,omitempty" json:"min,omitempty"`
	Max int64 `cbor:"max,omitempty" json:"max,omitempty"`
}

// Discount is what a code gives: Percent or Amount of the goods, FreeShipping, or
// one of the two with free shipping.
type Discount struct {
	Code         string          `cbor:"code" json:"code"`
	Percent      Percent         `cbor:"percent,omitempty" json:"percent,omitempty"`
	Amount       int64           `cbor:"amount,omitempty" json:"amount,omitempty"`
	FreeShipping bool            `cbor:"freeShipping,omitempty" json:"freeShipping,omitempty"`
	Min          int64           `cbor:"min,omitempty" json:"min,omitempty"`     // goods needed
	From         protocol.Millis `cbor:"from,omitempty" json:"from,omitempty"`   // 0 is always
	Until        protocol.Millis `cbor:"until,omitempty" json:"until,omitempty"` // first moment at which it is over; 0 is never
	Uses         int64           `cbor:"uses,omitempty" json:"uses,omitempty"`   // orders that may use it; 0 is any number
}

// Payment is a way to pay.
type Payment struct {
	ID           string      `cbor:"id" json:"id"`
	Kind         PaymentKind `cbor:"kind" json:"kind"`
	Name         string      `cbor:"name,omitempty" json:"name,omitempty"`                 // "": the reader's word for the kind
	Instructions string      `cbor:"instructions,omitempty" json:"instructions,omitempty"` // bank details and the like; shown to shoppers
	HoldFor      int64       `cbor:"holdFor,omitempty" json:"holdFor,omitempty"`           // milliseconds an unpaid order holds its stock; 0 is without end
}

// PaymentKind is how money comes.
type PaymentKind string

// The kinds of payment.
const (
	PayBank    PaymentKind = "bank"    // transfer
	PayCOD     PaymentKind = "cod"     // cash on delivery: something must be shipped
	PayCounter PaymentKind = "counter" // at the counter: with pickup, or with nothing to ship
)

// Returns are the brand's promise about giving goods back.
type Returns struct {
	Days int64  `cbor:"days,omitempty" json:"days,omitempty"` // after delivery; 0 promises none
	Text string `cbor:"text,omitempty" json:"text,omitempty"`
}
