package shop

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// fact is one line of the table. Key names those that change with the variant.
type fact struct{ Key, Label, Value string }

// variantFactKeys are in the order of the table.
var variantFactKeys = []string{"content", "weight", "sku", "gtin"}

func (v *visit) variantFacts(variant *catalog.Variant) map[string]string {
	facts := map[string]string{}
	if variant.Measure != nil {
		facts["content"] = v.house.Thousandths(variant.Measure.Milli) + "\u00a0" + v.unit(variant.Measure.Unit)
	}
	if variant.Grams > 0 {
		facts["weight"] = v.weight(variant.Grams)
	}
	if variant.SKU != "" {
		facts["sku"] = variant.SKU
	}
	if variant.GTIN != "" {
		facts["gtin"] = string(variant.GTIN)
	}
	return facts
}

func (v *visit) weight(grams int64) string {
	if grams < 1000 {
		return v.house.Number(grams) + "\u00a0g"
	}
	return v.house.Thousandths(grams) + "\u00a0kg"
}

func (v *visit) facts(g goods, chosen *catalog.Variant) []fact {
	h := v.house
	var out []fact
	add := func(label, value string) {
		if value != "" {
			out = append(out, fact{"", label, value})
		}
	}
	if len(g.Variants) == 1 {
		for i, o := range g.Options {
			add(o.Name, strings.Join(chosen.Options[i:i+1], ""))
		}
	}
	for _, f := range g.Fields {
		add(fieldLabel(f.Name), v.fieldValue(f))
	}
	own := v.variantFacts(chosen)
	for _, key := range variantFactKeys {
		if anyHas(v, g, key) {
			out = append(out, fact{key, h.Say("fact." + key), own[key]})
		}
	}
	if g.Vendor != h.profile.Name {
		add(h.Say("fact.maker"), g.Vendor)
	}
	add(h.Say("fact.kind"), g.Kind)
	return out
}

// anyHas reports whether a line is needed for at least one variant.
func anyHas(v *visit, g goods, key string) bool {
	for i := range g.Variants {
		if v.variantFacts(&g.Variants[i])[key] != "" {
			return true
		}
	}
	return false
}

// hiddenFields are namespaces that feeds and other programs use: no facts for
// shoppers.
var hiddenFields = []string{"google", "mm-google-shopping", "google shopping", "mc-facebook", "shopify--discovery"}

// fieldLabel makes words of a field's name: "brewing.water_temperature" gives
// "Water temperature", a hidden one "".
func fieldLabel(name string) string {
	space, key, ok := strings.Cut(name, ".")
	if !ok {
		key, space = name, ""
	}
	for _, hidden := range hiddenFields {
		if strings.EqualFold(space, hidden) {
			return ""
		}
	}
	words := []rune(strings.Join(strings.FieldsFunc(key, func(r rune) bool { return r == '_' || r == '-' || r == '.' }), " "))
	if len(words) == 0 {
		return ""
	}
	words[0] = unicode.ToUpper(words[0])
	return string(words)
}

// fieldValue makes words of a field's value; "" for values only programs read.
func (v *visit) fieldValue(f catalog.Field) string {
	value := strings.TrimSpace(f.Value)
	if fieldLabel(f.Name) == "" || strings.HasPrefix(value, "gid://") || strings.HasPrefix(value, "{") {
		return ""
	}
	switch strings.ToLower(value) {
	case "true":
		return v.house.Say("fact.yes")
	case "false":
		return v.house.Say("fact.no")
	}
	var list []string
	if strings.HasPrefix(value, "[") && json.Unmarshal([]byte(value), &list) == nil {
		return strings.Join(list, ", ")
	}
	return strings.ReplaceAll(value, "; ", ", ")
}
