package blob

import (
	"image"
	"image/draw"
)

// scaled returns the picture upright and at most width wide, its proportions kept
// to the pixel. Pictures of JPEG and WebP stay in luma and chroma, which is what
// they are encoded from again: neither a conversion nor its loss.
func scaled(t turn, img image.Image, width int) image.Image {
	img = t.apply(img)
	size := img.Bounds().Size()
	if size.X <= width {
		return img
	}
	to := image.Pt(width, max(1, (size.Y*width+size.X/2)/size.X))
	switch src := img.(type) {
	case *image.YCbCr:
		if src.Rect.Min == (image.Point{}) {
			return scaledYCbCr(src, to)
		}
	case *image.Gray:
		g := plane{src.Pix, src.Stride, size, 1}
		return &image.Gray{Pix: g.resample(to, ratios(size, to)), Stride: to.X, Rect: image.Rectangle{Max: to}}
	}
	return scaledRGBA(img, to)
}

// scale is how many samples of the source, across and down, come to one.
type scale struct{ x, y float64 }

func ratios(from, to image.Point) scale {
	return scale{float64(from.X) / float64(to.X), float64(from.Y) / float64(to.Y)}
}

// scaledYCbCr scales to half the colour resolution, which JPEG is encoded in.
func scaledYCbCr(src *image.YCbCr, to image.Point) image.Image {
	size, chroma := src.Rect.Size(), chromaSize(src)
	half := image.Pt((to.X+1)/2, (to.Y+1)/2)
	luma := ratios(size, to)
	// Exact also where a side is odd and its last chroma sample stands for one
	// column, not two.
	across, down := perChroma(src.SubsampleRatio)
	color := scale{2 * luma.x / across, 2 * luma.y / down}
	return &image.YCbCr{
		Y:              plane{src.Y, src.YStride, size, 1}.resample(to, luma),
		Cb:             plane{src.Cb, src.CStride, chroma, 1}.resample(half, color),
		Cr:             plane{src.Cr, src.CStride, chroma, 1}.resample(half, color),
		YStride:        to.X,
		CStride:        half.X,
		SubsampleRatio: image.YCbCrSubsampleRatio420,
		Rect:           image.Rectangle{Max: to},
	}
}

// perChroma is how many luma samples, across and down, share one of chroma.
func perChroma(r image.YCbCrSubsampleRatio) (across, down float64) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// scaledRGBA scales colours premultiplied, so that what is transparent lends its
// neighbours no colour.
func scaledRGBA(img image.Image, to image.Point) image.Image {
	src, ok := img.(*image.RGBA)
	if !ok {
		src = image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
		draw.Draw(src, src.Rect, img, img.Bounds().Min, draw.Src)
	}
	size := src.Rect.Size()
	pix := plane{src.Pix, src.Stride, size, 4}.resample(to, ratios(size, to))
	for i := 0; i < len(pix); i += 4 { // the filter's overshoot
		a := pix[i+3]
		pix[i], pix[i+1], pix[i+2] = min(pix[i], a), min(pix[i+1], a), min(pix[i+2], a)
	}
	return &image.RGBA{Pix: pix, Stride: 4 * to.X, Rect: image.Rectangle{Max: to}}
}
