package thread

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// OrderNumber gives an order the number that people speak of, from 1001, and says
// how to pay. It is committed in one step with the order.
type OrderNumber struct {
	Order        protocol.CID `cbor:"order" json:"order"`
	Number       uint64       `cbor:"number" json:"number"`
	Instructions string       `cbor:"instructions,omitempty" json:"instructions,omitempty"`
}

// Payment says that the brand received money.
type Payment struct {
	Order     protocol.CID   `cbor:"order" json:"order"`
	Amount    protocol.Money `cbor:"amount" json:"amount"`
	Method    string         `cbor:"method,omitempty" json:"method,omitempty"`
	Reference string         `cbor:"reference,omitempty" json:"reference,omitempty"`
}

// Shipment says that goods left.
type Shipment struct {
	Order    protocol.CID         `cbor:"order" json:"order"`
	Lines    []trade.LineQuantity `cbor:"lines" json:"lines"`
	Carrier  string               `cbor:"carrier,omitempty" json:"carrier,omitempty"`
	Tracking string               `cbor:"tracking,omitempty" json:"tracking,omitempty"`
	URL      string               `cbor:"url,omitempty" json:"url,omitempty"` // an https URL
}

// Delivered says that everything arrived.
type Delivered struct {
	Order protocol.CID `cbor:"order" json:"order"`
}

// Delivery hands over digital goods: a code or a file.
type Delivery struct {
	Order protocol.CID `cbor:"order" json:"order"`
	Line  int64        `cbor:"line" json:"line"` // from 0
	Code  string       `cbor:"code,omitempty" json:"code,omitempty"`
	File  *File        `cbor:"file,omitempty" json:"file,omitempty"`
}

// Refund says that the brand gave money back.
type Refund struct {
	Order  protocol.CID   `cbor:"order" json:"order"`
	Amount protocol.Money `cbor:"amount" json:"amount"`
	Reason string         `cbor:"reason,omitempty" json:"reason,omitempty"`
}

// Cancel ends an order before it is shipped.
type Cancel struct {
	Order  protocol.CID `cbor:"order" json:"order"`
	Reason string       `cbor:"reason,omitempty" json:"reason,omitempty"`
}

// Expire says that an unpaid order ran out.
type Expire struct {
	Order protocol.CID `cbor:"order" json:"order"`
}

// Return asks to give goods back.
type Return struct {
	Order  protocol.CID         `cbor:"order" json:"order"`
	Lines  []trade.LineQuantity `cbor:"lines" json:"lines"`
	Reason string               `cbor:"reason,omitempty" json:"reason,omitempty"`
	// Withdrawal says that the shopper uses a right that the law gives.
	Withdrawal bool `cbor:"withdrawal" json:"withdrawal"`
}

// ReturnAnswer accepts a return or doesn't.
type ReturnAnswer struct {
	Order    protocol.CID `cbor:"order" json:"order"`
	Return   protocol.CID `cbor:"return" json:"return"`
	Accepted bool         `cbor:"accepted" json:"accepted"`
	Text     string       `cbor:"text,omitempty" json:"text,omitempty"`
}

// ReturnReceived says that the goods came back.
type ReturnReceived struct {
	Order   protocol.CID `cbor:"order" json:"order"`
	Return  protocol.CID `cbor:"return" json:"return"`
	Restock bool         `cbor:"restock" json:"restock"`
}
