package catalog

import (
	"encoding/binary"

	"github.com/stoa-commerce/stoa/protocol"
)

// Limits of archives (specs/09-archive.md §4), sizes in bytes.
const (
	// MaxArchiveHeader is the largest CARv1 header.
	MaxArchiveHeader = 4 << 10
	// PageEntries is how many records an index page announces; the last page
	// announces the rest.
	PageEntries = 128
	// MaxPage is the largest index page: no page of PageEntries comes near it.
	MaxPage = 64 << 10
)

// An archive is a CARv1 file with one root, the head. Its blocks, each with the
// CID of its content, stand in this order:
//
//	head payload
//	seal of the head, with the number of identity operations
//	payload and seal of every identity operation, in the order of identity.Log.Signed
//	index page, then the records it announces; again and again until all are there

// carHeader is the header of a CARv1 file.
type carHeader struct {
	Roots   []protocol.CID `cbor:"roots"`
	Version uint64         `cbor:"version"`
}

// seal carries the signatures that don't fit into the block they sign.
type seal struct {
	Of         protocol.CID         `cbor:"of"`
	Signatures []protocol.Signature `cbor:"signatures"`
}

// headSeal says beside that how the archive goes on.
type headSeal struct {
	V          uint64               `cbor:"v"`
	Of         protocol.CID         `cbor:"of"`
	Ops        uint64               `cbor:"ops"` // 1 to identity.MaxOps
	Signatures []protocol.Signature `cbor:"signatures"`
}

// page announces the records that follow it, in the order of the trie's keys.
type page struct {
	Records []pageEntry `cbor:"records"`
}

type pageEntry struct {
	_    struct{} `cbor:",toarray"`
	Path string
	CID  protocol.CID
}

// pageSize returns how many entries the page has that follows n of count records.
func pageSize(n, count uint64) int { return int(min(PageEntries, count-n)) }

func appendSection(dst []byte, id protocol.CID, data []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(protocol.CIDSize+len(data)))
	return append(id.Append(dst), data...)
}
