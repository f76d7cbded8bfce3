package importer

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// fill merges what a row says of its variant.
func (m *merging) fill(l line, v *catalog.Variant, o *store.OwnVariant) {
	r := l.row
	if m.has(colSKU) {
		v.SKU = m.sku(r)
		m.claimSKU(r, v.SKU)
	}
	if m.has(colBarcode) {
		v.GTIN = m.gtin(r)
	}
	if m.has(colGrams) {
		v.Grams = m.grams(r)
	}
	if m.has(colShipping) {
		v.Digital = !m.truth(r, colShipping, true)
	}
	if m.has(colVariantImage) {
		o.Picture = m.source(r, colVariantImage)
	}
	m.prices(l, o)
	m.tax(r, o)
	m.content(r, v, o)
	m.stock(l, &o.Stock)
	m.variantRemarks(r)
}

// sku reads a stock keeping unit without the apostrophe that keeps spreadsheets
// from taking it for a number.
func (m *merging) sku(r *row) string { return tidy(unquoted(m.cell(r, colSKU))) }

func unquoted(s string) string {
	if digits, ok := strings.CutPrefix(s, "'"); ok && digits != "" && strings.Trim(digits, "0123456789") == "" {
		return digits
	}
	return s
}

// claimSKU refuses an SKU that a row above has: it is how a shop tells its stock
// apart.
func (m *merging) claimSKU(r *row, sku string) {
	if sku == "" {
		return
	}
	key := hash(sku)
	if at, twice := m.skus[key]; twice {
		m.faultAt(r, colSKU, "duplicate SKU %q: row %d has it too", clip(sku), at)
		return
	}
	m.skus[key] = r.no
}

// gtin reads the first barcode of a cell that is a GTIN.
func (m *merging) gtin(r *row) protocol.GTIN {
	text := m.cell(r, colBarcode)
	if text == "" {
		return ""
	}
	for _, code := range strings.FieldsFunc(text, func(c rune) bool { return c == ';' || c == ',' }) {
		code = strings.NewReplacer(" ", "", "-", "", "'", "").Replace(code)
		if g, err := protocol.ParseGTIN(code); err == nil {
			return g
		}
	}
	m.warnAt(r, colBarcode, "%q is left out: it is no GTIN of 8, 12, 13 or 14 digits with a right check digit", clip(text))
	return ""
}

// grams reads a weight, rounded, but more than nothing to at least a gram.
func (m *merging) grams(r *row) int64 {
	milli := m.thousandths(r, colGrams, true)
	if milli > 0 && milli < 500 {
		return 1
	}
	return (milli + 500) / 1000
}

// prices merges price, former price and cost.
func (m *merging) prices(l line, o *store.OwnVariant) {
	r := l.row
	if m.has(colPrice) {
		if price := m.money(r, colPrice); price != nil {
			o.Price = *price
		} else if m.cell(r, colPrice) == "" {
			m.faultAt(r, colPrice, "the variant has no price")
		}
	} else if l.was < 0 {
		m.fault(r.no, "", "a new variant needs a price, and the file has no column for it")
	}
	if m.has(colCompareAt) {
		o.CompareAt = m.former(r, o.Price)
	}
	if m.has(colCost) {
		o.Cost = m.money(r, colCost)
	}
}

// former reads a former price, nil when there is none above the price.
func (m *merging) former(r *row, price protocol.Money) *protocol.Money {
	former := m.money(r, colCompareAt)
	if former != nil && former.Minor <= price.Minor {
		m.warnAt(r, colCompareAt, "%s is left out: a former price must be above the price", clip(m.cell(r, colCompareAt)))
		return nil
	}
	return former
}

// tax merges whether tax is charged, and at which class of rate.
func (m *merging) tax(r *row, o *store.OwnVariant) {
	if !m.has(colTaxable) && !m.has(colTaxCode) {
		return
	}
	charged := o.TaxClass != catalog.TaxExempt
	if m.has(colTaxable) {
		charged = m.truth(r, colTaxable, true)
	}
	switch {
	case !charged:
		o.TaxClass = catalog.TaxExempt
	case m.has(colTaxCode):
		o.TaxClass = m.taxClass(r)
	case o.TaxClass == catalog.TaxExempt:
		o.TaxClass = catalog.TaxStandard
	}
}

func (m *merging) taxClass(r *row) catalog.TaxClass {
	text := m.cell(r, colTaxCode)
	switch class := catalog.TaxClass(strings.ToLower(text)); class {
	case catalog.TaxStandard, catalog.TaxReduced, catalog.TaxZero, catalog.TaxExempt:
		return class
	}
	if text != "" {
		m.warnOnce(r, colTaxCode, "tax codes of other programs are not used; write standard, reduced, zero or exempt")
	}
	return catalog.TaxStandard
}

// stock merges what there is of the variant.
func (m *merging) stock(l line, s *store.Stock) {
	r := l.row
	quantity := m.cell(r, colQuantity)
	if m.has(colTracker) {
		s.Tracked = m.cell(r, colTracker) != ""
	} else if l.was < 0 {
		s.Tracked = quantity != ""
	}
	if m.has(colQuantity) {
		s.OnHand = m.quantity(r)
	}
	if m.has(colOversell) {
		s.Oversell = m.oversell(r)
	}
}

// oversell reads the policy in the old words or the new ones.
func (m *merging) oversell(r *row) bool {
	switch strings.ToLower(m.cell(r, colOversell)) {
	case "deny":
		return false
	case "continue":
		return true
	}
	return m.truth(r, colOversell, false)
}

// variantRemarks warns of what Stoa has no place for.
func (m *merging) variantRemarks(r *row) {
	if s := strings.ToLower(m.cell(r, colFulfillment)); s != "" && s != "manual" {
		m.warnOnce(r, colFulfillment, "fulfillment services are not known here; the shop ships itself")
	}
	switch strings.ToLower(m.cell(r, colWeightUnit)) {
	case "", "g", "kg":
	default:
		m.warnOnce(r, colWeightUnit, "weights are shown in grams and kilograms")
	}
}
