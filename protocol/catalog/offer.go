package catalog

import "github.com/stoa-commerce/stoa/protocol"

// Offer is what changes often about one variant. It projects to schema.org Offer.
type Offer struct {
	Header
	Product      protocol.Handle    `cbor:"product" json:"product"`
	Variant      protocol.VariantID `cbor:"variant" json:"variant"`
	Price        protocol.Money     `cbor:"price" json:"price"`                             // never negative
	CompareAt    *protocol.Money    `cbor:"compareAt,omitempty" json:"compareAt,omitempty"` // a former price, above Price, same currency
	UnitPrice    *UnitPrice         `cbor:"unitPrice,omitempty" json:"unitPrice,omitempty"`
	Availability Availability       `cbor:"availability" json:"availability"`
	TaxClass     TaxClass           `cbor:"taxClass" json:"taxClass"`
}

// UnitPrice is the price of a fixed amount of content, such as 100 g.
type UnitPrice struct {
	Price protocol.Money `cbor:"price" json:"price"`
	Per   Quantity       `cbor:"per" json:"per"`
}

// Availability is the class shoppers see; the exact quantity is private.
type Availability string

// The availability classes.
const (
	InStock      Availability = "in-stock"
	LowStock     Availability = "low-stock"
	BackOrder    Availability = "back-order"
	PreOrder     Availability = "pre-order"
	OutOfStock   Availability = "out-of-stock"
	Discontinued Availability = "discontinued"
)

// Buyable reports whether an order can be placed.
func (a Availability) Buyable() bool {
	return a == InStock || a == LowStock || a == BackOrder || a == PreOrder
}

// TaxClass names the rate that applies; what the rate is depends on the
// destination.
type TaxClass string

// The tax classes.
const (
	TaxStandard TaxClass = "standard"
	TaxReduced  TaxClass = "reduced"
	TaxZero     TaxClass = "zero"
	TaxExempt   TaxClass = "exempt"
)

// Path implements Record.
func (o *Offer) Path() protocol.Path { return OfferPath(o.Product, o.Variant) }

// OfferPath returns the path of an offer. It shares the group of its product.
func OfferPath(h protocol.Handle, v protocol.VariantID) protocol.Path {
	return protocol.Path("offer/" + string(h) + "/" + string(v))
}
