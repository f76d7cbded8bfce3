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
	markerSOF0  = 0xc0
	markerSOF2  = 0xc2
	markerRST0  = 0xd0
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerAPP0  = 0xe0
	markerAPP1  = 0xe1
	markerAPP2  = 0xe2
	markerAPP14 = 0xee
	markerAPPF  = 0xef
	markerCOM   = 0xfe
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
	j.in = j.in[n:]
	j.keep(marker, body)
	return j.read(marker, body)
}

// keep copies what is needed to show the picture, and not what tells of its making.
func (j *jpegReader) keep(marker byte, body []byte) {
	switch {
	case marker == markerCOM:
	case marker < markerAPP0 || marker > markerAPPF,
		marker == markerAPP2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")),
		marker == markerAPP14 && bytes.HasPrefix(body, []byte("Adobe")) && len(body) == 12:
		j.write(marker, body)
	case marker == markerAPP0 && bytes.HasPrefix(body, []byte("JFIF\x00")) && len(body) >= 14:
		j.write(marker, append(bytes.Clone(body[:12]), 0, 0)) // without the preview
	}
}

func (j *jpegReader) write(marker byte, body []byte) {
	j.out = append(j.out, 0xff, marker)
	j.out = binary.BigEndian.AppendUint16(j.out, uint16(len(body)+2))
	j.out = append(j.out, body...)
}

// read takes note of what a segment says.
func (j *jpegReader) read(marker byte, body []byte) error {
	switch {
	case marker >= markerSOF0 && marker <= markerSOF2:
		if len(body) < 6 {
			return invalid("is a JPEG with a broken frame header")
		}
		if j.p.width+j.p.height > 0 {
			return invalid("is a JPEG with two frame headers") // a decoder may believe the first
		}
		j.p.height, j.p.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	case marker == markerAPP1 && j.p.turn == 0:
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
