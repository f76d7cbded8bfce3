package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/srwiley/rasterx"
)

// Bounds on one drawing. Ours stay far below them.
const (
	maxShapes = 20000
	maxDepth  = 64
)

// ErrUnsupported marks a drawing that uses SVG outside the subset.
var ErrUnsupported = errors.New("not in the SVG subset")

// drawing is a parsed picture in the units of its viewBox.
type drawing struct {
	x, y, w, h float64
	shapes     []shape
	gradients  map[string]*gradient
	clips      map[string][]shape
}

// shape is one outline with everything needed to paint it.
type shape struct {
	path rasterx.Path // 1/64 of a user unit
	style
}

// parser walks the tokens of one drawing.
type parser struct {
	d      *drawing
	styles []style
	grad   *gradient // the gradient being filled with stops
	clip   string    // the clipPath being filled with shapes
	defs   int       // depth of nested defs
}

func parse(svg []byte) (*drawing, error) {
	p := &parser{
		d:      &drawing{gradients: map[string]*gradient{}, clips: map[string][]shape{}},
		styles: []style{rootStyle()},
	}
	dec := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := p.token(token); err != nil {
			line, _ := dec.InputPos()
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	return p.d, p.d.check()
}

func (p *parser) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		if err := p.start(t); err != nil {
			return fmt.Errorf("<%s>: %w", t.Name.Local, err)
		}
	case xml.EndElement:
		p.end(t.Name.Local)
	}
	return nil
}

func (p *parser) start(t xml.StartElement) error {
	if len(p.styles) > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	attrs := attributes(t)
	style, err := p.styles[len(p.styles)-1].with(attrs)
	if err != nil {
		return err
	}
	p.styles = append(p.styles, style)
	return p.element(t.Name.Local, attrs, style)
}

func (p *parser) element(name string, attrs attrs, style style) error {
	switch name {
	case "svg":
		return p.viewBox(attrs)
	case "g", "title", "desc":
		return nil
	case "defs":
		p.defs++
		return nil
	case "linearGradient", "radialGradient":
		return p.gradient(name, attrs)
	case "stop":
		return p.stop(attrs)
	case "clipPath":
		p.clip = attrs["id"]
		return nil
	}
	return p.outline(name, attrs, style)
}

func (p *parser) outline(name string, attrs attrs, style style) error {
	path, err := outline(name, attrs)
	if err != nil {
		return err
	}
	s := shape{path: path, style: style}
	switch {
	case p.clip != "":
		p.d.clips[p.clip] = append(p.d.clips[p.clip], s)
	case p.defs > 0:
		return fmt.Errorf("%w: a shape in defs outside clipPath", ErrUnsupported)
	case len(p.d.shapes) >= maxShapes:
		return fmt.Errorf("more than %d shapes", maxShapes)
	default:
		p.d.shapes = append(p.d.shapes, s)
	}
	return nil
}

func (p *parser) end(name string) {
	p.styles = p.styles[:len(p.styles)-1]
	switch name {
	case "defs":
		p.defs--
	case "linearGradient", "radialGradient":
		p.grad = nil
	case "clipPath":
		p.clip = ""
	}
}

func (p *parser) viewBox(attrs attrs) error {
	box, err := numbers(attrs["viewBox"])
	if err != nil || len(box) != 4 || box[2] <= 0 || box[3] <= 0 {
		return fmt.Errorf("viewBox %q is not four numbers", attrs["viewBox"])
	}
	p.d.x, p.d.y, p.d.w, p.d.h = box[0], box[1], box[2], box[3]
	return nil
}

// check resolves what refers to something by id.
func (d *drawing) check() error {
	if d.w == 0 {
		return errors.New("no <svg viewBox>")
	}
	for id, g := range d.gradients {
		if err := d.inherit(id, g); err != nil {
			return err
		}
	}
	for _, s := range d.shapes {
		if err := d.checkShape(s); err != nil {
			return err
		}
	}
	return nil
}

func (d *drawing) checkShape(s shape) error {
	for _, p := range []paint{s.fill, s.stroke} {
		if p.ref != "" && d.gradients[p.ref] == nil {
			return fmt.Errorf("no gradient with id %q", p.ref)
		}
	}
	for _, c := range s.clips {
		if len(d.clips[c.id]) == 0 {
			return fmt.Errorf("no clipPath with id %q", c.id)
		}
	}
	return nil
}
