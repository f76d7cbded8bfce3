package trie

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/stoa-commerce/stoa/protocol"
)

// Leaf says which record stands at a path. Key is KeyOf(Path); it is kept beside
// it because stores order leaves by it. Make leaves with NewLeaf.
type Leaf struct {
	Key    Key
	Path   protocol.Path
	Record protocol.CID
}

// NewLeaf returns the leaf of a record.
func NewLeaf(path protocol.Path, record protocol.CID) Leaf {
	return Leaf{Key: KeyOf(path), Path: path, Record: record}
}

// Hash returns SHA-256(0x00 ‖ key ‖ length of the path, 2 bytes big-endian ‖
// path ‖ record CID, 36 bytes).
func (l Leaf) Hash() Hash {
	var buf [1 + 32 + 2 + protocol.MaxPath + protocol.CIDSize]byte
	b := append(buf[:0], tagLeaf)
	b = append(b, l.Key[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(l.Path)))
	b = append(b, l.Path...)
	return sha256.Sum256(l.Record.Append(b))
}

// wireLeaf is how a leaf travels: [path, link]. Its key is always computed by
// whoever receives it.
type wireLeaf struct {
	_      struct{} `cbor:",toarray"`
	Path   string
	Record protocol.CID
}

// MarshalCBOR writes [path, link to the record].
func (l Leaf) MarshalCBOR() ([]byte, error) {
	return protocol.Marshal(wireLeaf{Path: string(l.Path), Record: l.Record})
}

// UnmarshalCBOR reads [path, link to the record] and computes the key.
func (l *Leaf) UnmarshalCBOR(b []byte) error {
	var w wireLeaf
	if err := protocol.UnmarshalStrict(b, &w); err != nil {
		return err
	}
	if !w.Record.Defined() {
		return protocol.Invalid("leaf", "no record")
	}
	path, err := protocol.ParsePath(w.Path)
	if err == nil {
		*l = NewLeaf(path, w.Record)
	}
	return err
}

// valid refuses a leaf that NewLeaf with a parsed path would not have made.
func (l Leaf) valid() error {
	if _, err := protocol.ParsePath(string(l.Path)); err != nil {
		return err
	}
	if l.Key != KeyOf(l.Path) || !l.Record.Defined() {
		return protocol.Invalid("leaf", "%s has a key that is not its own, or no record", l.Path)
	}
	return nil
}

func byKey(a, b Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) }

func leafToKey(l Leaf, k Key) int { return bytes.Compare(l.Key[:], k[:]) }

// ascending refuses leaves that are not in ascending key order, each key once.
func ascending(leaves []Leaf) error {
	for i := 1; i < len(leaves); i++ {
		if bytes.Compare(leaves[i-1].Key[:], leaves[i].Key[:]) >= 0 {
			return protocol.Invalid("leaves", "out of order at %s", leaves[i].Path)
		}
	}
	return nil
}
