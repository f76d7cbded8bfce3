package draw

import (
	"fmt"
	"image"

	"github.com/srwiley/rasterx"
	"golang.org/x/image/vector"
)

// MaxSide bounds a picture's width and height in pixels.
const MaxSide = 4000

// Renderer draws pictures one after the other, reusing its buffers. It is not
// safe for concurrent use; give each worker its own.
type Renderer struct {
	size  image.Rectangle
	light []pixel // starts white
	mask  []uint8
	clips map[clipRef]*image.Alpha
	steps []int32
	ramp  ramp
	ras   vector.Rasterizer
	out   image.RGBA
}

// Render draws svg at width by height pixels, stretching its viewBox to them.
// The image is good until the next call. The same input gives the same pixels.
func (r *Renderer) Render(svg []byte, width, height int) (*image.RGBA, error) {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return nil, fmt.Errorf("a picture of %d×%d: sides are 1 to %d", width, height, MaxSide)
	}
	d, err := parse(svg)
	if err != nil {
		return nil, err
	}
	r.reset(width, height)
	view := rasterx.Identity.Scale(float64(width)/d.w, float64(height)/d.h).Translate(-d.x, -d.y)
	for i := range d.shapes {
		r.shape(d, &d.shapes[i], view)
	}
	r.develop()
	return &r.out, nil
}

func (r *Renderer) reset(w, h int) {
	r.size = image.Rect(0, 0, w, h)
	r.light = sized(r.light, w*h)
	r.mask = sized(r.mask, w*h)
	r.steps = sized(r.steps, w)
	r.clips = map[clipRef]*image.Alpha{}
	for i := range r.light {
		r.light[i] = pixel{0xffff, 0xffff, 0xffff}
	}
	r.out = image.RGBA{Pix: sized(r.out.Pix, 4*w*h), Stride: 4 * w, Rect: r.size}
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func (r *Renderer) shape(d *drawing, s *shape, view rasterx.Matrix2D) {
	m := view.Mult(s.matrix)
	if s.fill.on && s.fillOpacity > 0 {
		r.paint(d, s, view, s.deviceFill(m), s.fill, s.fillOpacity)
	}
	if s.stroke.on && s.lineOpacity > 0 && s.width > 0 {
		r.paint(d, s, view, s.deviceStroke(m), s.stroke, s.lineOpacity)
	}
}

func (r *Renderer) paint(d *drawing, s *shape, view rasterx.Matrix2D, o outlined, with paint, opacity float64) {
	mask := cover(&r.ras, r.mask, r.size, o)
	for _, ref := range s.clips {
		multiply(mask, r.clip(d, ref, view))
	}
	g := d.gradients[with.ref]
	if with.ref == "" {
		r.flat(mask, with.colour, opacity)
	} else if f, ok := g.field(view.Mult(s.matrix), measure(s.path)); ok {
		g.ramp(opacity, &r.ramp)
		r.graded(mask, f)
	}
}

// clip is the mask of a clipPath as seen from where it is referred to.
func (r *Renderer) clip(d *drawing, ref clipRef, view rasterx.Matrix2D) *image.Alpha {
	if m := r.clips[ref]; m != nil {
		return m
	}
	var all rasterx.Path
	for _, s := range d.clips[ref.id] {
		all = append(all, s.deviceFill(view.Mult(ref.matrix).Mult(s.matrix)).path...)
	}
	m := cover(&r.ras, make([]uint8, r.size.Dx()*r.size.Dy()), r.size, outlined{path: all})
	r.clips[ref] = m
	return m
}

// multiply keeps of mask what clip covers.
func multiply(mask, clip *image.Alpha) {
	both := mask.Rect.Intersect(clip.Rect)
	for y := mask.Rect.Min.Y; y < mask.Rect.Max.Y; y++ {
		row := mask.Pix[(y-mask.Rect.Min.Y)*mask.Stride:][:mask.Rect.Dx()]
		if y < both.Min.Y || y >= both.Max.Y || both.Empty() {
			clear(row)
			continue
		}
		from, to := both.Min.X-mask.Rect.Min.X, both.Max.X-mask.Rect.Min.X
		clear(row[:from])
		clear(row[to:])
		by := clip.Pix[(y-clip.Rect.Min.Y)*clip.Stride+both.Min.X-clip.Rect.Min.X:][:to-from]
		for i, m := range row[from:to] {
			row[from+i] = uint8((int(m)*int(by[i]) + 127) / 255)
		}
	}
}
