package trade

import "github.com/stoa-commerce/stoa/protocol"

// Contact is how the brand reaches who ordered.
type Contact struct {
	Name  string `cbor:"name" json:"name"`
	Email string `cbor:"email,omitempty" json:"email,omitempty"`
	Phone string `cbor:"phone,omitempty" json:"phone,omitempty"`
}

// Address is where goods or invoices go.
type Address struct {
	Name     string           `cbor:"name,omitempty" json:"name,omitempty"` // "" is the contact's
	Company  string           `cbor:"company,omitempty" json:"company,omitempty"`
	Street   string           `cbor:"street" json:"street"`
	Extra    string           `cbor:"extra,omitempty" json:"extra,omitempty"` // second line
	City     string           `cbor:"city" json:"city"`
	Region   string           `cbor:"region,omitempty" json:"region,omitempty"`
	Postcode string           `cbor:"postcode,omitempty" json:"postcode,omitempty"`
	Country  protocol.Country `cbor:"country" json:"country"`
}

// Placement is what a shopper says in an order, beside the quote.
type Placement struct {
	Quote    protocol.CID    `cbor:"quote" json:"quote"`     // the entry with the quote
	Records  []protocol.CID  `cbor:"records" json:"records"` // the offers agreed on, in the order of the lines
	Contact  Contact         `cbor:"contact" json:"contact"`
	Address  *Address        `cbor:"address,omitempty" json:"address,omitempty"`
	Billing  *Address        `cbor:"billing,omitempty" json:"billing,omitempty"`
	Method   string          `cbor:"method" json:"method"` // one of the quote's payments
	Note     string          `cbor:"note,omitempty" json:"note,omitempty"`
	MaxTotal protocol.Money  `cbor:"maxTotal" json:"maxTotal"`
	Until    protocol.Millis `cbor:"until" json:"until"` // not to be committed from then on
}

// LineQuantity is a part of an order: so many pieces of the line, counted from 0.
type LineQuantity struct {
	Line     int64 `cbor:"line" json:"line"`
	Quantity int64 `cbor:"quantity" json:"quantity"`
}

// Order is what became of a committed order: a fold over its events. Amounts are minor
// units of the quote's currency.
type Order struct {
	Quote      Quote           `cbor:"quote" json:"quote"`
	Placement  Placement       `cbor:"placement" json:"placement"`
	Placed     protocol.Millis `cbor:"placed" json:"placed"`
	State      State           `cbor:"state" json:"state"`
	Payment    Paid            `cbor:"payment" json:"payment"`
	Fulfilment Fulfilment      `cbor:"fulfilment" json:"fulfilment"`
	Return     ReturnState     `cbor:"return" json:"return"`

	Received  int64           `cbor:"received" json:"received"` // sum of payments
	Refunded  int64           `cbor:"refunded" json:"refunded"` // sum of refunds
	Shipped   []int64         `cbor:"shipped" json:"shipped"`   // pieces of each line that were shipped or, digital, delivered
	Returns   []Return        `cbor:"returns,omitempty" json:"returns,omitempty"`
	Delivered protocol.Millis `cbor:"delivered,omitempty" json:"delivered,omitempty"`
	Changed   protocol.Millis `cbor:"changed" json:"changed"`
}

// Return is one wish to give goods back.
type Return struct {
	ID         protocol.CID   `cbor:"id" json:"id"` // the entry that asked for it
	Lines      []LineQuantity `cbor:"lines" json:"lines"`
	Reason     string         `cbor:"reason,omitempty" json:"reason,omitempty"`
	Withdrawal bool           `cbor:"withdrawal,omitempty" json:"withdrawal,omitempty"` // from the contract, as the law allows
	State      ReturnState    `cbor:"state" json:"state"`
	Restocked  bool           `cbor:"restocked,omitempty" json:"restocked,omitempty"`
}

// State is where an order stands as a whole.
type State string

// The states of an order.
const (
	Placed    State = "placed"
	Cancelled State = "cancelled"
	RanOut    State = "expired"
	Completed State = "completed" // delivered and paid
)

// Paid is where the payment of an order stands.
type Paid string

// The states of payment.
const (
	Unpaid         Paid = "unpaid"
	PartlyPaid     Paid = "partly_paid"
	FullyPaid      Paid = "paid"
	Overpaid       Paid = "overpaid"
	PartlyRefunded Paid = "partly_refunded"
	FullyRefunded  Paid = "refunded"
)

// Fulfilment is where the delivery of an order stands.
type Fulfilment string

// The states of fulfilment.
const (
	Unfulfilled    Fulfilment = "unfulfilled"
	PartlyShipped  Fulfilment = "partly_shipped"
	FullyShipped   Fulfilment = "shipped"
	FullyDelivered Fulfilment = "delivered"
)

// ReturnState is where a return stands; of an order, the one that waits for most.
type ReturnState string

// The states of a return.
const (
	NoReturn        ReturnState = "none"
	ReturnRequested ReturnState = "requested"
	ReturnAccepted  ReturnState = "accepted"
	ReturnRefused   ReturnState = "refused"
	ReturnReceived  ReturnState = "received"
)
