package trie

import (
	"errors"
	"fmt"
	"sort"

	"github.com/stoa-commerce/stoa/protocol"
)

// ErrAbsent says that what was to be proven present is not there; ErrPresent the
// reverse.
var (
	ErrAbsent  = errors.New("not in the trie")
	ErrPresent = errors.New("in the trie")
)

// ProveRecord returns the leaf at path with a proof for VerifyRecord, or
// ErrAbsent.
func ProveRecord(src Source, path protocol.Path) (Leaf, Proof, error) {
	key := KeyOf(path)
	proof, leaves, err := Walk(src, key, KeyBits)
	if err == nil && (len(leaves) == 0 || leaves[0].Key != key) {
		err = fmt.Errorf("prove %s: %w", path, ErrAbsent)
	}
	if err != nil {
		return Leaf{}, Proof{}, err
	}
	return leaves[0], proof, nil
}

// ProveGroup returns all leaves of the group that path belongs to, in key order,
// with a proof for VerifyGroup, or ErrAbsent.
func ProveGroup(src Source, path protocol.Path) ([]Leaf, Proof, error) {
	proof, leaves, err := Walk(src, KeyOf(path), GroupBits)
	if err == nil && (len(leaves) == 0 || !leaves[0].Key.sameGroup(KeyOf(path))) {
		err = fmt.Errorf("prove group %s: %w", path.Group(), ErrAbsent)
	}
	if err != nil {
		return nil, Proof{}, err
	}
	return leaves, proof, nil
}

// ProveAbsent returns a proof for VerifyAbsent, or ErrPresent.
func ProveAbsent(src Source, path protocol.Path) (Absence, error) {
	key := KeyOf(path)
	proof, leaves, err := Walk(src, key, KeyBits)
	if err == nil && len(leaves) > 0 && leaves[0].Key == key {
		err = fmt.Errorf("prove absence of %s: %w", path, ErrPresent)
	}
	if err != nil {
		return Absence{}, err
	}
	return Absence{Proof: proof, Leaves: leaves}, nil
}

// ProveGroupAbsent returns a proof for VerifyGroupAbsent, or ErrPresent.
func ProveGroupAbsent(src Source, path protocol.Path) (Absence, error) {
	key := KeyOf(path)
	proof, leaves, err := Walk(src, key, GroupBits)
	if err == nil && len(leaves) > 0 && leaves[0].Key.sameGroup(key) {
		err = fmt.Errorf("prove absence of group %s: %w", path.Group(), ErrPresent)
	}
	if err != nil {
		return Absence{}, err
	}
	return Absence{Proof: proof, Leaves: leaves}, nil
}

// Walk follows the bits of key down from the root as long as crit-bits are below
// depth, and returns the way with the leaves of the subtree where it ends: one
// leaf when depth is KeyBits, one group when it is GroupBits, none in the empty
// trie. Whether they are what key asked for is left to the caller. The leaves
// belong to src. A depth below 16 counts as 16.
func Walk(src Source, key Key, depth int) (Proof, []Leaf, error) {
	w := walk{key: key, depth: max(depth, 4*Levels)}
	row, err := readTop(src)
	if err != nil || len(row) == 0 {
		return Proof{}, nil, err
	}
	var prefix Prefix
	for {
		i, _ := w.down(subtreesOf(prefix, row))
		d := row[i]
		if prefix = prefix.Child(d.Index); len(prefix) == Levels {
			return w.end(src, prefix, d)
		}
		if row, err = readRow(src, prefix, d); err != nil {
			return Proof{}, nil, err
		}
	}
}

// end walks through the last bucket.
func (w *walk) end(src Source, prefix Prefix, d Digest) (Proof, []Leaf, error) {
	bucket, err := readBucket(src, prefix, d)
	if err != nil {
		return Proof{}, nil, err
	}
	from, to := w.down(subtreesOfLeaves(bucket))
	return w.proof, bucket[from:to:to], nil
}

// subtree is a hash with a key under it.
type subtree struct {
	key  Key
	hash Hash
}

func subtreesOf(prefix Prefix, row []Digest) []subtree {
	s, first := make([]subtree, len(row)), prefix.Key()
	for i, d := range row {
		s[i] = subtree{first.with(len(prefix), d.Index), d.Hash}
	}
	return s
}

func subtreesOfLeaves(leaves []Leaf) []subtree {
	s := make([]subtree, len(leaves))
	for i := range leaves {
		s[i] = subtree{leaves[i].Key, leaves[i].Hash()}
	}
	return s
}

func join(subtrees []subtree) Hash {
	var f folder
	for i := range subtrees {
		f.add(subtrees[i].key, subtrees[i].hash)
	}
	return f.root()
}

type walk struct {
	key   Key
	depth int
	proof Proof
}

// down walks through subtrees in key order and returns the range, from and to,
// that the key's bits lead to.
func (w *walk) down(s []subtree) (from, to int) {
	from, to = 0, len(s)
	for to-from > 1 {
		bit := critBit(&s[from].key, &s[to-1].key)
		if bit >= w.depth {
			break
		}
		right := from + sort.Search(to-from, func(i int) bool { return s[from+i].key.bit(bit) == 1 })
		if w.key.bit(bit) == 0 {
			w.proof.step(bit, join(s[right:to]))
			to = right
		} else {
			w.proof.step(bit, join(s[from:right]))
			from = right
		}
	}
	return from, to
}
