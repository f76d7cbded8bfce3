package protocol

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Money is an amount in the minor unit of a currency, within ±(2^53−1). In CBOR
// it is the array [minor, code]; in JSON and on the command line the amount is a
// decimal string in major units and the currency stands beside it.
type Money struct {
	_        struct{} `cbor:",toarray"`
	Minor    int64
	Currency Currency
}

// NewMoney returns an amount of minor units.
func NewMoney(minor int64, c Currency) Money { return Money{Minor: minor, Currency: c} }

// ParseMoney reads a decimal in major units such as "12.50" or "-3". More digits
// than the currency has are an error unless they are zeros; so are signs other
// than a leading minus, separators and exponents.
func ParseMoney(s string, c Currency) (Money, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if whole == "" || hasPoint && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return Money{}, Invalid("amount", "%q is not a decimal such as 12.50", clip(s, 40))
	}
	exponent := c.Exponent()
	if len(strings.TrimRight(fraction, "0")) > exponent {
		return Money{}, Invalid("amount", "%q has more than the %d decimals of %s", clip(s, 40), exponent, c)
	}
	fraction = (fraction + strings.Repeat("0", exponent))[:exponent]
	minor, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil || minor > MaxInt {
		return Money{}, Invalid("amount", "%q is too large", clip(s, 40))
	}
	if negative {
		minor = -minor
	}
	return Money{Minor: minor, Currency: c}, nil
}

// Decimal returns the amount in major units with all decimals of the currency:
// "12.50", "1500" for yen.
func (m Money) Decimal() string {
	exponent := m.Currency.Exponent()
	sign, n := "", m.Minor
	if n < 0 {
		sign, n = "-", -n
	}
	s := strconv.FormatInt(n, 10)
	if exponent == 0 {
		return sign + s
	}
	if len(s) <= exponent {
		s = strings.Repeat("0", exponent-len(s)+1) + s
	}
	return sign + s[:len(s)-exponent] + "." + s[len(s)-exponent:]
}

// String returns the decimal with the currency behind it: "12.50 EUR".
func (m Money) String() string { return m.Decimal() + " " + string(m.Currency) }

// Validate reports whether the amount is within bounds and the currency known.
func (m Money) Validate() error {
	if m.Minor > MaxInt || m.Minor < -MaxInt {
		return Invalid("amount", "beyond ±(2^53−1) minor units")
	}
	if c, err := ParseCurrency(string(m.Currency)); err != nil || c != m.Currency {
		return Invalid("currency", "%q is not an ISO 4217 code", clip(string(m.Currency), 20))
	}
	return nil
}

type moneyJSON struct {
	Amount   string   `json:"amount"`
	Currency Currency `json:"currency"`
}

// MarshalJSON writes {"amount":"12.50","currency":"EUR"}.
func (m Money) MarshalJSON() ([]byte, error) {
	return json.Marshal(moneyJSON{m.Decimal(), m.Currency})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Money) UnmarshalJSON(b []byte) error {
	var j moneyJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return Invalid("amount", "%v", err)
	}
	c, err := ParseCurrency(string(j.Currency))
	if err != nil {
		return err
	}
	*m, err = ParseMoney(j.Amount, c)
	return err
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
