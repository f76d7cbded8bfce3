package hostile

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Shelf is all records of a catalog, in memory.
type Shelf struct {
	Records map[protocol.Path][]byte
	Root    trie.Hash
	Bytes   uint64

	leaves []trie.Leaf // in key order
	tree   *trie.Memory
}

// NewShelf puts records on a shelf.
func NewShelf(records map[protocol.Path][]byte) (*Shelf, error) {
	s := &Shelf{Records: records}
	for path, data := range records {
		s.leaves = append(s.leaves, trie.NewLeaf(path, protocol.Sum(protocol.DagCBOR, data)))
		s.Bytes += uint64(len(data))
	}
	slices.SortFunc(s.leaves, func(a, b trie.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	tree, edit, err := trie.Build(s.leaves)
	if err != nil {
		return nil, fmt.Errorf("build shelf: %w", err)
	}
	s.tree, s.Root = tree, edit.Root
	return s, nil
}

// CopyShelf takes all records of a brand out of a store.
func CopyShelf(v *store.View) (*Shelf, error) {
	records := map[protocol.Path][]byte{}
	for c, err := range v.Segment(nil, "") {
		if err != nil {
			return nil, err
		}
		records[c.Path] = bytes.Clone(c.Record)
	}
	return NewShelf(records)
}

// under returns the leaves below a prefix, behind the key of a path.
func (s *Shelf) under(prefix trie.Prefix, after protocol.Path) (out []trie.Leaf) {
	var behind trie.Key
	if after != "" {
		behind = trie.KeyOf(after)
	}
	for _, l := range s.leaves {
		if below(l.Key, prefix) && (after == "" || bytes.Compare(l.Key[:], behind[:]) > 0) {
			out = append(out, l)
		}
	}
	return out
}

// below reports whether a key starts with the nibbles of a prefix.
func below(key trie.Key, prefix trie.Prefix) bool {
	for i, nibble := range prefix {
		got := key[i/2] >> 4
		if i%2 == 1 {
			got = key[i/2] & 15
		}
		if got != nibble {
			return false
		}
	}
	return true
}

// since returns what makes another shelf into this one, in key order.
func (s *Shelf) since(was *Shelf) (out []wire.Entry) {
	for path, data := range s.Records {
		if !bytes.Equal(was.Records[path], data) {
			out = append(out, wire.NewEntry(path, data))
		}
	}
	for path := range was.Records {
		if s.Records[path] == nil {
			out = append(out, wire.Entry{Path: path})
		}
	}
	slices.SortFunc(out, func(a, b wire.Entry) int {
		x, y := trie.KeyOf(a.Path), trie.KeyOf(b.Path)
		return bytes.Compare(x[:], y[:])
	})
	return out
}
