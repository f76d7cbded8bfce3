package trie

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrCorrupt marks a Source whose answers contradict each other: the store is
// damaged and the trie must be built anew from its leaves.
var ErrCorrupt = errors.New("stored trie contradicts itself")

// Levels is how many levels of rows the stored form has above the leaves, one for
// each nibble: a bucket holds the leaves that share this many.
const Levels = 4

// Digest sums up the subtree of all leaves under one prefix, of which Index is
// the last nibble. Hash does not depend on where the prefix ends: a subtree of
// one leaf has the leaf's hash. Count, at least 1, is not covered by Hash.
type Digest struct {
	_     struct{} `cbor:",toarray"`
	Index byte
	Hash  Hash
	Count uint64
}

// Source is the stored form of a trie, cut after each of the first Levels nibbles
// so that one edit reads and writes Levels rows of at most 16 digests and the
// leaves of one bucket. What it returns belongs to it and is neither changed nor
// kept; nor does it keep a prefix. All answers during one call of this package
// must come from the same state. Errors are passed on, wrapped.
type Source interface {
	// Digests returns the row of a prefix of 0 to Levels-1 nibbles: a digest for
	// each prefix one nibble longer that has leaves, ascending by Index, none for
	// the empty trie. But for the empty prefix, it is only asked for those that
	// another row names.
	Digests(prefix Prefix) ([]Digest, error)
	// Bucket returns all leaves whose keys start with prefix, which has Levels
	// nibbles, ascending by key. It is only asked for prefixes that a row names.
	Bucket(prefix Prefix) ([]Leaf, error)
}

// readTop reads the row of the empty prefix, which no digest sums up.
func readTop(src Source) ([]Digest, error) {
	row, err := src.Digests(nil)
	if err != nil {
		return nil, fmt.Errorf("read top of trie: %w", err)
	}
	if !digestsAscend(row) {
		return nil, fmt.Errorf("top of trie: %w", ErrCorrupt)
	}
	return row, nil
}

// readRow reads the row of prefix, which d sums up.
func readRow(src Source, prefix Prefix, d Digest) ([]Digest, error) {
	row, err := src.Digests(prefix)
	if err != nil {
		return nil, fmt.Errorf("read row %s of trie: %w", prefix, err)
	}
	if countOf(row) != d.Count || !digestsAscend(row) {
		return nil, fmt.Errorf("row %s of trie: %w", prefix, ErrCorrupt)
	}
	return row, nil
}

// readBucket reads the leaves under prefix, which d sums up.
func readBucket(src Source, prefix Prefix, d Digest) ([]Leaf, error) {
	leaves, err := src.Bucket(prefix)
	if err != nil {
		return nil, fmt.Errorf("read bucket %s of trie: %w", prefix, err)
	}
	if uint64(len(leaves)) != d.Count || !leavesWithin(prefix, leaves) {
		return nil, fmt.Errorf("bucket %s of trie: %w", prefix, ErrCorrupt)
	}
	return leaves, nil
}

func leavesWithin(prefix Prefix, leaves []Leaf) bool {
	for i := range leaves {
		if !prefix.covers(leaves[i].Key) || i > 0 && bytes.Compare(leaves[i-1].Key[:], leaves[i].Key[:]) >= 0 {
			return false
		}
	}
	return true
}

func digestsAscend(row []Digest) bool {
	for i := range row {
		if row[i].Index > 15 || row[i].Count == 0 || i > 0 && row[i-1].Index >= row[i].Index {
			return false
		}
	}
	return true
}

func countOf(row []Digest) uint64 {
	var n uint64
	for _, d := range row {
		n += d.Count
	}
	return n
}

// find returns the digest with the index and whether there is one.
func find(row []Digest, index byte) (Digest, bool) {
	for _, d := range row {
		if d.Index == index {
			return d, true
		}
	}
	return Digest{}, false
}

// sumRow returns the digest of a row as it stands in the row above; that of the
// empty prefix has the root and count of the trie.
func sumRow(prefix Prefix, row []Digest) Digest {
	var f folder
	first := prefix.Key()
	for _, d := range row {
		f.add(first.with(len(prefix), d.Index), d.Hash)
	}
	return Digest{Index: prefix.last(), Hash: f.root(), Count: countOf(row)}
}

// sumLeaves returns the digest of all leaves under prefix.
func sumLeaves(prefix Prefix, leaves []Leaf) Digest {
	return Digest{Index: prefix.last(), Hash: rootOf(leaves), Count: uint64(len(leaves))}
}
