package main

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// recordVectors makes the cases of specs/06-records.md §10.
func recordVectors() (any, error) {
	cases := goodRecords()
	cases = append(cases, malformedRecords()...)
	cases = append(cases, unknownRecords()...)
	cases = append(cases, brokenRecords()...)
	return vecSet{"06-records", "Records as bytes at a path; specs/06-records.md §10 says what each field holds.", cases}, nil
}

func goodRecords() []vec {
	var cases []vec
	for _, r := range append(teaRecords(), teaPrekey()) {
		data := sure(catalog.Encode(r))
		cases = append(cases, recordVec("a "+r.Path().Kind(), r.Path(), data).with(vec{
			"valid": true, "record": protocol.Sum(protocol.DagCBOR, data), "json": r,
		}))
	}
	return append(cases, emptyFields()...)
}

// emptyFields are records with fields that are null, empty or absent.
func emptyFields() []vec {
	offer, page := catalog.Record(teaOffer("50-g", 2490)), teaRecords()[5]
	var cases []vec
	for _, c := range []struct {
		name   string
		record catalog.Record
		field  string
		value  any // nil: absent
		broken vec // nil: valid
	}{
		{"a field of tomorrow", offer, "shade", "of tomorrow", nil},
		{"null for a former price", offer, "compareAt", null(), nil},
		{"null for the minor units", offer, "price", []any{null(), "EUR"}, nil},
		{"null for a price", offer, "price", null(), meaning("price")},
		{"an empty list for a former price", offer, "compareAt", []any{}, meaning("")},
		{"an empty map for a unit price", offer, "unitPrice", map[string]any{}, meaning("unitPrice.price")},
		{"no tax class", offer, "taxClass", nil, meaning("taxClass")},
		{"no version", offer, "v", nil, vec{"valid": false, "error": "unknown"}},
		{"no body", page, "body", nil, nil},
		{"no time", page, "updated", nil, nil},
		{"null for a title", page, "title", null(), meaning("title")},
		{"0 for a body", page, "body", 0, meaning("")},
		{"an empty list of tags", tea(), "tags", []any{}, nil},
		{"null among the tags", tea(), "tags", []any{null()}, meaning("tags[0]")},
		{"an empty text for tags", tea(), "tags", "", meaning("")},
	} {
		m := fieldsOf(sure(catalog.Encode(c.record)))
		if m[c.field] = c.value; c.value == nil {
			delete(m, c.field)
		}
		data := sure(protocol.Marshal(m))
		verdict := c.broken
		if verdict == nil {
			verdict = vec{"valid": true, "record": protocol.Sum(protocol.DagCBOR, data)}
		}
		cases = append(cases, recordVec(c.record.Path().Kind()+": "+c.name, c.record.Path(), data).with(verdict))
	}
	return cases
}

// null is written as null, where nil leaves a field out.
func null() any { return (*int)(nil) }

// meaning is the verdict on a record whose field, where it is one, breaks a rule.
func meaning(field string) vec {
	v := vec{"valid": false, "error": "meaning"}
	if field != "" {
		v["field"] = field
	}
	return v
}

func recordVec(name string, path protocol.Path, data []byte) vec {
	return vec{"name": name, "path": path, "cbor": hexed(data)}
}

// fieldsOf decodes a map.
func fieldsOf(data []byte) map[string]any {
	var fields map[string]any
	if err := protocol.Unmarshal(data, &fields); err != nil {
		panic(err)
	}
	return fields
}

func malformedRecords() []vec {
	good := sure(catalog.Encode(teaOffer("50-g", 2490)))
	large := sure(protocol.Marshal(make([]byte, protocol.MaxRecord)))
	form := vec{"valid": false, "error": "form"}
	return []vec{
		recordVec("no bytes", "product/x", nil).with(form),
		recordVec("half a record", "offer/gyokuro/50-g", good[:len(good)/2]).with(form),
		recordVec("a record and a byte", "offer/gyokuro/50-g", append(good[:len(good):len(good)], 0)).with(form),
		recordVec("a float", "product/x", []byte{0xf9, 0x3c, 0x00}).with(form),
		recordVec("keys out of order", "product/x", []byte{0xa2, 0x61, 'b', 1, 0x61, 'a', 1}).with(form),
		recordVec("a path of four segments", "a/b/c/d", good).with(form),
		recordVec("a kind in upper case", "Offer/gyokuro/50-g", good).with(form),
		recordVec("more than 65536 bytes", "product/x", large).with(form),
	}
}

func unknownRecords() []vec {
	unknown := vec{"valid": false, "error": "unknown"}
	return []vec{
		recordVec("a type of tomorrow", "bundle/x", sure(protocol.Marshal(catalog.Header{Type: "bundle", V: 1}))).with(unknown),
		recordVec("a version of tomorrow", "offer/a/b", sure(protocol.Marshal(catalog.Header{Type: "offer", V: 2}))).with(unknown),
		recordVec("a number", "product/x", []byte{1}).with(unknown),
	}
}

// brokenRecords names the field that a rule refuses.
func brokenRecords() []vec {
	var cases []vec
	add := func(name, field string, r catalog.Record) {
		v := recordVec(name, r.Path(), sure(protocol.Marshal(r)))
		cases = append(cases, v.with(vec{"valid": false, "error": "meaning", "field": field}))
	}
	brokenProducts(add)
	brokenOffers(add)
	brokenShop(add)
	brokenPrekeys(add)
	elsewhere := recordVec("at another path", "offer/gyokuro/100-g", sure(catalog.Encode(teaOffer("50-g", 2490))))
	return append(cases, elsewhere.with(vec{"valid": false, "error": "meaning"}))
}

func brokenProducts(add func(name, field string, r catalog.Record)) {
	product := func(name, field string, change func(*catalog.Product)) {
		p := tea()
		change(p)
		add(name, field, p)
	}
	product("no title", "title", func(p *catalog.Product) { p.Title = "" })
	product("a title of 201 characters", "title", func(p *catalog.Product) { p.Title = strings.Repeat("ü", 201) })
	product("a title of two lines", "title", func(p *catalog.Product) { p.Title = "a\nb" })
	product("a description of 50001 bytes", "description", func(p *catalog.Product) { p.Description = strings.Repeat("x", 50_001) })
	product("a tag twice", "tags[1]", func(p *catalog.Product) { p.Tags = []string{"a", "a"} })
	product("no variants", "variants", func(p *catalog.Product) { p.Variants = nil })
	product("a variant id twice", "variants[1]", func(p *catalog.Product) { p.Variants[1].ID = p.Variants[0].ID })
	product("a choice twice", "variants[1]", func(p *catalog.Product) { p.Variants[1].Options = p.Variants[0].Options })
	product("a value no option has", "variants[1].options[0]", func(p *catalog.Product) { p.Variants[1].Options = []string{"1 kg"} })
	product("a wrong check digit", "variants[0].gtin", func(p *catalog.Product) { p.Variants[0].GTIN = "4006381333932" })
	product("an unknown unit", "variants[0].measure.unit", func(p *catalog.Product) { p.Variants[0].Measure.Unit = "oz" })
	product("a picture that is not there", "variants[0].media", func(p *catalog.Product) { p.Variants[0].Media = 2 })
	product("a field without namespace", "fields[0].name", func(p *catalog.Product) { p.Fields[0].Name = "steep" })
	product("a language in the wrong case", "translations.DE", func(p *catalog.Product) { p.Translations["DE"] = catalog.Translation{} })
}

func brokenOffers(add func(name, field string, r catalog.Record)) {
	offer := func(name, field string, change func(*catalog.Offer)) {
		o := teaOffer("50-g", 2490)
		change(o)
		add(name, field, o)
	}
	dollars := protocol.NewMoney(9999, "USD")
	offer("a negative price", "price", func(o *catalog.Offer) { o.Price.Minor = -1 })
	offer("a price above all bounds", "price", func(o *catalog.Offer) { o.Price.Minor = catalog.MaxPrice + 1 })
	offer("a price in no currency", "price", func(o *catalog.Offer) { o.Price.Currency = "XXX" })
	offer("a former price that is not higher", "compareAt", func(o *catalog.Offer) { o.CompareAt = &o.Price })
	offer("a former price in dollars", "compareAt", func(o *catalog.Offer) { o.CompareAt = &dollars })
	offer("an unknown availability", "availability", func(o *catalog.Offer) { o.Availability = "maybe" })
	offer("no tax class", "taxClass", func(o *catalog.Offer) { o.TaxClass = "" })
}

func brokenShop(add func(name, field string, r catalog.Record)) {
	profile := func(name, field string, change func(*catalog.Profile)) {
		p := teaProfile()
		change(p)
		add(name, field, p)
	}
	profile("no name", "name", func(p *catalog.Profile) { p.Name = "" })
	profile("no such country", "country", func(p *catalog.Profile) { p.Country = "XX" })
	profile("a colour by name", "theme.accent", func(p *catalog.Profile) { p.Theme.Accent = "green" })
	profile("a script as link", "menu[0].href", func(p *catalog.Profile) { p.Menu[0].Href = "javascript:alert(1)" })
	profile("a link to another host", "menu[0].href", func(p *catalog.Profile) { p.Menu[0].Href = "//evil.example" })
	add("a list beside a rule", "products", &catalog.Collection{
		Header: catalog.HeaderOf(catalog.TypeCollection), Handle: "a", Title: "A", Products: []protocol.Handle{"gyokuro"},
		Rule: &catalog.Rule{Match: "all", Conditions: []catalog.Condition{{Field: "tag", Op: "is", Value: "x"}}},
	})
	add("a vector picture", "mime", &catalog.Media{
		Header: catalog.HeaderOf(catalog.TypeMedia), Blob: blobNamed("x"), MIME: "image/svg+xml", Size: 1, Width: 1, Height: 1,
	})
}

func teaPrekey() *catalog.Prekey {
	r := sure(catalog.Decode(catalog.PrekeyPath, teaTalk().record)).(*catalog.Prekey)
	push := fixed("push key")
	r.ResealBefore, r.Mail, r.Push = stallNow, true, append([]byte{4}, append(push[:], push[:]...)...)
	return r
}

func brokenPrekeys(add func(name, field string, r catalog.Record)) {
	prekey := func(name, field string, change func(*catalog.Prekey)) {
		p := teaPrekey()
		change(p)
		add(name, field, p)
	}
	prekey("a prekey of suite 0", "suite", func(p *catalog.Prekey) { p.Suite = 0 })
	prekey("a short prekey", "key", func(p *catalog.Prekey) { p.Key = p.Key[1:] })
	prekey("no prekey", "key", func(p *catalog.Prekey) { p.Suite, p.Key = 2, nil })
	prekey("a prekey that ends before it begins", "until", func(p *catalog.Prekey) { p.Until = p.From })
	prekey("a prekey for more than 30 days", "until", func(p *catalog.Prekey) { p.Until = p.From + catalog.MaxPrekeyAge + 1 })
	prekey("a prekey before 1970", "from", func(p *catalog.Prekey) { p.From = -1 })
	prekey("a short push key", "push", func(p *catalog.Prekey) { p.Push = p.Push[1:] })
	prekey("a compressed push key", "push", func(p *catalog.Prekey) { p.Push[0] = 2 })
	prekey("resealing before 1970", "resealBefore", func(p *catalog.Prekey) { p.ResealBefore = -1 })
}
