package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// source shows one realm's rows as the stored form of its trie.
type source struct {
	r  kv.Reader
	at realm
}

// Digests implements trie.Source.
func (s source) Digests(prefix trie.Prefix) ([]trie.Digest, error) {
	b, err := s.r.Get(keyDigests(s.at, prefix))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeDigests(b)
}

// Bucket implements trie.Source.
func (s source) Bucket(prefix trie.Prefix) ([]trie.Leaf, error) {
	var leaves []trie.Leaf
	err := scanLeaves(s.r, bucketRange(s.at, prefix), func(row leafRow) error {
		leaves = append(leaves, row.Leaf)
		return nil
	})
	return leaves, err
}

// writeEdit writes the rows of the trie that an edit changes.
func writeEdit(w writer, at realm, e trie.Edit) error {
	for _, row := range e.Rows {
		if err := writeDigests(w, at, row); err != nil {
			return err
		}
	}
	return nil
}

func writeDigests(w writer, at realm, row trie.Row) error {
	key := keyDigests(at, row.Prefix)
	if len(row.Digests) == 0 {
		return w.Delete(key)
	}
	return w.Set(key, encodeDigests(row.Digests))
}

// digestSize is the size of a digest in a row: index, hash, count.
const digestSize = 1 + 32 + 8

func encodeDigests(row []trie.Digest) []byte {
	b := make([]byte, 0, len(row)*digestSize)
	for _, d := range row {
		b = append(append(b, d.Index), d.Hash[:]...)
		b = binary.BigEndian.AppendUint64(b, d.Count)
	}
	return b
}

func decodeDigests(b []byte) ([]trie.Digest, error) {
	if len(b)%digestSize != 0 {
		return nil, fmt.Errorf("digests of the trie in %d bytes: %w", len(b), kv.ErrCorrupt)
	}
	row := make([]trie.Digest, 0, len(b)/digestSize)
	for d := range slices.Chunk(b, digestSize) {
		row = append(row, trie.Digest{Index: d[0], Hash: trie.Hash(d[1:33]), Count: binary.BigEndian.Uint64(d[33:])})
	}
	return row, nil
}

// writer is what a transaction and a bulk write have in common.
type writer interface {
	Set(key, value []byte) error
	Delete(key []byte) error
}

// readLeaf returns the leaf row at a path, or ErrNotFound.
func readLeaf(r kv.Reader, at realm, path protocol.Path) (leafRow, error) {
	row, err := readLeafAt(r, at, trie.KeyOf(path))
	if err == nil && row.Path != path {
		err = fmt.Errorf("found %s: %w", row.Path, kv.ErrCorrupt)
	}
	if err != nil {
		return leafRow{}, fmt.Errorf("read %s: %w", path, err)
	}
	return row, nil
}

// readLeafAt returns the leaf row at a key, or ErrNotFound.
func readLeafAt(r kv.Reader, at realm, leaf trie.Key) (leafRow, error) {
	key := keyLeaf(at, leaf)
	value, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return leafRow{}, ErrNotFound
	}
	if err != nil {
		return leafRow{}, err
	}
	return decodeLeaf(key, value)
}

// readGroup reads the records of the group that path belongs to and returns their
// leaf rows in key order, without the bytes.
func (rs records) readGroup(r kv.Reader, at realm, path protocol.Path) ([]leafRow, error) {
	key := trie.KeyOf(path)
	var rows []leafRow
	err := scanLeaves(r, leafRange(at, key[:16]), func(row leafRow) error {
		rows = append(rows, rs.keep(row))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path.Group(), err)
	}
	return rows, nil
}
