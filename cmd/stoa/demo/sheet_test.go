package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/image/draw"
)

// TestContactSheet is the drawing table, not a check. With STOA_SHEET=DIR it
// leaves every picture in DIR/BRAND/ and all of them small, in the order of
// pictures.json, in DIR/BRAND.png. One brand: -run ContactSheet/tea.
func TestContactSheet(t *testing.T) {
	dir := os.Getenv("STOA_SHEET")
	if dir == "" {
		t.Skip("STOA_SHEET is not set")
	}
	for _, b := range Brands() {
		t.Run(b.Folder, func(t *testing.T) {
			if len(b.pictures) == 0 {
				t.Skip(b.err)
			}
			sheetOf(t, b, dir)
		})
	}
}

func sheetOf(t *testing.T, b Brand, dir string) {
	if err := os.MkdirAll(filepath.Join(dir, b.Folder), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.drawAll(t.Context(), filepath.Join(dir, b.Folder)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, contactSheet(t, b)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, b.Folder+".png"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func contactSheet(t *testing.T, b Brand) *image.RGBA {
	const across, w, h, gap = 6, 256, 320, 8
	down := (len(b.pictures) + across - 1) / across
	sheet := image.NewRGBA(image.Rect(0, 0, across*(w+gap)+gap, down*(h+gap)+gap))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(color.Gray{128}), image.Point{}, draw.Src)
	place := map[string]image.Rectangle{}
	for i, p := range b.pictures {
		at := image.Pt(gap+i%across*(w+gap), gap+i/across*(h+gap))
		place[p.File] = image.Rectangle{at, at.Add(image.Pt(w, min(h, w*p.Height/p.Width)))}
	}
	var mu sync.Mutex
	err := b.each(t.Context(), b.pictures, func(p picture, jpg []byte) error {
		img, err := jpeg.Decode(bytes.NewReader(jpg))
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		draw.BiLinear.Scale(sheet, place[p.File], img, img.Bounds(), draw.Src, nil)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sheet
}
