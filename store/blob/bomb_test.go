package blob

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
)

// pngClaiming is a small PNG whose header claims other sides.
func pngClaiming(t *testing.T, w, h uint32) []byte {
	data := asPNG(t, quarters(8, 8))
	body := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	body = append(body, data[24:29]...)
	return append(append(bytes.Clone(data[:8]), chunk("IHDR", string(body))...), data[33:]...)
}

func jpegClaiming(t *testing.T, w, h uint16) []byte {
	data := asJPEG(t, quarters(8, 8))
	at := bytes.Index(data, []byte{0xff, markerSOF0})
	binary.BigEndian.PutUint16(data[at+5:], h)
	binary.BigEndian.PutUint16(data[at+7:], w)
	return data
}

func gifClaiming(t *testing.T, w, h uint16) []byte {
	data := asGIF(t, paletted(image.Rect(0, 0, 8, 8), color.White))
	binary.LittleEndian.PutUint16(data[6:], w)
	binary.LittleEndian.PutUint16(data[8:], h)
	return data
}

func TestBombsAreRefusedUnopened(t *testing.T) {
	red := color.NRGBA{200, 0, 0, 255}
	for name, data := range map[string][]byte{
		"png of 60000 × 60000":              pngClaiming(t, 60_000, 60_000),
		"png of 4 thousand million":         pngClaiming(t, 0xffff_ffff, 1),
		"png of 7072 × 7072":                pngClaiming(t, 7072, 7072),
		"png of 16385 × 1":                  pngClaiming(t, 16_385, 1),
		"jpeg of 60000 × 60000":             jpegClaiming(t, 60_000, 60_000),
		"gif of 65535 × 65535":              gifClaiming(t, 65_535, 65_535),
		"webp of 16384 × 16384":             asWebP(plainWebP(16_384, 16_384, red)),
		"webp with a header of 2^24":        asWebP(vp8x(0, 1<<24, 1<<24), plainWebP(8, 8, red)),
		"webp of more than its header":      asWebP(vp8x(0, 8, 8), plainWebP(16_384, 16_384, red)),
		"jpeg of 65 scans":                  progressive(65),
		"png whose second header is small":  append(pngClaiming(t, 60_000, 60_000)[:33], asPNG(t, quarters(2, 2))[8:]...),
		"jpeg whose second header is small": append(jpegClaiming(t, 60_000, 60_000)[:600], asJPEG(t, quarters(2, 2))[2:]...),
	} {
		s := open(t)
		s.pixels.Acquire(t.Context(), MaxPixels-3) // too little is left for any of them
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err := s.Put(ctx, bytes.NewReader(data))
		cancel()
		if !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		nothingKept(t, s)
	}
}

func TestLiesAndDamageAreRefused(t *testing.T) {
	photo, drawing := asJPEG(t, testImage(64, 48)), asPNG(t, testImage(64, 48))
	animation := asGIF(t, paletted(image.Rect(0, 0, 40, 40), color.White))
	lossy := fixture(t, "quarters.webp")
	flipped := bytes.Clone(drawing)
	flipped[len(flipped)-20] ^= 1 // the check sum of the pixels
	cases := map[string][]byte{
		"png with a wrong check sum":         flipped,
		"png of no width":                    pngClaiming(t, 0, 8),
		"jpeg of no height":                  jpegClaiming(t, 8, 0),
		"gif of no size":                     gifClaiming(t, 0, 0),
		"png larger than its pixels":         pngClaiming(t, 800, 800),
		"jpeg larger than its pixels":        jpegClaiming(t, 800, 800),
		"gif smaller than its frame":         gifClaiming(t, 4, 4),
		"webp other than its header":         asWebP(vp8x(0, 9, 9), plainWebP(8, 8, color.NRGBA{A: 255})),
		"animated webp":                      asWebP(vp8x(webpAnimation, 8, 8), riff("ANIM", "\x00\x00\x00\x00\x00\x00")),
		"webp without pixels":                asWebP(riff("XMP ", "a")),
		"gif without a frame":                append(bytes.Clone(animation[:13]), gifTrailer),
		"jpeg without a frame":               {0xff, 0xd8, 0xff, markerEOI},
		"png whose first chunk isn't header": append([]byte(pngSignature), chunk("IEND", "")...),
		"progressive jpeg in small":          jpegClaiming(t, 9, 9)[:60],
	}
	for name, whole := range map[string][]byte{"jpeg": photo, "png": drawing, "gif": animation, "webp": lossy} {
		for _, cut := range []int{13, len(whole) / 4, len(whole) / 2, len(whole) - 20, len(whole) - 1} {
			cases[name+" cut to "+string(rune('0'+cut*9/len(whole)))+" tenths"] = whole[:cut]
		}
	}
	s := open(t)
	for name, data := range cases {
		if m, err := s.Put(t.Context(), bytes.NewReader(data)); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	nothingKept(t, s)
}

func TestAPolyglotLosesItsOtherHalf(t *testing.T) {
	s := open(t)
	script := "<script>alert(1)</script>"
	for name, data := range map[string][]byte{
		"jpeg and page":  withSegments(asJPEG(t, quarters(8, 8)), segment(markerCOM, script)),
		"jpeg and zip":   append(asJPEG(t, quarters(8, 8)), "PK\x05\x06"+script...),
		"png and page":   withChunks(asPNG(t, quarters(8, 8)), chunk("tEXt", "a\x00"+script)),
		"gif and script": append(asGIF(t, paletted(image.Rect(0, 0, 8, 8), color.White)), script...),
		"webp and page":  append(fixture(t, "quarters.webp"), script...),
	} {
		if stored := string(original(t, s, put(t, s, data).Blob)); strings.Contains(stored, "script") || strings.Contains(stored, "PK") {
			t.Errorf("%s: it is still in it", name)
		}
	}
}

func TestDecodersShareABoundOfPixels(t *testing.T) {
	s := open(t)
	if err := s.pixels.Acquire(t.Context(), MaxPixels-63); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	data := asPNG(t, quarters(8, 8))
	if _, err := s.Put(ctx, bytes.NewReader(data)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("64 pixels were decoded in the room of 63: %v", err)
	}
	s.pixels.Release(1)
	put(t, s, data)
	if !s.pixels.TryAcquire(64) {
		t.Error("the room was not given back")
	}
}
