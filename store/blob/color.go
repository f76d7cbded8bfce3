package blob

import (
	"fmt"
	"image"
	"image/color"
)

// samples is how many points a side the average colour is taken from.
const samples = 48

// averageColor is the mean of the picture's colours as #rrggbb, each weighted by
// how opaque it is; "" when nothing is to be seen.
func averageColor(img image.Image) string {
	var r, g, b, a uint64
	box := img.Bounds()
	for j := range samples {
		y := box.Min.Y + (2*j+1)*box.Dy()/(2*samples)
		for i := range samples {
			x := box.Min.X + (2*i+1)*box.Dx()/(2*samples)
			c := color.NRGBA64Model.Convert(img.At(x, y)).(color.NRGBA64)
			w := uint64(c.A)
			r, g, b, a = r+uint64(c.R)*w, g+uint64(c.G)*w, b+uint64(c.B)*w, a+w
		}
	}
	if a == 0 {
		return ""
	}
	return fmt.Sprintf("#%02x%02x%02x", r/a>>8, g/a>>8, b/a>>8)
}
