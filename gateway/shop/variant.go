package shop

import (
	"html/template"
	"strconv"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// variantData is one variant as the page shows it. The script gets the same for
// every variant.
type variantData struct {
	ID      protocol.VariantID `json:"id"`
	Values  []int              `json:"values"` // index into each option's values; -1 when it has none
	Price   string             `json:"price"`
	Was     string             `json:"was,omitempty"`
	Unit    string             `json:"unit,omitempty"`
	Class   string             `json:"class"`
	Words   string             `json:"words"` // of the availability
	Buyable bool               `json:"buyable"`
	Picture int                `json:"picture,omitempty"` // its number in the product
	Facts   map[string]string  `json:"facts,omitempty"`

	// What the price is, to be compared with the signed one.
	Minor    int64             `json:"minor"` // in cents, or what the currency has
	Currency protocol.Currency `json:"currency,omitempty"`
}

func (v *visit) variant(g goods, variant *catalog.Variant) variantData {
	d := variantData{ID: variant.ID, Values: g.values(variant), Picture: variant.Media, Class: string(catalog.OutOfStock), Facts: v.variantFacts(variant)}
	if o := g.offers[variant.ID]; o != nil {
		d.Class, d.Buyable, d.Price = string(o.Availability), o.Availability.Buyable(), v.house.Money(o.Price)
		d.Minor, d.Currency = o.Price.Minor, o.Price.Currency
		if o.CompareAt != nil {
			d.Was = v.house.Money(*o.CompareAt)
		}
		if o.UnitPrice != nil {
			d.Unit = v.house.Say("each", v.house.Money(o.UnitPrice.Price), v.quantity(o.UnitPrice.Per))
		}
	}
	d.Words = v.house.Say("availability." + d.Class)
	return d
}

// variants is the data block of the scripts that pick and check.
func (v *visit) variants(g goods) template.JS {
	all := make([]variantData, 0, len(g.Variants))
	for i := range g.Variants {
		all = append(all, v.variant(g, &g.Variants[i]))
	}
	return jsonData(all)
}

// values returns which value of each option the variant has.
func (g goods) values(v *catalog.Variant) []int {
	out := make([]int, len(g.Options))
	for i := range g.Options {
		out[i] = -1
		for n, value := range g.Options[i].Values {
			if i < len(v.Options) && v.Options[i] == value {
				out[i] = n
			}
		}
	}
	return out
}

// quantity writes an amount of content: "100 g"; "kg" for one kilogram.
func (v *visit) quantity(q catalog.Quantity) string {
	if q.Milli == 1000 {
		return v.unit(q.Unit)
	}
	return v.house.Thousandths(q.Milli) + "\u00a0" + v.unit(q.Unit)
}

func (v *visit) unit(unit string) string {
	switch unit {
	case "m2":
		return "m²"
	case "m3":
		return "m³"
	case "pc":
		return v.house.Say("unit.piece")
	}
	return unit
}

// taxless are the countries where shelf prices stand without tax.
var taxless = map[protocol.Country]bool{"US": true, "CA": true}

// vatCountries call their consumption tax VAT, in their own language.
var vatCountries = countries("AT BE BG HR CY CZ DE DK EE ES FI FR GB GR HU IE IT LT LU LV MT NL NO PL PT RO SE SI SK CH LI IS CN ZA")

func countries(list string) map[protocol.Country]bool {
	set := map[protocol.Country]bool{}
	for i := 0; i+2 <= len(list); i += 3 {
		set[protocol.Country(list[i:i+2])] = true
	}
	return set
}

// priceNotes says what the price includes and what is added, with the address of
// the page that tells more.
func (v *visit) priceNotes(g goods, chosen *catalog.Variant) (tax, delivery, terms string) {
	h := v.house
	if o := g.offers[chosen.ID]; o != nil && (o.TaxClass == catalog.TaxStandard || o.TaxClass == catalog.TaxReduced) {
		switch country := h.profile.Country; {
		case taxless[country]:
			tax = h.Say("tax.none")
		case vatCountries[country]:
			tax = h.Say("tax.vat")
		case country != "":
			tax = h.Say("tax.tax")
		}
	}
	if chosen.Digital {
		return tax, h.Say("delivery.digital"), ""
	}
	return tax, h.Say("delivery.plus"), h.textOfKind("shipping")
}

func itoa(n int) string { return strconv.Itoa(n) }
