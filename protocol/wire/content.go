package wire

import (
	"bytes"
	"crypto/sha256"
	"hash"

	"github.com/stoa-commerce/stoa/protocol"
)

// Content takes the pages of a blob in order and judges them at the end. Take all
// pages from one peer, so that a wrong hash names who lied. It is not safe for
// concurrent use.
type Content struct {
	id        protocol.CID
	sum       hash.Hash
	size, got uint64
	limit     uint64
}

// NewContent expects the blob with the identifier, of at most limit bytes.
func NewContent(id protocol.CID, limit uint64) *Content {
	return &Content{id: id, sum: sha256.New(), limit: min(limit, MaxContent)}
}

// Page takes the next page. An error means that the peer lied, or that the blob is
// larger than wanted.
func (c *Content) Page(p *ContentPage) error {
	if p.Offset != c.got || c.got > 0 && p.Size != c.size || p.Size > c.limit {
		return protocol.Invalid("content", "%d bytes at %d of %d, due were those at %d", len(p.Data), p.Offset, p.Size, c.got)
	}
	c.sum.Write(p.Data)
	c.size, c.got = p.Size, c.got+uint64(len(p.Data))
	return nil
}

// Offset returns where a request goes on that continues the blob.
func (c *Content) Offset() uint64 { return c.got }

// Finish reports whether what came is the blob. An error means that the peer lied.
func (c *Content) Finish() error {
	digest := c.id.Digest()
	if c.got != c.size || !bytes.Equal(c.sum.Sum(nil), digest[:]) {
		return protocol.Invalid("content", "%d of %d bytes are not %s", c.got, c.size, c.id)
	}
	return nil
}
