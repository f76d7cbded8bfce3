package trade

import (
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// NormalRegion returns the form in which regions are compared: upper case, without the
// country and a dash in front of an ISO 3166-2 code.
func NormalRegion(country protocol.Country, region string) string {
	r := strings.ToUpper(strings.TrimSpace(region))
	return strings.TrimPrefix(r, string(country)+"-")
}

// NormalPostcode returns the form in which postcodes are compared: upper case, without
// spaces and dashes.
func NormalPostcode(postcode string) string {
	return strings.Map(func(c rune) rune {
		if c == ' ' || c == '-' {
			return -1
		}
		return c
	}, strings.ToUpper(postcode))
}

func (d Destination) normal() Destination {
	return Destination{Country: d.Country, Region: NormalRegion(d.Country, d.Region), Postcode: NormalPostcode(d.Postcode)}
}

// zone returns the place of the first zone that fits a destination, -1 if none does.
func (t *Terms) zone(d Destination) int {
	n := d.normal()
	return slices.IndexFunc(t.Shipping, func(z Zone) bool { return z.fits(n) })
}

func (z *Zone) fits(d Destination) bool {
	return (len(z.Countries) == 0 || slices.Contains(z.Countries, d.Country)) &&
		(len(z.Regions) == 0 || slices.ContainsFunc(z.Regions, func(r string) bool { return NormalRegion(d.Country, r) == d.Region })) &&
		(len(z.Postcodes) == 0 || slices.ContainsFunc(z.Postcodes, func(p string) bool { return postcodeFits(p, d.Postcode) }))
}

func postcodeFits(pattern, code string) bool {
	pattern = NormalPostcode(pattern)
	if start, open := strings.CutSuffix(pattern, "*"); open {
		return code != "" && strings.HasPrefix(code, start)
	}
	return code == pattern
}

// rate returns the tax rate of a class at a destination: the most particular that
// fits, 0 if none does or nothing is decided.
func (t *Terms) rate(class catalog.TaxClass, d Destination) Percent {
	if !t.Tax.Set {
		return 0
	}
	var best Percent
	found, n := 0, d.normal()
	for _, r := range t.Tax.Rates {
		if grade := r.grade(class, n); grade > found {
			best, found = r.Rate, grade
		}
	}
	return best
}

// grade says how particular a rate is for a destination, 0 when it doesn't fit.
func (r *TaxRate) grade(class catalog.TaxClass, d Destination) int {
	switch {
	case r.Class != class:
		return 0
	case r.Country == "":
		return 1
	case r.Country != d.Country:
		return 0
	case r.Region == "":
		return 2
	case NormalRegion(d.Country, r.Region) == d.Region:
		return 3
	}
	return 0
}

// shippingClass is the tax class of the cost of shipping.
func (t *Terms) shippingClass() catalog.TaxClass {
	if t.Tax.Shipping == "" {
		return catalog.TaxStandard
	}
	return t.Tax.Shipping
}

// SamePlace reports whether two destinations have the same country, zone and tax
// rates, so that a quote for one holds for the other.
func (t *Terms) SamePlace(a, b Destination) bool {
	if a.normal() == b.normal() {
		return true
	}
	same := a.Country == b.Country && t.zone(a) == t.zone(b)
	for _, class := range taxClasses() {
		same = same && t.rate(class, a) == t.rate(class, b)
	}
	return same
}

func taxClasses() []catalog.TaxClass {
	return []catalog.TaxClass{catalog.TaxStandard, catalog.TaxReduced, catalog.TaxZero, catalog.TaxExempt}
}
