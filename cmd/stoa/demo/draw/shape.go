package draw

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/srwiley/oksvg"
	"github.com/srwiley/rasterx"
)

// outline is the path of one shape element in user units.
func outline(name string, a attrs) (rasterx.Path, error) {
	switch name {
	case "path":
		return pathData(a["d"])
	case "polygon", "polyline":
		return poly(a["points"], name == "polygon")
	case "rect":
		return rect(a)
	case "circle", "ellipse":
		return ellipse(a)
	case "line":
		n, err := a.numbers("x1", "y1", "x2", "y2")
		if err != nil {
			return nil, err
		}
		return pathData(fmt.Sprintf("M%f %fL%f %f", n[0], n[1], n[2], n[3]))
	}
	return nil, ErrUnsupported
}

// pathData compiles the d attribute. oksvg misreads an arc command that is
// repeated without its letter, so that is refused.
func pathData(d string) (rasterx.Path, error) {
	for _, arc := range arcs.FindAllString(d, -1) {
		if n, err := numbers(arc[1:]); err != nil || len(n) != 7 {
			return nil, fmt.Errorf("%w: arc %q wants its own letter and seven spaced numbers", ErrUnsupported, arc)
		}
	}
	var c oksvg.PathCursor
	c.ErrorMode = oksvg.StrictErrorMode
	if err := c.CompilePath(d); err != nil {
		return nil, fmt.Errorf("d=%q: %w", d, err)
	}
	if len(c.Path) == 0 {
		return nil, fmt.Errorf("d=%q draws nothing", d)
	}
	return c.Path, nil
}

var arcs = regexp.MustCompile(`[aA][^a-zA-Z]*`)

func poly(points string, closed bool) (rasterx.Path, error) {
	n, err := numbers(points)
	if err != nil || len(n) < 4 || len(n)%2 != 0 {
		return nil, fmt.Errorf("points=%q is not a list of pairs", points)
	}
	var p rasterx.Path
	p.Start(rasterx.ToFixedP(n[0], n[1]))
	for i := 2; i < len(n); i += 2 {
		p.Line(rasterx.ToFixedP(n[i], n[i+1]))
	}
	p.Stop(closed)
	return p, nil
}

func rect(a attrs) (rasterx.Path, error) {
	if a["rx"] == "" {
		a["rx"] = a["ry"]
	}
	if a["ry"] == "" {
		a["ry"] = a["rx"]
	}
	n, err := a.numbers("x", "y", "width", "height", "rx", "ry")
	if err != nil {
		return nil, err
	}
	x, y, w, h := n[0], n[1], n[2], n[3]
	rx, ry := math.Min(n[4], w/2), math.Min(n[5], h/2)
	if rx <= 0 || ry <= 0 {
		return pathData(fmt.Sprintf("M%f %fH%fV%fH%fZ", x, y, x+w, y+h, x))
	}
	return roundRect(x, y, w, h, rx, ry), nil
}

// kappa places the control points of a cubic that passes for a quarter circle.
const kappa = 0.5522847498

func roundRect(x, y, w, h, rx, ry float64) rasterx.Path {
	kx, ky := rx*(1-kappa), ry*(1-kappa)
	var p rasterx.Path
	at := rasterx.ToFixedP
	line := func(x0, y0, x1, y1 float64) { // the stroker dislikes empty lines
		if at(x0, y0) != at(x1, y1) {
			p.Line(at(x1, y1))
		}
	}
	p.Start(at(x+rx, y))
	line(x+rx, y, x+w-rx, y)
	p.CubeBezier(at(x+w-kx, y), at(x+w, y+ky), at(x+w, y+ry))
	line(x+w, y+ry, x+w, y+h-ry)
	p.CubeBezier(at(x+w, y+h-ky), at(x+w-kx, y+h), at(x+w-rx, y+h))
	line(x+w-rx, y+h, x+rx, y+h)
	p.CubeBezier(at(x+kx, y+h), at(x, y+h-ky), at(x, y+h-ry))
	line(x, y+h-ry, x, y+ry)
	p.CubeBezier(at(x, y+ky), at(x+kx, y), at(x+rx, y))
	p.Stop(true)
	return p
}

func ellipse(a attrs) (rasterx.Path, error) {
	if a["r"] != "" {
		a["rx"], a["ry"] = a["r"], a["r"]
	}
	n, err := a.numbers("cx", "cy", "rx", "ry")
	if err != nil {
		return nil, err
	}
	return roundRect(n[0]-n[2], n[1]-n[3], 2*n[2], 2*n[3], n[2], n[3]), nil
}

// numbers reads attributes as lengths; a missing one is 0.
func (a attrs) numbers(names ...string) ([]float64, error) {
	out := make([]float64, len(names))
	for i, k := range names {
		if a[k] == "" {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSuffix(a[k], "px"), 64)
		if err != nil {
			return nil, fmt.Errorf("%s=%q is not a number", k, a[k])
		}
		out[i] = n
	}
	return out, nil
}

// numbers reads a list parted by spaces and commas.
func numbers(v string) ([]float64, error) {
	fields := strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r <= ' ' })
	out := make([]float64, len(fields))
	for i, f := range fields {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", f)
		}
		out[i] = n
	}
	return out, nil
}

var calls = regexp.MustCompile(`([a-zA-Z]+)\s*\(([^)]*)\)`)

func transform(v string) (rasterx.Matrix2D, error) {
	m := rasterx.Identity
	for _, call := range calls.FindAllStringSubmatch(v, -1) {
		n, err := numbers(call[2])
		if err != nil {
			return m, err
		}
		step, err := transformStep(call[1], n)
		if err != nil {
			return m, fmt.Errorf("transform=%q: %w", v, err)
		}
		m = m.Mult(step)
	}
	return m, nil
}

func transformStep(name string, n []float64) (rasterx.Matrix2D, error) {
	m := rasterx.Identity
	switch {
	case name == "translate" && len(n) == 1:
		return m.Translate(n[0], 0), nil
	case name == "translate" && len(n) == 2:
		return m.Translate(n[0], n[1]), nil
	case name == "scale" && len(n) == 1:
		return m.Scale(n[0], n[0]), nil
	case name == "scale" && len(n) == 2:
		return m.Scale(n[0], n[1]), nil
	case name == "rotate" && len(n) == 1:
		return m.Rotate(n[0] * math.Pi / 180), nil
	case name == "rotate" && len(n) == 3:
		return m.Translate(n[1], n[2]).Rotate(n[0]*math.Pi/180).Translate(-n[1], -n[2]), nil
	case name == "skewX" && len(n) == 1:
		return m.SkewX(n[0] * math.Pi / 180), nil
	case name == "skewY" && len(n) == 1:
		return m.SkewY(n[0] * math.Pi / 180), nil
	case name == "matrix" && len(n) == 6:
		return rasterx.Matrix2D{A: n[0], B: n[1], C: n[2], D: n[3], E: n[4], F: n[5]}, nil
	}
	return m, ErrUnsupported
}
