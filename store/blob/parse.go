package blob

import (
	"bytes"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Limits of a picture, checked before anything is decoded.
const (
	// MaxPixels is the largest area in pixels. All decoding that goes on at a time
	// has this much in memory together: 200 MB as a rule, 800 MB when everything is
	// one huge progressive JPEG.
	MaxPixels = 50_000_000
	// MaxSide is the largest width or height in pixels.
	MaxSide = 16_384
)

// format is a picture's media type.
type format string

const (
	formatJPEG format = "image/jpeg"
	formatPNG  format = "image/png"
	formatGIF  format = "image/gif"
	formatWebP format = "image/webp"
)

// parsed is a picture whose container has been read: its metadata is out, its
// dimensions are within bounds, its pixels haven't been looked at.
type parsed struct {
	format        format
	data          []byte
	width, height int // as encoded, before the turn
	turn          turn
}

func (p parsed) area() int64 { return int64(p.width) * int64(p.height) }

func invalid(why string, args ...any) error { return protocol.Invalid("picture", why, args...) }

// parse reads the container of a picture.
func parse(data []byte) (parsed, error) {
	p, err := parseAs(sniff(data), data)
	if err != nil {
		return parsed{}, err
	}
	if p.width < 1 || p.height < 1 {
		return parsed{}, invalid("has no pixels")
	}
	if p.width > MaxSide || p.height > MaxSide || p.area() > MaxPixels {
		return parsed{}, invalid("is %d × %d pixels; at most %d a side and %d million together are taken",
			p.width, p.height, MaxSide, MaxPixels/1_000_000)
	}
	return p, nil
}

func parseAs(f format, data []byte) (parsed, error) {
	switch f {
	case formatJPEG:
		return parseJPEG(data)
	case formatPNG:
		return parsePNG(data)
	case formatGIF:
		return parseGIF(data)
	case formatWebP:
		return parseWebP(data)
	}
	return parsed{}, invalid("is %s; JPEG, PNG, GIF and WebP are taken", guess(data))
}

// sniff tells the format by the first bytes; a name or a media type that came with
// the picture is never believed.
func sniff(b []byte) format {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return formatJPEG
	case bytes.HasPrefix(b, []byte(pngSignature)):
		return formatPNG
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return formatGIF
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return formatWebP
	}
	return ""
}

// guess names what was given instead of a picture, for whoever gave it.
func guess(b []byte) string {
	head := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(b[:min(len(b), 1024)]), "\ufeff")))
	switch {
	case len(b) == 0:
		return "empty"
	case len(b) >= 12 && string(b[4:8]) == "ftyp":
		return "HEIC, AVIF or a video"
	case strings.HasPrefix(head, "<!doctype html"), strings.HasPrefix(head, "<html"):
		return "a web page"
	case strings.Contains(head, "<svg"):
		return "SVG"
	case strings.HasPrefix(head, "<"):
		return "XML or HTML"
	case strings.HasPrefix(head, "%pdf"):
		return "PDF"
	case strings.HasPrefix(head, "bm"):
		return "BMP"
	case strings.HasPrefix(head, "ii*\x00"), strings.HasPrefix(head, "mm\x00*"):
		return "TIFF"
	}
	return "of an unknown format"
}
