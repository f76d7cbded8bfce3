package catalog

import (
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Validate implements Record.
func (p *Product) Validate() error { return judge(p.rules) }

func (p *Product) rules(r *rules) {
	r.header(TypeProduct, p.Header)
	r.handle("handle", p.Handle)
	r.name("title", p.Title, MaxTitle)
	r.prose("description", p.Description, MaxDescription)
	r.line("vendor", p.Vendor, MaxVendor)
	r.line("kind", p.Kind, MaxVendor)
	r.line("category", p.Category, MaxCategory)
	p.tags(r)
	p.options(r)
	p.variants(r)
	p.pictures(r)
	r.seo("seo", p.SEO)
	p.fields(r)
	r.time("published", p.Published)
	r.time("updated", p.Updated)
	p.translations(r)
}

func (p *Product) tags(r *rules) {
	r.atMost("tags", len(p.Tags), MaxTags)
	for i, tag := range p.Tags {
		r.name(r.at("tags", i, ""), tag, MaxTag)
	}
	distinct(r, "tags", p.Tags)
}

func (p *Product) options(r *rules) {
	r.atMost("options", len(p.Options), MaxOptions)
	names := make([]string, len(p.Options))
	for i, o := range p.Options {
		names[i] = o.Name
		r.name(r.at("options", i, ".name"), o.Name, MaxOptionName)
		r.require(len(o.Values) > 0, r.at("options", i, ".values"), "is empty")
		r.atMost(r.at("options", i, ".values"), len(o.Values), MaxVariants)
		for j, v := range o.Values {
			r.name(r.at(r.at("options", i, ".values"), j, ""), v, MaxOptionName)
		}
		distinct(r, r.at("options", i, ".values"), o.Values)
	}
	distinct(r, "options", names)
}

func (p *Product) variants(r *rules) {
	r.require(len(p.Variants) > 0, "variants", "is empty")
	r.atMost("variants", len(p.Variants), MaxVariants)
	ids := make([]protocol.VariantID, len(p.Variants))
	choices := make([]string, len(p.Variants))
	for i, v := range p.Variants {
		ids[i], choices[i] = v.ID, strings.Join(v.Options, " / ")
		p.variant(r, i, v)
	}
	distinct(r, "variants", ids)
	distinct(r, "variants", choices)
}

func (p *Product) variant(r *rules, i int, v Variant) {
	r.variantID(r.at("variants", i, ".id"), v.ID)
	r.line(r.at("variants", i, ".sku"), v.SKU, MaxSKU)
	if v.GTIN != "" {
		_, err := protocol.ParseGTIN(string(v.GTIN))
		r.require(err == nil, r.at("variants", i, ".gtin"), "is not a GTIN of 8, 12, 13 or 14 digits with a right check digit")
	}
	r.within(r.at("variants", i, ".grams"), v.Grams, 0, MaxGrams)
	if v.Measure != nil {
		r.quantity(r.at("variants", i, ".measure"), *v.Measure)
	}
	r.within(r.at("variants", i, ".media"), int64(v.Media), 0, int64(len(p.Media)))
	p.choice(r, i, v)
}

// choice requires one of the option's values for each of the product's options.
func (p *Product) choice(r *rules, i int, v Variant) {
	r.require(len(v.Options) == len(p.Options), r.at("variants", i, ".options"), "has %d values for %d options", len(v.Options), len(p.Options))
	for j := range min(len(v.Options), len(p.Options)) {
		if !slices.Contains(p.Options[j].Values, v.Options[j]) {
			r.require(false, r.at(r.at("variants", i, ".options"), j, ""), "is %.100q, no value of option %q", v.Options[j], p.Options[j].Name)
		}
	}
}

func (p *Product) pictures(r *rules) {
	r.atMost("media", len(p.Media), MaxMedia)
	for i, m := range p.Media {
		r.picture(r.at("media", i, ""), m)
	}
}

func (r *rules) seo(field string, s SEO) {
	r.line(field+".title", s.Title, MaxSEOTitle)
	r.line(field+".description", s.Description, MaxSEOText)
}

func (p *Product) fields(r *rules) {
	r.atMost("fields", len(p.Fields), MaxFields)
	names := make([]string, len(p.Fields))
	for i, f := range p.Fields {
		names[i] = f.Name
		namespace, key, _ := strings.Cut(f.Name, ".")
		r.require(namespace != "" && key != "", r.at("fields", i, ".name"), `is not "namespace.key"`)
		r.line(r.at("fields", i, ".name"), f.Name, MaxFieldName)
		r.line(r.at("fields", i, ".type"), f.Type, MaxFieldType)
		r.prose(r.at("fields", i, ".value"), f.Value, MaxFieldValue)
	}
	distinct(r, "fields", names)
}

func (p *Product) translations(r *rules) {
	r.atMost("translations", len(p.Translations), MaxTranslation)
	for _, tag := range sortedKeys(p.Translations) {
		field, t := "translations."+string(tag), p.Translations[tag]
		r.language(field, tag)
		r.line(field+".title", t.Title, MaxTitle)
		r.prose(field+".description", t.Description, MaxDescription)
		r.seo(field+".seo", t.SEO)
		r.atMost(field+".terms", len(t.Terms), MaxTerms)
		for _, term := range sortedKeys(t.Terms) {
			r.name(field+".terms", term, MaxOptionName)
			r.name(field+".terms."+term, t.Terms[term], MaxOptionName)
		}
	}
}
