package theme

import (
	"fmt"
	"strings"
)

// Sheet is a brand's stylesheet.
type Sheet struct {
	CSS  string
	Hash string // of CSS, lower-case hex
}

// Sheet writes the stylesheet. font gives the URL of a bundled font file.
func (t Theme) Sheet(font func(file string) string) Sheet {
	var b strings.Builder
	for _, f := range t.families() {
		f.write(&b, font)
	}
	fmt.Fprintf(&b, ":root{color-scheme:%s;", t.ColorScheme())
	b.WriteString(t.shape())
	b.WriteString(t.fonts())
	first := t.First()
	b.WriteString(first.properties())
	b.WriteString("}\n")
	if t.Scheme == "" {
		fmt.Fprintf(&b, "@media(prefers-color-scheme:dark){:root{%s}}\n", t.Dark.properties())
	}
	return Sheet{CSS: b.String(), Hash: hash(b.String())}
}

func (p Palette) properties() string {
	return fmt.Sprintf("--ground:%s;--surface:%s;--ink:%s;--muted:%s;--line:%s;--edge:%s;"+
		"--accent:%s;--accent-strong:%s;--on-accent:%s;--link:%s;--good:%s;--warn:%s",
		p.Ground, p.Surface, p.Ink, p.Muted, p.Line, p.Edge, p.Accent, p.Strong, p.OnAccent, p.Link, p.Good, p.Warn)
}

func (t Theme) shape() string {
	radius := map[string]string{
		"none":  "--radius:0px;--radius-small:0px;--control-radius:0px;",
		"small": "--radius:4px;--radius-small:3px;--control-radius:4px;",
		"large": "--radius:14px;--radius-small:8px;--control-radius:12px;",
		"round": "--radius:24px;--radius-small:12px;--control-radius:1.5rem;",
	}[t.Radius]
	ratio := map[string]string{"portrait": "4/5", "square": "1", "round": "1"}[t.Shape]
	return radius + "--picture-radius:var(--radius);--picture-ratio:" + ratio + ";"
}

// PreloadFont is the font file that the first paint needs most.
func (t Theme) PreloadFont() string {
	first := t.families()[0].faces[0]
	return first.file + "-latin-" + first.cut
}
