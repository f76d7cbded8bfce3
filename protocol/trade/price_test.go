package trade

import (
	"errors"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

const now = protocol.Millis(1_795_253_400_000)

var brand = protocol.Sum(protocol.DagCBOR, []byte("brand"))

// goods is a cart of pieces at prices: price, quantity, price, quantity.
func goods(c protocol.Currency, priceAndQuantity ...int64) (items []Item) {
	for i := 0; i < len(priceAndQuantity); i += 2 {
		items = append(items, Item{
			Product: "tea", Variant: protocol.VariantID("v" + string(rune('a'+i/2))), Offer: brand, Title: "Tea",
			Unit: protocol.NewMoney(priceAndQuantity[i], c), Quantity: priceAndQuantity[i+1], TaxClass: catalog.TaxStandard, Grams: 100,
		})
	}
	return items
}

// terms are of a German shop that ships at home for 4.90 and to Austria by weight.
func terms(change ...func(*Terms)) *Terms {
	t := DefaultTerms("EUR", "DE")
	t.Tax = Tax{Set: true, Included: true, Rates: []TaxRate{
		{Country: "DE", Class: catalog.TaxStandard, Rate: 19_000}, {Country: "DE", Class: catalog.TaxReduced, Rate: 7_000},
		{Country: "AT", Class: catalog.TaxStandard, Rate: 20_000}, {Country: "US", Region: "CA", Class: catalog.TaxStandard, Rate: 7_250},
		{Class: catalog.TaxStandard, Rate: 1_000},
	}}
	t.Shipping = []Zone{
		{ID: "islands", Countries: []protocol.Country{"DE"}, Postcodes: []string{"25849", "27498*"}, Rates: []Rate{{ID: "boat", Kind: RateFlat, Price: 1500}}},
		{ID: "home", Countries: []protocol.Country{"DE"}, Rates: []Rate{
			{ID: "parcel", Kind: RateFlat, Price: 490, FreeFrom: 5000, Days: Days{1, 3}},
			{ID: "pickup", Kind: RatePickup},
		}},
		{ID: "at", Countries: []protocol.Country{"AT"}, Rates: []Rate{{ID: "post", Kind: RateWeight, Steps: []Step{{500, 700}, {2000, 1200}}}}},
		{ID: "west", Countries: []protocol.Country{"US"}, Regions: []string{"US-CA", "or"}, Rates: []Rate{{ID: "air", Kind: RateValue, Steps: []Step{{10_000, 3000}, {0, 2000}}}}},
	}
	t.Discounts = []Discount{
		{Code: "TEN", Percent: 10_000}, {Code: "Five", Amount: 500, Min: 1000}, {Code: "FREE", FreeShipping: true},
		{Code: "SOON", Percent: 1, From: now + 1}, {Code: "OVER", Percent: 1, Until: now}, {Code: "TWICE", Percent: 50_000, Uses: 2},
		{Code: "ALL", Percent: 100_000, FreeShipping: true},
	}
	for _, c := range change {
		c(&t)
	}
	return &t
}

func added(t *Terms) { t.Tax.Included = false }

func TestPricesComeOutAsStated(t *testing.T) {
	at := func(country protocol.Country, region, postcode string) Ask {
		return Ask{Destination: Destination{country, region, postcode}}
	}
	with := func(code string) Ask { a := at("DE", "", ""); a.Code = code; return a }
	ship := func(id string) Ask { a := at("DE", "", ""); a.Shipping = id; return a }
	cases := []struct {
		name                       string
		terms                      *Terms
		items                      []Item
		ask                        Ask
		total, tax, discount, post int64
		by                         string
	}{
		{"tax within", terms(), goods("EUR", 1190, 1), at("DE", "", ""), 1680, 190 + 78, 0, 490, "parcel"},
		{"tax on top", terms(added), goods("EUR", 1000, 1), at("DE", "", ""), 1490 + 190 + 93, 190 + 93, 0, 490, "parcel"},
		{"tax by line, half up", terms(added), goods("EUR", 50, 1, 50, 1), ship("pickup"), 100 + 20, 20, 0, 0, "pickup"},
		{"free from a value", terms(), goods("EUR", 2500, 2), at("DE", "", ""), 5000, 798, 0, 0, "parcel"},
		{"not free below it by a discount", terms(), goods("EUR", 2500, 2), with("ten"), 4500 + 490, 718 + 78, 500, 490, "parcel"},
		{"an island by its postcode", terms(), goods("EUR", 1190, 1), at("DE", "", "258 49"), 1190 + 1500, 190 + 239, 0, 1500, "boat"},
		{"an island by its beginning", terms(), goods("EUR", 1190, 1), at("DE", "", "27498-1"), 1190 + 1500, 190 + 239, 0, 1500, "boat"},
		{"picked up", terms(), goods("EUR", 1190, 1), ship("pickup"), 1190, 190, 0, 0, "pickup"},
		{"an unknown way is the first", terms(), goods("EUR", 1190, 1), ship("rocket"), 1680, 268, 0, 490, "parcel"},
		{"light", terms(), goods("EUR", 600, 5), at("AT", "", ""), 3700, 500 + 117, 0, 700, "post"},
		{"heavy", terms(), goods("EUR", 600, 6), at("AT", "", ""), 4800, 600 + 200, 0, 1200, "post"},
		{"a region", terms(added), goods("EUR", 10_000, 1), at("US", "ca", ""), 13_000 + 725 + 218, 943, 0, 3000, "air"},
		{"a region by its code, above the last step", terms(added), goods("EUR", 10_001, 1), at("US", "US-OR", ""), 12_001 + 100 + 20, 120, 0, 2000, "air"},
		{"an amount off, spread", terms(), goods("EUR", 333, 1, 333, 1, 334, 1), with(" five "), 500 + 490, 27 + 27 + 27 + 78, 500, 490, "parcel"},
		{"more off than there is", terms(func(t *Terms) { t.Discounts[1].Amount = 9999 }), goods("EUR", 1000, 1), with("FIVE"), 490, 78, 1000, 490, "parcel"},
		{"shipping for free", terms(), goods("EUR", 1190, 1), with("free"), 1190, 190, 0, 0, "parcel"},
		{"everything for free", terms(added), goods("EUR", 1190, 3), with("all"), 0, 0, 3570, 0, "parcel"},
		{"tax undecided", terms(func(t *Terms) { t.Tax = Tax{} }), goods("EUR", 1190, 1), at("DE", "", ""), 1680, 0, 0, 490, "parcel"},
		{"a class of its own for shipping", terms(func(t *Terms) { t.Tax.Shipping = catalog.TaxReduced }), goods("EUR", 1190, 1), at("DE", "", ""), 1680, 190 + 32, 0, 490, "parcel"},
	}
	for _, c := range cases {
		q, err := Price(c.terms, brand, c.items, c.ask, now)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		discount := int64(0)
		if q.Discount != nil {
			discount = q.Discount.Amount
		}
		if q.Total != c.total || q.Tax != c.tax || discount != c.discount || q.Shipping.Price != c.post || q.Shipping.ID != c.by {
			t.Errorf("%s: total %d, tax %d, discount %d, %s for %d", c.name, q.Total, q.Tax, discount, q.Shipping.ID, q.Shipping.Price)
		}
		if q.Until != now+QuoteFor || q.Brand != brand {
			t.Errorf("%s: until %d", c.name, q.Until)
		}
	}
}

func TestWhatCannotBeSoldIsRefused(t *testing.T) {
	de := Ask{Destination: Destination{Country: "DE"}}
	many := make([]Item, MaxLines+1)
	for i := range many {
		many[i] = goods("EUR", 1, 1)[0]
	}
	cases := []struct {
		name  string
		items []Item
		ask   Ask
		want  Reason
	}{
		{"nothing", nil, de, BadQuantity},
		{"too many lines", many, de, BadQuantity},
		{"none of it", goods("EUR", 1, 0), de, BadQuantity},
		{"less than none", goods("EUR", 1, -1), de, BadQuantity},
		{"the least there is", goods("EUR", 1, -1<<63), de, BadQuantity},
		{"too many", goods("EUR", 1, MaxQuantity+1), de, BadQuantity},
		{"a line beyond all bounds", goods("EUR", catalog.MaxPrice, MaxQuantity), de, BadQuantity},
		{"a sum beyond all bounds", goods("EUR", catalog.MaxPrice, 9000, catalog.MaxPrice, 9), de, BadQuantity},
		{"another currency", goods("USD", 100, 1), de, ShopClosed},
		{"a negative price", goods("EUR", -100, 1), de, ShopClosed},
		{"nowhere", goods("EUR", 1, 1), Ask{}, NotDeliveredThere},
		{"a country that isn't served", goods("EUR", 1, 1), Ask{Destination: Destination{Country: "FR"}}, NotDeliveredThere},
		{"a region that isn't served", goods("EUR", 1, 1), Ask{Destination: Destination{"US", "NY", ""}}, NotDeliveredThere},
		{"too heavy", goods("EUR", 1, 21), Ask{Destination: Destination{Country: "AT"}}, NotDeliveredThere},
	}
	for _, c := range cases {
		if _, err := Price(terms(), brand, c.items, c.ask, now); ReasonOf(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestACodeWithoutEffectIsExplained(t *testing.T) {
	for code, want := range map[string]CodeRefusal{
		"none": CodeUnknown, "SOON": CodeNotYet, "over": CodeOver, "five": CodeTooLittle, "twice": CodeUsedUp, "  ": "", "ten": "",
	} {
		q, err := Price(terms(), brand, goods("EUR", 999, 1), Ask{Destination: Destination{Country: "DE"}, Code: code, Used: 2}, now)
		if err != nil || q.CodeRefused != want || (want != "" && (q.Discount != nil || q.Total != 999+490)) {
			t.Errorf("%q: %q, %v", code, q.CodeRefused, err)
		}
	}
}

func TestPaymentsFitTheDelivery(t *testing.T) {
	digital := goods("EUR", 100, 1)
	digital[0].Digital = true
	mixed := append(goods("EUR", 100, 1), digital...)
	for _, c := range []struct {
		name  string
		items []Item
		by    string
		want  string
	}{
		{"shipped", goods("EUR", 100, 1), "parcel", "bank cod"},
		{"picked up", goods("EUR", 100, 1), "pickup", "bank counter"},
		{"digital", digital, "", "bank counter"},
		{"mixed", mixed, "", "bank cod"},
	} {
		q, err := Price(terms(), brand, c.items, Ask{Destination: Destination{Country: "DE"}, Shipping: c.by}, now)
		var ids []string
		for _, p := range q.Payments {
			ids = append(ids, p.ID)
		}
		if got := strings.Join(ids, " "); err != nil || got != c.want || q.Digital != (c.name == "digital") {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}

func TestTwoPlacesAreTheSameWhenNothingDiffersThere(t *testing.T) {
	for _, c := range []struct {
		a, b Destination
		same bool
	}{
		{Destination{Country: "DE"}, Destination{"DE", "Bayern", "80331"}, true},
		{Destination{Country: "DE"}, Destination{"DE", "", "25849"}, false},
		{Destination{Country: "DE"}, Destination{Country: "AT"}, false},
		{Destination{"US", "CA", ""}, Destination{"US", "us-ca", "94016"}, true},
		{Destination{"US", "CA", ""}, Destination{"US", "OR", ""}, false},
		{Destination{Country: "FR"}, Destination{Country: "IT"}, false},
	} {
		if terms().SamePlace(c.a, c.b) != c.same {
			t.Errorf("%v and %v: %v", c.a, c.b, !c.same)
		}
	}
}

func TestTermsAreHeldToTheirRules(t *testing.T) {
	if err := terms().Validate(); err != nil {
		t.Fatal(err)
	}
	fresh := DefaultTerms("JPY", "JP")
	if err := fresh.Validate(); err != nil {
		t.Fatal(err)
	}
	for field, break_ := range map[string]func(*Terms){
		"v":                               func(t *Terms) { t.V = 2 },
		"currency":                        func(t *Terms) { t.Currency = "XXX" },
		"country":                         func(t *Terms) { t.Country = "de" },
		"tax.rates":                       func(t *Terms) { t.Tax.Set = false },
		"tax.rates[0].rate":               func(t *Terms) { t.Tax.Rates[0].Rate = 100_001 },
		"tax.rates[1].class":              func(t *Terms) { t.Tax.Rates[1].Class = "luxury" },
		"tax.rates[5]":                    func(t *Terms) { t.Tax.Rates = append(t.Tax.Rates, TaxRate{Country: "DE", Class: "standard"}) },
		"tax.rates[4].region":             func(t *Terms) { t.Tax.Rates[4].Region = "CA" },
		"shipping[0].rates":               func(t *Terms) { t.Shipping[0].Rates = nil },
		"shipping[1].rates[0].price":      func(t *Terms) { t.Shipping[1].Rates[0].Price = -1 },
		"shipping[1].rates[0].steps":      func(t *Terms) { t.Shipping[1].Rates[0].Steps = []Step{{1, 1}} },
		"shipping[1].rates[1].kind":       func(t *Terms) { t.Shipping[1].Rates[1].Kind = "dog" },
		"shipping rates[2]":               func(t *Terms) { t.Shipping[1].Rates[1].ID = "parcel" },
		"shipping[2].rates[0].steps[1]":   func(t *Terms) { t.Shipping[2].Rates[0].Steps[1].UpTo = 500 },
		"shipping[3].rates[0].steps[0]":   func(t *Terms) { t.Shipping[3].Rates[0].Steps[0].UpTo = 0 },
		"shipping[2].countries[0]":        func(t *Terms) { t.Shipping[2].Countries[0] = "UK" },
		"discounts[0]:":                   func(t *Terms) { t.Discounts[0].Amount = 1 },
		"discounts[1]: gives nothing":     func(t *Terms) { t.Discounts[1].Amount = 0 },
		`discounts[2]: repeats "TEN"`:     func(t *Terms) { t.Discounts[2].Code = " ten" },
		"discounts[3].percent":            func(t *Terms) { t.Discounts[3].Percent = 100_001 },
		"discounts[4].until":              func(t *Terms) { t.Discounts[4].From = now },
		"payments[0].kind":                func(t *Terms) { t.Payments[0].Kind = "gold" },
		"payments[1].id":                  func(t *Terms) { t.Payments[1].ID = "Cash!" },
		"payments[2]: repeats":            func(t *Terms) { t.Payments[2].ID = "bank" },
		"payments[0].instructions":        func(t *Terms) { t.Payments[0].Instructions = "a\x00b" },
		"payments[0].name: holds":         func(t *Terms) { t.Payments[0].Name = "\u202ebank" },
		"returns.days":                    func(t *Terms) { t.Returns.Days = -1 },
		"ceiling: is 101, allowed are 0 ": func(t *Terms) { t.Ceiling = 101 },
	} {
		broken := terms(break_)
		err := broken.Validate()
		if !errors.Is(err, protocol.ErrInvalid) || !strings.Contains(err.Error(), "terms: "+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestTermsSurviveTheirEncoding(t *testing.T) {
	raw, err := terms().Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeTerms(raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil || string(again) != string(raw) {
		t.Errorf("%v", err)
	}
}
