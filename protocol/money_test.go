package protocol_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"pgregory.net/rapid"
)

// currencies returns every code that ParseCurrency knows.
func currencies() []protocol.Currency {
	var all []protocol.Currency
	for i := range 26 * 26 * 26 {
		code := string([]byte{byte('A' + i/676), byte('A' + i/26%26), byte('A' + i%26)})
		if c, err := protocol.ParseCurrency(code); err == nil {
			all = append(all, c)
		}
	}
	return all
}

func TestMoneyReadsBackInEveryCurrency(t *testing.T) {
	for _, c := range currencies() {
		rapid.Check(t, func(t *rapid.T) {
			m := protocol.NewMoney(rapid.Int64Range(-protocol.MaxInt, protocol.MaxInt).Draw(t, "minor"), c)
			if back, err := protocol.ParseMoney(m.Decimal(), c); err != nil || back != m {
				t.Fatalf("%s reads back as %s: %v", m, back, err)
			}
			var viaJSON, viaCBOR protocol.Money
			if err := json.Unmarshal(must(json.Marshal(m)), &viaJSON); err != nil || viaJSON != m {
				t.Fatalf("%s in JSON: %s %v", m, viaJSON, err)
			}
			if err := protocol.UnmarshalStrict(must(protocol.Marshal(m)), &viaCBOR); err != nil || viaCBOR != m || m.Validate() != nil {
				t.Fatalf("%s in CBOR: %s %v", m, viaCBOR, err)
			}
			if decimalOf(m) != m.Decimal() {
				t.Fatalf("%s, by rational arithmetic %s", m, decimalOf(m))
			}
		})
	}
}

// decimalOf is the plain model of Money.Decimal.
func decimalOf(m protocol.Money) string {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m.Currency.Exponent())), nil)
	return new(big.Rat).SetFrac(big.NewInt(m.Minor), unit).FloatString(m.Currency.Exponent())
}

func TestAmountsAsPeopleWriteThem(t *testing.T) {
	cases := []struct {
		text     string
		currency protocol.Currency
		minor    int64
		valid    bool
	}{
		{"12.50", "EUR", 1250, true},
		{"12.5", "EUR", 1250, true},
		{"12", "EUR", 1200, true},
		{"-3", "EUR", -300, true},
		{"0.01", "EUR", 1, true},
		{"-0.00", "EUR", 0, true},
		{"007", "EUR", 700, true},
		{"12.500", "EUR", 1250, true},
		{"1500", "JPY", 1500, true},
		{"1500.0", "JPY", 1500, true},
		{"1.234", "KWD", 1234, true},
		{"90071992547409.91", "EUR", protocol.MaxInt, true},
		{"90071992547409.92", "EUR", 0, false},
		{"99999999999999999999999", "EUR", 0, false},
		{"12.505", "EUR", 0, false},
		{"0.5", "JPY", 0, false},
		{"", "EUR", 0, false},
		{".5", "EUR", 0, false},
		{"5.", "EUR", 0, false},
		{"+5", "EUR", 0, false},
		{"--5", "EUR", 0, false},
		{"-", "EUR", 0, false},
		{"1,50", "EUR", 0, false},
		{"1.2.3", "EUR", 0, false},
		{"1e3", "EUR", 0, false},
		{" 5", "EUR", 0, false},
		{"5 ", "EUR", 0, false},
		{"0x10", "EUR", 0, false},
		{"٥", "EUR", 0, false},
		{"NaN", "EUR", 0, false},
	}
	for _, c := range cases {
		m, err := protocol.ParseMoney(c.text, c.currency)
		if (err == nil) != c.valid || c.valid && m != protocol.NewMoney(c.minor, c.currency) || err != nil && !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%q %s: %s, %v", c.text, c.currency, m, err)
		}
	}
}

func TestMoneyOutOfBoundsOrOfNoCurrencyIsInvalid(t *testing.T) {
	for _, m := range []protocol.Money{
		{}, {Minor: protocol.MaxInt + 1, Currency: "EUR"}, {Minor: -protocol.MaxInt - 1, Currency: "EUR"},
		{Currency: "eur"}, {Currency: "XXX"}, {Currency: "EURO"},
	} {
		if m.Validate() == nil {
			t.Errorf("%+v is valid", m)
		}
	}
	for _, s := range []string{`{}`, `{"amount":5,"currency":"EUR"}`, `{"amount":"5","currency":"XXX"}`, `"5"`, `{"amount":"5.001","currency":"EUR"}`} {
		var m protocol.Money
		if err := json.Unmarshal([]byte(s), &m); err == nil {
			t.Errorf("%s is read as %s", s, m)
		}
	}
}

func TestCurrenciesHaveTheirISOExponents(t *testing.T) {
	want := map[protocol.Currency]int{"EUR": 2, "USD": 2, "JPY": 0, "KRW": 0, "CLP": 0, "KWD": 3, "TND": 3, "CLF": 4, "MGA": 2, "HUF": 2, "ISK": 0}
	for c, e := range want {
		if c.Exponent() != e {
			t.Errorf("%s has %d decimals, want %d", c, c.Exponent(), e)
		}
	}
	for _, s := range []string{"XAU", "XXX", "XTS", "DEM", "HRK", "EU", "", "€"} {
		if c, err := protocol.ParseCurrency(s); err == nil {
			t.Errorf("%q is read as %s", s, c)
		}
	}
	if len(currencies()) < 150 {
		t.Errorf("only %d currencies", len(currencies()))
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"12.50", "-0.1", "90071992547409.91", "1e3", "0.001", "00"} {
		f.Add(s, "EUR")
		f.Add(s, "JPY")
		f.Add(s, "KWD")
	}
	f.Fuzz(func(t *testing.T, s, code string) {
		c, err := protocol.ParseCurrency(code)
		if err != nil {
			return
		}
		m, err := protocol.ParseMoney(s, c)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(s)
		written, _ := new(big.Rat).SetString(m.Decimal())
		if !ok || exact.Cmp(written) != 0 || m.Validate() != nil || strings.ContainsAny(s, "eE+_/ ") {
			t.Fatalf("%q is read as %s", s, m)
		}
	})
}
