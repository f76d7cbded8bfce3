package trade

import "github.com/stoa-commerce/stoa/protocol"

// EventKind is what happened to an order. The words are those of the entries that say
// it.
type EventKind string

// The events of an order.
const (
	EvPayment        EventKind = "payment"         // Amount
	EvRefund         EventKind = "refund"          // Amount
	EvShipment       EventKind = "shipment"        // Lines, of goods that are not digital
	EvDelivery       EventKind = "delivery"        // Lines: one digital line, delivered in the thread
	EvDelivered      EventKind = "delivered"       //
	EvCancel         EventKind = "cancel"          //
	EvExpire         EventKind = "expire"          //
	EvReturn         EventKind = "return"          // Return, Lines, Reason, Withdrawal
	EvReturnAnswer   EventKind = "return.answer"   // Return, Accepted
	EvReturnReceived EventKind = "return.received" // Return, Restock
)

// Event is one thing that happened to an order. Which fields count depends on Kind.
type Event struct {
	Kind       EventKind
	Shopper    bool // said by the shopper; otherwise by the brand
	Time       protocol.Millis
	Amount     int64
	Lines      []LineQuantity
	Return     protocol.CID
	Accepted   bool
	Restock    bool
	Withdrawal bool
	Reason     string
}
