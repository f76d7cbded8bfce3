package blob

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
	"math"

	"golang.org/x/image/webp"
)

// Flags of the VP8X chunk (RFC 9649 §2.7.1).
const (
	webpAnimation = 1 << 1
	webpXMP       = 1 << 2
	webpExif      = 1 << 3
)

// parseWebP takes a WebP's metadata out, and whatever stands behind its end.
func parseWebP(data []byte) (parsed, error) {
	p := parsed{format: formatWebP, data: append(make([]byte, 0, len(data)), data[:12]...)}
	end := uint64(binary.LittleEndian.Uint32(data[4:])) + 8
	if end < 12 || end > uint64(len(data)) {
		return parsed{}, invalid("is a WebP that breaks off")
	}
	if err := p.webpChunks(data[12:end]); err != nil {
		return parsed{}, err
	}
	binary.LittleEndian.PutUint32(p.data[4:], uint32(len(p.data)-8))
	config, err := webp.DecodeConfig(bytes.NewReader(p.data))
	if err != nil {
		return parsed{}, undecodable(err)
	}
	if p.width != config.Width || p.height != config.Height {
		return parsed{}, invalid("is a WebP of %d × %d pixels that says %d × %d", p.width, p.height, config.Width, config.Height)
	}
	return p, nil
}

// webpChunks copies the chunks that pixels and their colours need.
func (p *parsed) webpChunks(rest []byte) error {
	for len(rest) >= 8 {
		n := uint64(binary.LittleEndian.Uint32(rest[4:])) + 8
		if n > uint64(len(rest)) {
			return invalid("is a WebP that breaks off")
		}
		chunk := rest[:min(n+n&1, uint64(len(rest)))] // padded to even
		rest = rest[len(chunk):]
		if err := p.webpChunk(string(chunk[:4]), chunk, chunk[8:n]); err != nil {
			return err
		}
	}
	return nil
}

func (p *parsed) webpChunk(kind string, chunk, body []byte) error {
	at := len(p.data)
	switch kind {
	case "VP8X":
		if len(body) < 10 || body[0]&webpAnimation != 0 {
			return invalid("is an animated WebP; still ones are taken")
		}
		p.data = append(p.data, chunk...)
		p.data[at+8] &^= webpXMP | webpExif
	case "VP8 ", "VP8L":
		p.data = append(p.data, chunk...)
		return p.webpFrame(kind, body)
	case "ALPH", "ICCP":
		p.data = append(p.data, chunk...)
	case "EXIF":
		p.turn = exifTurn(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
	}
	return nil
}

// webpFrame reads the dimensions of the coded pixels themselves (RFC 6386 §9.1,
// RFC 9649 §3.4): a decoder makes room for these, whatever VP8X says.
func (p *parsed) webpFrame(kind string, body []byte) error {
	if p.width > 0 {
		return invalid("is a WebP of two frames; still ones are taken")
	}
	if len(body) < 5 || kind == "VP8 " && len(body) < 10 {
		return invalid("is a WebP that breaks off")
	}
	if kind == "VP8L" {
		bits := binary.LittleEndian.Uint32(body[1:])
		p.width, p.height = int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1
		return nil
	}
	p.width, p.height = int(binary.LittleEndian.Uint16(body[6:])&0x3fff), int(binary.LittleEndian.Uint16(body[8:])&0x3fff)
	return nil
}

// decodeWebP reads a WebP. A lossy one's samples come as VP8 has them, in studio
// range (RFC 6386 §9.2: luma 16 to 235, chroma 16 to 240), where the rest of image
// means the full one: left alone, all colours would be dull.
func decodeWebP(r io.Reader) (image.Image, error) {
	img, err := webp.Decode(r)
	switch m := img.(type) {
	case *image.YCbCr:
		widen(m)
	case *image.NYCbCrA:
		widen(&m.YCbCr)
	}
	return img, err
}

func widen(m *image.YCbCr) {
	luma, chroma := wider(16, 0, 219), wider(128, 128, 224)
	for i, v := range m.Y {
		m.Y[i] = luma[v]
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = chroma[m.Cb[i]], chroma[m.Cr[i]]
	}
}

// wider tabulates how samples whose range spans so many values spread to 255, from
// coming to to.
func wider(from, to, span int) (table [256]byte) {
	for v := range table {
		full := float64(to) + float64(v-from)*255/float64(span)
		table[v] = byte(min(max(math.Round(full), 0), 255))
	}
	return table
}
