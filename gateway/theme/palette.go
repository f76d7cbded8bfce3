package theme

import "github.com/stoa-commerce/stoa/protocol/catalog"

// colors are the three that a brand chooses.
type colors struct{ accent, ground, ink Color }

var defaults = colors{accent: Color{0x1f, 0x4d, 0x3f}, ground: Color{0xfd, 0xfc, 0xfa}, ink: Color{0x1c, 0x1b, 0x1a}}

func colorsOf(c catalog.Colors, fallback colors) colors {
	return colors{
		accent: colorOr(c.Accent, fallback.accent),
		ground: colorOr(c.Ground, fallback.ground),
		ink:    colorOr(c.Ink, fallback.ink),
	}
}

func colorOr(s string, fallback Color) Color {
	if c, err := ParseColor(s); err == nil {
		return c
	}
	return fallback
}

// opposite designs the other scheme from this one: a ground that keeps a breath
// of the ink's or ground's hue, and an accent that still stands out.
func (c colors) opposite() colors {
	if c.ground.isDark() {
		ground := mix(white, c.ground, 0.03)
		return colors{accent: readable(c.accent, 4.5, ground), ground: ground, ink: mix(black, c.ground, 0.75)}
	}
	ground := mix(Color{0x12, 0x12, 0x12}, c.ink, 0.18)
	return colors{accent: mix(readable(c.accent, 4.5, ground), white, 0.08), ground: ground, ink: mix(c.ground, ground, 0.08)}
}

// Palette is all colours of one scheme.
type Palette struct {
	Ground, Surface Color // the page; what lies on it
	Ink, Muted      Color // text; text of less weight: 7 and 4.5 on both grounds
	Line, Edge      Color // a faint rule; the border of a control: 3 on the ground
	Accent, Strong  Color // the one thing to do next; the same under the pointer
	OnAccent        Color // text on both
	Link            Color // the accent as text
	Good, Warn      Color // marks of state
}

// complete derives the palette. Ratios are WCAG 2.2's.
func complete(c colors) Palette {
	p := Palette{Ground: c.ground, Surface: surface(c)}
	p.Ink = readable(c.ink, 7, p.Ground, p.Surface)
	p.Muted = readable(mix(p.Ink, p.Ground, 0.38), 4.6, p.Ground, p.Surface)
	p.Line = mix(p.Ground, p.Ink, 0.14)
	p.Edge = readable(mix(p.Ground, p.Ink, 0.4), 3, p.Ground)
	p.Link = readable(c.accent, 4.6, p.Ground, p.Surface)
	p.Accent, p.Strong, p.OnAccent = button(c.accent, p.Ground)
	p.Good = readable(Color{0x2f, 0x8f, 0x5b}, 3, p.Ground, p.Surface)
	p.Warn = readable(Color{0xc9, 0x87, 0x1f}, 3, p.Ground, p.Surface)
	return p
}

// button finds the accent as a surface: apart from the ground, with text on it
// that reads, also under the pointer.
func button(accent, ground Color) (rest, hover, text Color) {
	rest = readable(accent, 1.3, ground)
	text = mix(white, accent, 0.02)
	away := black
	if !rest.isDark() && Contrast(rest, white) < 4.6 {
		text, away = mix(black, accent, 0.12), white
	}
	for Contrast(rest, text) < 4.6 {
		rest = mix(rest, away, 0.06)
	}
	return rest, mix(rest, away, 0.14), text
}

// surface is the ground with a breath of ink. On a ground of middling lightness
// that would leave no text readable; it goes the other way there.
func surface(c colors) Color {
	text, away := black, white
	if c.ground.isDark() {
		text, away = white, black
	}
	if s := mix(c.ground, c.ink, 0.05); Contrast(s, text) >= 4.6 {
		return s
	}
	return mix(c.ground, away, 0.05)
}
