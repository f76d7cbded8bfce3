package trie

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrCorrupt marks a Source whose answers contradict each other: the store is
// damaged and the trie must be built anew from its leaves.
var ErrCorrupt = errors.New("stored trie contradicts itself")

// Digest sums up the subtree of all leaves under one prefix. Index is the last
// part of that prefix: 4 bits in Top and in descents, 8 bits in a page. Hash
// does not depend on where the prefix ends: a subtree of one leaf has the leaf's
// hash. Count, at least 1, is not covered by Hash.
type Digest struct {
	_     struct{} `cbor:",toarray"`
	Index byte
	Hash  Hash
	Count uint64
}

// Source is the stored form of a trie, cut at 4 and at 12 bits so that one edit
// reads and writes one top row, one page and the leaves of one bucket. What it
// returns belongs to it and is neither changed nor kept. All answers during one
// call of this package must come from the same state. Errors are passed on,
// wrapped.
type Source interface {
	// Top returns a digest for every 4-bit prefix that has leaves, ascending by
	// Index, none for the empty trie.
	Top() ([]Digest, error)
	// Page returns a digest for every 12-bit prefix that has leaves and starts
	// with the 4 bits p, ascending by Index (its last 8 bits). It is only asked
	// for prefixes that Top names.
	Page(p byte) ([]Digest, error)
	// Bucket returns all leaves whose keys start with the 12 bits of prefix,
	// ascending by key. It is only asked for prefixes that a page names.
	Bucket(prefix uint16) ([]Leaf, error)
}

func readTop(src Source) ([]Digest, error) {
	top, err := src.Top()
	if err != nil {
		return nil, fmt.Errorf("read top of trie: %w", err)
	}
	if !digestsAscend(top) || len(top) > 0 && top[len(top)-1].Index > 15 {
		return nil, fmt.Errorf("top: %w", ErrCorrupt)
	}
	return top, nil
}

// readPage reads the page that d, a digest of Top, sums up.
func readPage(src Source, d Digest) ([]Digest, error) {
	page, err := src.Page(d.Index)
	if err != nil {
		return nil, fmt.Errorf("read page %x of trie: %w", d.Index, err)
	}
	if countOf(page) != d.Count || !digestsAscend(page) {
		return nil, fmt.Errorf("page %x: %w", d.Index, ErrCorrupt)
	}
	return page, nil
}

// readBucket reads the leaves that d, a digest of the page p, sums up.
func readBucket(src Source, p byte, d Digest) ([]Leaf, error) {
	prefix := bucketOf(p, d.Index)
	leaves, err := src.Bucket(prefix)
	if err != nil {
		return nil, fmt.Errorf("read bucket %03x of trie: %w", prefix, err)
	}
	if uint64(len(leaves)) != d.Count || !leavesWithin(prefix, leaves) {
		return nil, fmt.Errorf("bucket %03x: %w", prefix, ErrCorrupt)
	}
	return leaves, nil
}

func bucketOf(p, index byte) uint16 { return uint16(p)<<8 | uint16(index) }

func leavesWithin(prefix uint16, leaves []Leaf) bool {
	for i := range leaves {
		if leaves[i].Key.bucket() != prefix || i > 0 && bytes.Compare(leaves[i-1].Key[:], leaves[i].Key[:]) >= 0 {
			return false
		}
	}
	return true
}

func digestsAscend(digests []Digest) bool {
	for i := range digests {
		if digests[i].Count == 0 || i > 0 && digests[i-1].Index >= digests[i].Index {
			return false
		}
	}
	return true
}

func countOf(digests []Digest) uint64 {
	var n uint64
	for _, d := range digests {
		n += d.Count
	}
	return n
}

// find returns the digest with the index and whether there is one.
func find(digests []Digest, index byte) (Digest, bool) {
	for _, d := range digests {
		if d.Index == index {
			return d, true
		}
	}
	return Digest{}, false
}

func topRoot(top []Digest) Hash {
	var f folder
	for _, d := range top {
		f.add(pageKey(d.Index), d.Hash)
	}
	return f.root()
}

// sumPage returns the digest of page p as it stands in Top.
func sumPage(p byte, page []Digest) Digest {
	var f folder
	for _, d := range page {
		f.add(bucketKey(bucketOf(p, d.Index)), d.Hash)
	}
	return Digest{Index: p, Hash: f.root(), Count: countOf(page)}
}

// sumBucket returns the digest of a bucket as it stands in its page.
func sumBucket(prefix uint16, leaves []Leaf) Digest {
	return Digest{Index: byte(prefix), Hash: rootOf(leaves), Count: uint64(len(leaves))}
}
