package catalog

import "github.com/stoa-commerce/stoa/protocol"

// Product is what changes seldom about a thing for sale; its offers hold the
// rest. It projects to schema.org ProductGroup.
type Product struct {
	Header
	Handle      protocol.Handle `cbor:"handle" json:"handle"`
	Title       string          `cbor:"title" json:"title"`
	Description string          `cbor:"description,omitempty" json:"description,omitempty"` // sanitised HTML
	Vendor      string          `cbor:"vendor,omitempty" json:"vendor,omitempty"`           // the maker; schema.org brand
	Kind        string          `cbor:"kind,omitempty" json:"kind,omitempty"`               // the merchant's product type
	Category    string          `cbor:"category,omitempty" json:"category,omitempty"`       // a public taxonomy's path
	Tags        []string        `cbor:"tags,omitempty" json:"tags,omitempty"`
	Options     []Option        `cbor:"options,omitempty" json:"options,omitempty"` // at most 3
	Variants    []Variant       `cbor:"variants" json:"variants"`                   // at least one, in the brand's order
	Media       []MediaRef      `cbor:"media,omitempty" json:"media,omitempty"`
	SEO         SEO             `cbor:"seo,omitzero" json:"seo,omitzero"`
	Fields      []Field         `cbor:"fields,omitempty" json:"fields,omitempty"`
	Published   protocol.Millis `cbor:"published" json:"published"`
	Updated     protocol.Millis `cbor:"updated" json:"updated"`
	// Translations are keyed by BCP 47 tag; an absent text falls back to the
	// product's own.
	Translations map[protocol.Language]Translation `cbor:"translations,omitempty" json:"translations,omitempty"`
}

// Option is a dimension in which variants differ, such as Size. Values stand in
// the order they are shown.
type Option struct {
	Name   string   `cbor:"name" json:"name"`
	Values []string `cbor:"values" json:"values"`
}

// Variant is one thing that can be bought. Options holds one value per option of
// the product, in their order.
type Variant struct {
	ID      protocol.VariantID `cbor:"id" json:"id"`
	Options []string           `cbor:"options,omitempty" json:"options,omitempty"`
	SKU     string             `cbor:"sku,omitempty" json:"sku,omitempty"`
	GTIN    protocol.GTIN      `cbor:"gtin,omitempty" json:"gtin,omitempty"`
	Grams   int64              `cbor:"grams,omitempty" json:"grams,omitempty"` // weight without packing; 0 is unknown
	Measure *Quantity          `cbor:"measure,omitempty" json:"measure,omitempty"`
	Digital bool               `cbor:"digital,omitempty" json:"digital,omitempty"` // needs no shipping
	Media   int                `cbor:"media,omitempty" json:"media,omitempty"`     // 1-based index into Product.Media; 0 is none of its own
}

// Quantity is an amount of content in thousandths of a unit.
type Quantity struct {
	Milli int64  `cbor:"milli" json:"milli"`
	Unit  string `cbor:"unit" json:"unit"` // one of ml cl l m3 mg g kg mm cm m m2 pc
}

// MediaRef shows a picture of the catalog, described in the product's language.
type MediaRef struct {
	Blob protocol.CID `cbor:"blob" json:"blob"` // raw; its manifest is media/{blob}
	Alt  string       `cbor:"alt,omitempty" json:"alt,omitempty"`
}

// SEO is what search engines are told instead of title and description.
type SEO struct {
	Title       string `cbor:"title,omitempty" json:"title,omitempty"`
	Description string `cbor:"description,omitempty" json:"description,omitempty"`
}

// Field is a custom field of the brand. Type and value are the brand's own.
type Field struct {
	Name  string `cbor:"name" json:"name"` // "namespace.key"
	Type  string `cbor:"type,omitempty" json:"type,omitempty"`
	Value string `cbor:"value" json:"value"`
}

// Translation holds texts in another language.
type Translation struct {
	Title       string            `cbor:"title,omitempty" json:"title,omitempty"`
	Description string            `cbor:"description,omitempty" json:"description,omitempty"`
	SEO         SEO               `cbor:"seo,omitzero" json:"seo,omitzero"`
	Terms       map[string]string `cbor:"terms,omitempty" json:"terms,omitempty"` // option names and values
}

// Path implements Record.
func (p *Product) Path() protocol.Path { return ProductPath(p.Handle) }

// ProductPath returns the path of a product.
func ProductPath(h protocol.Handle) protocol.Path { return protocol.Path("product/" + h) }
