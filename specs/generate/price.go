package main

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// priceVectors makes the cases of specs/18-trade.md §8 that are about quotes.
func priceVectors() (any, error) {
	cases := slices.Concat(quoteVectors(), placementVectors(), taxVectors(), spreadVectors())
	return vecSet{"18-trade", "What carts cost: terms, items and what is asked make a quote; specs/18-trade.md §8 says what each kind holds.", cases}, nil
}

const priceTime = protocol.Millis(1_795_253_400_000)

// teaTerms are of a German shop that ships at home, to Austria by weight and to a part
// of the United States.
func teaTerms(change ...func(*trade.Terms)) trade.Terms {
	t := trade.DefaultTerms("EUR", "DE")
	t.Tax = trade.Tax{Set: true, Included: true, Rates: []trade.TaxRate{
		{Country: "DE", Class: catalog.TaxStandard, Rate: 19_000}, {Country: "DE", Class: catalog.TaxReduced, Rate: 7_000},
		{Country: "AT", Class: catalog.TaxStandard, Rate: 20_000}, {Country: "US", Region: "CA", Class: catalog.TaxStandard, Rate: 7_250},
		{Class: catalog.TaxStandard, Rate: 1_000},
	}}
	t.Shipping = []trade.Zone{
		{ID: "islands", Countries: []protocol.Country{"DE"}, Postcodes: []string{"25849", "27498*"}, Rates: []trade.Rate{{ID: "boat", Kind: trade.RateFlat, Price: 1500}}},
		{ID: "home", Countries: []protocol.Country{"DE"}, Rates: []trade.Rate{
			{ID: "parcel", Name: "Parcel", Kind: trade.RateFlat, Price: 490, FreeFrom: 5000, Days: trade.Days{Min: 1, Max: 3}},
			{ID: "pickup", Kind: trade.RatePickup},
		}},
		{ID: "at", Countries: []protocol.Country{"AT"}, Rates: []trade.Rate{{ID: "post", Kind: trade.RateWeight, Steps: []trade.Step{{UpTo: 500, Price: 700}, {UpTo: 2000, Price: 1200}}}}},
		{ID: "west", Countries: []protocol.Country{"US"}, Regions: []string{"US-CA", "or"}, Rates: []trade.Rate{{ID: "air", Kind: trade.RateValue, Steps: []trade.Step{{UpTo: 10_000, Price: 3000}, {Price: 2000}}}}},
	}
	t.Discounts = []trade.Discount{
		{Code: "TEN", Percent: 10_000}, {Code: "Five", Amount: 500, Min: 1000}, {Code: "FREE", FreeShipping: true},
		{Code: "SOON", Percent: 1_000, From: priceTime + 1}, {Code: "OVER", Percent: 1_000, Until: priceTime}, {Code: "TWICE", Percent: 50_000, Uses: 2},
	}
	t.Returns = trade.Returns{Days: 14}
	for _, c := range change {
		c(&t)
	}
	return t
}

func onTop(t *trade.Terms) { t.Tax.Included = false }

// teas are pieces at prices: price, quantity, price, quantity.
func teas(c protocol.Currency, priceAndQuantity ...int64) (items []trade.Item) {
	for i := 0; i < len(priceAndQuantity); i += 2 {
		id := protocol.VariantID(string(rune('a'+i/2)) + "-50")
		items = append(items, trade.Item{
			Product: "gyokuro", Variant: id, Offer: object("offer " + string(id)), Title: "Gyokuro", Options: []string{"50 g"},
			Unit: protocol.NewMoney(priceAndQuantity[i], c), Quantity: priceAndQuantity[i+1], TaxClass: catalog.TaxStandard, Grams: 100,
		})
	}
	return items
}

func withClass(items []trade.Item, class catalog.TaxClass) []trade.Item {
	items[0].TaxClass = class
	return items
}

func digitalTeas(items []trade.Item, which ...int) []trade.Item {
	for _, i := range which {
		items[i].Digital = true
	}
	return items
}

func askFrom(country protocol.Country, region, postcode string) trade.Ask {
	return trade.Ask{Destination: trade.Destination{Country: country, Region: region, Postcode: postcode}}
}

func askWith(code, shipping string) trade.Ask {
	a := askFrom("DE", "", "")
	a.Code, a.Shipping = code, shipping
	return a
}

func quoteVectors() (cases []vec) {
	for _, c := range []struct {
		name  string
		terms trade.Terms
		items []trade.Item
		ask   trade.Ask
	}{
		{"a fresh shop", trade.DefaultTerms("EUR", "DE"), teas("EUR", 1190, 2), askWith("", "")},
		{"in yen", trade.DefaultTerms("JPY", "JP"), teas("JPY", 1500, 3), askFrom("JP", "", "")},
		{"in dinar", trade.DefaultTerms("KWD", "KW"), teas("KWD", 1234, 3), askFrom("KW", "", "")},
		{"tax within the price", teaTerms(), teas("EUR", 1190, 1), askWith("", "")},
		{"tax on top", teaTerms(onTop), teas("EUR", 1000, 1), askWith("", "")},
		{"each line is rounded half up", teaTerms(onTop), teas("EUR", 50, 1, 50, 1), askWith("", "pickup")},
		{"two classes", teaTerms(), withClass(teas("EUR", 1070, 1, 1190, 1), catalog.TaxReduced), askWith("", "")},
		{"a class without a rate", teaTerms(), withClass(teas("EUR", 1000, 1), catalog.TaxExempt), askWith("", "pickup")},
		{"shipping has a class of its own", teaTerms(func(t *trade.Terms) { t.Tax.Shipping = catalog.TaxReduced }), teas("EUR", 1190, 1), askWith("", "")},
		{"free from a value", teaTerms(), teas("EUR", 2500, 2), askWith("", "")},
		{"not free after a discount", teaTerms(), teas("EUR", 2500, 2), askWith("ten", "")},
		{"an amount is spread over the lines", teaTerms(), teas("EUR", 333, 1, 333, 1, 334, 1), askWith(" five ", "")},
		{"more off than the goods cost", teaTerms(func(t *trade.Terms) { t.Discounts[1].Amount = 9999 }), teas("EUR", 1000, 1), askWith("FIVE", "")},
		{"free shipping by a code", teaTerms(), teas("EUR", 1190, 1), askWith("free", "")},
		{"a code that isn't there", teaTerms(), teas("EUR", 1190, 1), askWith("NONE", "")},
		{"a code whose time comes", teaTerms(), teas("EUR", 1190, 1), askWith("SOON", "")},
		{"a code whose time is over", teaTerms(), teas("EUR", 1190, 1), askWith("OVER", "")},
		{"a code for larger carts", teaTerms(), teas("EUR", 999, 1), askWith("FIVE", "")},
		{"a code that was used up", teaTerms(), teas("EUR", 999, 1), trade.Ask{Destination: trade.Destination{Country: "DE"}, Code: "TWICE", Used: 2}},
		{"a zone by its postcode", teaTerms(), teas("EUR", 1190, 1), askFrom("DE", "", "258 49")},
		{"a zone by the beginning of the postcode", teaTerms(), teas("EUR", 1190, 1), askFrom("DE", "", "27498-1")},
		{"a zone by its region", teaTerms(onTop), teas("EUR", 10_000, 1), askFrom("US", "ca", "")},
		{"above the last step", teaTerms(onTop), teas("EUR", 10_001, 1), askFrom("US", "US-OR", "")},
		{"by weight, on a step", teaTerms(), teas("EUR", 600, 5), askFrom("AT", "", "")},
		{"by weight, above it", teaTerms(), teas("EUR", 600, 6), askFrom("AT", "", "")},
		{"a way that isn't there", teaTerms(), teas("EUR", 1190, 1), askWith("", "rocket")},
		{"nothing to ship", teaTerms(), digitalTeas(teas("EUR", 1190, 1), 0), askFrom("FR", "", "")},
		{"something to ship", teaTerms(), digitalTeas(teas("EUR", 1190, 1, 500, 2), 0), askWith("", "")},
		{"nothing", teaTerms(), nil, askWith("", "")},
		{"none of it", teaTerms(), teas("EUR", 1190, 0), askWith("", "")},
		{"less than none", teaTerms(), teas("EUR", 1190, -1), askWith("", "")},
		{"too much of it", teaTerms(), teas("EUR", 1190, 100_001), askWith("", "")},
		{"a line beyond all bounds", teaTerms(), teas("EUR", 1_000_000_000_000, 100_000), askWith("", "")},
		{"a sum beyond all bounds", teaTerms(), teas("EUR", 1_000_000_000_000, 9_000, 1_000_000_000_000, 9), askWith("", "")},
		{"another currency than the terms", teaTerms(), teas("USD", 1190, 1), askWith("", "")},
		{"no country", teaTerms(), teas("EUR", 1190, 1), askFrom("", "", "")},
		{"a country that isn't served", teaTerms(), teas("EUR", 1190, 1), askFrom("FR", "", "")},
		{"a region that isn't served", teaTerms(), teas("EUR", 1190, 1), askFrom("US", "NY", "")},
		{"too heavy", teaTerms(), teas("EUR", 1190, 21), askFrom("AT", "", "")},
	} {
		cases = append(cases, quoteVector(c.name, c.terms, c.items, c.ask))
	}
	return cases
}

func quoteVector(name string, terms trade.Terms, items []trade.Item, ask trade.Ask) vec {
	v := vec{
		"name": name, "kind": "price", "brand": object("brand"), "now": int64(priceTime), "terms": terms, "items": itemsJSON(items),
		"ask": vec{"country": ask.Country, "region": ask.Region, "postcode": ask.Postcode, "code": ask.Code, "shipping": ask.Shipping, "used": ask.Used},
	}
	q, err := trade.Price(&terms, object("brand"), items, ask, priceTime)
	if err != nil {
		return v.with(vec{"valid": false, "error": trade.ReasonOf(err)})
	}
	return v.with(vec{"valid": true, "total": q.Total, "tax": q.Tax, "quote": q, "cbor": hexed(sure(protocol.Marshal(q)))})
}

func itemsJSON(items []trade.Item) []vec {
	out := []vec{}
	for _, i := range items {
		out = append(out, vec{
			"product": i.Product, "variant": i.Variant, "offer": i.Offer, "title": i.Title, "options": i.Options, "quantity": i.Quantity,
			"unit": i.Unit.Minor, "currency": i.Unit.Currency, "taxClass": i.TaxClass, "grams": i.Grams, "digital": i.Digital,
		})
	}
	return out
}

func taxVectors() (cases []vec) {
	for _, c := range [][2]int64{{1190, 19_000}, {100, 19_000}, {50, 19_000}, {1, 50_000}, {1, 49_999}, {3, 100_000}, {9_007_199_254_740_991, 100_000}, {0, 7_000}, {9_999, 0}, {10_000, 7_250}} {
		cases = append(cases, vec{
			"name": "tax of an amount", "kind": "tax", "valid": true, "amount": c[0], "rate": c[1],
			"added": trade.Percent(c[1]).Of(c[0]), "within": trade.Percent(c[1]).Within(c[0]),
		})
	}
	return cases
}

func spreadVectors() (cases []vec) {
	for _, c := range []struct {
		amount int64
		parts  []int64
	}{{500, []int64{333, 333, 334}}, {1, []int64{1, 1, 1}}, {2, []int64{1, 1, 1}}, {3, []int64{1, 1, 1}}, {0, []int64{5, 0}}, {7, []int64{0, 7, 0}}, {10, []int64{1, 1000, 1}}, {9_007_199_254_740_990, []int64{9_007_199_254_740_990, 1}}} {
		cases = append(cases, vec{"name": "an amount over parts", "kind": "spread", "valid": true, "amount": c.amount, "parts": c.parts, "shares": trade.Spread(c.amount, c.parts)})
	}
	return cases
}

// placementVectors hold orders to the quotes they cite.
func placementVectors() (cases []vec) {
	terms := trade.DefaultTerms("EUR", "DE")
	q := sure(trade.Price(&terms, object("brand"), teas("EUR", 1190, 1, 500, 2), askWith("", ""), priceTime))
	for _, c := range []struct {
		name   string
		change func(*trade.Placement)
	}{
		{"an order as it should be", func(*trade.Placement) {}},
		{"an order that allows more", func(p *trade.Placement) { p.MaxTotal.Minor++ }},
		{"an order that allows less", func(p *trade.Placement) { p.MaxTotal.Minor-- }},
		{"an order in another currency", func(p *trade.Placement) { p.MaxTotal.Currency = "USD" }},
		{"an order for other offers", func(p *trade.Placement) { slices.Reverse(p.Records) }},
		{"an order for an offer less", func(p *trade.Placement) { p.Records = p.Records[:1] }},
		{"an order that ends now", func(p *trade.Placement) { p.Until = priceTime }},
		{"an order by a way to pay that isn't offered", func(p *trade.Placement) { p.Method = "counter" }},
		{"an order to another country", func(p *trade.Placement) { p.Address.Country = "AT" }},
		{"an order to nowhere", func(p *trade.Placement) { p.Address = nil }},
		{"an order without a street", func(p *trade.Placement) { p.Address.Street = "  " }},
		{"an order of nobody", func(p *trade.Placement) { p.Contact.Name = "" }},
		{"an order with a name that turns text around", func(p *trade.Placement) { p.Contact.Name = "Kim \u202emoc.tset" }},
		{"an order with a note of two lines", func(p *trade.Placement) { p.Note = "Ring\ntwice" }},
		{"an order with a bell in its note", func(p *trade.Placement) { p.Note = "Ring\atwice" }},
	} {
		p := orderOf(&q)
		c.change(&p)
		v := vec{"name": c.name, "kind": "placement", "now": int64(priceTime), "quote": hexed(sure(protocol.Marshal(q))), "placement": hexed(sure(protocol.Marshal(p)))}
		if _, err := trade.Place(q, p, priceTime); err != nil {
			cases = append(cases, v.with(vec{"valid": false, "error": trade.ReasonOf(err)}))
			continue
		}
		cases = append(cases, v.with(vec{"valid": true}))
	}
	return cases
}

func orderOf(q *trade.Quote) trade.Placement {
	p := trade.Placement{
		Quote: object("quote"), Contact: trade.Contact{Name: "Kim"}, Method: "bank", Address: &trade.Address{Street: "Deichstraße 1", City: "Hamburg", Country: "DE"},
		MaxTotal: protocol.NewMoney(q.Total, q.Currency), Until: priceTime + 1,
	}
	for _, l := range q.Lines {
		p.Records = append(p.Records, l.Offer)
	}
	return p
}
