package blob

import (
	"image"
	"math"
)

// plane is samples in rows: depth interleaved channels of a byte each.
type plane struct {
	pix    []byte
	stride int
	size   image.Point
	depth  int
}

// Weights are fixed-point numbers of this many bits behind the point.
const weightBits = 14

// taps are the source samples that make one of the result: weights of the samples
// from the first on, which add up to one.
type taps struct {
	first   int
	weights []int32
}

// resample scales a plane with the Catmull-Rom kernel, widened to cover what it
// shrinks: row by row, each down and then across. It is written out here because
// the general scaler of golang.org/x/image takes several times as long.
func (p plane) resample(to image.Point, by scale) []byte {
	out := make([]byte, to.X*to.Y*p.depth)
	line := make([]byte, p.size.X*p.depth)
	sums := make([]int32, len(line))
	columns := kernel(p.size.X, to.X, by.x)
	for y, rows := range kernel(p.size.Y, to.Y, by.y) {
		p.flatten(line, sums, rows)
		if p.depth == 1 {
			narrow(out[y*to.X:], line, columns)
		} else {
			narrow4(out[y*to.X*4:], line, columns)
		}
	}
	return out
}

// flatten makes one line of several.
func (p plane) flatten(line []byte, sums []int32, rows taps) {
	for i := range sums {
		sums[i] = rounding
	}
	for k, w := range rows.weights {
		in := p.pix[(rows.first+k)*p.stride:][:len(sums)]
		for i, v := range in {
			sums[i] += int32(v) * w
		}
	}
	for i, sum := range sums {
		line[i] = sample(sum)
	}
}

// kernel computes the taps of each of n results, by source samples apart, from size
// samples. Samples over the edge count as the last within.
func kernel(size, n int, by float64) []taps {
	out := make([]taps, n)
	reach := 2 * max(by, 1)
	for i := range out {
		center := (float64(i)+0.5)*by - 0.5
		low, high := int(math.Ceil(center-reach)), int(math.Floor(center+reach))
		first, last := min(max(low, 0), size-1), min(max(high, 0), size-1)
		exact := make([]float64, last-first+1)
		for k := low; k <= high; k++ {
			exact[min(max(k, first), last)-first] += catmullRom((float64(k) - center) / max(by, 1))
		}
		out[i] = taps{first, fixed(exact)}
	}
	return out
}

// catmullRom is the cubic with B = 0 and C = 1/2 of Mitchell and Netravali (1988).
func catmullRom(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// fixed scales weights to add up to exactly one, what rounding leaves going to the
// largest.
func fixed(exact []float64) []int32 {
	sum, largest := 0.0, 0
	for i, w := range exact {
		sum += w
		if w > exact[largest] {
			largest = i
		}
	}
	out := make([]int32, len(exact))
	rest := int32(1) << weightBits
	for i, w := range exact {
		out[i] = int32(math.Round(w / sum * (1 << weightBits)))
		rest -= out[i]
	}
	out[largest] += rest
	return out
}

const rounding = 1 << (weightBits - 1)

// narrow makes a row of one channel.
func narrow(out, row []byte, columns []taps) {
	for x, t := range columns {
		acc := int32(rounding)
		in := row[t.first:][:len(t.weights)]
		for k, w := range t.weights {
			acc += int32(in[k]) * w
		}
		out[x] = sample(acc)
	}
}

// narrow4 makes a row of four channels.
func narrow4(out, row []byte, columns []taps) {
	for x, t := range columns {
		a, b, c, d := int32(rounding), int32(rounding), int32(rounding), int32(rounding)
		in := row[4*t.first:][:4*len(t.weights)]
		for k, w := range t.weights {
			s := in[4*k : 4*k+4 : 4*k+4]
			a, b, c, d = a+int32(s[0])*w, b+int32(s[1])*w, c+int32(s[2])*w, d+int32(s[3])*w
		}
		o := out[4*x : 4*x+4 : 4*x+4]
		o[0], o[1], o[2], o[3] = sample(a), sample(b), sample(c), sample(d)
	}
}

// sample rounds an accumulated value to a byte.
func sample(acc int32) byte { return byte(min(max(acc>>weightBits, 0), 255)) }
