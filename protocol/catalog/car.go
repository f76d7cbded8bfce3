package catalog

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/stoa-commerce/stoa/protocol"
)

// carReader reads a CARv1 file as strictly as an archive is written: lengths in
// their shortest form, one root, blocks of dag-cbor whose content is what their
// CID says.
type carReader struct {
	r   *bufio.Reader
	buf []byte
}

func newCarReader(r io.Reader) *carReader { return &carReader{r: bufio.NewReaderSize(r, 256<<10)} }

func (c *carReader) header() (root protocol.CID, err error) {
	data, err := c.section(MaxArchiveHeader)
	if errors.Is(err, io.EOF) {
		err = refuse(Truncated, "the file is empty")
	}
	if err != nil {
		return protocol.CID{}, err
	}
	var h carHeader
	if err := exactly(data, &h); err != nil {
		return protocol.CID{}, refuseFor(ArchiveHeader, err)
	}
	if h.Version != 1 || len(h.Roots) != 1 || !isObject(h.Roots[0]) {
		return protocol.CID{}, refuse(ArchiveHeader, "not version 1 with one dag-cbor root")
	}
	return h.Roots[0], nil
}

// block returns the next block, of at most limit bytes of content. data is valid
// until the next call.
func (c *carReader) block(limit int) (id protocol.CID, data []byte, err error) {
	section, err := c.section(protocol.CIDSize + limit)
	if errors.Is(err, io.EOF) {
		err = refuse(Truncated, "the file ends where a block is due")
	}
	if err != nil {
		return protocol.CID{}, nil, err
	}
	if len(section) < protocol.CIDSize {
		return protocol.CID{}, nil, refuse(BlockID, "a block of %d bytes", len(section))
	}
	id, err = protocol.CIDFromBytes(section[:protocol.CIDSize])
	if err != nil || !isObject(id) {
		return protocol.CID{}, nil, refuse(BlockID, "not the identifier of dag-cbor content")
	}
	data = section[protocol.CIDSize:]
	if sha256.Sum256(data) != id.Digest() {
		return protocol.CID{}, nil, refuse(BlockHash, "the content of %s is another", id)
	}
	return id, data, nil
}

// end refuses anything that follows.
func (c *carReader) end() error {
	_, err := c.r.ReadByte()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		err = refuse(TrailingBytes, "more follows the last record")
	}
	return err
}

// section reads a length and as many bytes; io.EOF if there is nothing more.
func (c *carReader) section(limit int) ([]byte, error) {
	n, err := c.length()
	if err != nil {
		return nil, err
	}
	if n > uint64(limit) {
		return nil, refuse(TooLarge, "a section of %d bytes where %d are allowed", n, limit)
	}
	if cap(c.buf) < int(n) {
		c.buf = make([]byte, max(int(n), 2*cap(c.buf)))
	}
	data := c.buf[:n]
	if _, err := io.ReadFull(c.r, data); err != nil {
		return nil, cutShort(err)
	}
	return data, nil
}

// length reads an unsigned LEB128 of at most 4 bytes, more than any limit needs.
func (c *carReader) length() (uint64, error) {
	var n uint64
	for i := range 4 {
		b, err := c.r.ReadByte()
		if err != nil && i > 0 {
			return 0, cutShort(err)
		}
		if err != nil {
			return 0, err
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if b == 0 && i > 0 {
				return 0, refuse(Varint, "a length with needless bytes")
			}
			return n, nil
		}
	}
	return 0, refuse(Varint, "a length of more than 4 bytes")
}

// cutShort tells a file that ends early from one that can't be read.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(Truncated, "the file ends inside a section")
	}
	return err
}
