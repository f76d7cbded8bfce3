package blob

import (
	"bytes"
	"encoding/binary"
)

// maxScans bounds the passes of a progressive JPEG. Encoders make about ten; each
// costs the decoder a walk over the whole picture, however few bytes it has.
const maxScans = 64

// Markers of ITU-T T.81, table B.1.
const (
	markerSOF0 = 0xc0
	markerSOF2 = 0xc2
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP0 = 0xe0
	markerAPPF = 0xef
	markerCOM  = 0xfe
)

// jpegReader walks the segments of a JPEG and copies what is to be kept.
type jpegReader struct {
	in    []byte
	out   []byte
	p     parsed
	scans int
}

// parseJPEG takes a JPEG's metadata out, without touching the coded pixels.
func parseJPEG(data []byte) (parsed, error) {
	j := jpegReader{in: data[2:], out: append(make([]byte, 0, len(data)), data[:2]...)}
	j.p.format = formatJPEG
	for {
		marker, err := j.next()
		if err != nil {
			return parsed{}, err
		}
		if marker == markerEOI {
			j.p.data = append(j.out, 0xff, markerEOI)
			return j.p, nil
		}
		if err := j.segment(marker); err != nil {
			return parsed{}, err
		}
	}
}

// next reads up to the next marker, over stray bytes, as decoders do.
func (j *jpegReader) next() (byte, error) {
	for {
		at := bytes.IndexByte(j.in, 0xff)
		if at < 0 || at+1 >= len(j.in) {
			return 0, invalid("is a JPEG that breaks off")
		}
		marker := j.in[at+1]
		if marker == 0xff {
			j.in = j.in[at+1:] // fill bytes
			continue
		}
		j.in = j.in[at+2:]
		if marker != 0 && marker != markerSOI && (marker < markerRST0 || marker > markerRST7) {
			return marker, nil
		}
	}
}

func (j *jpegReader) segment(marker byte) error {
	if len(j.in) < 2 {
		return invalid("is a JPEG that breaks off")
	}
	n := int(binary.BigEndian.Uint16(j.in))
	if n < 2 || n > len(j.in) {
		return invalid("is a JPEG with a segment that runs over its end")
	}
	body := j.in[2:n]
	if j.keeps(marker, body) {
		j.out = append(append(j.out, 0xff, marker), j.in[:n]...)
	}
	j.in = j.in[n:]
	return j.read(marker, body)
}

// keeps tells what is needed to show the picture from what tells of its making.
func (j *jpegReader) keeps(marker byte, body []byte) bool {
	if marker == markerCOM {
		return false
	}
	if marker < markerAPP0 || marker > markerAPPF {
		return true
	}
	return marker == markerAPP0 && bytes.HasPrefix(body, []byte("JFIF\x00")) ||
		marker == markerAPP0+2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")) ||
		marker == markerAPP0+14 && bytes.HasPrefix(body, []byte("Adobe"))
}

// read takes note of what a segment says.
func (j *jpegReader) read(marker byte, body []byte) error {
	switch {
	case marker >= markerSOF0 && marker <= markerSOF2:
		if len(body) < 6 {
			return invalid("is a JPEG with a broken frame header")
		}
		j.p.height, j.p.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	case marker == markerAPP0+1 && j.p.turn == 0:
		if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok {
			j.p.turn = exifTurn(tiff)
		}
	case marker == markerSOS:
		if j.scans++; j.scans > maxScans {
			return invalid("is a JPEG of more than %d scans", maxScans)
		}
		j.scan()
	}
	return nil
}

// scan copies coded pixels up to the next marker that isn't part of them.
func (j *jpegReader) scan() {
	end := 0
	for end+1 < len(j.in) {
		at := bytes.IndexByte(j.in[end:len(j.in)-1], 0xff)
		if at < 0 {
			break
		}
		end += at
		if m := j.in[end+1]; m != 0 && m != 0xff && (m < markerRST0 || m > markerRST7) {
			j.out, j.in = append(j.out, j.in[:end]...), j.in[end:]
			return
		}
		end++
	}
	j.in = nil // next says that it breaks off
}
