package blob

import (
	"image"

	"golang.org/x/image/draw"
)

// scaled returns the picture upright and at most width wide.
func scaled(t turn, img image.Image, width int) image.Image {
	img = t.apply(img)
	size := img.Bounds().Size()
	if size.X <= width {
		return img
	}
	height := max(1, (size.Y*width+size.X/2)/size.X)
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(dst, dst.Rect, img, img.Bounds(), draw.Src, nil)
	return dst
}
