package blob

import "encoding/binary"

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngKept tells the chunks that pixels and their colours need (W3C PNG, third
// edition, §11). All others are dropped: text, time, Exif, animation, unknown ones.
func pngKept(kind string) bool {
	switch kind {
	case "IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "cICP", "bKGD", "pHYs":
		return true
	}
	return false
}

// parsePNG takes a PNG's metadata out, and whatever stands behind its end.
func parsePNG(data []byte) (parsed, error) {
	p := parsed{format: formatPNG, data: append(make([]byte, 0, len(data)), pngSignature...)}
	rest := data[len(pngSignature):]
	for first := true; ; first = false {
		if len(rest) < 12 {
			return parsed{}, invalid("is a PNG that breaks off")
		}
		n := uint64(binary.BigEndian.Uint32(rest)) + 12
		if n > uint64(len(rest)) {
			return parsed{}, invalid("is a PNG that breaks off")
		}
		kind, chunk := string(rest[4:8]), rest[:n]
		rest = rest[n:]
		if first != (kind == "IHDR") {
			return parsed{}, invalid("is a PNG without one header, at its beginning") // a decoder believes the first
		}
		if pngKept(kind) {
			p.data = append(p.data, chunk...)
		}
		switch {
		case kind == "IHDR" && n >= 20:
			p.width, p.height = side(chunk[8:]), side(chunk[12:])
		case kind == "eXIf":
			p.turn = exifTurn(chunk[8 : n-4])
		case kind == "IEND":
			return p, nil
		}
	}
}

// side reads a width or height; what is out of all bounds stays so on any machine.
func side(b []byte) int { return int(min(binary.BigEndian.Uint32(b), 1<<30)) }
