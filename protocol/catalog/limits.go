package catalog

import "github.com/stoa-commerce/stoa/protocol"

// Version is the version of every record type and of the head in this
// implementation.
const Version = 1

// Limits of records (specs/06-records.md). "Characters" are Unicode code points;
// "bytes" are bytes of UTF-8.
const (
	MaxTitle       = 200       // characters of a product, collection, page or post title
	MaxDescription = 50_000    // bytes of sanitised HTML in a description or body
	MaxSummary     = 1_000     // characters of a post's summary
	MaxVendor      = 100       // characters of a vendor or product type
	MaxCategory    = 300       // characters of a taxonomy path
	MaxTags        = 50        // tags of one product
	MaxTag         = 100       // characters of a tag
	MaxOptions     = 3         // options of one product
	MaxOptionName  = 100       // characters of an option's name or value
	MaxVariants    = 500       // variants of one product, at least 1
	MaxSKU         = 100       // characters of a stock keeping unit
	MaxGrams       = 1_000_000 // grams of one variant: a tonne
	MaxMedia       = 50        // pictures of one product
	MaxAlt         = 500       // characters that describe a picture
	MaxSEOTitle    = 200       // characters
	MaxSEOText     = 500       // characters
	MaxFields      = 50        // custom fields of one product
	MaxFieldName   = 100       // characters of "namespace.key"
	MaxFieldType   = 50        // characters
	MaxFieldValue  = 5_000     // bytes
	MaxTranslation = 20        // languages beside the product's own
	MaxTerms       = 200       // translated option names and values in one language

	// MaxPrice is the largest price in minor units: 10 billion euros. A
	// thousand of them still add up below protocol.MaxInt.
	MaxPrice = 1_000_000_000_000
	// MaxMilli is the largest quantity in thousandths of its unit.
	MaxMilli = 1_000_000_000_000
	// MaxTime is the last time of a record or head.
	MaxTime = protocol.MaxTime
)

// Limits of the profile and of the shop's texts.
const (
	MaxName         = 100   // characters of a brand's name
	MaxTagline      = 200   // characters
	MaxAbout        = 5_000 // bytes of the profile's description
	MaxEmail        = 254   // bytes (RFC 5321 §4.5.3.1.3)
	MaxPhone        = 40    // characters of digits, spaces and +-()./
	MaxAddressLine  = 200   // characters of one line of an address
	MaxVATID        = 30    // characters
	MaxSince        = 20    // characters
	MaxAnnouncement = 300   // characters
	MaxMenu         = 20    // links in the menu
	MaxLabel        = 100   // characters of a link's label
	MaxHref         = 500   // bytes of a link's target
	MaxSections     = 20    // sections of the front page
	MaxStory        = 2_000 // characters of a story's text
	MaxGateways     = 10    // URLs
	MaxPeers        = 20    // multiaddrs
	MaxPeer         = 300   // bytes of one multiaddr
	MaxListed       = 2_000 // products listed in a collection
	MaxConditions   = 20    // conditions of a rule, at least 1
	MaxCondition    = 200   // characters of a condition's value

	// MaxPicture is the largest picture in bytes (20 MiB).
	MaxPicture = 20 << 20
	// MaxSide is the largest width or height of a picture in pixels.
	MaxSide = 20_000
	// MaxPixels is the largest area of a picture in pixels.
	MaxPixels = 100_000_000
)

// Units are the units a Quantity may have: volume, mass, length, area, pieces.
func Units() []string {
	return []string{"ml", "cl", "l", "m3", "mg", "g", "kg", "mm", "cm", "m", "m2", "pc"}
}
