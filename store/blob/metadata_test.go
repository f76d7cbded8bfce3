package blob

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// specimens are pictures with a secret wherever a format has room for one.
func specimens(t testing.TB) map[string][]byte {
	upright := "Exif\x00\x00" + string(exif(binary.BigEndian, 1))
	turned := "Exif\x00\x00" + string(exif(binary.LittleEndian, 6))
	photo := asJPEG(t, quarters(40, 30))
	drawing := asPNG(t, glass(40, 30))
	animation := asGIF(t, paletted(image.Rect(0, 0, 9, 7), color.White), paletted(image.Rect(0, 0, 9, 7), color.Black))
	lossy := fixture(t, "quarters.webp")
	red := plainWebP(12, 8, color.NRGBA{200, 0, 0, 255})
	return map[string][]byte{
		"jpeg": withSegments(photo,
			segment(markerAPP0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x02\x03"+secret+" "), // with a preview of 2 × 3
			segment(markerAPP0, "JFXX\x00"+secret),
			segment(markerAPP1, upright),
			segment(markerAPP1, "http://ns.adobe.com/xap/1.0/\x00"+secret),
			segment(markerAPP2, "MPF\x00"+secret),
			segment(0xed, "Photoshop 3.0\x00"+secret),
			segment(0xef, secret),
			segment(markerCOM, secret)),
		"jpeg turned":         withSegments(photo, segment(markerAPP1, turned)),
		"jpeg with a tail":    append(bytes.Clone(photo), "PK\x03\x04 <script>"+secret...),
		"png":                 withChunks(drawing, chunk("tEXt", "Comment\x00"+secret), chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+secret), chunk("tIME", "\x07\xe6\x01\x01\x00\x00\x00"), chunk("prVt", secret), chunk("eXIf", string(exif(binary.BigEndian, 1)))),
		"png turned":          withChunks(drawing, chunk("eXIf", string(exif(binary.BigEndian, 8)))),
		"png with a tail":     append(bytes.Clone(drawing), secret...),
		"gif":                 gifWith(animation, "\x21\xfe\x11"+secret+"\x00", "\x21\xff\x0bXMP DataXMP\x11"+secret+"\x00", "\x21\x01\x0cxxxxxxxxxxxx\x11"+secret+"\x00"),
		"gif with a tail":     append(bytes.Clone(animation), secret...),
		"webp":                asWebP(vp8x(webpExif|webpXMP, 12, 8), red, riff("EXIF", string(exif(binary.LittleEndian, 1))), riff("XMP ", secret), riff("PRVT", secret)),
		"webp turned":         asWebP(vp8x(webpExif, 12, 8), red, riff("EXIF", upright[:6]+string(exif(binary.BigEndian, 5)))),
		"lossy webp":          asWebP(lossy[12:], riff("XMP ", secret)),
		"webp with a tail":    append(bytes.Clone(lossy), secret...),
		"jpeg in many passes": progressive(10),
	}
}

// gifWith puts blocks behind a GIF's header.
func gifWith(data []byte, blocks ...string) []byte {
	at := 13 + colorTable(data[10])
	return slices.Concat(data[:at], []byte(strings.Join(blocks, "")), data[at:])
}

func TestNothingIsToldThatIsNotSeen(t *testing.T) {
	for name, data := range specimens(t) {
		if name != "jpeg in many passes" && !bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s: the specimen has no secret", name)
		}
		s := open(t)
		m, err := s.Put(t.Context(), bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		stored := original(t, s, m.Blob)
		for _, word := range []string{secret, "Exif", "xap", "XMP", "MPF", "tEXt", "eXIf", "script"} {
			if bytes.Contains(stored, []byte(word)) {
				t.Errorf("%s: %q is still in it", name, word)
			}
		}
	}
}

func TestPixelsPassUntouched(t *testing.T) {
	photo := asJPEG(t, testImage(64, 48))
	s := open(t)
	m := put(t, s, withSegments(photo, segment(markerAPP1, "Exif\x00\x00"+string(exif(binary.BigEndian, 1)))))
	if !bytes.Equal(original(t, s, m.Blob), photo) {
		t.Error("a JPEG that stands upright was encoded again")
	}
	drawing := asPNG(t, testImage(64, 48))
	if m := put(t, s, withChunks(drawing, chunk("tEXt", "a\x00b"))); !bytes.Equal(original(t, s, m.Blob), drawing) {
		t.Error("a PNG was encoded again")
	}
}

func TestColorsKeepTheirProfile(t *testing.T) {
	s := open(t)
	photo := withSegments(asJPEG(t, quarters(16, 16)), segment(markerAPP2, "ICC_PROFILE\x00\x01\x01profile"))
	if m := put(t, s, photo); !bytes.Contains(original(t, s, m.Blob), []byte("ICC_PROFILE")) {
		t.Error("a JPEG lost its profile")
	}
}

func original(t testing.TB, s *Store, cid protocol.CID) []byte {
	t.Helper()
	r, _, err := s.OpenBlob(cid)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryOrientationComesOutUpright(t *testing.T) {
	for orientation := range uint16(9) {
		for name, encode := range map[string]func(image.Image) []byte{
			"jpeg": func(m image.Image) []byte {
				return withSegments(asJPEG(t, m), segment(markerAPP1, "Exif\x00\x00"+string(exif(binary.BigEndian, orientation))))
			},
			"png": func(m image.Image) []byte {
				return withChunks(asPNG(t, m), chunk("eXIf", string(exif(binary.LittleEndian, orientation))))
			},
		} {
			s := open(t)
			m := put(t, s, encode(lay(quarters(64, 32), orientation)))
			if m.Width != 64 || m.Height != 32 {
				t.Errorf("%s %d: %d × %d", name, orientation, m.Width, m.Height)
			}
			img, _, err := image.Decode(bytes.NewReader(original(t, s, m.Blob)))
			if err != nil {
				t.Fatal(err)
			}
			for y := range 2 {
				for x := range 2 {
					if got, want := img.At(16+32*x, 8+16*y), quarterColors[y][x]; !near(got, want) {
						t.Errorf("%s %d: at %d, %d is %v, not %v", name, orientation, x, y, got, want)
					}
				}
			}
		}
	}
}

// lay turns an upright picture the way a camera would store it, by the words of
// the Exif standard: where row 0 and column 0 of the stored one belong.
func lay(m *image.NRGBA, orientation uint16) image.Image {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			left, top, right, bottom := x, y, w-1-x, h-1-y
			at := map[uint16][2]int{ // column and row of the upright picture
				0: {left, top}, 1: {left, top}, // row 0 is the top, column 0 the left side
				2: {right, top},    // top, right
				3: {right, bottom}, // bottom, right
				4: {left, bottom},  // bottom, left
				5: {top, left},     // left, top
				6: {bottom, left},  // right, top
				7: {bottom, right}, // right, bottom
				8: {top, right},    // left, bottom
			}[orientation]
			out.Set(x, y, m.At(at[0], at[1]))
		}
	}
	return out
}

// near allows for what JPEG loses.
func near(a, b color.Color) bool { return within(0x0a00, a, b) }

func within(distance uint32, a, b color.Color) bool {
	ar, ag, ab, aa := a.RGBA()
	br, bg, bb, ba := b.RGBA()
	for _, p := range [][2]uint32{{ar, br}, {ag, bg}, {ab, bb}, {aa, ba}} {
		if max(p[0], p[1])-min(p[0], p[1]) > distance {
			return false
		}
	}
	return true
}

func TestTurningKeepsEverySubsampling(t *testing.T) {
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		for o := turn(1); o <= 8; o++ {
			stored := lay(quarters(64, 32), uint16(o)).(*image.NRGBA)
			upright := o.apply(subsampled(stored, ratio))
			if upright.Bounds() != image.Rect(0, 0, 64, 32) {
				t.Errorf("%v turned %d: %v", ratio, o, upright.Bounds())
				continue
			}
			for _, p := range []image.Point{{16, 8}, {48, 8}, {16, 24}, {48, 24}} {
				if want := quarterColors[p.Y/16][p.X/32]; !near(upright.At(p.X, p.Y), want) {
					t.Errorf("%v turned %d: at %v is %v, not %v", ratio, o, p, upright.At(p.X, p.Y), want)
				}
			}
		}
	}
}

func subsampled(m *image.NRGBA, ratio image.YCbCrSubsampleRatio) *image.YCbCr {
	out := image.NewYCbCr(m.Rect, ratio)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			c := m.NRGBAAt(x, y)
			yy, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
			out.Y[out.YOffset(x, y)] = yy
			out.Cb[out.COffset(x, y)], out.Cr[out.COffset(x, y)] = cb, cr
		}
	}
	return out
}

func TestBrokenExifMeansUpright(t *testing.T) {
	whole := exif(binary.BigEndian, 6)
	if exifTurn(whole) != 6 {
		t.Fatal("whole")
	}
	for n := range 8 + 2 + 24 {
		if got := exifTurn(whole[:n]); got != 0 {
			t.Errorf("%d bytes: %d", n, got)
		}
	}
	for name, tiff := range map[string][]byte{
		"ninth":           exif(binary.BigEndian, 9),
		"far directory":   []byte("MM\x00*\xff\xff\xff\xff\x00\x01"),
		"endless entries": []byte("II*\x00\x08\x00\x00\x00\xff\xff"),
	} {
		if got := exifTurn(tiff); got != 0 {
			t.Errorf("%s: %d", name, got)
		}
	}
}

func TestTurnedPhotographsStayJPEG(t *testing.T) {
	s := open(t)
	m := put(t, s, withSegments(asJPEG(t, testImage(60, 40)), segment(markerAPP1, "Exif\x00\x00"+string(exif(binary.BigEndian, 6)))))
	if m.MIME != "image/jpeg" || m.Width != 40 || m.Height != 60 {
		t.Errorf("%+v", m)
	}
	if _, err := jpeg.Decode(bytes.NewReader(original(t, s, m.Blob))); err != nil {
		t.Error(err)
	}
}
