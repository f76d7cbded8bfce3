package draw

import "image"

// pixel is 16 bits a channel.
type pixel struct{ r, g, b uint16 }

// toward moves a pixel towards a colour by a of 65536.
func (p *pixel) toward(r, g, b, a int64) {
	p.r = uint16(int64(p.r) + (r-int64(p.r))*a>>16)
	p.g = uint16(int64(p.g) + (g-int64(p.g))*a>>16)
	p.b = uint16(int64(p.b) + (b-int64(p.b))*a>>16)
}

// flat lays one colour over what mask covers.
func (r *Renderer) flat(mask *image.Alpha, c colour, opacity float64) {
	tint := shade{int32(c.r), int32(c.g), int32(c.b), int32(opacity * 65536)}
	for y := mask.Rect.Min.Y; y < mask.Rect.Max.Y; y++ {
		cover, light := r.rows(mask, y)
		even(cover, light, tint)
	}
}

// graded lays the current ramp over what mask covers.
func (r *Renderer) graded(mask *image.Alpha, f field) {
	for y := mask.Rect.Min.Y; y < mask.Rect.Max.Y; y++ {
		cover, light := r.rows(mask, y)
		from, to := touched(cover)
		if f.alongRows {
			f.row(mask.Rect.Min.X, y, r.steps[:1])
			even(cover[from:to], light[from:to], r.ramp[r.steps[0]])
			continue
		}
		f.row(mask.Rect.Min.X+from, y, r.steps[from:to])
		r.uneven(cover[from:to], light[from:to], r.steps[from:to])
	}
}

// even lays one shade over a row.
func even(cover []uint8, light []pixel, s shade) {
	if s.a == 0 {
		return
	}
	r, g, b, a := int64(s.r), int64(s.g), int64(s.b), int64(s.a)
	solid := pixel{uint16(r), uint16(g), uint16(b)}
	light = light[:len(cover)]
	for i, m := range cover {
		switch {
		case m == 0:
		case m == 255 && a == 65536:
			light[i] = solid
		case m == 255:
			light[i].toward(r, g, b, a)
		default:
			light[i].toward(r, g, b, a*int64(m)/255)
		}
	}
}

// uneven lays the shade that steps picks for each pixel over a row.
func (r *Renderer) uneven(cover []uint8, light []pixel, steps []int32) {
	light, steps = light[:len(cover)], steps[:len(cover)]
	for i, m := range cover {
		s := &r.ramp[steps[i]&(rampSize-1)]
		a := int64(s.a)
		if m != 255 {
			a = a * int64(m) / 255
		}
		if a != 0 {
			light[i].toward(int64(s.r), int64(s.g), int64(s.b), a)
		}
	}
}

func (r *Renderer) rows(mask *image.Alpha, y int) (cover []uint8, light []pixel) {
	w := mask.Rect.Dx()
	cover = mask.Pix[(y-mask.Rect.Min.Y)*mask.Stride:][:w]
	return cover, r.light[y*r.size.Dx()+mask.Rect.Min.X:][:w]
}

// touched is the span of a row between its first and last covered pixel.
func touched(cover []uint8) (from, to int) {
	to = len(cover)
	for from < to && cover[from] == 0 {
		from++
	}
	for to > from && cover[to-1] == 0 {
		to--
	}
	return from, to
}

// bayer spreads the rounding of 16 bits to 8 so that its mean is exact.
var bayer = [8][8]uint32{
	{0, 32, 8, 40, 2, 34, 10, 42}, {48, 16, 56, 24, 50, 18, 58, 26},
	{12, 44, 4, 36, 14, 46, 6, 38}, {60, 28, 52, 20, 62, 30, 54, 22},
	{3, 35, 11, 43, 1, 33, 9, 41}, {51, 19, 59, 27, 49, 17, 57, 25},
	{15, 47, 7, 39, 13, 45, 5, 37}, {63, 31, 55, 23, 61, 29, 53, 21},
}

// develop writes the 16-bit picture as 8 bits.
func (r *Renderer) develop() {
	w := r.size.Dx()
	for y := range r.size.Dy() {
		in, out := r.light[w*y:w*(y+1)], r.out.Pix[4*w*y:4*w*(y+1)]
		for x := range in {
			p, k, o := &in[x], bayer[y&7][x&7]<<10+512, out[4*x:4*x+4:4*x+4]
			o[0] = uint8((uint32(p.r)*255 + k) >> 16)
			o[1] = uint8((uint32(p.g)*255 + k) >> 16)
			o[2] = uint8((uint32(p.b)*255 + k) >> 16)
			o[3] = 255
		}
	}
}
