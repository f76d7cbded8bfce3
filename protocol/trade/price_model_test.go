package trade

import (
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// everyCurrency lists the codes there are.
func everyCurrency() (codes []protocol.Currency) {
	for i := range 26 * 26 * 26 {
		code := string([]byte{byte('A' + i/676), byte('A' + i/26%26), byte('A' + i%26)})
		if c, err := protocol.ParseCurrency(code); err == nil {
			codes = append(codes, c)
		}
	}
	return codes
}

// halfUp rounds a fraction as a person would.
func halfUp(r *big.Rat) int64 {
	r = new(big.Rat).Add(r, big.NewRat(1, 2))
	return new(big.Int).Div(r.Num(), r.Denom()).Int64()
}

func rat(n, d int64) *big.Rat { return big.NewRat(n, d) }

// drawn is a cart with terms, and what a person would reckon of them.
type drawn struct {
	terms    *Terms
	items    []Item
	ask      Ask
	rate     Percent
	percent  Percent
	amount   int64
	included bool
	post     int64
}

func draw(r *rapid.T, c protocol.Currency) drawn {
	d := drawn{
		rate: Percent(rapid.Int64Range(0, hundred).Draw(r, "rate")), included: rapid.Bool().Draw(r, "included"),
		post: rapid.Int64Range(0, 1_000_000).Draw(r, "post"),
	}
	switch rapid.IntRange(0, 2).Draw(r, "discount") {
	case 1:
		d.percent = Percent(rapid.Int64Range(1, hundred).Draw(r, "percent"))
	case 2:
		d.amount = rapid.Int64Range(1, 1_000_000_000).Draw(r, "amount")
	}
	t := DefaultTerms(c, "DE")
	t.Tax = Tax{Set: true, Included: d.included, Rates: []TaxRate{{Class: catalog.TaxStandard, Rate: d.rate}}}
	t.Shipping[0].Rates[0].Price = d.post
	if d.percent+Percent(d.amount) != 0 {
		t.Discounts = []Discount{{Code: "X", Percent: d.percent, Amount: d.amount}}
	}
	d.terms, d.ask = &t, Ask{Destination: Destination{Country: "DE"}, Code: "x"}
	var cart []int64
	for range rapid.IntRange(1, 12).Draw(r, "lines") {
		cart = append(cart, rapid.Int64Range(0, 100_000_000).Draw(r, "price"), rapid.Int64Range(1, 1000).Draw(r, "quantity"))
	}
	d.items = goods(c, cart...)
	return d
}

// tax is of an amount, by fractions.
func (d drawn) tax(amount int64) int64 {
	if d.included {
		return halfUp(new(big.Rat).Mul(rat(amount, 1), rat(int64(d.rate), hundred+int64(d.rate))))
	}
	return halfUp(new(big.Rat).Mul(rat(amount, 1), rat(int64(d.rate), hundred)))
}

func (d drawn) holds(q Quote) error {
	var goods, discount, tax int64
	for i, l := range q.Lines {
		if l.Total != d.items[i].Unit.Minor*d.items[i].Quantity || l.Discount < 0 || l.Discount > l.Total {
			return fmt.Errorf("line %d: %+v", i, l)
		}
		if want := halfUp(new(big.Rat).Mul(rat(l.Total, 1), rat(int64(d.percent), hundred))); d.amount == 0 && l.Discount != want {
			return fmt.Errorf("line %d: %d off, not %d", i, l.Discount, want)
		}
		if want := d.tax(l.Total - l.Discount); l.Tax != want {
			return fmt.Errorf("line %d: tax %d, not %d", i, l.Tax, want)
		}
		goods, discount, tax = goods+l.Total, discount+l.Discount, tax+l.Tax
	}
	if d.amount > 0 && discount != min(d.amount, goods) {
		return fmt.Errorf("%d off in all, not %d", discount, min(d.amount, goods))
	}
	tax += d.tax(d.post)
	total := goods - discount + d.post
	if !d.included {
		total += tax
	}
	if q.Goods != goods || q.Tax != tax || q.Total != total {
		return fmt.Errorf("goods %d, tax %d, total %d; not %d, %d, %d", q.Goods, q.Tax, q.Total, goods, tax, total)
	}
	return nil
}

func TestTotalsAreExactInEveryCurrency(t *testing.T) {
	currencies := everyCurrency()
	if len(currencies) < 150 {
		t.Fatalf("%d currencies", len(currencies))
	}
	rapid.Check(t, func(r *rapid.T) {
		c := rapid.SampledFrom(currencies).Draw(r, "currency")
		d := draw(r, c)
		q, err := Price(d.terms, brand, d.items, d.ask, now)
		if err == nil {
			err = d.holds(q)
		}
		if err != nil {
			r.Fatal(err)
		}
		text := protocol.NewMoney(q.Total, c).Decimal()
		if back, err := protocol.ParseMoney(text, c); err != nil || back.Minor != q.Total {
			r.Fatalf("%s is %d again as %d: %v", text, q.Total, back.Minor, err)
		}
	})
}

func TestOneCartIsPricedInEachCurrency(t *testing.T) {
	for _, c := range everyCurrency() {
		terms := DefaultTerms(c, "DE")
		terms.Tax = Tax{Set: true, Rates: []TaxRate{{Class: catalog.TaxStandard, Rate: 19_000}}}
		q, err := Price(&terms, brand, goods(c, 1050, 3, 1, 1), Ask{Destination: Destination{Country: "DE"}}, now)
		if err != nil || q.Total != 3151+599 || q.Currency != c {
			t.Errorf("%s: %d, %v", c, q.Total, err)
		}
	}
}

func TestSharesAddUpToTheAmount(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		parts := rapid.SliceOfN(rapid.Int64Range(0, MaxTotal/100), 1, 100).Draw(r, "parts")
		sum := int64(0)
		for _, p := range parts {
			sum += p
		}
		amount := rapid.Int64Range(0, sum).Draw(r, "amount")
		given := int64(0)
		for i, s := range Spread(amount, parts) {
			if given += s; s < 0 || s > parts[i] {
				r.Fatalf("%d of %d", s, parts[i])
			}
		}
		if given != amount {
			r.Fatalf("%d of %d", given, amount)
		}
	})
}

func TestAQuoteTakesNoMoreThanItsBound(t *testing.T) {
	long := func(r *rapid.T, label string, limit int) string {
		return rapid.StringOfN(rapid.SampledFrom([]rune("aé煎😀")), 0, limit, -1).Draw(r, label)
	}
	rapid.Check(t, func(r *rapid.T) {
		d := draw(r, "EUR")
		d.terms.Payments[0].Instructions = long(r, "instructions", 500)
		d.terms.Returns = Returns{MaxDays, long(r, "returns", 500)}
		for i := range d.items {
			d.items[i].Title, d.items[i].Options = long(r, "title", 200), []string{long(r, "option", 100), long(r, "option", 100), "c"}
			d.items[i].Quantity, d.items[i].Unit.Minor = MaxQuantity, 1_000_000_000
		}
		q, err := Price(d.terms, brand, d.items, d.ask, now)
		if err != nil {
			r.Fatal(err)
		}
		raw, err := protocol.Marshal(q)
		if err != nil || len(raw) > q.size() || q.size() > MaxQuote {
			r.Fatalf("%d bytes, reckoned %d: %v", len(raw), q.size(), err)
		}
	})
	items := make([]Item, MaxLines)
	for i := range items {
		items[i] = goods("EUR", 1, 1)[0]
		items[i].Title = string(make([]byte, 400))
	}
	fresh := DefaultTerms("EUR", "DE")
	if _, err := Price(&fresh, brand, items, Ask{Destination: Destination{Country: "DE"}}, now); ReasonOf(err) != BadQuantity {
		t.Errorf("a quote beyond all bounds: %v", err)
	}
}
