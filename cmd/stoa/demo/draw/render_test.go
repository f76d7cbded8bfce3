package draw

import (
	"bytes"
	"errors"
	"image/color"
	"strings"
	"testing"
)

// at renders the body in a 100×100 view at twice the size and looks at the
// pixel that shows (x, y) of the view.
func at(t *testing.T, body string, x, y int) color.RGBA {
	t.Helper()
	var r Renderer
	img, err := r.Render([]byte(`<svg viewBox="0 0 100 100">`+body+`</svg>`), 200, 200)
	if err != nil {
		t.Fatal(err)
	}
	return img.RGBAAt(2*x, 2*y)
}

func near(got color.RGBA, r, g, b int) bool {
	off := func(a uint8, b int) bool { return int(a) < b-2 || int(a) > b+2 }
	return !off(got.R, r) && !off(got.G, g) && !off(got.B, b)
}

func TestShapesLandWhereTheyAreDrawn(t *testing.T) {
	ramp := `<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="0">
		<stop offset="0" stop-color="#000"/><stop offset="100%" stop-color="#fff"/></linearGradient>
		<linearGradient id="u" gradientUnits="userSpaceOnUse" x1="0" y1="0" x2="100" y2="0" href="#g"/>
		<linearGradient id="d" x1="0" y1="0" x2="0" y2="1" href="#g"/>
		<linearGradient id="n" x1="0" y1="0" x2="0.5" y2="0" href="#g" spreadMethod="repeat"/>
		<radialGradient id="r" cx="0.5" cy="0.5" r="0.5">
		<stop offset="0" stop-color="#f00"/><stop offset="1" stop-color="#00f"/></radialGradient>
		<radialGradient id="f" cx="0.5" cy="0.5" r="0.5" fx="0.25" fy="0.5">
		<stop offset="0" stop-color="#f00"/><stop offset="1" stop-color="#00f"/></radialGradient>
		<clipPath id="c"><rect x="10" y="10" width="10" height="80"/></clipPath></defs>`
	for name, c := range map[string]struct {
		body    string
		x, y    int
		r, g, b int
	}{
		"ground is white":           {``, 50, 50, 255, 255, 255},
		"fill":                      {`<rect width="60" height="60" fill="#123456"/>`, 50, 50, 0x12, 0x34, 0x56},
		"half opacity":              {`<rect width="60" height="60" opacity="0.5"/>`, 50, 50, 127, 127, 127},
		"group opacity multiplies":  {`<g opacity="0.5"><rect width="60" height="60" fill-opacity="0.5"/></g>`, 50, 50, 191, 191, 191},
		"rounded corner is open":    {`<rect width="80" height="80" rx="30"/>`, 2, 2, 255, 255, 255},
		"circle":                    {`<circle cx="50" cy="50" r="20"/>`, 50, 32, 0, 0, 0},
		"arc path":                  {`<path d="M30 50 A20 20 0 1 1 70 50 Z"/>`, 50, 40, 0, 0, 0},
		"hole by winding":           {`<path d="M0 0H90V90H0ZM20 20V70H70V20Z"/>`, 50, 50, 255, 255, 255},
		"stroke scales with view":   {`<line x1="0" y1="50" x2="100" y2="50" stroke="#000" stroke-width="10"/>`, 50, 46, 0, 0, 0},
		"stroke ends at its width":  {`<line x1="0" y1="50" x2="100" y2="50" stroke="#000" stroke-width="10"/>`, 50, 43, 255, 255, 255},
		"scale takes one number":    {`<g transform="translate(10 10) scale(2)"><rect width="20" height="20"/></g>`, 45, 45, 0, 0, 0},
		"rotate about a point":      {`<rect x="45" y="10" width="10" height="80" transform="rotate(90 50 50)"/>`, 20, 50, 0, 0, 0},
		"gradient of the box":       {ramp + `<rect x="20" width="60" height="60" fill="url(#g)"/>`, 50, 30, 127, 127, 127},
		"gradient under transform":  {ramp + `<rect x="10" width="30" height="30" fill="url(#g)" transform="scale(2)"/>`, 50, 30, 127, 127, 127},
		"gradient of the user":      {ramp + `<rect width="60" height="60" fill="url(#u)"/>`, 50, 30, 127, 127, 127},
		"radial centre":             {ramp + `<rect width="60" height="60" fill="url(#r)"/>`, 30, 30, 250, 0, 4},
		"radial rim":                {ramp + `<rect width="60" height="60" fill="url(#r)"/>`, 30, 59, 4, 0, 250},
		"focus off the centre":      {ramp + `<rect width="60" height="60" fill="url(#f)"/>`, 15, 30, 250, 0, 4},
		"full ground":               {`<rect width="100" height="100" fill="#123456"/>`, 0, 99, 0x12, 0x34, 0x56},
		"ground that stops short":   {`<rect width="100" height="98" fill="#123456"/>`, 50, 99, 255, 255, 255},
		"ground larger than view":   {`<rect x="-9" y="-9" width="200" height="200" fill="#123456"/>`, 99, 99, 0x12, 0x34, 0x56},
		"tilted ground":             {`<rect x="-30" y="40" width="160" height="100" fill="#123456" transform="rotate(45 50 50)"/>`, 95, 5, 255, 255, 255},
		"gradient down the page":    {ramp + `<rect width="100" height="100" fill="url(#d)"/>`, 10, 50, 128, 128, 128},
		"repeated gradient":         {ramp + `<rect width="100" height="100" fill="url(#n)"/>`, 75, 50, 128, 128, 128},
		"dashes leave gaps":         {`<line x2="100" y1="50" y2="50" stroke="#000" stroke-width="10" stroke-dasharray="20 20"/>`, 30, 50, 255, 255, 255},
		"dashes draw":               {`<line x2="100" y1="50" y2="50" stroke="#000" stroke-width="10" stroke-dasharray="20 20"/>`, 50, 50, 0, 0, 0},
		"clip keeps the inside":     {ramp + `<rect width="60" height="60" clip-path="url(#c)"/>`, 15, 30, 0, 0, 0},
		"clip cuts the outside":     {ramp + `<rect width="60" height="60" clip-path="url(#c)"/>`, 30, 30, 255, 255, 255},
		"clip moves with its group": {ramp + `<g transform="translate(30 0)" clip-path="url(#c)"><rect width="60" height="60"/></g>`, 45, 30, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := at(t, c.body, c.x, c.y); !near(got, c.r, c.g, c.b) {
				t.Errorf("at %d,%d: %v, want %d %d %d", c.x, c.y, got, c.r, c.g, c.b)
			}
		})
	}
}

func TestWhatTheSubsetLacksIsRefusedByName(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"element":       {`<text>hello</text>`, "<text>"},
		"attribute":     {`<rect width="5" height="5" filter="url(#b)"/>`, "filter"},
		"fill rule":     {`<path d="M0 0H5V5Z" fill-rule="evenodd"/>`, "fill-rule"},
		"colour":        {`<rect width="5" height="5" fill="blurple"/>`, "blurple"},
		"gradient":      {`<rect width="5" height="5" fill="url(#nope)"/>`, "nope"},
		"path command":  {`<path d="M0 0X5"/>`, "M0 0X5"},
		"number":        {`<rect width="wide" height="5"/>`, "wide"},
		"packed arc":    {`<path d="M0 0a5 5 0 0110 10"/>`, "a5 5 0 0110 10"},
		"empty path":    {`<path d=""/>`, "draws nothing"},
		"no such clip":  {`<g clip-path="url(#c)"><rect width="5" height="5"/></g>`, `"c"`},
		"unclosed":      {`<g>`, "syntax"},
		"stop outside":  {`<stop offset="0"/>`, "gradient"},
		"loose def":     {`<defs><rect width="5" height="5"/></defs>`, "defs"},
		"deep nesting":  {strings.Repeat("<g>", 100) + strings.Repeat("</g>", 100), "nested"},
		"no gradations": {`<linearGradient id="g"/>`, "no stops"},
	} {
		t.Run(name, func(t *testing.T) {
			var r Renderer
			_, err := r.Render([]byte(`<svg viewBox="0 0 9 9">`+c.body+`</svg>`), 20, 20)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to name %q", err, c.want)
			}
		})
	}
}

func TestUnsupportedElementsAreRecognisable(t *testing.T) {
	var r Renderer
	_, err := r.Render([]byte(`<svg viewBox="0 0 9 9"><image/></svg>`), 20, 20)
	if !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func TestAReusedRendererLeavesNoTraces(t *testing.T) {
	big := []byte(`<svg viewBox="0 0 9 9"><rect width="9" height="9" fill="#f0f"/></svg>`)
	small := []byte(`<svg viewBox="0 0 9 9"><circle cx="4" cy="4" r="3" fill="#0a0" stroke="#111"/></svg>`)
	var used, fresh Renderer
	if _, err := used.Render(big, 300, 200); err != nil {
		t.Fatal(err)
	}
	a, errA := used.Render(small, 120, 150)
	b, errB := fresh.Render(small, 120, 150)
	if errA != nil || errB != nil || !bytes.Equal(a.Pix, b.Pix) || a.Rect != b.Rect {
		t.Errorf("a renderer remembers its last picture (%v, %v)", errA, errB)
	}
}

func TestSizesAreBounded(t *testing.T) {
	var r Renderer
	for _, size := range [][2]int{{0, 10}, {10, -1}, {MaxSide + 1, 10}} {
		if _, err := r.Render([]byte(`<svg viewBox="0 0 9 9"/>`), size[0], size[1]); err == nil {
			t.Errorf("%v was accepted", size)
		}
	}
}
