package store

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// source shows one realm's rows as the stored form of its trie.
type source struct {
	r  kv.Reader
	at realm
}

// Top implements trie.Source.
func (s source) Top() ([]trie.Digest, error) { return s.digests(keyTop(s.at)) }

// Page implements trie.Source.
func (s source) Page(p byte) ([]trie.Digest, error) { return s.digests(keyPage(s.at, p)) }

func (s source) digests(key []byte) ([]trie.Digest, error) {
	b, err := s.r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []trie.Digest
	if err := protocol.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("digests of the trie: %w: %w", err, kv.ErrCorrupt)
	}
	return list, nil
}

// Bucket implements trie.Source.
func (s source) Bucket(prefix uint16) ([]trie.Leaf, error) {
	var leaves []trie.Leaf
	err := scanLeaves(s.r, bucketRange(s.at, prefix), func(row leafRow) error {
		leaves = append(leaves, row.Leaf)
		return nil
	})
	return leaves, err
}

// writeEdit writes the rows of the trie that an edit changes.
func writeEdit(w writer, at realm, e trie.Edit) error {
	if err := writeDigests(w, keyTop(at), e.Top); err != nil {
		return err
	}
	for _, page := range e.Pages {
		if err := writePage(w, at, page); err != nil {
			return err
		}
	}
	return nil
}

func writePage(w writer, at realm, page trie.Page) error {
	return writeDigests(w, keyPage(at, page.Index), page.Digests)
}

func writeDigests(w writer, key []byte, list []trie.Digest) error {
	if len(list) == 0 {
		return w.Delete(key)
	}
	b, err := protocol.Marshal(list)
	if err != nil {
		return err
	}
	return w.Set(key, b)
}

// writer is what a transaction and a bulk write have in common.
type writer interface {
	Set(key, value []byte) error
	Delete(key []byte) error
}

// readLeaf returns the leaf row at a path, or ErrNotFound.
func readLeaf(r kv.Reader, at realm, path protocol.Path) (leafRow, error) {
	key := keyLeaf(at, trie.KeyOf(path))
	value, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return leafRow{}, fmt.Errorf("%s: %w", path, ErrNotFound)
	}
	if err != nil {
		return leafRow{}, fmt.Errorf("read %s: %w", path, err)
	}
	row, err := decodeLeaf(key, value)
	if err == nil && row.Path != path {
		err = fmt.Errorf("read %s: found %s: %w", path, row.Path, kv.ErrCorrupt)
	}
	return row, err
}

// readGroup returns the leaf rows of the group that path belongs to, in key order.
func readGroup(r kv.Reader, at realm, path protocol.Path) ([]leafRow, error) {
	key := trie.KeyOf(path)
	var rows []leafRow
	err := scanLeaves(r, leafRange(at, key[:16]), func(row leafRow) error {
		row.Record = bytes.Clone(row.Record)
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path.Group(), err)
	}
	return rows, nil
}
