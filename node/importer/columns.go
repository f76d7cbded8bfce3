package importer

import (
	"fmt"
	"strings"
)

// column is what a column of the file means.
type column int

// The columns. The first group says something of a product, the second of one of
// its variants, the third of a picture.
const (
	colHandle column = iota
	colTitle
	colDescription
	colVendor
	colCategory
	colType
	colTags
	colPublished
	colStatus
	colOption1Name
	colOption2Name
	colOption3Name
	colOption1Linked
	colOption2Linked
	colOption3Linked
	colGiftCard
	colSEOTitle
	colSEODescription
	colCollection

	colOption1Value
	colOption2Value
	colOption3Value
	colSKU
	colBarcode
	colPrice
	colCompareAt
	colCost
	colTaxable
	colTaxCode
	colMeasure
	colMeasureUnit
	colBase
	colBaseUnit
	colTracker
	colQuantity
	colOversell
	colGrams
	colWeightUnit
	colShipping
	colFulfillment
	colVariantImage

	colImage
	colImagePosition
	colImageAlt

	columnCount
)

// spellings are the headers of each column: that of the old column set, of the new
// one, and what some vintages and tools wrote. Case says nothing; the first one
// names the column in messages when the file doesn't have it.
var spellings = map[column][]string{
	colHandle:         {"Handle", "url handle"},
	colTitle:          {"Title"},
	colDescription:    {"Body (HTML)", "body html", "body", "description"},
	colVendor:         {"Vendor"},
	colCategory:       {"Product Category", "standardized product type", "standard product type"},
	colType:           {"Type", "product type", "custom product type"},
	colTags:           {"Tags"},
	colPublished:      {"Published", "published on online store"},
	colStatus:         {"Status"},
	colOption1Name:    {"Option1 Name"},
	colOption2Name:    {"Option2 Name"},
	colOption3Name:    {"Option3 Name"},
	colOption1Linked:  {"Option1 Linked To"},
	colOption2Linked:  {"Option2 Linked To"},
	colOption3Linked:  {"Option3 Linked To"},
	colGiftCard:       {"Gift Card"},
	colSEOTitle:       {"SEO Title"},
	colSEODescription: {"SEO Description"},
	colCollection:     {"Collection"},
	colOption1Value:   {"Option1 Value"},
	colOption2Value:   {"Option2 Value"},
	colOption3Value:   {"Option3 Value"},
	colSKU:            {"Variant SKU", "sku"},
	colBarcode:        {"Variant Barcode", "barcode", "variant barcodes", "barcodes"},
	colPrice:          {"Variant Price", "price"},
	colCompareAt:      {"Variant Compare At Price", "variant compare-at price", "compare-at price", "compare at price"},
	colCost:           {"Cost per item", "variant cost per item", "variant cost"},
	colTaxable:        {"Variant Taxable", "charge tax"},
	colTaxCode:        {"Variant Tax Code", "tax code"},
	colMeasure:        {"Unit Price Total Measure"},
	colMeasureUnit:    {"Unit Price Total Measure Unit"},
	colBase:           {"Unit Price Base Measure"},
	colBaseUnit:       {"Unit Price Base Measure Unit"},
	colTracker:        {"Variant Inventory Tracker", "inventory tracker"},
	colQuantity:       {"Variant Inventory Qty", "variant inventory quantity", "inventory quantity"},
	colOversell:       {"Variant Inventory Policy", "inventory policy", "continue selling when out of stock"},
	colGrams:          {"Variant Grams", "weight value (grams)"},
	colWeightUnit:     {"Variant Weight Unit", "weight unit for display"},
	colShipping:       {"Variant Requires Shipping", "requires shipping"},
	colFulfillment:    {"Variant Fulfillment Service", "fulfillment service"},
	colVariantImage:   {"Variant Image", "variant image url"},
	colImage:          {"Image Src", "product image url"},
	colImagePosition:  {"Image Position"},
	colImageAlt:       {"Image Alt Text"},
}

// columnsByHeader turns spellings around.
func columnsByHeader() map[string]column {
	m := map[string]column{}
	for c, headers := range spellings {
		for _, h := range headers {
			m[strings.ToLower(h)] = c
		}
	}
	return m
}

// columns says where in a row each column stands.
type columns struct {
	header []string         // as the file spells it
	place  [columnCount]int // index of its cell plus 1; 0 when the file doesn't have it
	fields []fieldColumn
}

// fieldColumn is a column that becomes a custom field.
type fieldColumn struct {
	place int    // index of its cell
	name  string // "namespace.key"
}

func (c *columns) has(col column) bool { return c.place[col] > 0 }

func (c *columns) hasAny(from, to column) bool {
	for col := from; col <= to; col++ {
		if c.has(col) {
			return true
		}
	}
	return false
}

// name returns the header of a column as the file spells it, or as Shopify did.
func (c *columns) name(col column) string {
	if c.has(col) {
		return c.header[c.place[col]-1]
	}
	return spellings[col][0]
}

// cell returns what a row says in a column, "" when the file doesn't have it.
func (c *columns) cell(r *row, col column) string {
	if i := c.place[col]; i > 0 {
		return r.cells[i-1]
	}
	return ""
}

// readColumns understands a header. What it doesn't know or use becomes a
// warning.
func readColumns(header []string) (columns, []Issue, error) {
	c := columns{header: header}
	known := columnsByHeader()
	var unused unusedColumns
	for i, text := range header {
		name := strings.ToLower(strings.Join(strings.Fields(text), " "))
		col, ok := known[name]
		field := ""
		if !ok {
			field = fieldName(name)
		}
		var err error
		switch {
		case ok:
			err = c.put(col, i)
		case field != "":
			err = c.putField(field, i)
		default:
			unused.add(text, name)
		}
		if err != nil {
			return c, nil, err
		}
	}
	if !c.has(colTitle) && !c.has(colHandle) {
		return c, nil, fmt.Errorf("%w: the first row has no column Title or Handle%s", ErrFormat, separatorHint(header))
	}
	return c, unused.issues(&c), nil
}

func (c *columns) put(col column, i int) error {
	if c.has(col) {
		return fmt.Errorf("%w: columns %d (%s) and %d (%s) mean the same", ErrFormat, c.place[col], c.name(col), i+1, c.header[i])
	}
	c.place[col] = i + 1
	return nil
}

func (c *columns) putField(name string, i int) error {
	for _, f := range c.fields {
		if f.name == name {
			return fmt.Errorf("%w: columns %d (%s) and %d (%s) mean the same", ErrFormat, f.place+1, c.header[f.place], i+1, c.header[i])
		}
	}
	c.fields = append(c.fields, fieldColumn{i, name})
	return nil
}

func separatorHint(header []string) string {
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t|") {
		return "; its columns must be separated by commas"
	}
	return ""
}

// unusedColumns gathers columns whose cells are not read.
type unusedColumns struct {
	markets []string
	list    []Issue
}

func (u *unusedColumns) add(text, name string) {
	switch {
	case isMarket(name):
		u.markets = append(u.markets, text)
	case text == "":
		u.list = append(u.list, Issue{Message: "a column without a name is not used"})
	case strings.Contains(name, "(variant.metafields."):
		u.list = append(u.list, Issue{Column: text, Message: "custom fields of variants are not used"})
	default:
		u.list = append(u.list, Issue{Column: text, Message: "is no column of a product CSV that is known here, and not used"})
	}
}

func isMarket(name string) bool {
	kind, market, ok := strings.Cut(name, " / ")
	if !ok || market == "" {
		return false
	}
	switch kind {
	case "included", "price", "compare at price", "compare-at price":
		return true
	}
	return false
}

// issues lists the warnings, with those columns that need another one to mean
// something.
func (u *unusedColumns) issues(c *columns) []Issue {
	out := u.list
	if len(u.markets) > 0 {
		out = append(out, Issue{Column: strings.Join(u.markets, ", "), Message: "prices and availability of single markets are not used"})
	}
	for _, col := range []column{colImagePosition, colImageAlt} {
		if c.has(col) && !c.has(colImage) {
			out = append(out, Issue{Column: c.name(col), Message: "is not used without the column Image Src"})
		}
	}
	return out
}
