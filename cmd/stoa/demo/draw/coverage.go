package draw

import (
	"image"
	"image/draw"
	"math"

	"github.com/srwiley/rasterx"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// bounds is a rectangle that grows.
type bounds struct{ x0, y0, x1, y1 float64 }

func empty() bounds { return bounds{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)} }

func (b *bounds) add(x, y float64) {
	b.x0, b.y0 = math.Min(b.x0, x), math.Min(b.y0, y)
	b.x1, b.y1 = math.Max(b.x1, x), math.Max(b.y1, y)
}

// bounded measures the path it is fed; curves by a few points on them.
type bounded struct {
	bounds
	x, y float64
}

func (b *bounded) to(x, y float64) { b.add(x, y); b.x, b.y = x, y }

func (b *bounded) Start(p fixed.Point26_6) { b.to(float(p)) }
func (b *bounded) Line(p fixed.Point26_6)  { b.to(float(p)) }
func (b *bounded) Stop(bool)               {}

func (b *bounded) QuadBezier(p, q fixed.Point26_6) {
	px, py := float(p)
	qx, qy := float(q)
	b.cubic(b.x+(px-b.x)*2/3, b.y+(py-b.y)*2/3, qx+(px-qx)*2/3, qy+(py-qy)*2/3, qx, qy)
}

func (b *bounded) CubeBezier(p, q, r fixed.Point26_6) {
	px, py := float(p)
	qx, qy := float(q)
	rx, ry := float(r)
	b.cubic(px, py, qx, qy, rx, ry)
}

func (b *bounded) cubic(px, py, qx, qy, rx, ry float64) {
	const steps = 16
	x, y := b.x, b.y
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		s := 1 - t
		k0, k1, k2, k3 := s*s*s, 3*s*s*t, 3*s*t*t, t*t*t
		b.to(k0*x+k1*px+k2*qx+k3*rx, k0*y+k1*py+k2*qy+k3*ry)
	}
}

func float(p fixed.Point26_6) (x, y float64) { return float64(p.X) / 64, float64(p.Y) / 64 }

func measure(p rasterx.Path) bounds {
	b := &bounded{bounds: empty()}
	p.AddTo(b)
	return b.bounds
}

// toRaster feeds a path to the rasterizer, moved by (-dx, -dy). The pieces of a
// stroke close one another and must not be closed each.
type toRaster struct {
	*vector.Rasterizer
	dx, dy float32
	pieces bool
}

func (r toRaster) at(p fixed.Point26_6) (x, y float32) {
	return float32(p.X)/64 - r.dx, float32(p.Y)/64 - r.dy
}
func (r toRaster) Start(p fixed.Point26_6) { r.MoveTo(r.at(p)) }
func (r toRaster) Line(p fixed.Point26_6)  { r.LineTo(r.at(p)) }
func (r toRaster) Stop(bool) {
	if !r.pieces {
		r.ClosePath()
	}
}
func (r toRaster) QuadBezier(p, q fixed.Point26_6) {
	px, py := r.at(p)
	qx, qy := r.at(q)
	r.QuadTo(px, py, qx, qy)
}
func (r toRaster) CubeBezier(p, q, s fixed.Point26_6) {
	px, py := r.at(p)
	qx, qy := r.at(q)
	sx, sy := r.at(s)
	r.CubeTo(px, py, qx, qy, sx, sy)
}

// outlined is a path in pixels; pieces marks one that a stroke left in parts.
type outlined struct {
	path   rasterx.Path
	pieces bool
}

// cover draws the coverage of an outline into a mask that is trimmed to what
// the outline can touch inside clip. The mask lives in pix.
func cover(ras *vector.Rasterizer, pix []uint8, clip image.Rectangle, o outlined) *image.Alpha {
	b := measure(o.path)
	r := image.Rect(floor(b.x0), floor(b.y0), floor(b.x1)+1, floor(b.y1)+1).Intersect(clip)
	mask := &image.Alpha{Pix: pix[:r.Dx()*r.Dy()], Stride: r.Dx(), Rect: r}
	if r.Empty() {
		return mask
	}
	if r == clip && fills(o.path, clip) {
		for i := range mask.Pix {
			mask.Pix[i] = 255
		}
		return mask
	}
	ras.Reset(r.Dx(), r.Dy())
	ras.DrawOp = draw.Src
	o.path.AddTo(toRaster{ras, float32(r.Min.X), float32(r.Min.Y), o.pieces})
	mask.Rect = r.Sub(r.Min) // the rasterizer is fast only where bounds are its own
	ras.Draw(mask, mask.Rect, image.Opaque, image.Point{})
	mask.Rect = r
	return mask
}

// fills says whether the path is one upright rectangle around all of r, as a
// picture's ground is.
func fills(p rasterx.Path, r image.Rectangle) bool {
	const lines = 16 // M x y, four times L x y, Z
	if len(p) != lines || rasterx.PathCommand(p[15]) != rasterx.PathClose {
		return false
	}
	for i := 0; i < 15; i += 3 {
		x, y := int(p[i+1]), int(p[i+2])
		inside := x > r.Min.X<<6 && x < r.Max.X<<6 || y > r.Min.Y<<6 && y < r.Max.Y<<6
		if inside || i > 0 && (rasterx.PathCommand(p[i]) != rasterx.PathLineTo || x != int(p[i-2]) && y != int(p[i-1])) {
			return false
		}
	}
	return p[1] == p[13] && p[2] == p[14]
}

func floor(v float64) int { return int(math.Floor(max(-1e6, min(v, 1e6)))) }

// deviceFill is the shape's outline in pixels.
func (s *shape) deviceFill(m rasterx.Matrix2D) outlined {
	var out rasterx.Path
	s.path.AddTo(&rasterx.MatrixAdder{Adder: &out, M: m})
	return outlined{path: out}
}

// deviceStroke is the outline of the shape's stroke in pixels.
func (s *shape) deviceStroke(m rasterx.Matrix2D) outlined {
	scale := math.Sqrt(math.Abs(m.A*m.D - m.B*m.C))
	lines := &collector{}
	d := rasterx.NewDasher(1, 1, lines)
	join, gap := rasterx.Miter, rasterx.FlatGap
	if s.round {
		join, gap = rasterx.Round, rasterx.RoundGap
	}
	d.SetStroke(fixed.Int26_6(s.width*scale*64), fixed.Int26_6(s.miter*64), s.cap, s.cap, gap, join,
		scaled(s.dash, scale), s.dashOffset*scale)
	s.path.AddTo(&rasterx.MatrixAdder{Adder: d, M: m})
	return outlined{lines.path, true}
}

func scaled(dash []float64, k float64) []float64 {
	out := make([]float64, len(dash))
	for i, d := range dash {
		out[i] = d * k
	}
	return out
}

// collector is a rasterx.Scanner that keeps the flattened stroke as a path.
type collector struct{ path rasterx.Path }

func (c *collector) Start(p fixed.Point26_6) { c.path.Start(p) }
func (c *collector) Line(p fixed.Point26_6)  { c.path.Line(p) }

func (c *collector) Draw()                              {}
func (c *collector) GetPathExtent() fixed.Rectangle26_6 { return fixed.Rectangle26_6{} }
func (c *collector) SetBounds(int, int)                 {}
func (c *collector) SetColor(any)                       {}
func (c *collector) SetWinding(bool)                    {}
func (c *collector) Clear()                             {}
func (c *collector) SetClip(image.Rectangle)            {}
