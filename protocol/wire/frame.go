package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/stoa-commerce/stoa/protocol"
)

// CatchUpProtocol names the stream protocol of catch-up.
const CatchUpProtocol = "/stoa/catchup/1"

// Limits of frames in bytes, without their length (specs/12-catchup.md §2).
const (
	// MaxRequest is the largest request.
	MaxRequest = 4 << 10
	// MaxPage is the largest frame of an answer over a direct connection.
	MaxPage = 256 << 10
	// MaxRelayedPage is the same over a relayed connection.
	MaxRelayedPage = 64 << 10
)

// maxLength is the longest length of a frame in bytes: LEB128 of 28 bits.
const maxLength = 4

// WriteFrame writes the length of data, as unsigned LEB128, and data. max is the
// limit that the other side keeps.
func WriteFrame(w io.Writer, data []byte, max int) error {
	if len(data) == 0 || len(data) > max {
		return protocol.Invalid("frame", "%d bytes, allowed are 1 to %d", len(data), max)
	}
	frame := binary.AppendUvarint(make([]byte, 0, maxLength+len(data)), uint64(len(data)))
	if _, err := w.Write(append(frame, data...)); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}

// ReadFrame reads one frame of at most max bytes and nothing behind it. It
// returns io.EOF when r ends before the frame begins and wraps
// io.ErrUnexpectedEOF when it ends inside. A length of zero, above max or not in
// its shortest form is invalid; nothing is reserved before it is checked.
func ReadFrame(r io.Reader, max int) ([]byte, error) {
	n, err := readLength(r)
	if err != nil {
		return nil, err
	}
	if n == 0 || n > uint64(max) {
		return nil, protocol.Invalid("frame", "%d bytes, allowed are 1 to %d", n, max)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("read frame of %d bytes: %w", n, cut(err))
	}
	return data, nil
}

func readLength(r io.Reader) (uint64, error) {
	var b [1]byte
	var n uint64
	for i := range maxLength {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			if i > 0 {
				err = fmt.Errorf("read length of frame: %w", cut(err))
			}
			return 0, err
		}
		n |= uint64(b[0]&0x7f) << (7 * i)
		if b[0] < 0x80 {
			if i > 0 && b[0] == 0 {
				break
			}
			return n, nil
		}
	}
	return 0, protocol.Invalid("frame", "length is not an unsigned LEB128 of at most %d bytes in its shortest form", maxLength)
}

// cut makes the end of the input inside a frame tell itself from one before it.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
