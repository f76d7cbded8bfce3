package demo

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/template"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/cmd/stoa/demo/draw"
)

// quality of the JPEGs. Shops derive their own sizes from them.
const quality = 88

// drawAll writes every picture into dir.
func (b Brand) drawAll(ctx context.Context, dir string) error {
	return b.each(ctx, b.pictures, func(p picture, jpg []byte) error {
		return os.WriteFile(filepath.Join(dir, p.File), jpg, 0o644)
	})
}

// each draws the pictures, one worker a processor, and hands each to keep. keep
// is called by several workers at once and must not hold on to the bytes.
func (b Brand) each(ctx context.Context, list []picture, keep func(picture, []byte) error) error {
	set, err := b.templates()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	work := make(chan picture, len(list))
	for _, p := range list {
		work <- p
	}
	close(work)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error { return drawFrom(ctx, set, work, keep) })
	}
	return group.Wait()
}

func drawFrom(ctx context.Context, set *template.Template, work <-chan picture, keep func(picture, []byte) error) error {
	var studio draw.Renderer
	var jpg bytes.Buffer
	for p := range work {
		if err := ctx.Err(); err != nil {
			return err
		}
		jpg.Reset()
		if err := p.draw(&studio, set, &jpg); err != nil {
			return fmt.Errorf("%s from %s: %w", p.File, p.SVG, err)
		}
		if err := keep(p, jpg.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (p picture) draw(studio *draw.Renderer, set *template.Template, jpg *bytes.Buffer) error {
	var svg bytes.Buffer
	if err := set.ExecuteTemplate(&svg, p.SVG, p.Vars); err != nil {
		return err
	}
	img, err := studio.Render(svg.Bytes(), p.Width, p.Height)
	if err != nil {
		return err
	}
	return jpeg.Encode(jpg, img, &jpeg.Options{Quality: quality})
}

// templates are the brand's pictures/*.svg, which may include one another by
// file name. A variable that a picture doesn't give is an error.
func (b Brand) templates() (*template.Template, error) {
	return template.New(b.Folder).Option("missingkey=error").Funcs(template.FuncMap{
		"mix": mix, "seq": seq, "add": add, "mul": mul,
	}).ParseFS(b.files, "pictures/*.svg")
}

// mix is the colour part of the way from a to b, both #rrggbb: 0 gives a, 1 b.
func mix(a, b string, part float64) (string, error) {
	from, err := hex(a)
	if err != nil {
		return "", err
	}
	to, err := hex(b)
	if err != nil {
		return "", err
	}
	var out [3]int
	for i := range out {
		out[i] = int(from[i] + (to[i]-from[i])*part + 0.5)
	}
	return fmt.Sprintf("#%02x%02x%02x", out[0], out[1], out[2]), nil
}

func hex(c string) (rgb [3]float64, err error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(c, "#"), 16, 24)
	if err != nil || len(c) != 7 {
		return rgb, fmt.Errorf("colour %q is not #rrggbb", c)
	}
	return [3]float64{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255)}, nil
}

// seq counts 0 … n-1.
func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// add and mul take the whole and decimal numbers a template can write.
func add(n ...any) (float64, error) {
	return fold(0, n, func(a, b float64) float64 { return a + b })
}

func mul(n ...any) (float64, error) {
	return fold(1, n, func(a, b float64) float64 { return a * b })
}

func fold(start float64, list []any, with func(a, b float64) float64) (float64, error) {
	for _, v := range list {
		n, err := strconv.ParseFloat(fmt.Sprint(v), 64)
		if err != nil {
			return 0, fmt.Errorf("%v is not a number", v)
		}
		start = with(start, n)
	}
	return start, nil
}
