package draw

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/srwiley/oksvg"
	"github.com/srwiley/rasterx"
)

// attrs holds an element's attributes; those of a style attribute are folded in.
type attrs map[string]string

// geometry and definition attributes, read by the elements themselves.
var ownAttrs = strings.Fields(`id xmlns xlink version viewBox width height preserveAspectRatio
	d points x y x1 y1 x2 y2 cx cy r rx ry fx fy href
	gradientUnits gradientTransform spreadMethod offset stop-color stop-opacity`)

func attributes(t xml.StartElement) attrs {
	a := attrs{}
	for _, at := range t.Attr {
		if at.Name.Local != "style" {
			a[at.Name.Local] = strings.TrimSpace(at.Value)
			continue
		}
		for pair := range strings.SplitSeq(at.Value, ";") {
			k, v, ok := strings.Cut(pair, ":")
			if ok {
				a[strings.TrimSpace(k)] = strings.TrimSpace(v)
			}
		}
	}
	return a
}

// colour is 16 bits a channel, not premultiplied.
type colour struct{ r, g, b uint16 }

// paint is nothing, a colour, or a reference to a gradient.
type paint struct {
	on     bool
	colour colour
	ref    string
}

// clipRef is a clipPath and the coordinates it was referred to in.
type clipRef struct {
	id     string
	matrix rasterx.Matrix2D
}

// style is what children inherit.
type style struct {
	matrix                   rasterx.Matrix2D
	fill, stroke             paint
	fillOpacity, lineOpacity float64
	width, miter, dashOffset float64
	dash                     []float64
	round                    bool // joins
	cap                      rasterx.CapFunc
	clips                    []clipRef
}

func rootStyle() style {
	return style{
		matrix: rasterx.Identity, fill: paint{on: true}, cap: rasterx.ButtCap,
		fillOpacity: 1, lineOpacity: 1, width: 1, miter: 4,
	}
}

// with is the style of a child that carries these attributes. Attributes apply
// in name order after transform, which clip-path depends on.
func (s style) with(a attrs) (style, error) {
	if t, ok := a["transform"]; ok {
		m, err := transform(t)
		if err != nil {
			return s, err
		}
		s.matrix = s.matrix.Mult(m)
	}
	for _, k := range slices.Sorted(maps.Keys(a)) {
		if k == "transform" || slices.Contains(ownAttrs, k) {
			continue
		}
		if err := s.set(k, a[k]); err != nil {
			return s, fmt.Errorf("%s=%q: %w", k, a[k], err)
		}
	}
	return s, nil
}

func (s *style) set(k, v string) (err error) {
	switch k {
	case "fill":
		s.fill, err = parsePaint(v)
	case "stroke":
		s.stroke, err = parsePaint(v)
	case "clip-path":
		var ref string
		ref, err = reference(v)
		s.clips = append(slices.Clip(s.clips), clipRef{ref, s.matrix})
	case "stroke-linecap":
		s.cap, err = lineCap(v)
	case "stroke-linejoin":
		s.round = v == "round"
	case "stroke-dasharray":
		s.dash, err = dashes(v)
	default:
		err = s.setNumber(k, v)
	}
	return err
}

func (s *style) setNumber(k, v string) error {
	n, err := strconv.ParseFloat(strings.TrimSuffix(v, "px"), 64)
	if err != nil {
		n = 1
	}
	switch k {
	case "opacity":
		s.fillOpacity *= n
		s.lineOpacity *= n
	case "fill-opacity":
		s.fillOpacity *= n
	case "stroke-opacity":
		s.lineOpacity *= n
	case "stroke-width":
		s.width = n
	case "stroke-miterlimit":
		s.miter = n
	case "stroke-dashoffset":
		s.dashOffset = n
	default:
		return ErrUnsupported
	}
	return err
}

func lineCap(v string) (rasterx.CapFunc, error) {
	switch v {
	case "butt":
		return rasterx.ButtCap, nil
	case "round":
		return rasterx.RoundCap, nil
	case "square":
		return rasterx.SquareCap, nil
	}
	return nil, ErrUnsupported
}

func dashes(v string) ([]float64, error) {
	if v == "none" {
		return nil, nil
	}
	return numbers(v)
}

func parsePaint(v string) (paint, error) {
	if v == "none" || v == "transparent" {
		return paint{}, nil
	}
	if strings.HasPrefix(v, "url(") {
		ref, err := reference(v)
		return paint{on: true, ref: ref}, err
	}
	c, err := parseColour(v)
	return paint{on: true, colour: c}, err
}

func reference(v string) (string, error) {
	inner, ok := strings.CutPrefix(v, "url(#")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed || inner == "" {
		return "", ErrUnsupported
	}
	return inner, nil
}

// parseColour reads #rgb, #rrggbb, rgb() and the SVG names.
func parseColour(v string) (colour, error) {
	if v == "" {
		return colour{}, fmt.Errorf("%w: an empty colour", ErrUnsupported)
	}
	c, err := oksvg.ParseSVGColor(v)
	if err != nil || c == nil {
		return colour{}, fmt.Errorf("%w: colour %q", ErrUnsupported, v)
	}
	r, g, b, _ := c.RGBA()
	return colour{uint16(r), uint16(g), uint16(b)}, nil
}
