package node

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// sellsLikeThis is a document about all there is to decide.
const sellsLikeThis = `{
	"tax": {"included": true, "rates": [
		{"country": "DE", "class": "standard", "rate": "19"}, {"country": "DE", "class": "reduced", "rate": 7},
		{"country": "US", "region": "CA", "class": "standard", "rate": "7.25%"}]},
	"shipping": [
		{"id": "home", "countries": ["DE"], "postcodes": ["10*"], "rates": [
			{"id": "parcel", "name": "Parcel", "kind": "flat", "price": "4.90", "freeFrom": "50", "days": {"min": 1, "max": 3}},
			{"kind": "pickup"}]},
		{"rates": [
			{"kind": "weight", "steps": [{"upTo": 500, "price": 7}, {"upTo": "2000", "price": "12.50"}]},
			{"kind": "value", "steps": [{"upTo": "100.00", "price": "9"}, {"price": "0"}]}]}],
	"discounts": [
		{"code": "TEN", "percent": "10", "min": "20", "from": "2026-12-01", "until": "2026-12-24T12:00:00Z", "uses": 100},
		{"code": "FIVE", "amount": "5"}, {"code": "POST", "freeShipping": true}],
	"payments": [
		{"kind": "bank", "instructions": "IBAN DE02120300000000202051", "holdDays": 3}, {"kind": "cod"}, {"id": "till", "kind": "counter", "holdDays": 0}],
	"returns": {"days": 30, "text": "Write to us first."},
	"ceiling": 50
}`

func (s *stand) termsNow(t testing.TB) *trade.Terms {
	t.Helper()
	terms, err := s.terms(t.Context(), "EUR", "DE")
	s.check(err)
	return terms
}

func TestADocumentDecidesHowAShopSells(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.applyText(sellsLikeThis)
	is := s.termsNow(t)
	from, _ := parseDate("2026-12-01")
	until, _ := parseDate("2026-12-24T12:00:00Z")
	want := &trade.Terms{
		V: 1, Currency: "EUR", Country: "DE", Ceiling: 50, Returns: trade.Returns{Days: 30, Text: "Write to us first."},
		Tax: trade.Tax{Set: true, Included: true, Rates: []trade.TaxRate{
			{Country: "DE", Class: "standard", Rate: 19_000}, {Country: "DE", Class: "reduced", Rate: 7_000}, {Country: "US", Region: "CA", Class: "standard", Rate: 7_250},
		}},
		Shipping: []trade.Zone{
			{ID: "home", Countries: []protocol.Country{"DE"}, Postcodes: []string{"10*"}, Rates: []trade.Rate{
				{ID: "parcel", Name: "Parcel", Kind: "flat", Price: 490, FreeFrom: 5000, Days: trade.Days{Min: 1, Max: 3}}, {ID: "pickup-1-2", Kind: "pickup"},
			}},
			{Rates: []trade.Rate{
				{ID: "weight-2-1", Kind: "weight", Steps: []trade.Step{{UpTo: 500, Price: 700}, {UpTo: 2000, Price: 1250}}},
				{ID: "value-2-2", Kind: "value", Steps: []trade.Step{{UpTo: 10_000, Price: 900}, {}}},
			}},
		},
		Discounts: []trade.Discount{
			{Code: "TEN", Percent: 10_000, Min: 2000, From: from, Until: until, Uses: 100}, {Code: "FIVE", Amount: 500}, {Code: "POST", FreeShipping: true},
		},
		Payments: []trade.Payment{
			{ID: "bank", Kind: "bank", Instructions: "IBAN DE02120300000000202051", HoldFor: 3 * dayMillis}, {ID: "cod", Kind: "cod", HoldFor: trade.HoldCOD}, {ID: "till", Kind: "counter"},
		},
	}
	if !reflect.DeepEqual(is, want) {
		t.Fatalf("%+v\nnot %+v", is, want)
	}
	rapid.Check(t, func(r *rapid.T) { s.shownTwice(r) })
}

func TestWhatADocumentLeavesOutOfTheTermsStays(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.applyText(sellsLikeThis)
	before := s.termsNow(t)
	head := s.current()
	s.applyText(`{"returns": {"days": 14}, "discounts": []}`)
	is := s.termsNow(t)
	if is.Returns.Days != 14 || is.Returns.Text != "" || len(is.Discounts) != 0 || !reflect.DeepEqual(is.Shipping, before.Shipping) || is.Ceiling != 50 {
		t.Errorf("%+v", is)
	}
	if s.current().CID != head.CID {
		t.Error("terms are private, but a head was signed")
	}
}

func TestTermsThatAreWrongAreNamed(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.applyText(sellsLikeThis)
	before := s.termsNow(t)
	for text, says := range map[string]string{
		`{"tax": {"rates": [{"class": "standard", "rate": "much"}]}}`:                             "tax.rates[0].rate",
		`{"tax": {"rates": [{"class": "standard", "rate": "19.0001"}]}}`:                          "tax.rates[0].rate",
		`{"tax": {"rates": [{"class": "luxury", "rate": 1}]}}`:                                    "tax.rates[0].class",
		`{"shipping": [{"rates": [{"kind": "flat", "price": "1,50"}]}]}`:                          "shipping[0].rates[0].price",
		`{"shipping": [{"rates": [{"kind": "flat", "price": 1.505}]}]}`:                           "shipping[0].rates[0].price",
		`{"shipping": [{"rates": []}]}`:                                                           "shipping[0].rates",
		`{"shipping": [{"rates": [{"kind": "boat"}]}]}`:                                           "shipping[0].rates[0].kind",
		`{"shipping": [{"rates": [{"kind": "weight", "steps": [{"upTo": "1.5", "price": 1}]}]}]}`: "shipping[0].rates[0].steps[0].upTo",
		`{"shipping": [{"countries": ["UK"], "rates": [{"kind": "flat"}]}]}`:                      "shipping[0].countries[0]",
		`{"discounts": [{"code": "X", "percent": 10}, {"code": "x", "percent": 5}]}`:              "discounts[1]",
		`{"discounts": [{"code": "X"}]}`:                                                          "discounts[0]",
		`{"discounts": [{"code": "X", "percent": 10, "from": "soon"}]}`:                           "discounts[0].from",
		`{"payments": [{"kind": "gold"}]}`:                                                        "payments[0].kind",
		`{"payments": [{"kind": "bank", "holdDays": -1}]}`:                                        "payments[0].holdDays",
		`{"ceiling": 101}`: "ceiling",
		`{"taxes": {}}`:    `unknown field "taxes"`,
		`{"profile": {"name": "Tea", "language": "en", "country": "US", "currency": "USD"}}`: "shipping and discounts are in EUR",
	} {
		doc, err := ReadShopDoc(strings.NewReader(text))
		if err == nil {
			_, err = s.ApplyShop(t.Context(), doc, "")
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s\n  %v; want %q", text, err, says)
		}
	}
	if !reflect.DeepEqual(s.termsNow(t), before) {
		t.Error("the terms changed")
	}
}

func TestAFreshShopIsWarnedThatTaxIsNotSet(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	doc := ShopDoc{TermsDoc: TermsDoc{Returns: &trade.Returns{Days: 14}}}
	applied, err := s.ApplyShop(t.Context(), doc, "")
	if err != nil || len(applied.Warnings) != 1 || len(butTax(applied.Warnings)) != 0 || !applied.Changed {
		t.Fatalf("%+v %v", applied, err)
	}
	doc.Tax = &TaxDoc{Included: true}
	if applied, err = s.ApplyShop(t.Context(), doc, ""); err != nil || len(applied.Warnings) != 0 {
		t.Fatalf("%+v %v", applied, err)
	}
}
