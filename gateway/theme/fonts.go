package theme

import (
	"fmt"
	"strings"
)

// family is one bundled type family with a local stand-in of the same measures,
// so that text doesn't move when the font arrives.
type family struct {
	name     string
	faces    []face
	local    []string // local fonts with common metrics
	size     float64  // size-adjust in percent: ratio of the average widths
	up, down float64  // ascent- and descent-override in percent
}

type face struct{ file, cut, weight string }

// The stand-ins' numbers follow from the fonts' own tables (hhea, OS/2) and the
// average width of letters weighted by their frequency in English.
var (
	geist = family{
		name: "Geist", faces: []face{{"geist", "wght-normal.woff2", "100 900"}},
		local: []string{"Arial", "Liberation Sans", "Roboto"}, size: 104.8, up: 95.9, down: 28.2,
	}
	geistMono = family{
		name: "Geist Mono", faces: []face{{"geist-mono", "wght-normal.woff2", "100 900"}},
		local: []string{"Courier New", "Liberation Mono"}, size: 100, up: 100.5, down: 29.5,
	}
	instrumentSans = family{
		name: "Instrument Sans", faces: []face{{"instrument-sans", "wght-normal.woff2", "400 700"}},
		local: []string{"Arial", "Liberation Sans", "Roboto"}, size: 102.7, up: 94.4, down: 24.3,
	}
	instrumentSerif = family{
		name: "Instrument Serif", faces: []face{{"instrument-serif", "400-normal.woff2", "400"}},
		local: []string{"Times New Roman", "Liberation Serif"}, size: 83.9, up: 118, down: 36.9,
	}
	sourceSerif = family{
		name: "Source Serif 4", faces: []face{{"source-serif-4", "400-normal.woff2", "400"}, {"source-serif-4", "600-normal.woff2", "500 600"}},
		local: []string{"Georgia", "Gelasio"}, size: 107.4, up: 96.5, down: 31.2,
	}
)

// ranges are the characters of the two subsets, as the fonts' publisher cut them.
var ranges = map[string]string{
	"latin":     "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD",
	"latin-ext": "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+0304,U+0308,U+0329,U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF",
}

// What the system brings for scripts that the bundled fonts don't cover.
const (
	sans  = `system-ui,"PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC",sans-serif`
	serif = `"Songti SC","Noto Serif CJK SC","Source Han Serif SC",Georgia,serif`
	mono  = `ui-monospace,Menlo,Consolas,monospace`
)

// families lists what a page loads, the text face first.
func (t Theme) families() []family {
	switch t.Type {
	case "serif":
		return []family{sourceSerif}
	case "display-serif":
		return []family{instrumentSans, instrumentSerif}
	case "mono":
		return []family{geist, geistMono}
	}
	return []family{geist}
}

func (t Theme) fonts() string {
	text, display, detail := geist.stack(sans), geist.stack(sans), geist.stack(sans)
	weight, tracking := "600", "-0.022em"
	switch t.Type {
	case "serif":
		text, display, detail = sourceSerif.stack(serif), sourceSerif.stack(serif), sourceSerif.stack(serif)
		tracking = "-0.012em"
	case "display-serif":
		text, display, detail = instrumentSans.stack(sans), instrumentSerif.stack(serif), instrumentSans.stack(sans)
		weight, tracking = "400", "-0.01em"
	case "mono":
		detail = geistMono.stack(mono)
		weight, tracking = "500", "-0.03em"
	}
	return "--font-text:" + text + ";--font-display:" + display + ";--font-detail:" + detail +
		";--display-weight:" + weight + ";--display-tracking:" + tracking + ";"
}

func (f family) stack(system string) string {
	return fmt.Sprintf(`"%s","%s Stand-in",%s`, f.name, f.name, system)
}

func (f family) write(b *strings.Builder, url func(string) string) {
	for _, subset := range []string{"latin", "latin-ext"} {
		for _, c := range f.faces {
			fmt.Fprintf(b, `@font-face{font-family:"%s";font-weight:%s;font-display:swap;src:url(%s)format("woff2");unicode-range:%s}`+"\n",
				f.name, c.weight, url(c.file+"-"+subset+"-"+c.cut), ranges[subset])
		}
	}
	var local []string
	for _, name := range f.local {
		local = append(local, `local("`+name+`")`)
	}
	fmt.Fprintf(b, `@font-face{font-family:"%s Stand-in";src:%s;size-adjust:%g%%;ascent-override:%g%%;descent-override:%g%%;line-gap-override:0%%}`+"\n",
		f.name, strings.Join(local, ","), f.size, f.up, f.down)
}
