package store

import "github.com/stoa-commerce/stoa/protocol"

// Stocked is what the brand has of a variant, and how much of it orders hold.
type Stocked struct {
	Stock
	Held int64 `cbor:"held"` // the sum of what holds take of it; PutHold and DeleteHold keep it
}

// Available is what can still be sold of a tracked variant. It may be negative.
func (s Stocked) Available() int64 { return s.OnHand - s.Held }

// VariantStock is the stock of one variant.
type VariantStock struct {
	Variant protocol.VariantID
	Stocked
}

// Hold keeps stock for an order until it is shipped, paid or given up.
type Hold struct {
	Order protocol.CID `cbor:"order"`
	Lines []HoldLine   `cbor:"lines"`
	Until Millis       `cbor:"until"` // 0: it doesn't run out by itself
}

// HoldLine is what a Hold takes of one variant.
type HoldLine struct {
	Variant  protocol.VariantID `cbor:"variant"`
	Quantity int64              `cbor:"quantity"`
}

// Order is the fiscal record of one order. At rest it is sealed under the thread's
// fiscal key and outlives the erasure of the conversation.
type Order struct {
	ID     protocol.CID   `cbor:"id"` // of the order entry
	Thread protocol.CID   `cbor:"thread"`
	Number uint64         `cbor:"number"` // told to people; see TradeTxn.NextNumber
	Placed Millis         `cbor:"placed"`
	Total  protocol.Money `cbor:"total"`
	Open   bool           `cbor:"open"`   // something is left to do: OrderFilter.Open lists it
	Status string         `cbor:"status"` // a word for lists; the store doesn't read it
	// State is the order with its quote and address as package protocol/trade encodes
	// it. The store doesn't read it.
	State []byte `cbor:"state"`
}

// OrderFilter selects orders; the zero value selects all.
type OrderFilter struct {
	Open bool // only those with Order.Open
}

// Notice is something to be sent to somebody outside: a mail, a push. At rest it is
// sealed under the conversation key of its thread and goes with it.
type Notice struct {
	ID     uint64       // given by PutNotice when 0
	Thread protocol.CID // undefined for what concerns no thread
	Due    Millis       // when it is to be tried next
	Tries  int
	Kind   string
	Body   []byte
}
