package theme

import (
	"bytes"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

func anyColor(t *rapid.T, name string) string {
	return rapid.StringMatching(`#[0-9a-f]{6}`).Draw(t, name)
}

func TestTextIsReadableWhateverTheBrandChose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		look := catalog.Theme{Accent: anyColor(t, "accent"), Ground: anyColor(t, "ground"), Ink: anyColor(t, "ink")}
		if rapid.Bool().Draw(t, "dark") {
			look.Dark = &catalog.Colors{Accent: anyColor(t, "dark accent"), Ground: anyColor(t, "dark ground"), Ink: anyColor(t, "dark ink")}
		}
		th := Of(look)
		for name, p := range map[string]Palette{"light": th.Light, "dark": th.Dark} {
			holds(t, name+" ink on ground", p.Ink, p.Ground, 4.5)
			holds(t, name+" ink on surface", p.Ink, p.Surface, 4.5)
			holds(t, name+" muted on ground", p.Muted, p.Ground, 4.5)
			holds(t, name+" muted on surface", p.Muted, p.Surface, 4.5)
			holds(t, name+" link on ground", p.Link, p.Ground, 4.5)
			holds(t, name+" link on surface", p.Link, p.Surface, 4.5)
			holds(t, name+" text on accent", p.OnAccent, p.Accent, 4.5)
			holds(t, name+" text on accent under the pointer", p.OnAccent, p.Strong, 4.5)
			holds(t, name+" edge on ground", p.Edge, p.Ground, 3)
		}
	})
}

func holds(t *rapid.T, what string, a, b Color, ratio float64) {
	if got := Contrast(a, b); got < ratio {
		t.Errorf("%s: %s on %s has %.2f, want %.1f", what, a, b, got, ratio)
	}
}

func TestHostileTokensCannotReachTheStylesheet(t *testing.T) {
	evil := "red;}body{background:url(//evil.example/x)}"
	sheet := Of(catalog.Theme{
		Accent: evil, Ground: "#12345", Ink: "#12345g", Scheme: evil, Radius: evil, Type: evil, PictureShape: evil, Density: evil,
		Dark: &catalog.Colors{Accent: "#+12345", Ground: "url(x)", Ink: "\n#ffffff"},
	}).Sheet(func(f string) string { return "/assets/" + f })
	standard := Of(catalog.Theme{}).Sheet(func(f string) string { return "/assets/" + f })
	if sheet.CSS != standard.CSS {
		t.Errorf("tokens that aren't understood changed the stylesheet:\n%s", sheet.CSS)
	}
}

func TestAForcedSchemeHasNoOther(t *testing.T) {
	sheet := Of(catalog.Theme{Scheme: "dark"}).Sheet(func(f string) string { return f })
	if strings.Contains(sheet.CSS, "prefers-color-scheme") || !strings.Contains(sheet.CSS, "color-scheme:dark;") {
		t.Error("the stylesheet of a dark brand offers a light scheme")
	}
}

func TestADarkGroundIsTheDarkScheme(t *testing.T) {
	th := Of(catalog.Theme{Ground: "#0b0c0e", Ink: "#f0f0f0", Accent: "#4f8cff"})
	if th.Dark.Ground.String() != "#0b0c0e" || th.Light.Ground.isDark() {
		t.Errorf("light ground %s, dark ground %s", th.Light.Ground, th.Dark.Ground)
	}
}

func TestIconsAreDrawn(t *testing.T) {
	for _, name := range []string{"Lindenhof", "茶", "  «ä", "", "9to5"} {
		icon, err := Of(catalog.Theme{}).Icon(name)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := icon.PNG(&b, 48); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(&b)
		if err != nil || img.Bounds().Dx() != 48 {
			t.Errorf("%q: %v", name, err)
		}
		if !regexp.MustCompile(`^<svg [^>]*>.+</svg>$`).MatchString(icon.SVG()) {
			t.Errorf("%q: %s", name, icon.SVG())
		}
	}
}
