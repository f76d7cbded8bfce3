package trade

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

// vector holds the fields of all cases of price.json; specs/18-trade.md §8 says what
// they mean.
type vector struct {
	Name, Kind, Error        string
	Valid                    bool
	Brand                    protocol.CID
	Now                      int64
	Terms                    Terms
	Items                    []itemVector
	Ask                      askVector
	CBOR, Placement          hexBytes
	Quote                    json.RawMessage
	Total, Tax, Amount, Rate int64
	Added, Within            int64
	Parts, Shares            []int64
}

type itemVector struct {
	Product        protocol.Handle
	Variant        protocol.VariantID
	Offer          protocol.CID
	Title          string
	Options        []string
	Quantity, Unit int64
	Currency       protocol.Currency
	TaxClass       catalog.TaxClass
	Grams          int64
	Digital        bool
}

type askVector struct {
	Country                          protocol.Country
	Region, Postcode, Code, Shipping string
	Used                             int64
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func TestPriceVectors(t *testing.T) {
	data, err := vectors.FS.ReadFile("price.json")
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Cases []vector }
	if err := json.Unmarshal(data, &set); err != nil || len(set.Cases) < 60 {
		t.Fatalf("%d cases: %v", len(set.Cases), err)
	}
	judges := map[string]func(*testing.T, vector){"price": judgePrice, "placement": judgePlacement, "tax": judgeTax, "spread": judgeSpread}
	for _, v := range set.Cases {
		t.Run(v.Kind+"/"+v.Name, func(t *testing.T) { judges[v.Kind](t, v) })
	}
}

func judgePrice(t *testing.T, v vector) {
	var items []Item
	for _, i := range v.Items {
		items = append(items, Item{
			Product: i.Product, Variant: i.Variant, Offer: i.Offer, Title: i.Title, Options: i.Options, Quantity: i.Quantity,
			Unit: protocol.NewMoney(i.Unit, i.Currency), TaxClass: i.TaxClass, Grams: i.Grams, Digital: i.Digital,
		})
	}
	ask := Ask{Destination: Destination{v.Ask.Country, v.Ask.Region, v.Ask.Postcode}, Code: v.Ask.Code, Shipping: v.Ask.Shipping, Used: v.Ask.Used}
	q, err := Price(&v.Terms, v.Brand, items, ask, protocol.Millis(v.Now))
	if string(ReasonOf(err)) != v.Error || v.Valid != (err == nil) {
		t.Fatalf("%v, not %q", err, v.Error)
	}
	if !v.Valid {
		return
	}
	raw, err := protocol.Marshal(q)
	if err != nil || !bytes.Equal(raw, v.CBOR) || q.Total != v.Total || q.Tax != v.Tax {
		t.Errorf("%+v: %v", q, err)
	}
	var back Quote
	if err := protocol.UnmarshalStrict(raw, &back); err != nil || !back.SamePrice(&q) {
		t.Errorf("%+v: %v", back, err)
	}
}

func judgePlacement(t *testing.T, v vector) {
	var raw hexBytes
	var q Quote
	var p Placement
	if err := json.Unmarshal(v.Quote, &raw); err != nil {
		t.Fatal(err)
	}
	if err := protocol.Unmarshal(raw, &q); err != nil {
		t.Fatal(err)
	}
	if err := protocol.Unmarshal(v.Placement, &p); err != nil {
		t.Fatal(err)
	}
	if _, err := Place(q, p, protocol.Millis(v.Now)); string(ReasonOf(err)) != v.Error || v.Valid != (err == nil) {
		t.Errorf("%v, not %q", err, v.Error)
	}
}

func judgeTax(t *testing.T, v vector) {
	if p := Percent(v.Rate); p.Of(v.Amount) != v.Added || p.Within(v.Amount) != v.Within {
		t.Errorf("%d and %d", p.Of(v.Amount), p.Within(v.Amount))
	}
}

func judgeSpread(t *testing.T, v vector) {
	if s := Spread(v.Amount, v.Parts); !slices.Equal(s, v.Shares) {
		t.Errorf("%v", s)
	}
}
