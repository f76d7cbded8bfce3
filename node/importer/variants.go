package importer

import (
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// line is a variant and the row it was read from; row is nil for one that the
// file left alone.
type line struct {
	row     *row
	options []string
	was     int // its index in the former product, -1 when it is new
}

// optionColumn is an option of the product and the column its values stand in.
type optionColumn struct {
	name  string
	value column
}

// identifying are the columns that make a row that of a variant; what stands in
// the others alone, such as a weight unit, may be left over on rows of pictures.
var identifying = []column{
	colOption1Value, colOption2Value, colOption3Value, colSKU, colBarcode, colPrice, colCompareAt, colCost, colMeasure, colVariantImage,
}

// variants merges the variants of the product.
func (m *merging) variants() {
	if !m.columns.hasAny(colOption1Value, colVariantImage) {
		m.untouched()
		return
	}
	rows := m.variantRows()
	if m.was != nil && !m.columns.hasAny(colOption1Name, colOption3Name) && !m.columns.hasAny(colOption1Value, colOption3Value) {
		m.matchWithoutOptions(rows)
	} else {
		m.matchByOptions(rows)
	}
	m.build()
}

// untouched keeps the variants, as the file has no column about them.
func (m *merging) untouched() {
	if m.was == nil {
		m.fault(m.group.rows[0].no, "", "a new product needs a price, and the file has no column for it")
	}
	for i := range m.is.Variants {
		m.lines = append(m.lines, line{was: i})
	}
	for _, r := range m.group.rows[1:] {
		m.requirePicture(r)
	}
}

// variantRows returns the first row and the others that name a variant.
func (m *merging) variantRows() []*row {
	rows := m.group.rows[:1:1]
	for _, r := range m.group.rows[1:] {
		if m.mentions(r, identifying) {
			rows = append(rows, r)
		} else {
			m.requirePicture(r)
		}
	}
	return rows
}

func (m *merging) mentions(r *row, columns []column) bool {
	return slices.ContainsFunc(columns, func(c column) bool { return m.cell(r, c) != "" })
}

// requirePicture complains about a row that names neither variant nor picture.
func (m *merging) requirePicture(r *row) {
	if m.cell(r, colImage) != "" || r.bad != "" {
		return
	}
	for c := colOption1Value; c <= colVariantImage; c++ {
		if m.cell(r, c) != "" {
			m.fault(r.no, "", "the row is of no variant: options, SKU and price are blank")
			return
		}
	}
	m.warn(r.no, "", "the row holds neither a variant nor a picture")
}

// matchWithoutOptions finds the variants of a file that says nothing of options:
// by SKU, or the only one. Variants that it doesn't name stay.
func (m *merging) matchWithoutOptions(rows []*row) {
	for i, v := range m.was.Product.Variants {
		m.lines = append(m.lines, line{options: v.Options, was: i})
	}
	for _, r := range rows {
		i := m.meant(r)
		switch {
		case i < 0:
			m.faultAt(r, colSKU, "which of the product's %d variants is meant? The file has no columns for options, and no variant has the SKU %q", len(m.lines), clip(m.sku(r)))
		case m.lines[i].row != nil:
			m.fault(r.no, "", "is of the same variant as row %d", m.lines[i].row.no)
		default:
			m.lines[i].row = r
		}
	}
}

// meant returns the variant that a row without options means.
func (m *merging) meant(r *row) int {
	if sku := m.sku(r); sku != "" && len(m.was.Product.Variants) > 1 {
		return slices.IndexFunc(m.was.Product.Variants, func(v catalog.Variant) bool { return v.SKU == sku })
	}
	if len(m.was.Product.Variants) == 1 {
		return 0
	}
	return -1
}

// matchByOptions reads the options and finds the variant that each row had
// before.
func (m *merging) matchByOptions(rows []*row) {
	if n := len(rows); n > catalog.MaxVariants {
		m.fault(rows[catalog.MaxVariants].no, "", "the product has %d variants, allowed are %d", n, catalog.MaxVariants)
		rows = rows[:catalog.MaxVariants]
	}
	options := m.optionColumns(rows)
	for _, r := range rows {
		m.lines = append(m.lines, line{row: r, options: m.choice(r, options), was: -1})
	}
	m.refuseTwice()
	m.match()
	m.is.Product.Options = values(options, m.lines)
}

// optionColumns returns the product's options, none when it has but the one that
// Shopify gives to products without.
func (m *merging) optionColumns(rows []*row) []optionColumn {
	var out []optionColumn
	for i := range catalog.MaxOptions {
		c := optionColumn{m.optionName(i), colOption1Value + column(i)}
		if c.name != "" {
			out = append(out, c)
			continue
		}
		for _, r := range rows {
			if text := m.cell(r, c.value); text != "" && !isDefaultTitle(text) {
				m.faultAt(r, c.value, "%q is the value of an option without a name", clip(text))
				break
			}
		}
	}
	if len(out) == 1 && strings.EqualFold(out[0].name, "Title") && m.allDefault(rows, out[0].value) {
		return nil
	}
	return out
}

func (m *merging) optionName(i int) string {
	c := colOption1Name + column(i)
	if m.has(c) {
		return tidy(m.cell(m.group.rows[0], c))
	}
	if m.was != nil && i < len(m.was.Product.Options) {
		return m.was.Product.Options[i].Name
	}
	return ""
}

func isDefaultTitle(s string) bool { return strings.EqualFold(s, "Default Title") }

func (m *merging) allDefault(rows []*row, c column) bool {
	return !slices.ContainsFunc(rows, func(r *row) bool {
		text := m.cell(r, c)
		return text != "" && !isDefaultTitle(text)
	})
}

// choice reads a row's option values.
func (m *merging) choice(r *row, options []optionColumn) []string {
	var out []string
	for _, o := range options {
		value := tidy(m.cell(r, o.value))
		if value == "" {
			m.faultAt(r, o.value, "the variant has no value for the option %q", clip(o.name))
		}
		out = append(out, value)
	}
	return out
}

// joined is how variants are compared and how the store knows them.
func joined(options []string) string { return strings.Join(options, " / ") }

// refuseTwice makes errors of rows with the options of an earlier one.
func (m *merging) refuseTwice() {
	seen := map[string]int{}
	for _, l := range m.lines {
		key := joined(l.options)
		at, twice := seen[key]
		switch {
		case twice && key == "":
			m.fault(l.row.no, "", "is a second variant, beside row %d, of a product without options", at)
		case twice:
			m.faultAt(l.row, colOption1Value, "the variant %q is in row %d too", clip(key), at)
		default:
			seen[key] = l.row.no
		}
	}
}

// match finds former variants by their options, then those left by SKU.
func (m *merging) match() {
	if m.was == nil {
		return
	}
	former := m.was.Product.Variants
	taken := make([]bool, len(former))
	find := func(same func(v catalog.Variant, l line) bool) {
		for i, l := range m.lines {
			for j := 0; j < len(former) && m.lines[i].was < 0; j++ {
				if !taken[j] && same(former[j], l) {
					taken[j], m.lines[i].was = true, j
				}
			}
		}
	}
	find(func(v catalog.Variant, l line) bool { return slices.Equal(v.Options, l.options) })
	find(func(v catalog.Variant, l line) bool { return v.SKU != "" && v.SKU == m.sku(l.row) })
}

// values lists each option's values in the order in which the variants have them.
func values(options []optionColumn, lines []line) []catalog.Option {
	var out []catalog.Option
	for i, o := range options {
		option := catalog.Option{Name: o.name}
		seen := map[string]bool{}
		for _, l := range lines {
			if v := l.options[i]; !seen[v] {
				seen[v] = true
				option.Values = append(option.Values, v)
			}
		}
		out = append(out, option)
	}
	return out
}

// build makes the variants of what they were and what their rows say.
func (m *merging) build() {
	public, own := make([]catalog.Variant, len(m.lines)), make([]store.OwnVariant, len(m.lines))
	for i, l := range m.lines {
		if l.was >= 0 {
			public[i], own[i] = m.is.Product.Variants[l.was], m.is.Variants[l.was]
		} else {
			own[i].TaxClass = catalog.TaxStandard
		}
		public[i].Options = l.options
		if l.row != nil {
			m.fill(l, &public[i], &own[i])
		}
	}
	m.is.Product.Variants, m.is.Variants = public, own
}
