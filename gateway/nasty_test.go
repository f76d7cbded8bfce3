package gateway_test

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// nasty publishes a shop with everything that breaks layouts: a title of 120
// characters, no picture, 24 variants, long words, large prices, Chinese, and
// scripts where they could hide.
func nasty(b *brand) {
	b.t.Helper()
	profile := &catalog.Profile{
		Header: catalog.HeaderOf(catalog.TypeProfile), Name: "Werkzeugmanufaktur Düsseldorf-Oberkassel", Language: "de", Country: "DE", Currency: "EUR",
		Tagline: "Donaudampfschifffahrtsgesellschaftskapitänsmützen und anderes", Description: "Alles, was ein Handwerksbetrieb braucht.",
		Email: "hallo@werkzeug.example", Announcement: "Betriebsferien vom 24. Dezember bis 6. Januar: Bestellungen bleiben liegen, Fragen beantworten wir trotzdem.",
		Menu: []catalog.Link{{Label: "Rechtsschutzversicherungsgesellschaften", Href: "/c/lang"}, {Label: "工具", Href: "/c/all"}, {Label: "Anrufen", Href: "tel:+4921112345"}},
	}
	records := []catalog.Record{
		profile, shipping(), &catalog.Collection{
			Header: catalog.HeaderOf(catalog.TypeCollection), Handle: "lang", Title: "Rechtsschutzversicherungsgesellschaften und Kraftfahrzeughaftpflichtversicherungen",
			Products: []protocol.Handle{"lang", "bildlos", "teuer"},
		},
		&catalog.Post{Header: catalog.HeaderOf(catalog.TypePost), Handle: "neu", Title: "Neues aus der Werkstatt", Date: 1772643900000, Body: "<p>Wir haben umgeräumt.</p>"},
	}
	records = append(records, b.many()...)
	records = append(records, simple("lang", strings.Repeat("Hochleistungsschlagbohrmaschine ", 4)[:119]+"X", 4999)...)
	records = append(records, simple("bildlos", "钨钢铣刀 Ø 6 mm", 1250)...)
	records = append(records, simple("teuer", "Fünfachsenbearbeitungszentrum", 123456789)...)
	b.publish(records...)
}

func shipping() *catalog.Page {
	return &catalog.Page{
		Header: catalog.HeaderOf(catalog.TypePage), Handle: "versand", Kind: "shipping", Title: "Versand und Lieferzeiten", Updated: 1772643900000,
		Body: `<p>Wir versenden werktags.</p><table><tr><th>Land</th><th>Preis</th></tr><tr><td>Deutschland</td><td>4,90 €</td></tr></table><script>alert(1)</script>`,
	}
}

func simple(handle, title string, minor int64) []catalog.Record {
	h := protocol.Handle(handle)
	id := protocol.VariantID(handle + "-1")
	return []catalog.Record{
		&catalog.Product{
			Header: catalog.HeaderOf(catalog.TypeProduct), Handle: h, Title: title, Published: 1772643900000, Updated: 1772643900000,
			Description: `<p>Ein <b>gutes</b> Stück.</p><img src=x onerror=alert(1)><script>alert(1)</script>`,
			Variants:    []catalog.Variant{{ID: id, SKU: "WZ-1"}},
		},
		&catalog.Offer{
			Header: catalog.HeaderOf(catalog.TypeOffer), Product: h, Variant: id, Price: protocol.NewMoney(minor, "EUR"),
			Availability: catalog.InStock, TaxClass: catalog.TaxStandard,
		},
	}
}

// many is a product of 24 variants: 6 colours with a picture each in 4 sizes, the
// red one in only three of them, the blue one sold out.
func (b *brand) many() []catalog.Record {
	p := &catalog.Product{
		Header: catalog.HeaderOf(catalog.TypeProduct), Handle: "viele", Title: "Arbeitshandschuh Modell 24", Vendor: "Handschuhwerk", Kind: "Handschuhe",
		Published: 1772643900000, Updated: 1772643900000, Description: "<p>Rindsleder, doppelt genäht.</p>",
		Options: []catalog.Option{
			{Name: "Farbe", Values: []string{"Rot", "Blau", "Grün", "Gelb", "Schwarz", "Wollweiß"}},
			{Name: "Größe", Values: []string{"S", "M", "L", "Sondergröße für Schwerlasthandschuhe"}},
		},
		Fields: []catalog.Field{{Name: "handschuh.norm", Value: "EN 388"}, {Name: "google.custom_label", Value: "nicht zeigen"}},
	}
	records := []catalog.Record{p}
	colors := []color.RGBA{{190, 40, 40, 255}, {40, 70, 160, 255}, {40, 120, 70, 255}, {220, 180, 40, 255}, {30, 30, 30, 255}, {235, 228, 214, 255}}
	for i, c := range colors {
		ref, manifest := b.picture(plate(1000, 1250, color.RGBA{226, 222, 214, 255}, c), "Handschuh in "+p.Options[0].Values[i])
		p.Media, records = append(p.Media, ref), append(records, manifest)
		for n, size := range p.Options[1].Values {
			if i == 0 && n == 3 {
				continue
			}
			v := catalog.Variant{
				ID: protocol.VariantID(fmt.Sprintf("h-%d-%d", i, n)), Options: []string{p.Options[0].Values[i], size}, Media: i + 1,
				SKU: fmt.Sprintf("HS-%d%d", i, n), Grams: int64(180 + 10*n),
			}
			p.Variants = append(p.Variants, v)
			records = append(records, gloveOffer(v, i, n))
		}
	}
	return records
}

func gloveOffer(v catalog.Variant, at, size int) *catalog.Offer {
	o := &catalog.Offer{
		Header: catalog.HeaderOf(catalog.TypeOffer), Product: "viele", Variant: v.ID, Price: protocol.NewMoney(int64(2490+100*size), "EUR"),
		Availability: catalog.InStock, TaxClass: catalog.TaxStandard,
		UnitPrice: &catalog.UnitPrice{Price: protocol.NewMoney(1245, "EUR"), Per: catalog.Quantity{Milli: 1000, Unit: "pc"}},
	}
	if at == 1 {
		o.Availability = catalog.OutOfStock
	}
	if at == 2 {
		was := protocol.NewMoney(3990, "EUR")
		o.CompareAt = &was
	}
	return o
}
