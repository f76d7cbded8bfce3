package importer

import (
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// money reads an amount in the shop's currency that isn't negative; nil for a
// blank cell, and with an error for a bad one.
func (m *merging) money(r *row, c column) *protocol.Money {
	text := m.cell(r, c)
	if text == "" {
		return nil
	}
	amount, err := protocol.ParseMoney(text, m.options.Currency)
	if err == nil && !strings.HasPrefix(text, "-") && amount.Minor <= catalog.MaxPrice {
		return &amount
	}
	m.faultAt(r, c, "%q %s", clip(text), amountFault(text, m.options.Currency))
	return nil
}

// amountFault says why a text is no price.
func amountFault(text string, c protocol.Currency) string {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	switch {
	case strings.Contains(text, ","):
		return "holds a comma; write 1234.50, with a point and without thousands separators"
	case whole == "" || strings.Trim(whole+fraction, "0123456789") != "" || strings.HasSuffix(text, "."):
		return "is not a decimal such as 12.50, without a currency sign"
	case strings.HasPrefix(text, "-"):
		return "is negative"
	case len(strings.TrimRight(fraction, "0")) > c.Exponent():
		return "has more than the " + strconv.Itoa(c.Exponent()) + " decimals of " + string(c)
	}
	return "is too large"
}

// quantity reads a count of pieces, 0 for a blank cell.
func (m *merging) quantity(r *row) int64 {
	text := m.cell(r, colQuantity)
	if text == "" {
		return 0
	}
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(fraction, "0") != "" || n > protocol.MaxInt || n < -protocol.MaxInt {
		m.faultAt(r, colQuantity, "%q is not a whole number such as 12", clip(text))
		return 0
	}
	return n
}

// maxDigits bounds the digits of a number before its point; catalog's limits are
// below it.
const maxDigits = 12

// thousandths reads a decimal that isn't negative, 0 for a blank cell. More than
// three decimals are an error unless they may be cut off.
func (m *merging) thousandths(r *row, c column, cut bool) int64 {
	text := m.cell(r, c)
	if text == "" {
		return 0
	}
	whole, fraction, point := strings.Cut(text, ".")
	if !digits(whole) || point && !digits(fraction) || len(whole) > maxDigits {
		m.faultAt(r, c, "%q is not a decimal such as 250 or 0.75", clip(text))
		return 0
	}
	if !cut && len(strings.TrimRight(fraction, "0")) > 3 {
		m.faultAt(r, c, "%q has more than three decimals", clip(text))
		return 0
	}
	n, _ := strconv.ParseInt(whole+(fraction + "000")[:3], 10, 64) // at most 15 digits
	return n
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
