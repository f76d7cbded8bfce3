package store

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// leafRow is one record with its place in the trie.
type leafRow struct {
	trie.Leaf
	Record []byte // nil where it was read before
	Size   int    // bytes of the record
}

func encodeLeaf(path protocol.Path, cid protocol.CID, record []byte) []byte {
	return appendLeaf(make([]byte, 0, protocol.CIDSize+2+len(path)+len(record)), path, cid, record)
}

func appendLeaf(b []byte, path protocol.Path, cid protocol.CID, record []byte) []byte {
	b = cid.Append(b)
	b = binary.BigEndian.AppendUint16(b, uint16(len(path)))
	b = append(b, path...)
	return append(b, record...)
}

// decodeLeaf reads a leaf row. The record shares the value's memory.
func decodeLeaf(key, value []byte) (leafRow, error) {
	var row leafRow
	if len(key) < len(row.Key) || len(value) < protocol.CIDSize+2 {
		return row, fmt.Errorf("leaf row of %d bytes: %w", len(value), kv.ErrCorrupt)
	}
	cid, err := protocol.CIDFromBytes(value[:protocol.CIDSize])
	if err != nil {
		return row, fmt.Errorf("leaf row: %w: %w", err, kv.ErrCorrupt)
	}
	n := int(binary.BigEndian.Uint16(value[protocol.CIDSize:]))
	rest := value[protocol.CIDSize+2:]
	if n > len(rest) {
		return row, fmt.Errorf("leaf row: %w", kv.ErrCorrupt)
	}
	row.Key = trie.Key(key[len(key)-len(row.Key):])
	row.Path, row.Leaf.Record = protocol.Path(rest[:n]), cid
	row.Record, row.Size = rest[n:], len(rest)-n
	return row, nil
}

// scanLeaves calls fn for every leaf in the range, in key order. The row is
// valid during the call.
func scanLeaves(r kv.Reader, prefix kv.Range, fn func(leafRow) error) error {
	for item, err := range r.Scan(prefix, kv.ScanOptions{}) {
		if err != nil {
			return err
		}
		row, err := decodeLeaf(item.Key, item.Value)
		if err != nil {
			return err
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return nil
}

// leafRange covers the leaves whose key begins with the given bytes.
func leafRange(at realm, prefix []byte) kv.Range {
	return kv.Prefix(append(keyLeaves(at), prefix...))
}

// bucketRange covers the leaves of a bucket of the trie.
func bucketRange(at realm, prefix trie.Prefix) kv.Range {
	first := prefix.Key()
	return leafRange(at, first[:trie.Levels/2])
}

// prefixRange covers the leaves under a prefix of any length.
func prefixRange(at realm, prefix trie.Prefix) kv.Range {
	first := prefix.Key()
	whole := leafRange(at, first[:len(prefix)/2])
	if len(prefix)%2 == 0 {
		return whole
	}
	start := leafRange(at, first[:len(prefix)/2+1]).Start
	half := kv.Range{Start: start, End: whole.End}
	if prefix[len(prefix)-1] < 15 {
		half.End = bytes.Clone(start)
		half.End[len(start)-1] += 0x10
	}
	return half
}
