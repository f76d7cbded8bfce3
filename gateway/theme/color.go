package theme

import (
	"fmt"
	"math"
	"strconv"
)

// Color is an opaque sRGB colour. Its text form can't hold anything but #rrggbb,
// so that it is safe in a stylesheet.
type Color struct{ R, G, B uint8 }

var (
	white = Color{255, 255, 255}
	black = Color{}
)

// ParseColor reads #rrggbb and nothing else.
func ParseColor(s string) (Color, error) {
	if len(s) != 7 || s[0] != '#' {
		return Color{}, fmt.Errorf("%.20q is not a colour such as #1a7f4b", s)
	}
	n, err := strconv.ParseUint(s[1:], 16, 24)
	if err != nil {
		return Color{}, fmt.Errorf("%.20q is not a colour such as #1a7f4b", s)
	}
	return Color{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

// String returns #rrggbb.
func (c Color) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// luminance is the relative luminance of WCAG 2.2.
func (c Color) luminance() float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func linear(channel uint8) float64 {
	v := float64(channel) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// Contrast is the contrast ratio of WCAG 2.2: 1 to 21.
func Contrast(a, b Color) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// mix returns a with a share of b, 0 to 1.
func mix(a, b Color, share float64) Color {
	m := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + (float64(y)-float64(x))*share)) }
	return Color{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B)}
}

// isDark reports whether white reads better on c than black.
func (c Color) isDark() bool { return Contrast(c, white) > Contrast(c, black) }

// readable moves c towards black or white, as little as it takes to reach the
// ratio on every ground.
func readable(c Color, ratio float64, grounds ...Color) Color {
	far := black
	if grounds[0].isDark() {
		far = white
	}
	for step := 0; step <= 50; step++ {
		tried := mix(c, far, float64(step)/50)
		if reaches(tried, ratio, grounds) {
			return tried
		}
	}
	return far
}

func reaches(c Color, ratio float64, grounds []Color) bool {
	for _, g := range grounds {
		if Contrast(c, g) < ratio {
			return false
		}
	}
	return true
}
