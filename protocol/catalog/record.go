package catalog

import "github.com/stoa-commerce/stoa/protocol"

// Type says what a record is. It equals the first segment of its path.
type Type string

// The record types of this version. A record of any other type is kept and
// passed on, and hidden from pages.
const (
	TypeProfile    Type = "profile"
	TypeProduct    Type = "product"
	TypeOffer      Type = "offer"
	TypeCollection Type = "collection"
	TypePage       Type = "page"
	TypePost       Type = "post"
	TypeMedia      Type = "media"
)

// Record is one of *Profile, *Product, *Offer, *Collection, *Page, *Post,
// *Media and *Prekey.
type Record interface {
	// Path is where the record belongs in its brand's catalog.
	Path() protocol.Path
	// Validate reports the first rule of specs/06-records.md the record breaks.
	Validate() error
}

// Header stands first in every record.
type Header struct {
	Type Type `cbor:"type" json:"type"`
	V    int  `cbor:"v" json:"v"`
}
