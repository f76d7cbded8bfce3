package importer

import (
	"errors"
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// validate holds the product to the rules and limits of records, so that what the
// file got wrong is said of its row and column.
func (m *merging) validate() {
	first := m.group.rows[0].no
	err := m.is.Product.Validate()
	var field *catalog.FieldError
	switch {
	case errors.As(err, &field):
		row, column := m.blame(field.Field)
		m.fault(row, column, "%s", field.Rule)
		return
	case err != nil:
		m.fault(first, "", "%v", err)
		return
	}
	if len(m.is.Variants) > surelyKept {
		if _, err := protocol.Marshal(m.is); err != nil {
			m.fault(first, "", "the product has more variants than can be kept with all that is said of them: %v", err)
			return
		}
	}
	if atMost(&m.is.Product) <= protocol.MaxRecord {
		return
	}
	data, err := protocol.Marshal(m.is.Product)
	if err != nil {
		m.fault(first, "", "%v", err)
	} else if len(data) > protocol.MaxRecord {
		m.fault(first, m.columns.name(colDescription), "the product's record would have %d bytes, allowed are %d; shorten the description", len(data), protocol.MaxRecord)
	}
}

// surelyKept is how many variants fit into protocol.MaxItems, the bound of what
// the store keeps of a product, whatever is said of them.
const surelyKept = 100

// atMost estimates the size of a valid product's record from above, so that most
// products needn't be encoded to know that they fit.
func atMost(p *catalog.Product) int {
	const each, variant, language = 24, 400, 200_000
	n := 1000 + len(p.Title) + len(p.Description) + len(p.Vendor) + len(p.Kind) + len(p.Category) + len(p.SEO.Title) + len(p.SEO.Description)
	for _, tag := range p.Tags {
		n += each + len(tag)
	}
	for _, f := range p.Fields {
		n += 2*each + len(f.Name) + len(f.Type) + len(f.Value)
	}
	for _, ref := range p.Media {
		n += 4*each + len(ref.Alt)
	}
	for _, o := range p.Options {
		n += each + len(o.Name)
	}
	for _, v := range p.Variants {
		n += variant + len(v.SKU)
		for _, value := range v.Options {
			n += 2 * (each + len(value)) // once more in the list of the option's values
		}
	}
	return n + language*len(p.Translations)
}

// blamed names the column of each field of a product's record.
var blamed = map[string]column{
	"handle": colHandle, "title": colTitle, "description": colDescription, "vendor": colVendor, "kind": colType,
	"category": colCategory, "tags": colTags, "seo.title": colSEOTitle, "seo.description": colSEODescription,
}

var blamedOfVariant = map[string]column{
	"id": colSKU, "sku": colSKU, "gtin": colBarcode, "grams": colGrams, "measure": colMeasure,
}

// blame finds the row and column that a field of the record comes from, as in
// "variants[3].sku".
func (m *merging) blame(field string) (row int, column string) {
	row = m.group.rows[0].no
	if c, ok := blamed[field]; ok {
		return row, m.columns.name(c)
	}
	name, i, rest := parts(field)
	switch {
	case name == "tags":
		return row, m.columns.name(colTags)
	case name == "options" && strings.HasPrefix(rest, "values"):
		return row, m.columns.name(colOption1Value + m.clampOption(i))
	case name == "options":
		return row, m.columns.name(colOption1Name + m.clampOption(i))
	case name == "fields" && i < len(m.is.Product.Fields):
		return row, m.fieldHeader(m.is.Product.Fields[i].Name)
	case name == "variants":
		return m.blameVariant(i, rest)
	}
	return row, field
}

func (m *merging) clampOption(i int) column { return column(min(i, catalog.MaxOptions-1)) }

func (m *merging) blameVariant(i int, field string) (row int, column string) {
	row = m.group.rows[0].no
	if i < len(m.lines) && m.lines[i].row != nil {
		row = m.lines[i].row.no
	}
	name, nth, _ := parts(field)
	if name == "options" {
		return row, m.columns.name(colOption1Value + m.clampOption(nth))
	}
	if c, ok := blamedOfVariant[name]; ok {
		return row, m.columns.name(c)
	}
	return row, ""
}

func (m *merging) fieldHeader(name string) string {
	for _, f := range m.columns.fields {
		if f.name == name {
			return m.columns.header[f.place]
		}
	}
	return name
}

// parts cuts "variants[3].sku" into "variants", 3 and "sku".
func parts(field string) (name string, i int, rest string) {
	head, rest, _ := strings.Cut(field, ".")
	name, index, _ := strings.Cut(head, "[")
	i, _ = strconv.Atoi(strings.TrimSuffix(index, "]")) // 0 when there is none
	return name, i, rest
}
