package blob

import (
	"image"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// plainly is the definition: every result is the weighted mean of all samples
// around it, in floating point, across and down at once.
func plainly(p plane, to image.Point, by scale, x, y, channel int) float64 {
	sum, weight := 0.0, 0.0
	cx, cy := (float64(x)+0.5)*by.x-0.5, (float64(y)+0.5)*by.y-0.5
	rx, ry := 2*max(by.x, 1), 2*max(by.y, 1)
	for sy := int(math.Ceil(cy - ry)); float64(sy) <= cy+ry; sy++ {
		for sx := int(math.Ceil(cx - rx)); float64(sx) <= cx+rx; sx++ {
			w := catmullRom((float64(sx)-cx)/max(by.x, 1)) * catmullRom((float64(sy)-cy)/max(by.y, 1))
			ix, iy := min(max(sx, 0), p.size.X-1), min(max(sy, 0), p.size.Y-1)
			sum += w * float64(p.pix[iy*p.stride+ix*p.depth+channel])
			weight += w
		}
	}
	return min(max(sum/weight, 0), 255)
}

func TestScalingIsWhatItsDefinitionSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plane{depth: rapid.SampledFrom([]int{1, 4}).Draw(t, "depth")}
		p.size = image.Pt(rapid.IntRange(1, 24).Draw(t, "w"), rapid.IntRange(1, 24).Draw(t, "h"))
		p.stride = p.size.X*p.depth + rapid.IntRange(0, 3).Draw(t, "margin")
		// Smooth enough that the rounding between the two passes can't be clipped.
		n := p.stride * p.size.Y
		p.pix = rapid.SliceOfN(rapid.ByteRange(90, 160), n, n).Draw(t, "pix")
		to := image.Pt(rapid.IntRange(1, 24).Draw(t, "to w"), rapid.IntRange(1, 24).Draw(t, "to h"))
		by := ratios(p.size, to)
		got := p.resample(to, by)
		for y := range to.Y {
			for x := range to.X {
				for c := range p.depth {
					want := plainly(p, to, by, x, y, c)
					if g := float64(got[(y*to.X+x)*p.depth+c]); math.Abs(g-want) > 1.5 {
						t.Fatalf("at %d, %d, %d is %v, not %.2f", x, y, c, g, want)
					}
				}
			}
		}
	})
}

func TestOneColorStaysOneColor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := image.Pt(rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h"))
		to := image.Pt(rapid.IntRange(1, 40).Draw(t, "to w"), rapid.IntRange(1, 40).Draw(t, "to h"))
		v := rapid.Byte().Draw(t, "value")
		p := plane{make([]byte, from.X*from.Y), from.X, from, 1}
		for i := range p.pix {
			p.pix[i] = v
		}
		for i, got := range p.resample(to, ratios(from, to)) {
			if got != v {
				t.Fatalf("sample %d of %v is %d, not %d", i, to, got, v)
			}
		}
	})
}
