package trade

import "math/bits"

// mulDiv returns ⌊a×b÷c⌋ and the remainder for numbers that are not negative, with the
// product in full. The result must fit: a×b < c×2^64.
func mulDiv(a, b, c int64) (quotient, rest int64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, r := bits.Div64(hi, lo, uint64(c))
	return int64(q), int64(r)
}

// share returns a×b÷c rounded half up.
func share(a, b, c int64) int64 {
	q, r := mulDiv(a, b, c)
	if r >= c-r {
		q++
	}
	return q
}

// hundred is 100 % as a Percent.
const hundred = 100_000

// Of returns the share of an amount, rounded half up.
func (p Percent) Of(amount int64) int64 { return share(amount, int64(p), hundred) }

// Within returns the part of an amount that is the tax at this rate when the amount
// holds it, rounded half up.
func (p Percent) Within(amount int64) int64 { return share(amount, int64(p), hundred+int64(p)) }

// times returns unit × quantity, false when it is beyond MaxTotal.
func times(unit, quantity int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(unit), uint64(quantity))
	return int64(lo), hi == 0 && lo <= MaxTotal
}

// Spread divides an amount over parts in proportion to them, so that the shares add up
// to it and none is above its part. It is at most the sum of the parts, which is at most
// MaxTotal: the share of a part is what the amount's portion, rounded down, grows by
// with that part.
func Spread(amount int64, parts []int64) []int64 {
	out := make([]int64, len(parts))
	var sum, upTo, given int64
	for _, part := range parts {
		sum += part
	}
	if sum == 0 {
		return out
	}
	for i, part := range parts {
		upTo += part
		portion, _ := mulDiv(amount, upTo, sum)
		out[i], given = portion-given, portion
	}
	return out
}
