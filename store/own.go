package store

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// OwnProduct is everything a brand knows of one of its products, the private
// parts too. What shoppers may see of it is projected into records.
type OwnProduct struct {
	// Product holds the public texts; its Variants stand in order and its Media
	// hold the pictures that are in the store.
	Product  catalog.Product `cbor:"product"`
	Status   Status          `cbor:"status"`
	Variants []OwnVariant    `cbor:"variants"` // one for each of Product.Variants, in its order
	Pictures []PictureRef    `cbor:"pictures,omitempty"`
	Fields   []catalog.Field `cbor:"fields,omitempty"` // custom fields that shoppers never see
}

// Status says whether a product is published.
type Status string

// The statuses. Only active products have records.
const (
	Active   Status = "active"
	Draft    Status = "draft"
	Archived Status = "archived"
)

// OwnVariant is what the brand decides about one variant.
type OwnVariant struct {
	ID        protocol.VariantID `cbor:"id"`
	Price     protocol.Money     `cbor:"price"`
	CompareAt *protocol.Money    `cbor:"compareAt,omitempty"`
	UnitBase  *catalog.Quantity  `cbor:"unitBase,omitempty"` // what the unit price is for; the content is the variant's Measure
	TaxClass  catalog.TaxClass   `cbor:"taxClass"`
	Cost      *protocol.Money    `cbor:"cost,omitempty"`    // private
	Stock     Stock              `cbor:"stock"`             // private; a row of its own, joined in on reading
	Held      int64              `cbor:"-"`                 // of the stock, by orders; joined in on reading, not stored
	Picture   string             `cbor:"picture,omitempty"` // Source of one of the product's Pictures
}

// Stock is what the brand has of a variant.
type Stock struct {
	Tracked  bool  `cbor:"tracked"`  // when false, OnHand says nothing
	OnHand   int64 `cbor:"onHand"`   // pieces; may be negative after sales beyond zero
	Oversell bool  `cbor:"oversell"` // sell on when there is none left
}

// PictureRef is a picture of a product by where it came from: a URL or a file
// name. Its bytes may not have been fetched yet.
type PictureRef struct {
	Source string `cbor:"source"`
	Alt    string `cbor:"alt,omitempty"`
}

// OwnPicture says what became of a picture's source.
type OwnPicture struct {
	Source string          `cbor:"source"`
	Media  *catalog.Media  `cbor:"media,omitempty"` // nil until it was fetched
	Tried  protocol.Millis `cbor:"tried,omitempty"`
	Tries  int             `cbor:"tries,omitempty"`
	Reason string          `cbor:"reason,omitempty"` // why the last try failed
	Final  bool            `cbor:"final,omitempty"`  // trying again cannot help
}
