package main

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// median returns the middle of the values, which it doesn't change.
func median[T cmp.Ordered](values []T) T { return percentile(values, 50) }

// percentile returns the value that so many percent lie at or below.
func percentile[T cmp.Ordered](values []T, percent int) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// count writes a whole number as people read it: 100,000.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// kilo is the K of KB and the root of the M of MB here.
const kilo = 1000
