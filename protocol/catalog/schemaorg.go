package catalog

import (
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// ProductPage is what the projection to schema.org needs beside the records.
type ProductPage struct {
	// URL is the absolute address of the product's page, without a query.
	URL string
	// Brand is the brand's name, used where the product names no vendor.
	Brand string
	// Description is plain text; "" falls back to the product's SEO text.
	Description string
	// Picture returns the absolute address of a picture.
	Picture func(protocol.CID) string
}

// Thing is a schema.org Product or ProductGroup, ready for encoding/json.
type Thing struct {
	Context     string          `json:"@context,omitempty"`
	Type        string          `json:"@type"` // Product or ProductGroup
	ID          string          `json:"@id,omitempty"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	URL         string          `json:"url"`
	Image       []string        `json:"image,omitempty"`
	Brand       *NamedThing     `json:"brand,omitempty"`
	Category    string          `json:"category,omitempty"`
	GroupID     string          `json:"productGroupID,omitempty"`
	VariesBy    []string        `json:"variesBy,omitempty"`
	SKU         string          `json:"sku,omitempty"`
	GTIN        protocol.GTIN   `json:"gtin,omitempty"`
	Color       string          `json:"color,omitempty"`
	Size        string          `json:"size,omitempty"`
	Material    string          `json:"material,omitempty"`
	Pattern     string          `json:"pattern,omitempty"`
	Properties  []PropertyValue `json:"additionalProperty,omitempty"`
	Weight      *Amount         `json:"weight,omitempty"`
	Offers      *OfferThing     `json:"offers,omitempty"`
	Variants    []Thing         `json:"hasVariant,omitempty"`
}

// NamedThing is a schema.org Brand.
type NamedThing struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

// PropertyValue is a schema.org PropertyValue: an option with no property of its
// own in schema.org.
type PropertyValue struct {
	Type  string `json:"@type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Amount is a schema.org QuantitativeValue with a UN/CEFACT unit code.
type Amount struct {
	Type     string `json:"@type"`
	Value    string `json:"value"`
	UnitCode string `json:"unitCode"`
}

// OfferThing is a schema.org Offer.
type OfferThing struct {
	Type         string      `json:"@type"`
	URL          string      `json:"url"`
	Price        string      `json:"price"`
	Currency     string      `json:"priceCurrency"`
	Availability string      `json:"availability"`
	Condition    string      `json:"itemCondition"`
	Prices       []PriceSpec `json:"priceSpecification,omitempty"`
}

// PriceSpec is a schema.org UnitPriceSpecification: a former price or the price
// of a fixed amount.
type PriceSpec struct {
	Type      string  `json:"@type"`
	PriceType string  `json:"priceType,omitempty"`
	Price     string  `json:"price"`
	Currency  string  `json:"priceCurrency"`
	Reference *Amount `json:"referenceQuantity,omitempty"`
}

// JSONLD projects a product with its offers to schema.org: a ProductGroup with a
// Product for each variant, or one Product when there is only one variant. A
// variant without an offer has no offers property: nothing is claimed of it.
// Both records are valid.
func JSONLD(p *Product, offers []*Offer, page ProductPage) Thing {
	byVariant := make(map[protocol.VariantID]*Offer, len(offers))
	for _, o := range offers {
		byVariant[o.Variant] = o
	}
	if len(p.Variants) == 1 {
		t := variantThing(p, &p.Variants[0], byVariant, page)
		t.Context, t.ID = "https://schema.org", page.URL+"#product"
		t.describe(p, page)
		return t
	}
	return groupThing(p, byVariant, page)
}

func groupThing(p *Product, offers map[protocol.VariantID]*Offer, page ProductPage) Thing {
	t := Thing{
		Context: "https://schema.org", Type: "ProductGroup", ID: page.URL + "#product",
		Name: p.Title, URL: page.URL, GroupID: string(p.Handle), VariesBy: variesBy(p.Options),
	}
	t.describe(p, page)
	for i := range p.Variants {
		t.Variants = append(t.Variants, variantThing(p, &p.Variants[i], offers, page))
	}
	return t
}

// describe sets what is said once, of the group or of the only product.
func (t *Thing) describe(p *Product, page ProductPage) {
	t.Description, t.Category = page.Description, p.Category
	if t.Description == "" {
		t.Description = p.SEO.Description
	}
	t.Brand = brandOf(p, page)
	t.Image = nil
	for _, m := range p.Media {
		t.Image = append(t.Image, page.Picture(m.Blob))
	}
}

func brandOf(p *Product, page ProductPage) *NamedThing {
	name := p.Vendor
	if name == "" {
		name = page.Brand
	}
	if name == "" {
		return nil
	}
	return &NamedThing{Type: "Brand", Name: name}
}

func variantThing(p *Product, v *Variant, offers map[protocol.VariantID]*Offer, page ProductPage) Thing {
	t := Thing{Type: "Product", Name: variantName(p, v), URL: variantURL(p, v, page), SKU: v.SKU, GTIN: v.GTIN}
	if t.SKU == "" {
		t.SKU = string(v.ID)
	}
	if own := max(v.Media, 1); own <= len(p.Media) {
		t.Image = []string{page.Picture(p.Media[own-1].Blob)}
	}
	if v.Grams > 0 {
		t.Weight = &Amount{Type: "QuantitativeValue", Value: strconv.FormatInt(v.Grams, 10), UnitCode: "GRM"}
	}
	for i, o := range p.Options {
		t.setOption(o.Name, v.Options[i])
	}
	if o := offers[v.ID]; o != nil {
		t.Offers = offerThing(o, t.URL)
	}
	return t
}

func variantName(p *Product, v *Variant) string {
	if len(p.Variants) == 1 || len(v.Options) == 0 {
		return p.Title
	}
	return p.Title + " – " + strings.Join(v.Options, " / ")
}

// variantURL relies on variant identifiers needing no escaping in a query.
func variantURL(p *Product, v *Variant, page ProductPage) string {
	if len(p.Variants) == 1 {
		return page.URL
	}
	return page.URL + "?variant=" + string(v.ID)
}

// setOption uses the property schema.org has for the option, if it has one.
func (t *Thing) setOption(name, value string) {
	switch propertyOf(name) {
	case "color":
		t.Color = value
	case "size":
		t.Size = value
	case "material":
		t.Material = value
	case "pattern":
		t.Pattern = value
	default:
		t.Properties = append(t.Properties, PropertyValue{Type: "PropertyValue", Name: name, Value: value})
	}
}

func propertyOf(option string) string {
	switch strings.ToLower(option) {
	case "color", "colour", "farbe", "couleur", "colore":
		return "color"
	case "size", "größe", "taille", "talla", "taglia":
		return "size"
	case "material", "matériau", "materiale":
		return "material"
	case "pattern", "muster", "motif":
		return "pattern"
	}
	return ""
}

// variesBy lists properties as URLs where schema.org has them, else option names.
func variesBy(options []Option) []string {
	var names []string
	for _, o := range options {
		if property := propertyOf(o.Name); property != "" {
			names = append(names, "https://schema.org/"+property)
		} else {
			names = append(names, o.Name)
		}
	}
	return names
}

func offerThing(o *Offer, url string) *OfferThing {
	t := &OfferThing{
		Type: "Offer", URL: url, Price: o.Price.Decimal(), Currency: string(o.Price.Currency),
		Availability: "https://schema.org/" + o.Availability.schema(), Condition: "https://schema.org/NewCondition",
	}
	if o.CompareAt != nil {
		t.Prices = append(t.Prices, PriceSpec{
			Type: "UnitPriceSpecification", PriceType: "https://schema.org/StrikethroughPrice",
			Price: o.CompareAt.Decimal(), Currency: string(o.CompareAt.Currency),
		})
	}
	if u := o.UnitPrice; u != nil {
		t.Prices = append(t.Prices, PriceSpec{
			Type: "UnitPriceSpecification", Price: u.Price.Decimal(), Currency: string(u.Price.Currency), Reference: u.Per.amount(),
		})
	}
	return t
}

// schema returns the schema.org ItemAvailability, "OutOfStock" for a class this
// implementation doesn't know.
func (a Availability) schema() string {
	switch a {
	case InStock:
		return "InStock"
	case LowStock:
		return "LimitedAvailability"
	case BackOrder:
		return "BackOrder"
	case PreOrder:
		return "PreOrder"
	case Discontinued:
		return "Discontinued"
	}
	return "OutOfStock"
}

func (q Quantity) amount() *Amount {
	return &Amount{Type: "QuantitativeValue", Value: q.Decimal(), UnitCode: unitCode(q.Unit)}
}

// Decimal returns the amount in whole units, without needless zeros: "0.25".
func (q Quantity) Decimal() string {
	whole := strconv.FormatInt(q.Milli/1000, 10)
	fraction := strconv.FormatInt(1000+q.Milli%1000, 10)[1:]
	return strings.TrimSuffix(whole+"."+strings.TrimRight(fraction, "0"), ".")
}

// unitCode returns the UN/CEFACT Recommendation 20 code of one of Units.
func unitCode(unit string) string {
	codes := map[string]string{
		"ml": "MLT", "cl": "CLT", "l": "LTR", "m3": "MTQ", "mg": "MGM", "g": "GRM", "kg": "KGM",
		"mm": "MMT", "cm": "CMT", "m": "MTR", "m2": "MTK", "pc": "H87",
	}
	return codes[unit]
}
