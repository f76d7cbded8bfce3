package blob

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"testing"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// secret stands in every place of a picture that mustn't reach the store.
const secret = "48.2082N 16.3738E"

func open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *Store, data []byte) catalog.Media {
	t.Helper()
	m, err := s.Put(t.Context(), bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// testImage is a smooth picture that is different at every corner.
func testImage(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(255 * x / w), uint8(255 * y / h), 90, 255})
		}
	}
	return m
}

// quarters is a picture in four colours: red, green above blue, yellow.
func quarters(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, quarterColors[2*y/h][2*x/w])
		}
	}
	return m
}

var quarterColors = [2][2]color.NRGBA{
	{{192, 48, 32, 255}, {32, 160, 64, 255}},
	{{32, 64, 192, 255}, {224, 208, 32, 255}},
}

// glass is transparent on its left half and red on its right.
func glass(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := w / 2; x < w; x++ {
			m.SetNRGBA(x, y, color.NRGBA{200, 0, 0, 255})
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asGIF(t testing.TB, frames ...*image.Paletted) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: frames, Delay: make([]int, len(frames))}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func paletted(box image.Rectangle, c color.Color) *image.Paletted {
	m := image.NewPaletted(box, color.Palette{c, color.Black})
	return m
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/pictures/" + name)
	return must(t, b, err)
}

// exif is a TIFF structure with an orientation and a secret.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = entry(order, b, 0x010f, 2, uint32(len(secret)), 8+2+24+4) // maker
	b = order.AppendUint16(order.AppendUint16(b, tagOrientation), 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(order.AppendUint16(b, orientation), 0)
	b = order.AppendUint32(b, 0)
	return append(b, secret...)
}

func entry(order binary.AppendByteOrder, b []byte, tag, kind uint16, n, value uint32) []byte {
	b = order.AppendUint16(order.AppendUint16(b, tag), kind)
	return order.AppendUint32(order.AppendUint32(b, n), value)
}

// segment is a segment of a JPEG.
func segment(marker byte, body string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return append(b, body...)
}

// withSegments puts segments behind a JPEG's first marker.
func withSegments(data []byte, segments ...[]byte) []byte {
	out := bytes.Clone(data[:2])
	for _, s := range segments {
		out = append(out, s...)
	}
	return append(out, data[2:]...)
}

// chunk is a chunk of a PNG.
func chunk(kind, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// withChunks puts chunks behind a PNG's first.
func withChunks(data []byte, chunks ...[]byte) []byte {
	const first = 8 + 25
	out := bytes.Clone(data[:first])
	for _, c := range chunks {
		out = append(out, c...)
	}
	return append(out, data[first:]...)
}

// riff is a chunk of a WebP.
func riff(kind, body string) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func asWebP(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// vp8x is the header of a WebP with more than pixels.
func vp8x(flags byte, w, h int) []byte {
	b := []byte{flags, 0, 0, 0}
	for _, side := range []int{w - 1, h - 1} {
		b = append(b, byte(side), byte(side>>8), byte(side>>16))
	}
	return riff("VP8X", string(b))
}

// bits are written lowest first.
type bits struct {
	b []byte
	n int
}

func (w *bits) write(v uint32, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// plainWebP is a lossless WebP of one colour (RFC 9649 §3): five prefix codes of
// one symbol each, so that no pixel takes a bit. The smallest bomb there is.
func plainWebP(w, h int, c color.NRGBA) []byte {
	var v bits
	v.write(0x2f, 8)
	v.write(uint32(w-1), 14)
	v.write(uint32(h-1), 14)
	v.write(1, 1) // alpha
	v.write(0, 3) // version
	v.write(0, 3) // no transform, no cache, no meta codes
	for _, symbol := range []byte{c.G, c.R, c.B, c.A, 0} {
		v.write(0b101, 3) // simple, one symbol, of 8 bits
		v.write(uint32(symbol), 8)
	}
	return riff("VP8L", string(v.b))
}

// progressive is a grey JPEG of 16 × 16 pixels in as many scans: four blocks
// without contrast, then the same word again and again that nothing is added.
func progressive(scans int) []byte {
	b := []byte("\xff\xd8")
	b = append(b, segment(0xdb, "\x00"+string(bytes.Repeat([]byte{1}, 64)))...)
	b = append(b, segment(markerSOF2, "\x08\x00\x10\x00\x10\x01\x01\x11\x00")...)
	oneCode := "\x01" + string(make([]byte, 15))
	b = append(b, segment(0xc4, "\x00"+oneCode+"\x00"+"\x10"+oneCode+"\x20")...) // DC: no change; AC: the next 4 blocks end
	b = append(append(b, segment(markerSOS, "\x01\x01\x00\x00\x00\x00")...), 0x0f)
	for range scans - 1 {
		b = append(append(b, segment(markerSOS, "\x01\x01\x00\x01\x3f\x00")...), 0x1f)
	}
	return append(b, 0xff, markerEOI)
}
