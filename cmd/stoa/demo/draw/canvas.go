package draw

import "image"

// flat lays one colour over what mask covers.
func (r *Renderer) flat(mask *image.Alpha, c colour, opacity float64) {
	cr, cg, cb, a := int64(c.r), int64(c.g), int64(c.b), int64(opacity*65536)
	for y := mask.Rect.Min.Y; y < mask.Rect.Max.Y; y++ {
		cover, light := r.rows(mask, y)
		for i, m := range cover {
			if m != 0 {
				blend(light[3*i:3*i+3], cr, cg, cb, a*int64(m)/255)
			}
		}
	}
}

// graded lays the current ramp over what mask covers.
func (r *Renderer) graded(mask *image.Alpha, f field) {
	for y := mask.Rect.Min.Y; y < mask.Rect.Max.Y; y++ {
		cover, light := r.rows(mask, y)
		from, to := touched(cover)
		steps := r.steps[from:to]
		f.row(mask.Rect.Min.X+from, y, steps)
		for i, step := range steps {
			c := &r.ramp[step]
			at := from + i
			blend(light[3*at:3*at+3], c.r, c.g, c.b, c.a*int64(cover[at])/255)
		}
	}
}

func (r *Renderer) rows(mask *image.Alpha, y int) (cover []uint8, light []uint16) {
	w := mask.Rect.Dx()
	cover = mask.Pix[(y-mask.Rect.Min.Y)*mask.Stride:][:w]
	return cover, r.light[3*(y*r.size.Dx()+mask.Rect.Min.X):][:3*w]
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

// blend moves a pixel towards a colour by a of 65536.
func blend(px []uint16, r, g, b, a int64) {
	_ = px[2]
	px[0] = uint16(int64(px[0]) + (r-int64(px[0]))*a>>16)
	px[1] = uint16(int64(px[1]) + (g-int64(px[1]))*a>>16)
	px[2] = uint16(int64(px[2]) + (b-int64(px[2]))*a>>16)
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
		in, out := r.light[3*w*y:3*w*(y+1)], r.out.Pix[4*w*y:4*w*(y+1)]
		for x := range w {
			k := bayer[y&7][x&7]<<10 + 512
			out[4*x] = uint8((uint32(in[3*x])*255 + k) >> 16)
			out[4*x+1] = uint8((uint32(in[3*x+1])*255 + k) >> 16)
			out[4*x+2] = uint8((uint32(in[3*x+2])*255 + k) >> 16)
			out[4*x+3] = 255
		}
	}
}
