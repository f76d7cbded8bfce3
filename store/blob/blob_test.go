package blob

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

func testImage(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(255 * x / w), uint8(255 * y / h), uint8((x ^ y) & 0x3f), 255})
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPutAndSized(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	m, err := s.Put(ctx, bytes.NewReader(asJPEG(t, testImage(1000, 1250))))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(m)
	for _, w := range Widths {
		p, err := s.Sized(ctx, m.Blob, w)
		if err != nil {
			t.Fatal(err)
		}
		if p.Width != min(w, 1000) {
			t.Error(p)
		}
		t.Log(p.Width, p.Height, p.Size, p.MIME)
		p.Close()
	}
}
