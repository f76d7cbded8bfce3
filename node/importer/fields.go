package importer

import (
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// googleFields gives the columns of the old set and the new one the same names
// where Shopify renamed them.
var googleFields = map[string]string{
	"google product category":        "product-category",
	"manufacturer part number (mpn)": "mpn",
	"adwords grouping":               "ad-group",
	"ad group name":                  "ad-group",
	"adwords labels":                 "ads-labels",
}

// fieldName returns the name of the custom field that a header (in lower case)
// stands for, "" if it is no such header.
func fieldName(header string) string {
	if rest, ok := strings.CutPrefix(header, "google shopping / "); ok {
		if name, ok := googleFields[rest]; ok {
			return "google." + name
		}
		return "google." + slug(rest)
	}
	_, rest, ok := strings.Cut(header, "(product.metafields.")
	name, closed := strings.CutSuffix(rest, ")")
	namespace, key, _ := strings.Cut(name, ".")
	if !ok || !closed || namespace == "" || key == "" {
		return ""
	}
	return name
}

// steersAds reports whether a custom field steers the merchant's advertising.
// Merchants write margins and rankings into such labels: they stay private.
func steersAds(name string) bool {
	return name == "google.ad-group" || name == "google.ads-labels" || name == "google.custom-product" ||
		strings.HasPrefix(name, "google.custom-label-")
}

// fieldsOf brings a product's custom fields to what the row says: fields in
// columns of the file are set or erased in their place, others stay. private
// chooses those that shoppers never see.
func (m *merging) fieldsOf(was []catalog.Field, r *row, private bool) []catalog.Field {
	out := slices.Clone(was)
	for _, c := range m.columns.fields {
		if steersAds(c.name) != private {
			continue
		}
		value := tidyList(r.cells[c.place])
		at := slices.IndexFunc(out, func(f catalog.Field) bool { return f.Name == c.name })
		switch {
		case value == "" && at >= 0:
			out = slices.Delete(out, at, at+1)
		case value != "" && at >= 0:
			out[at].Value = value
		case value != "":
			out = append(out, catalog.Field{Name: c.name, Value: value})
		}
	}
	return out
}

// tidyList writes a list of values with "; " between them and leaves any other
// text alone. JSON and text of several lines are no lists.
func tidyList(s string) string {
	if !strings.Contains(s, ";") || strings.ContainsAny(s, "\n{[<&") {
		return s
	}
	var items []string
	for item := range strings.SplitSeq(s, ";") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return strings.Join(items, "; ")
}
