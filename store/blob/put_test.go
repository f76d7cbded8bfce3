package blob

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

func TestManifestsSayWhatIsStored(t *testing.T) {
	red := color.NRGBA{192, 48, 32, 255}
	for _, c := range []struct {
		name  string
		data  []byte
		mime  string
		w, h  int
		color string
	}{
		{"jpeg", asJPEG(t, image.NewGray(image.Rect(0, 0, 30, 20))), "image/jpeg", 30, 20, "#000000"},
		{"png", asPNG(t, quarters(20, 30)), "image/png", 20, 30, "#787850"},
		{"transparent png counts what is seen", asPNG(t, glass(20, 20)), "image/png", 20, 20, "#c80000"},
		{"invisible png", asPNG(t, image.NewNRGBA(image.Rect(0, 0, 5, 5))), "image/png", 5, 5, ""},
		{"one pixel", asPNG(t, quarters(1, 1)), "image/png", 1, 1, "#c03020"},
		{"gif", asGIF(t, paletted(image.Rect(0, 0, 9, 7), red)), "image/gif", 9, 7, "#c03020"},
		{"animated gif shows its first frame", asGIF(t, paletted(image.Rect(0, 0, 9, 7), red), paletted(image.Rect(0, 0, 9, 7), color.White)), "image/gif", 9, 7, "#c03020"},
		{"lossless webp", asWebP(plainWebP(12, 8, red)), "image/webp", 12, 8, "#c03020"},
		{"lossy webp", fixture(t, "quarters.webp"), "image/webp", 32, 24, "#77784f"},
		{"lossy webp with transparency", fixture(t, "three-quarters.webp"), "image/webp", 32, 24, "#555b5f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			m := put(t, s, c.data)
			if m.MIME != c.mime || m.Width != c.w || m.Height != c.h || m.Color != c.color {
				t.Errorf("got %+v", m)
			}
			if err := m.Validate(); err != nil {
				t.Error(err)
			}
			r, size, err := s.OpenBlob(m.Blob)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			stored, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(stored)) != size || size != m.Size || !m.Blob.Matches(stored) {
				t.Errorf("%d bytes stored, size %d, manifest %d", len(stored), size, m.Size)
			}
		})
	}
}

func TestTheSamePictureHasTheSameName(t *testing.T) {
	s := open(t)
	data := withSegments(asJPEG(t, quarters(40, 30)), segment(markerCOM, secret))
	first, again := put(t, s, data), put(t, s, data)
	if first != again {
		t.Errorf("%+v, then %+v", first, again)
	}
	if other := put(t, open(t), data); other != first {
		t.Errorf("%+v elsewhere", other)
	}
}

func TestWhatIsStoredPassesUnchanged(t *testing.T) {
	s := open(t)
	for name, data := range specimens(t) {
		m := put(t, s, data)
		r, _, err := s.OpenBlob(m.Blob)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Put(t.Context(), r)
		if r.Close(); err != nil || again != m {
			t.Errorf("%s: %+v, then %+v, %v", name, m, again, err)
		}
	}
}

func TestOtherThingsThanPicturesAreRefusedByName(t *testing.T) {
	s := open(t)
	for _, c := range []struct{ data, word string }{
		{"", "empty"},
		{`<svg xmlns="http://www.w3.org/2000/svg"/>`, "SVG"},
		{"\ufeff  <?xml version='1.0'?>\n<!-- drawn --><svg/>", "SVG"},
		{"<!DOCTYPE html><title>404</title>", "web page"},
		{"<html><body>no", "web page"},
		{"<?xml version='1.0'?><Error/>", "XML"},
		{"%PDF-1.7", "PDF"},
		{"BM\x00\x00\x00\x00", "BMP"},
		{"II*\x00\x08\x00\x00\x00", "TIFF"},
		{"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC"},
		{"hello", "unknown"},
		{"RIFF\x04\x00\x00\x00WAVE", "unknown"},
		{"\xff\xd8", "unknown"},
	} {
		_, err := s.Put(t.Context(), strings.NewReader(c.data))
		if !errors.Is(err, protocol.ErrInvalid) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%q: %v", c.data, err)
		}
	}
	nothingKept(t, s)
}

func nothingKept(t *testing.T, s *Store) {
	t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			t.Errorf("%s was left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLengthIsBounded(t *testing.T) {
	s := open(t)
	long := io.MultiReader(bytes.NewReader(asJPEG(t, quarters(8, 8))), io.LimitReader(zeros{}, MaxSize))
	if _, err := s.Put(t.Context(), long); !errors.Is(err, protocol.ErrInvalid) || !strings.Contains(err.Error(), "20 MiB") {
		t.Error(err)
	}
	nothingKept(t, s)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestFaultsAreToldApart(t *testing.T) {
	s := open(t)
	data := asJPEG(t, quarters(8, 8))
	lost := errors.New("connection lost")
	_, err := s.Put(t.Context(), io.MultiReader(bytes.NewReader(data[:100]), iotest.ErrReader(lost)))
	if !errors.Is(err, ErrSource) || !errors.Is(err, lost) || errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("source: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = s.Put(ctx, bytes.NewReader(data)); !errors.Is(err, context.Canceled) || errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("context: %v", err)
	}
	nothingKept(t, s)
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	_, err = s.Put(t.Context(), bytes.NewReader(data))
	if err == nil || errors.Is(err, protocol.ErrInvalid) || errors.Is(err, ErrSource) {
		t.Errorf("our disk: %v", err)
	}
}

func TestPicturesArePutSideBySide(t *testing.T) {
	s := open(t)
	var list [][]byte
	for i := range 8 {
		list = append(list, asPNG(t, quarters(20+i/2, 20))) // each twice
	}
	var group sync.WaitGroup
	got := make([]catalog.Media, len(list))
	for i := range list {
		group.Go(func() {
			m, err := s.Put(t.Context(), bytes.NewReader(list[i]))
			if err != nil {
				t.Error(err)
			}
			got[i] = m
		})
	}
	group.Wait()
	for i, m := range got {
		if m != got[i^1] {
			t.Errorf("%+v and %+v", m, got[i^1])
		}
		if err := s.Verify(m.Blob); err != nil {
			t.Error(err)
		}
	}
}
