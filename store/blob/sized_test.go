package blob

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// shown is a size with its pixels.
func shown(t testing.TB, s *Store, cid protocol.CID, width int) (Picture, image.Image) {
	t.Helper()
	p, err := s.Sized(t.Context(), cid, width)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	data, err := io.ReadAll(p)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != p.Size {
		t.Errorf("%d bytes, but size says %d", len(data), p.Size)
	}
	img, kind, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds() != image.Rect(0, 0, p.Width, p.Height) || "image/"+kind != p.MIME {
		t.Errorf("%v of %s, but it says %+v", img.Bounds(), kind, p)
	}
	return p, img
}

func TestSizesAreAtMostTheOriginals(t *testing.T) {
	for _, c := range []struct{ w, h int }{{2000, 40}, {500, 625}, {160, 200}, {100, 50}, {1, 1}, {700, 1}, {3, 900}} {
		s := open(t)
		m := put(t, s, asJPEG(t, testImage(c.w, c.h)))
		for _, width := range Widths {
			p, _ := shown(t, s, m.Blob, width)
			w := min(width, c.w)
			if h := max(1, (c.h*w+c.w/2)/c.w); p.Width != w || p.Height != h {
				t.Errorf("%d × %d at %d: %d × %d, not %d × %d", c.w, c.h, width, p.Width, p.Height, w, h)
			}
		}
	}
}

func TestSizesLookLikeTheOriginal(t *testing.T) {
	for name, data := range map[string][]byte{
		"jpeg":        asJPEG(t, quarters(360, 241)),
		"png":         asPNG(t, quarters(361, 240)),
		"gif":         asGIF(t, fourColors(360, 240)),
		"lossy webp":  fixture(t, "quarters.webp"),
		"turned jpeg": withSegments(asJPEG(t, lay(quarters(360, 240), 6)), segment(markerAPP1, "Exif\x00\x00"+string(exif(binary.BigEndian, 6)))),
	} {
		s := open(t)
		cid := brought(t, s, data)
		p, img := shown(t, s, cid, 320)
		for y := range 2 {
			for x := range 2 {
				got, want := img.At(p.Width*(1+2*x)/4, p.Height*(1+2*y)/4), quarterColors[y][x]
				if !within(0x1800, got, want) {
					t.Errorf("%s: at %d, %d is %v, not %v", name, x, y, got, want)
				}
			}
		}
		if p.MIME != "image/jpeg" {
			t.Errorf("%s came as %s", name, p.MIME)
		}
	}
}

// brought stores bytes the way another brand's come.
func brought(t testing.TB, s *Store, data []byte) protocol.CID {
	t.Helper()
	cid := protocol.Sum(protocol.Raw, data)
	if err := s.Import(t.Context(), cid, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	return cid
}

func fourColors(w, h int) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{quarterColors[0][0], quarterColors[0][1], quarterColors[1][0], quarterColors[1][1]})
	for y := range h {
		for x := range w {
			m.SetColorIndex(x, y, uint8(2*y/h*2+2*x/w))
		}
	}
	return m
}

func TestTransparencyStays(t *testing.T) {
	for name, data := range map[string][]byte{
		"png": asPNG(t, glass(300, 150)),
		"gif": asGIF(t, clearAndRed(300, 150)),
	} {
		s := open(t)
		m := put(t, s, data)
		p, img := shown(t, s, m.Blob, 160)
		if p.MIME != "image/png" {
			t.Errorf("%s came as %s", name, p.MIME)
		}
		if _, _, _, a := img.At(10, 40).RGBA(); a != 0 {
			t.Errorf("%s: the clear half isn't", name)
		}
		if got := img.At(150, 40); !near(got, color.NRGBA{200, 0, 0, 255}) {
			t.Errorf("%s: the red half is %v", name, got)
		}
	}
}

func clearAndRed(w, h int) *image.Paletted {
	m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Transparent, color.NRGBA{200, 0, 0, 255}})
	for y := range h {
		for x := w / 2; x < w; x++ {
			m.SetColorIndex(x, y, 1)
		}
	}
	return m
}

func TestForeignBytesNeverReachABrowser(t *testing.T) {
	for name, data := range specimens(t) {
		s := open(t)
		cid := brought(t, s, data)
		if !bytes.Equal(original(t, s, cid), data) {
			t.Errorf("%s: what another brand signed was changed", name)
		}
		p, err := s.Sized(t.Context(), cid, 1920)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		made, err := io.ReadAll(p)
		if p.Close(); err != nil || bytes.Contains(made, []byte(secret)) {
			t.Errorf("%s: the secret is in it, or %v", name, err)
		}
	}
}

func TestImportChecksTheName(t *testing.T) {
	s := open(t)
	data := asPNG(t, quarters(8, 8))
	for name, c := range map[string]struct {
		cid protocol.CID
		r   io.Reader
	}{
		"other content": {protocol.Sum(protocol.Raw, data), bytes.NewReader(data[1:])},
		"a record's":    {protocol.Sum(protocol.DagCBOR, data), bytes.NewReader(data)},
		"too long":      {protocol.Sum(protocol.Raw, data), io.LimitReader(zeros{}, MaxSize+1)},
	} {
		if err := s.Import(t.Context(), c.cid, c.r); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	nothingKept(t, s)
}

func TestSizesThatAreNot(t *testing.T) {
	s := open(t)
	m := put(t, s, asPNG(t, quarters(8, 8)))
	for _, width := range []int{0, -160, 161, 4000} {
		if _, err := s.Sized(t.Context(), m.Blob, width); !errors.Is(err, ErrNotFound) {
			t.Errorf("%d: %v", width, err)
		}
	}
	for name, cid := range map[string]protocol.CID{
		"unknown":   protocol.Sum(protocol.Raw, nil),
		"a record":  protocol.Sum(protocol.DagCBOR, nil),
		"undefined": {},
	} {
		if _, err := s.Sized(t.Context(), cid, 160); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoPictureIsLookedAtOnce(t *testing.T) {
	s := open(t)
	cid := brought(t, s, []byte("<svg/>"))
	for range 2 {
		if _, err := s.Sized(t.Context(), cid, 160); !errors.Is(err, protocol.ErrInvalid) {
			t.Fatal(err)
		}
	}
	if err := s.refused(cid); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("not noted: %v", err)
	}
	if err := s.Remove(cid); err != nil {
		t.Fatal(err)
	}
	nothingKept(t, s)
}

func TestDamageOnOurDiskIsNotThePicturesFault(t *testing.T) {
	s := open(t)
	data := asPNG(t, quarters(30, 30))
	m := put(t, s, data)
	damage(t, s.original(m.Blob))
	if _, err := s.Sized(t.Context(), m.Blob, 160); !errors.Is(err, ErrDamaged) || errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("sized: %v", err)
	}
	if err := s.Verify(m.Blob); !errors.Is(err, ErrDamaged) {
		t.Errorf("verify: %v", err)
	}
	put(t, s, data)
	if err := s.Verify(m.Blob); err != nil {
		t.Errorf("putting it again didn't heal it: %v", err)
	}
	shown(t, s, m.Blob, 160)
}

// damage turns one bit, and leaves the length.
func damage(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		b[len(b)/2] ^= 1
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSizesCanBeMadeAgain(t *testing.T) {
	s := open(t)
	m := put(t, s, asPNG(t, quarters(400, 400)))
	first, _ := shown(t, s, m.Blob, 320)
	path := s.derived(m.Blob, "320.jpg")
	for name, spoil := range map[string]func() error{
		"deleted":   func() error { return os.RemoveAll(filepath.Join(s.dir, sizes)) },
		"empty":     func() error { return os.Truncate(path, 0) },
		"cut short": func() error { return os.Truncate(path, first.Size-1) },
		"zeroed":    func() error { return os.WriteFile(path, make([]byte, first.Size), 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if err := s.prepare(); err != nil {
			t.Fatal(err)
		}
		if again, _ := shown(t, s, m.Blob, 320); again.Size != first.Size {
			t.Errorf("%s: %d bytes, not %d", name, again.Size, first.Size)
		}
	}
}

func TestManyWhoAskAtOnceGetOne(t *testing.T) {
	s := open(t)
	m := put(t, s, asJPEG(t, testImage(700, 100)))
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			p, err := s.Sized(t.Context(), m.Blob, Widths[i%len(Widths)])
			if err != nil {
				t.Error(err)
				return
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if left, err := os.ReadDir(filepath.Join(s.dir, temporary)); err != nil || len(left) > 0 {
		t.Errorf("%v left over, %v", left, err)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	s := open(t)
	m := put(t, s, asJPEG(t, testImage(400, 400)))
	if err := s.pixels.Acquire(t.Context(), MaxPixels); err != nil {
		t.Fatal(err)
	}
	leader, cancelLeader := context.WithCancel(t.Context())
	results := make(chan error, 2)
	ask := func(ctx context.Context) {
		p, err := s.Sized(ctx, m.Blob, 160)
		if err == nil {
			err = p.Close()
		}
		results <- err
	}
	go ask(leader)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	ask(cancelled)
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	go ask(t.Context())
	cancelLeader()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Errorf("the leader got %v", err)
	}
	s.pixels.Release(MaxPixels)
	if err := <-results; err != nil {
		t.Errorf("who waited on got %v", err)
	}
}

func TestASizeOfSomethingRemovedMeanwhileDoesNotStay(t *testing.T) {
	s := open(t)
	m := put(t, s, asJPEG(t, testImage(400, 400)))
	shown(t, s, m.Blob, 160)
	if err := os.Remove(s.original(m.Blob)); err != nil {
		t.Fatal(err)
	}
	if err := s.disown(m.Blob); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	nothingKept(t, s)
}

func TestRemoveTakesAllSizes(t *testing.T) {
	s := open(t)
	m, other := put(t, s, asPNG(t, glass(170, 30))), put(t, s, asJPEG(t, quarters(330, 30)))
	for _, w := range Widths {
		shown(t, s, m.Blob, w)
		shown(t, s, other.Blob, w)
	}
	for _, cid := range []protocol.CID{m.Blob, m.Blob} { // the second time it is gone
		if err := s.Remove(cid); err != nil {
			t.Error(err)
		}
	}
	if has, err := s.Has(m.Blob); has || err != nil {
		t.Errorf("%v, %v", has, err)
	}
	if has, err := s.Has(other.Blob); !has || err != nil {
		t.Errorf("another one: %v, %v", has, err)
	}
	if err := s.Remove(other.Blob); err != nil {
		t.Error(err)
	}
	nothingKept(t, s)
}

func TestLargerNamesOfASmallPictureTakeNoRoom(t *testing.T) {
	s := open(t)
	m := put(t, s, asJPEG(t, quarters(400, 400)))
	var files []os.FileInfo
	for _, w := range []int{480, 1920} {
		shown(t, s, m.Blob, w)
		info, err := os.Stat(s.derived(m.Blob, strconv.Itoa(w)+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, info)
	}
	if !os.SameFile(files[0], files[1]) {
		t.Error("two files of the same pixels")
	}
}
