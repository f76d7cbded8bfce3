// Package theme turns the tokens of a brand's profile into what its pages are
// dressed in: a stylesheet of custom properties, class names and icons. Tokens
// are a stranger's words: each is parsed into a colour or a known name before
// use, and text stays readable whatever colours were chosen. It knows no pages.
package theme

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// Theme is a brand's look, complete and checked.
type Theme struct {
	Light, Dark Palette
	Scheme      string // light, dark, or "" for the shopper's own choice
	Radius      string // none, small, large or round
	Type        string // grotesk, serif, display-serif or mono
	Shape       string // portrait, square or round
	Density     string // airy, normal or dense
}

// Of reads the tokens. What is absent or not understood takes its default.
func Of(t catalog.Theme) Theme {
	out := Theme{
		Scheme:  oneOf(t.Scheme, "", "light", "dark"),
		Radius:  oneOf(t.Radius, "small", "none", "large", "round"),
		Type:    oneOf(t.Type, "grotesk", "serif", "display-serif", "mono"),
		Shape:   oneOf(t.PictureShape, "portrait", "square", "round"),
		Density: oneOf(t.Density, "normal", "airy", "dense"),
	}
	own := colorsOf(catalog.Colors{Accent: t.Accent, Ground: t.Ground, Ink: t.Ink}, defaults)
	other := own.opposite()
	if t.Dark != nil {
		other = colorsOf(*t.Dark, other)
	}
	out.Light, out.Dark = complete(own), complete(other)
	if own.ground.isDark() && !other.ground.isDark() {
		out.Light, out.Dark = out.Dark, out.Light
	}
	return out
}

// oneOf returns value when it is the standard or one of the others, else the
// standard.
func oneOf(value, standard string, others ...string) string {
	for _, known := range others {
		if value == known {
			return value
		}
	}
	return standard
}

// Classes are the class names that the page's root element carries.
func (t Theme) Classes() string {
	return "type-" + t.Type + " shape-" + t.Shape + " density-" + t.Density
}

// ColorScheme is the value of the meta element of that name.
func (t Theme) ColorScheme() string {
	if t.Scheme == "" {
		return "light dark"
	}
	return t.Scheme
}

// First is the palette shown when the shopper has no preference.
func (t Theme) First() Palette {
	if t.Scheme == "dark" {
		return t.Dark
	}
	return t.Light
}

// hash names content.
func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:8])
}
