package catalog

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func teaPage() ProductPage {
	return ProductPage{
		URL: "https://tea.example/p/gyokuro", Brand: "Hojicha & Co", Description: "Shaded for 21 days.",
		Picture: func(c protocol.CID) string { return "https://tea.example/media/" + c.String() },
	}
}

// The expected projections stand in testdata, to be read and to be fed to
// validators of structured data.
func TestProjectionToSchemaOrg(t *testing.T) {
	full := teaOffer("gyokuro-50", 2490)
	was := eur(2990)
	full.CompareAt, full.UnitPrice = &was, &UnitPrice{eur(4980), Quantity{100_000, "g"}}
	full.Availability = LowStock
	out := teaOffer("gyokuro-100", 4490)
	out.Availability = OutOfStock
	single := teaWith(func(p *Product) {
		p.Options, p.Variants, p.Vendor = nil, p.Variants[:1], ""
		p.Variants[0].Options = nil
	})
	coloured := teaWith(func(p *Product) {
		p.Options = []Option{{"Size", []string{"S", "M"}}, {"Colour", []string{"Red"}}}
		p.Variants[0].Options, p.Variants[1].Options = []string{"S", "Red"}, []string{"M", "Red"}
	})
	for file, got := range map[string]Thing{
		"group.json":    JSONLD(tea(), []*Offer{full, out}, teaPage()),
		"single.json":   JSONLD(single, []*Offer{full}, teaPage()),
		"no-offer.json": JSONLD(coloured, nil, teaPage()),
	} {
		want, err := os.ReadFile(filepath.Join("testdata", "schemaorg", file))
		if err != nil {
			t.Fatal(err)
		}
		have := must(json.MarshalIndent(got, "", "  "))
		if string(have)+"\n" != string(want) {
			t.Errorf("%s: got\n%s", file, have)
		}
	}
}

func TestAvailabilityIsTrue(t *testing.T) {
	for class, want := range map[Availability]string{
		InStock: "InStock", LowStock: "LimitedAvailability", BackOrder: "BackOrder",
		PreOrder: "PreOrder", OutOfStock: "OutOfStock", Discontinued: "Discontinued", "of tomorrow": "OutOfStock",
	} {
		o := teaOffer("gyokuro-50", 1)
		o.Availability = class
		if got := offerThing(o, "").Availability; got != "https://schema.org/"+want {
			t.Errorf("%s is %s", class, got)
		}
	}
}

func TestEveryUnitHasACode(t *testing.T) {
	for _, u := range Units() {
		if unitCode(u) == "" {
			t.Errorf("%s has no code", u)
		}
	}
}

func TestQuantityReadsAsDecimal(t *testing.T) {
	for milli, want := range map[int64]string{250: "0.25", 1000: "1", 100_000: "100", 1: "0.001", 1500: "1.5"} {
		if got := (Quantity{milli, "l"}).Decimal(); got != want {
			t.Errorf("%d is %s, want %s", milli, got, want)
		}
	}
}
