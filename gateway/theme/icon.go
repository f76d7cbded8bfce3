package theme

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Icon is a brand's initial on its accent, as outlines: it looks the same
// everywhere. Scripts the outline font lacks get a plain ring.
type Icon struct {
	ground, ink Color
	round       float32 // corner radius in units
	glyph       sfnt.Segments
	dx, dy      float32 // moves the glyph to the middle
}

// units is the side of an icon; glyphs are drawn 64 units to the em.
const units = 100

// Icon draws the first letter of name.
func (t Theme) Icon(name string) (Icon, error) {
	p := t.Light
	icon := Icon{ground: p.Accent, ink: p.OnAccent, round: map[string]float32{"none": 0, "small": 14, "large": 26, "round": 50}[t.Radius]}
	f, err := sfnt.Parse(gomedium.TTF)
	if err != nil {
		return Icon{}, fmt.Errorf("read icon font: %w", err)
	}
	var buf sfnt.Buffer
	at, err := f.GlyphIndex(&buf, initial(name))
	if err != nil || at == 0 {
		return icon, nil
	}
	bounds, _, err := f.GlyphBounds(&buf, at, fixed.I(64), font.HintingNone)
	if err != nil {
		return icon, nil
	}
	icon.dx = units/2 - (float32(bounds.Min.X)+float32(bounds.Max.X))/128
	icon.dy = units/2 - (float32(bounds.Min.Y)+float32(bounds.Max.Y))/128
	segments, err := f.LoadGlyph(&buf, at, fixed.I(64), nil)
	icon.glyph = append(sfnt.Segments{}, segments...)
	return icon, err
}

func initial(name string) rune {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
	}
	return 'S'
}

// SVG writes the icon as a picture of its own.
func (i Icon) SVG() string {
	var d strings.Builder
	for _, s := range i.glyph {
		d.WriteString([]string{"M", "L", "Q", "C"}[s.Op])
		for n := range points(s.Op) {
			x, y := i.at(s.Args[n], 1)
			fmt.Fprintf(&d, "%.2f %.2f ", x, y)
		}
	}
	mark := fmt.Sprintf(`<path fill="%s" d="%s"/>`, i.ink, strings.TrimSpace(d.String()))
	if len(i.glyph) == 0 {
		mark = fmt.Sprintf(`<circle cx="50" cy="50" r="22" fill="none" stroke="%s" stroke-width="12"/>`, i.ink)
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><rect width="100" height="100" rx="%g" fill="%s"/>%s</svg>`,
		i.round, i.ground, mark)
}

func points(op sfnt.SegmentOp) int {
	return []int{1, 1, 2, 3}[op]
}

func (i Icon) at(p fixed.Point26_6, scale float32) (x, y float32) {
	return (float32(p.X)/64 + i.dx) * scale, (float32(p.Y)/64 + i.dy) * scale
}

// PNG writes the icon, side pixels wide. Its corners are square: systems cut
// their own.
func (i Icon) PNG(w io.Writer, side int) error {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	fill(img, i.ground)
	scale := float32(side) / units
	r := vector.NewRasterizer(side, side)
	i.trace(r, scale)
	if len(i.glyph) == 0 {
		ring(r, scale)
	}
	r.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{i.ink.R, i.ink.G, i.ink.B, 255}), image.Point{})
	return png.Encode(w, img)
}

func fill(img *image.RGBA, c Color) {
	for at := 0; at < len(img.Pix); at += 4 {
		img.Pix[at], img.Pix[at+1], img.Pix[at+2], img.Pix[at+3] = c.R, c.G, c.B, 255
	}
}

func (i Icon) trace(r *vector.Rasterizer, scale float32) {
	for _, s := range i.glyph {
		ax, ay := i.at(s.Args[0], scale)
		bx, by := i.at(s.Args[1], scale)
		cx, cy := i.at(s.Args[2], scale)
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			r.ClosePath()
			r.MoveTo(ax, ay)
		case sfnt.SegmentOpLineTo:
			r.LineTo(ax, ay)
		case sfnt.SegmentOpQuadTo:
			r.QuadTo(ax, ay, bx, by)
		case sfnt.SegmentOpCubeTo:
			r.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	r.ClosePath()
}

// ring draws two circles of opposite turn; the inner one is a hole.
func ring(r *vector.Rasterizer, scale float32) {
	circle(r, 50*scale, 28*scale, 1)
	circle(r, 50*scale, 16*scale, -1)
}

func circle(r *vector.Rasterizer, c, radius, turn float32) {
	k := radius * 0.5523 * turn
	r.MoveTo(c+radius, c)
	r.CubeTo(c+radius, c+k, c+radius*0.5523, c+radius*turn, c, c+radius*turn)
	r.CubeTo(c-radius*0.5523, c+radius*turn, c-radius, c+k, c-radius, c)
	r.CubeTo(c-radius, c-k, c-radius*0.5523, c-radius*turn, c, c-radius*turn)
	r.CubeTo(c+radius*0.5523, c-radius*turn, c+radius, c-k, c+radius, c)
	r.ClosePath()
}
