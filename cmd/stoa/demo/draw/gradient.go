package draw

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/srwiley/rasterx"
)

// rampSize is the number of steps a gradient is precomputed in.
const rampSize = 1024 // a power of two

type spread int

const (
	pad spread = iota
	reflect
	repeat
)

// stop is a colour at an offset in 0..1.
type stop struct {
	offset, opacity float64
	colour          colour
}

// gradient as written: points are x1 y1 x2 y2, or cx cy r fx fy.
type gradient struct {
	radial    bool
	userSpace bool
	matrix    rasterx.Matrix2D
	points    [5]float64
	spread    spread
	stops     []stop
	href      string
}

func (p *parser) gradient(name string, a attrs) error {
	g := &gradient{radial: name == "radialGradient", href: strings.TrimPrefix(a["href"], "#")}
	g.userSpace = a["gradientUnits"] == "userSpaceOnUse"
	g.spread = map[string]spread{"reflect": reflect, "repeat": repeat}[a["spreadMethod"]]
	var err error
	if g.matrix, err = transform(a["gradientTransform"]); err != nil {
		return err
	}
	if err := g.place(a); err != nil {
		return err
	}
	p.d.gradients[a["id"]] = g
	p.grad = g
	return nil
}

func (g *gradient) place(a attrs) (err error) {
	names, defaults := []string{"x1", "y1", "x2", "y2"}, []string{"0", "0", "1", "0"}
	if g.radial {
		names, defaults = []string{"cx", "cy", "r", "fx", "fy"}, []string{"0.5", "0.5", "0.5", a["cx"], a["cy"]}
	}
	for i, name := range names {
		v := firstOf(a[name], defaults[i], "0.5")
		if g.points[i], err = fraction(v); err != nil {
			return fmt.Errorf("%s=%q is not a number", name, v)
		}
	}
	return nil
}

func firstOf(vs ...string) string {
	return vs[slices.IndexFunc(vs, func(v string) bool { return v != "" })]
}

func (p *parser) stop(a attrs) error {
	if p.grad == nil {
		return errors.New("outside a gradient")
	}
	offset, err := fraction(firstOf(a["offset"], "0"))
	if err != nil {
		return err
	}
	opacity, err := fraction(firstOf(a["stop-opacity"], "1"))
	if err != nil {
		return err
	}
	c, err := parseColour(firstOf(a["stop-color"], "#000"))
	if n := len(p.grad.stops); n > 0 {
		offset = max(offset, p.grad.stops[n-1].offset)
	}
	p.grad.stops = append(p.grad.stops, stop{min(offset, 1), opacity, c})
	return err
}

func fraction(v string) (float64, error) {
	if pct, ok := strings.CutSuffix(v, "%"); ok {
		n, err := strconv.ParseFloat(pct, 64)
		return n / 100, err
	}
	return strconv.ParseFloat(v, 64)
}

// inherit takes the stops of the gradient that g refers to.
func (d *drawing) inherit(id string, g *gradient) error {
	if len(g.stops) == 0 && d.gradients[g.href] != nil {
		g.stops = d.gradients[g.href].stops
	}
	if len(g.stops) == 0 {
		return fmt.Errorf("gradient %q has no stops", id)
	}
	return nil
}

// shade is a colour of 16 bits a channel and an opacity of 0..65536.
type shade struct{ r, g, b, a int32 }

// ramp is a gradient's shades in equal steps.
type ramp [rampSize]shade

func (g *gradient) ramp(opacity float64, out *ramp) {
	next := 0
	for i := range out {
		t := float64(i) / (rampSize - 1)
		for next < len(g.stops) && g.stops[next].offset <= t {
			next++
		}
		s, e := g.stops[max(next-1, 0)], g.stops[min(next, len(g.stops)-1)]
		k := 0.0
		if e.offset > s.offset {
			k = (t - s.offset) / (e.offset - s.offset)
		}
		out[i] = shade{
			mix(s.colour.r, e.colour.r, k), mix(s.colour.g, e.colour.g, k), mix(s.colour.b, e.colour.b, k),
			int32((s.opacity + (e.opacity-s.opacity)*k) * opacity * 65536),
		}
	}
}

func mix(a, b uint16, k float64) int32 {
	return int32(float64(a) + (float64(b)-float64(a))*k + 0.5)
}

// field answers where on its ramp a gradient is at a device pixel.
type field struct {
	g      *gradient
	inv    rasterx.Matrix2D // device to gradient
	dx, dy float64          // of the axis, over its squared length

	alongRows bool // every pixel of a row is at the same step
}

// field places g on a shape: toDevice is the shape's matrix, box its bounds in
// its own coordinates. It is false for a gradient squeezed to nothing.
func (g *gradient) field(toDevice rasterx.Matrix2D, box bounds) (field, bool) {
	m := toDevice
	if !g.userSpace {
		m = m.Mult(rasterx.Matrix2D{A: box.x1 - box.x0, D: box.y1 - box.y0, E: box.x0, F: box.y0})
	}
	m = m.Mult(g.matrix)
	if math.Abs(m.A*m.D-m.B*m.C) < 1e-12 {
		return field{}, false
	}
	f := field{g: g, inv: m.Invert()}
	f.dx, f.dy = g.points[2]-g.points[0], g.points[3]-g.points[1]
	if d := f.dx*f.dx + f.dy*f.dy; !g.radial && d > 0 {
		f.dx, f.dy = f.dx/d, f.dy/d
		f.alongRows = math.Abs(f.inv.A*f.dx+f.inv.B*f.dy) < 1e-9
	}
	return f, true
}

// row fills steps with the ramp index of n pixels from (x, y) on.
func (f field) row(x, y int, steps []int32) {
	u, v := f.inv.Transform(float64(x)+0.5, float64(y)+0.5)
	du, dv := f.inv.A, f.inv.B
	switch {
	case !f.g.radial:
		f.linear(u, v, du, dv, steps)
	case f.g.points[0] == f.g.points[3] && f.g.points[1] == f.g.points[4]:
		f.circle(u, v, du, dv, steps)
	default:
		f.focal(u, v, du, dv, steps)
	}
}

func (f field) linear(u, v, du, dv float64, steps []int32) {
	t := (u-f.g.points[0])*f.dx + (v-f.g.points[1])*f.dy
	dt := du*f.dx + dv*f.dy
	if f.g.spread != pad || math.Abs(t)+math.Abs(dt)*float64(len(steps)) > 1e5 {
		for i := range steps {
			steps[i] = f.g.spread.step(t + dt*float64(i))
		}
		return
	}
	const one = 1 << 32 // fixed point
	at, by := int64(t*(rampSize-1)*one+one/2), int64(dt*(rampSize-1)*one)
	for i := range steps {
		steps[i] = int32(min(max(at>>32, 0), rampSize-1))
		at += by
	}
}

func (f field) circle(u, v, du, dv float64, steps []int32) {
	r := 1 / f.g.points[2]
	u, v, du, dv = (u-f.g.points[0])*r, (v-f.g.points[1])*r, du*r, dv*r
	if f.g.spread != pad {
		for i := range steps {
			k := float64(i)
			steps[i] = f.g.spread.step(math.Hypot(u+k*du, v+k*dv))
		}
		return
	}
	for i := range steps {
		steps[i] = int32(math.Sqrt(min(u*u+v*v, 1))*(rampSize-1) + 0.5)
		u += du
		v += dv
	}
}

// focal solves |focus + (p-focus)/t - centre| = r for t.
func (f field) focal(u, v, du, dv float64, steps []int32) {
	cx, cy, r, fx, fy := f.g.points[0], f.g.points[1], f.g.points[2], f.g.points[3], f.g.points[4]
	ex, ey := fx-cx, fy-cy
	if d := math.Hypot(ex, ey); d > 0.99*r {
		ex, ey = ex*0.99*r/d, ey*0.99*r/d
	}
	c := r*r - ex*ex - ey*ey
	for i := range steps {
		px, py := u-cx-ex, v-cy-ey
		b := px*ex + py*ey
		steps[i] = f.g.spread.step((b + math.Sqrt(b*b+c*(px*px+py*py))) / c)
		u += du
		v += dv
	}
}

func (s spread) step(t float64) int32 {
	switch s {
	case repeat:
		t -= math.Floor(t)
	case reflect:
		t = math.Abs(t - 2*math.Floor((t+1)/2))
	}
	if t <= 0 {
		return 0
	}
	if t >= 1 {
		return rampSize - 1
	}
	return int32(t*(rampSize-1) + 0.5)
}
