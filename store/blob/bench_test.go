package blob

import (
	"bytes"
	"context"
	"image"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"
)

// busy is a picture with something to encode everywhere, as photographs have.
func busy(w, h int) *image.NRGBA {
	m, r := testImage(w, h), rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		if i%4 != 3 {
			m.Pix[i] = byte(min(255, int(m.Pix[i])+r.IntN(12)))
		}
	}
	return m
}

// BenchmarkScale compares with the general scaler of golang.org/x/image.
func BenchmarkScale(b *testing.B) {
	p, err := parse(asJPEG(b, busy(1000, 1250)))
	if err != nil {
		b.Fatal(err)
	}
	img, err := p.decode(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			scaled(0, img, 640)
		}
	})
	b.Run("baseline", func(b *testing.B) {
		for b.Loop() {
			dst := image.NewRGBA(image.Rect(0, 0, 640, 800))
			draw.CatmullRom.Scale(dst, dst.Rect, img, img.Bounds(), draw.Src, nil)
		}
	})
}

// BenchmarkPut compares with the decoding that no import can do without.
func BenchmarkPut(b *testing.B) {
	data := asJPEG(b, busy(1000, 1250))
	b.Run("ours", func(b *testing.B) {
		s, err := Open(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			m, err := s.Put(b.Context(), bytes.NewReader(data))
			if err == nil {
				err = s.Remove(m.Blob)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("baseline", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
