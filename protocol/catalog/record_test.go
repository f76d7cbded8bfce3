package catalog

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestRecordsSurviveEncoding(t *testing.T) {
	for _, r := range teaRecords() {
		data := must(Encode(r))
		back, err := Decode(r.Path(), data)
		if err != nil {
			t.Fatalf("%s: %v", r.Path(), err)
		}
		if again := must(Encode(back)); string(again) != string(data) {
			t.Errorf("%s changed on its way", r.Path())
		}
		if reflect.TypeOf(back) != reflect.TypeOf(r) {
			t.Errorf("%s came back as %T", r.Path(), back)
		}
	}
}

// broken lists what each rule refuses: the field named and a part of the rule.
var broken = []struct {
	name, field, rule string
	record            Record
}{
	{"wrong type", "type", `is not "offer"`, offerWith(func(o *Offer) { o.Type = TypePage })},
	{"wrong version", "v", "is not 1", offerWith(func(o *Offer) { o.V = 2 })},
	{"bad handle", "handle", "is not 1 to 100", teaWith(func(p *Product) { p.Handle = "Gyokuro" })},
	{"no title", "title", "is empty", teaWith(func(p *Product) { p.Title = "" })},
	{"title of 201", "title", "longer than 200", teaWith(func(p *Product) { p.Title = strings.Repeat("ü", 201) })},
	{"title of two lines", "title", "line break", teaWith(func(p *Product) { p.Title = "a\nb" })},
	{"title padded", "title", "a space", teaWith(func(p *Product) { p.Title = "a " })},
	{"title not UTF-8", "title", "UTF-8", teaWith(func(p *Product) { p.Title = "\xff" })},
	{"description too long", "description", "50000 bytes", teaWith(func(p *Product) { p.Description = strings.Repeat("x", 50_001) })},
	{"description with a bell", "description", "control", teaWith(func(p *Product) { p.Description = "\a" })},
	{"vendor too long", "vendor", "100", teaWith(func(p *Product) { p.Vendor = strings.Repeat("x", 101) })},
	{"51 tags", "tags", "allowed are 50", teaWith(func(p *Product) { p.Tags = make([]string, 51) })},
	{"tag twice", "tags[1]", "repeats", teaWith(func(p *Product) { p.Tags = []string{"a", "a"} })},
	{"empty tag", "tags[0]", "empty", teaWith(func(p *Product) { p.Tags = []string{""} })},
	{"four options", "options", "allowed are 3", teaWith(func(p *Product) { p.Options = make([]Option, 4) })},
	{"option twice", "options[1]", "repeats", teaWith(func(p *Product) { p.Options = append(p.Options, p.Options[0]) })},
	{"option without values", "options[0].values", "is empty", teaWith(func(p *Product) { p.Options[0].Values = nil })},
	{"option value twice", "options[0].values[1]", "repeats", teaWith(func(p *Product) { p.Options[0].Values[1] = "50 g" })},
	{"no variants", "variants", "is empty", teaWith(func(p *Product) { p.Variants = nil })},
	{"501 variants", "variants", "allowed are 500", teaWith(func(p *Product) { p.Variants = make([]Variant, 501) })},
	{"variant id twice", "variants[1]", "repeats", teaWith(func(p *Product) { p.Variants[1].ID = p.Variants[0].ID })},
	{"variant choice twice", "variants[1]", "repeats", teaWith(func(p *Product) { p.Variants[1].Options = []string{"50 g"} })},
	{"variant of an unknown value", "variants[1].options[0]", "no value of option", teaWith(func(p *Product) { p.Variants[1].Options = []string{"1 kg"} })},
	{"variant without a value", "variants[0].options", "0 values for 1 options", teaWith(func(p *Product) { p.Variants[0].Options = nil })},
	{"bad variant id", "variants[0].id", "is not 1 to 100", teaWith(func(p *Product) { p.Variants[0].ID = "a b" })},
	{"wrong check digit", "variants[0].gtin", "check digit", teaWith(func(p *Product) { p.Variants[0].GTIN = "4006381333932" })},
	{"negative weight", "variants[0].grams", "is -1", teaWith(func(p *Product) { p.Variants[0].Grams = -1 })},
	{"unknown unit", "variants[0].measure.unit", "allowed are ml", teaWith(func(p *Product) { p.Variants[0].Measure.Unit = "oz" })},
	{"no picture 2", "variants[0].media", "0 to 1", teaWith(func(p *Product) { p.Variants[0].Media = 2 })},
	{"picture that is an object", "media[0].blob", "raw", teaWith(func(p *Product) { p.Media[0].Blob = protocol.Sum(protocol.DagCBOR, nil) })},
	{"51 pictures", "media", "allowed are 50", teaWith(func(p *Product) { p.Media = make([]MediaRef, 51) })},
	{"field without namespace", "fields[0].name", "namespace.key", teaWith(func(p *Product) { p.Fields[0].Name = "steep" })},
	{"field twice", "fields[1]", "repeats", teaWith(func(p *Product) { p.Fields = append(p.Fields, p.Fields[0]) })},
	{"time before 1970", "published", "is -1", teaWith(func(p *Product) { p.Published = -1 })},
	{"language in the wrong case", "translations.DE", "BCP 47", teaWith(func(p *Product) { p.Translations["DE"] = Translation{} })},
	{"21 translations", "translations", "allowed are 20", teaWith(manyTranslations)},
	{"negative price", "price", "negative", offerWith(func(o *Offer) { o.Price = eur(-1) })},
	{"huge price", "price", "above", offerWith(func(o *Offer) { o.Price = eur(MaxPrice + 1) })},
	{"price without currency", "price", "ISO 4217", offerWith(func(o *Offer) { o.Price.Currency = "" })},
	{"compare-at not above", "compareAt", "not above", offerWith(func(o *Offer) { o.CompareAt = &o.Price })},
	{"compare-at in dollars", "compareAt", "another currency", offerWith(func(o *Offer) { m := protocol.NewMoney(9999, "USD"); o.CompareAt = &m })},
	{"unit price in dollars", "unitPrice.price", "another currency", offerWith(func(o *Offer) { o.UnitPrice = &UnitPrice{protocol.NewMoney(1, "USD"), Quantity{1, "g"}} })},
	{"unit price of nothing", "unitPrice.per.milli", "is 0", offerWith(func(o *Offer) { o.UnitPrice = &UnitPrice{eur(1), Quantity{0, "g"}} })},
	{"unknown availability", "availability", "allowed are in-stock", offerWith(func(o *Offer) { o.Availability = "maybe" })},
	{"unknown tax class", "taxClass", "allowed are standard", offerWith(func(o *Offer) { o.TaxClass = "" })},
	{"nameless brand", "name", "empty", profileWith(func(p *Profile) { p.Name = "" })},
	{"unknown country", "country", "ISO 3166", profileWith(func(p *Profile) { p.Country = "XX" })},
	{"lower-case currency", "currency", "ISO 4217", profileWith(func(p *Profile) { p.Currency = "eur" })},
	{"no e-mail address", "email", "e-mail", profileWith(func(p *Profile) { p.Email = "tea at example" })},
	{"telephone in words", "phone", "digits", profileWith(func(p *Profile) { p.Phone = "call me" })},
	{"colour by name", "theme.accent", "#1a2b3c", profileWith(func(p *Profile) { p.Theme.Accent = "green" })},
	{"unknown typeface", "theme.type", "grotesk", profileWith(func(p *Profile) { p.Theme.Type = "comic" })},
	{"script in a link", "menu[0].href", "neither", profileWith(func(p *Profile) { p.Menu[0].Href = "javascript:alert(1)" })},
	{"link to another host", "menu[0].href", "neither", profileWith(func(p *Profile) { p.Menu[0].Href = "//evil.example" })},
	{"link over http", "home.hero.link.href", "neither", profileWith(func(p *Profile) { p.Home.Hero.Link.Href = "http://a.example" })},
	{"link with backslash", "menu[0].href", "neither", profileWith(func(p *Profile) { p.Menu[0].Href = `/\evil.example` })},
	{"section of both", "home.sections[0]", "either", profileWith(func(p *Profile) { p.Home.Sections[0].Story = &Story{} })},
	{"gateway with query", "gateways[0]", "https URL", profileWith(func(p *Profile) { p.Gateways[0] += "/?a" })},
	{"peer without slash", "peers[0]", "multiaddr", profileWith(func(p *Profile) { p.Peers[0] = "tea.example" })},
	{"list beside rule", "products", "beside a rule", ruled(Condition{"tag", "is", "x"}, "gyokuro")},
	{"rule on an unknown field", "rule.conditions[0].field", "allowed are tag", ruled(Condition{"color", "is", "x"})},
	{"price that contains", "rule.conditions[0].op", "allowed are is, not, less", ruled(Condition{"price", "contains", "1"})},
	{"price that is no number", "rule.conditions[0].value", "decimal", ruled(Condition{"price", "less", "ten"})},
	{"title that is less", "rule.conditions[0].op", "contains", ruled(Condition{"title", "less", "x"})},
	{"page of an unknown kind", "kind", "allowed are about", &Page{Header: HeaderOf(TypePage), Handle: "a", Kind: "x", Title: "A"}},
	{"post without title", "title", "empty", &Post{Header: HeaderOf(TypePost), Handle: "a"}},
	{"vector picture", "mime", "image/jpeg", &Media{Header: HeaderOf(TypeMedia), Blob: blob("x"), MIME: "image/svg+xml", Size: 1, Width: 1, Height: 1}},
	{"picture of 21 MiB", "size", "20971520", &Media{Header: HeaderOf(TypeMedia), Blob: blob("x"), MIME: "image/png", Size: 21 << 20, Width: 1, Height: 1}},
	{"picture of too many pixels", "width", "pixels", &Media{Header: HeaderOf(TypeMedia), Blob: blob("x"), MIME: "image/png", Size: 1, Width: 20_000, Height: 20_000}},
}

func teaWith(change func(*Product)) *Product {
	p := tea()
	change(p)
	return p
}

func offerWith(change func(*Offer)) *Offer {
	o := teaOffer("gyokuro-50", 2490)
	change(o)
	return o
}

func profileWith(change func(*Profile)) *Profile {
	p := teaProfile()
	change(p)
	return p
}

func ruled(c Condition, products ...protocol.Handle) *Collection {
	return &Collection{Header: HeaderOf(TypeCollection), Handle: "a", Title: "A", Products: products, Rule: &Rule{"all", []Condition{c}}}
}

func manyTranslations(p *Product) {
	for c := 'a'; c <= 'z'; c++ {
		p.Translations[protocol.Language("d"+string(c))] = Translation{}
	}
}

func TestBrokenRulesNameTheField(t *testing.T) {
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			_, err := Encode(c.record)
			var field *FieldError
			if !errors.As(err, &field) {
				t.Fatalf("error %v", err)
			}
			if field.Field != c.field || !strings.Contains(field.Rule, c.rule) {
				t.Errorf("%v, want %s … %s", err, c.field, c.rule)
			}
			if !errors.Is(err, ErrMeaning) || !errors.Is(err, protocol.ErrInvalid) {
				t.Errorf("%v is not of ErrMeaning and ErrInvalid", err)
			}
		})
	}
}

func TestDecodeTellsFormFromMeaning(t *testing.T) {
	good := must(Encode(teaOffer("gyokuro-50", 2490)))
	cases := []struct {
		name string
		path protocol.Path
		data []byte
		want error
	}{
		{"nothing", "product/x", nil, ErrForm},
		{"not CBOR", "product/x", []byte{0xff}, ErrForm},
		{"two items", "product/x", []byte{1, 2}, ErrForm},
		{"bad path", "product/ü", good, ErrForm},
		{"65537 bytes", "product/x", append([]byte{0x59, 0xff, 0xff}, make([]byte, 0xffff)...), ErrForm},
		{"a number", "product/x", []byte{1}, ErrUnknownType},
		{"type of tomorrow", "bundle/x", must(protocol.Marshal(Header{"bundle", 1})), ErrUnknownType},
		{"version of tomorrow", "offer/gyokuro/gyokuro-50", must(protocol.Marshal(Header{TypeOffer, 2})), ErrUnknownType},
		{"nothing but a header", "offer/gyokuro/gyokuro-50", must(protocol.Marshal(HeaderOf(TypeOffer))), ErrMeaning},
		{"another path", "offer/gyokuro/gyokuro-100", good, ErrMeaning},
		{"another kind of path", "product/gyokuro", good, ErrMeaning},
		{"number as title", "product/x", must(protocol.Marshal(map[string]any{"type": "product", "v": 1, "title": 3})), ErrMeaning},
	}
	for _, c := range cases {
		if _, err := Decode(c.path, c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if err := CheckForm(c.path, c.data); errors.Is(err, ErrForm) != (c.want == ErrForm) {
			t.Errorf("%s: form %v", c.name, err)
		}
	}
}

func TestUnknownFieldsAreIgnored(t *testing.T) {
	var fields map[string]any
	if err := protocol.Unmarshal(must(Encode(teaOffer("gyokuro-50", 2490))), &fields); err != nil {
		t.Fatal(err)
	}
	fields["shade"] = "of tomorrow"
	r, err := Decode("offer/gyokuro/gyokuro-50", must(protocol.Marshal(fields)))
	if err != nil || r.(*Offer).Price != eur(2490) {
		t.Fatal(r, err)
	}
}

func TestLargestProductFits(t *testing.T) {
	p := &Product{Header: HeaderOf(TypeProduct), Handle: "wall", Title: "Wall", Options: []Option{{Name: "Colour"}}}
	for i := range MaxVariants {
		value := fmt.Sprint("RAL ", i)
		p.Options[0].Values = append(p.Options[0].Values, value)
		p.Variants = append(p.Variants, Variant{ID: protocol.VariantID(fmt.Sprint("wall-", i)), Options: []string{value}, SKU: value})
	}
	if _, err := Encode(p); err != nil {
		t.Fatal(err)
	}
	p.Description = strings.Repeat("x", 50_000)
	if _, err := Encode(p); !errors.Is(err, ErrForm) {
		t.Fatalf("a record beyond 64 KiB: %v", err)
	}
}
