package blob

import (
	"image"
	"image/draw"
)

// turn is how a picture must be turned to stand upright: Exif's orientation, 1 to
// 8, or 0 when it says nothing.
type turn uint8

func (t turn) turns() bool { return t > 1 }

// swaps reports whether width and height change places.
func (t turn) swaps() bool { return t >= 5 }

// apply returns the picture upright.
func (t turn) apply(img image.Image) image.Image {
	if !t.turns() {
		return img
	}
	switch src := img.(type) {
	case *image.YCbCr:
		return t.yCbCr(src)
	case *image.Gray:
		w, h := t.size(src.Rect.Size())
		return &image.Gray{Pix: t.plane(src.Pix, src.Stride, src.Rect.Size(), 1), Stride: w, Rect: image.Rect(0, 0, w, h)}
	}
	src := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(src, src.Rect, img, img.Bounds().Min, draw.Src)
	w, h := t.size(src.Rect.Size())
	return &image.NRGBA{Pix: t.plane(src.Pix, src.Stride, src.Rect.Size(), 4), Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

func (t turn) size(p image.Point) (w, h int) {
	if t.swaps() {
		return p.Y, p.X
	}
	return p.X, p.Y
}

// turnedRatio is what becomes of the sub-sampling when width and height swap.
func turnedRatio(r image.YCbCrSubsampleRatio) (image.YCbCrSubsampleRatio, bool) {
	switch r {
	case image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio420:
		return r, true
	case image.YCbCrSubsampleRatio422:
		return image.YCbCrSubsampleRatio440, true
	case image.YCbCrSubsampleRatio440:
		return image.YCbCrSubsampleRatio422, true
	}
	return r, false // 4:1:1 and 4:1:0 have no counterpart
}

func (t turn) yCbCr(src *image.YCbCr) image.Image {
	ratio, ok := src.SubsampleRatio, true
	if t.swaps() {
		ratio, ok = turnedRatio(ratio)
	}
	if !ok || src.Rect.Min != (image.Point{}) {
		full := image.NewNRGBA(image.Rectangle{Max: src.Rect.Size()})
		draw.Draw(full, full.Rect, src, src.Rect.Min, draw.Src)
		return t.apply(full)
	}
	w, h := t.size(src.Rect.Size())
	chroma := chromaSize(src)
	cw, _ := t.size(chroma)
	return &image.YCbCr{
		Y:              t.plane(src.Y, src.YStride, src.Rect.Size(), 1),
		Cb:             t.plane(src.Cb, src.CStride, chroma, 1),
		Cr:             t.plane(src.Cr, src.CStride, chroma, 1),
		YStride:        w,
		CStride:        cw,
		SubsampleRatio: ratio,
		Rect:           image.Rect(0, 0, w, h),
	}
}

// chromaSize is the size of the colour planes of a picture that starts at 0, 0.
func chromaSize(m *image.YCbCr) image.Point {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		return image.Pt((w+1)/2, h)
	case image.YCbCrSubsampleRatio420:
		return image.Pt((w+1)/2, (h+1)/2)
	case image.YCbCrSubsampleRatio440:
		return image.Pt(w, (h+1)/2)
	case image.YCbCrSubsampleRatio411:
		return image.Pt((w+3)/4, h)
	case image.YCbCrSubsampleRatio410:
		return image.Pt((w+3)/4, (h+1)/2)
	}
	return image.Pt(w, h)
}

// plane turns one plane of samples of depth bytes each.
func (t turn) plane(src []byte, stride int, size image.Point, depth int) []byte {
	w, h := t.size(size)
	dst := make([]byte, w*h*depth)
	at := 0
	for y := range h {
		for x := range w {
			sx, sy := t.source(x, y, w, h)
			from := sy*stride + sx*depth
			at += copy(dst[at:at+depth], src[from:from+depth])
		}
	}
	return dst
}

// source tells which sample of the picture as stored comes to x, y of the upright
// one, which is w by h.
func (t turn) source(x, y, w, h int) (int, int) {
	switch t {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, w - 1 - x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return h - 1 - y, x
	}
	return x, y
}
