package blob

import (
	"bytes"
	"encoding/binary"
)

// Blocks of GIF 89a, appendix A.
const (
	gifExtension   = 0x21
	gifImage       = 0x2c
	gifTrailer     = 0x3b
	gifControl     = 0xf9
	gifApplication = 0xff
)

// gifReader walks the blocks of a GIF and copies what is to be kept.
type gifReader struct {
	in, out []byte
}

// parseGIF takes out a GIF's comments and application data, and whatever stands
// behind its end. All frames are kept.
func parseGIF(data []byte) (parsed, error) {
	if len(data) < 13 {
		return parsed{}, brokenGIF()
	}
	p := parsed{format: formatGIF}
	p.width, p.height = int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))
	g := gifReader{in: data, out: make([]byte, 0, len(data))}
	if !g.copy(13+colorTable(data[10])) || !g.blocks() {
		return parsed{}, brokenGIF()
	}
	p.data = g.out
	return p, nil
}

func brokenGIF() error { return invalid("is a GIF that breaks off or has a broken block") }

// colorTable is the length in bytes of the table that flags announce.
func colorTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// copy moves n bytes.
func (g *gifReader) copy(n int) bool {
	if n > len(g.in) {
		return false
	}
	g.out, g.in = append(g.out, g.in[:n]...), g.in[n:]
	return true
}

// blocks copies all blocks, the trailer last.
func (g *gifReader) blocks() bool {
	for len(g.in) > 0 {
		switch g.in[0] {
		case gifTrailer:
			return g.copy(1)
		case gifImage:
			if len(g.in) < 10 || !g.copy(10+colorTable(g.in[9])) || !g.copy(1) || !g.subBlocks() {
				return false
			}
		case gifExtension:
			if !g.extension() {
				return false
			}
		default:
			return false
		}
	}
	return false
}

// extension copies the blocks that say how frames are shown; others it skips.
func (g *gifReader) extension() bool {
	if len(g.in) < 3 {
		return false
	}
	kept := g.in[1] == gifControl || g.in[1] == gifApplication && bytes.HasPrefix(g.in[2:], []byte("\x0bNETSCAPE2.0"))
	before := len(g.out)
	if !g.copy(2) || !g.subBlocks() {
		return false
	}
	if !kept {
		g.out = g.out[:before]
	}
	return true
}

// subBlocks copies a chain of sub-blocks with its end.
func (g *gifReader) subBlocks() bool {
	for len(g.in) > 0 {
		n := int(g.in[0])
		if !g.copy(1 + n) {
			return false
		}
		if n == 0 {
			return true
		}
	}
	return false
}
