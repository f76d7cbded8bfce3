package trie

import "github.com/stoa-commerce/stoa/protocol"

// Descend returns a digest for each of the up to 16 prefixes, one nibble longer
// than prefix, that have leaves, ascending by Index: none if prefix has none. It
// reads the rows on the way to prefix, and below them one bucket at most.
func Descend(src Source, prefix Prefix) ([]Digest, error) {
	if err := prefix.Check(); err != nil {
		return nil, err
	}
	row, err := readTop(src)
	for n := 1; n <= len(prefix) && err == nil; n++ {
		d, ok := find(row, prefix[n-1])
		if !ok {
			return nil, nil
		}
		if n == Levels {
			return descendBucket(src, prefix, d)
		}
		row, err = readRow(src, prefix[:n], d)
	}
	return row, err
}

// descendBucket descends at prefix in the bucket that d sums up.
func descendBucket(src Source, prefix Prefix, d Digest) ([]Digest, error) {
	bucket, err := readBucket(src, prefix[:Levels], d)
	if err != nil {
		return nil, err
	}
	var children []Digest
	for nibble := range byte(16) {
		child := prefix.Child(nibble)
		if leaves := child.under(bucket); len(leaves) > 0 {
			children = append(children, sumLeaves(child, leaves))
		}
	}
	return children, nil
}

// VerifyDescent accepts children as the answer to a descent at prefix when they
// join to parent, the hash of the subtree under prefix (the root when prefix is
// empty). Counts are hints: the hash does not cover them. Where a subtree with
// one child really lies shows only when its leaves arrive; see VerifyLeaves.
func VerifyDescent(parent Hash, prefix Prefix, children []Digest) error {
	if err := prefix.Check(); err != nil {
		return err
	}
	var f folder
	for i, c := range children {
		if c.Index > 15 || i > 0 && children[i-1].Index >= c.Index {
			return protocol.Invalid("descent", "child %d is out of order", c.Index)
		}
		if c.Count == 0 || c.Count > protocol.MaxInt || c.Hash.Empty() {
			return protocol.Invalid("descent", "child %d is empty", c.Index)
		}
		f.add(prefix.Child(c.Index).Key(), c.Hash)
	}
	if got := f.root(); got != parent {
		return protocol.Invalid("descent", "children join to %s instead of %s", got, parent)
	}
	return nil
}

// VerifyLeaves accepts leaves, in key order, as all leaves under prefix when they
// join to parent, the hash of the subtree there.
func VerifyLeaves(parent Hash, prefix Prefix, leaves []Leaf) error {
	if err := prefix.Check(); err != nil {
		return err
	}
	for _, l := range leaves {
		if err := l.valid(); err != nil {
			return err
		}
	}
	return verifyLeaves(parent, prefix, leaves)
}

func verifyLeaves(parent Hash, prefix Prefix, leaves []Leaf) error {
	for _, l := range leaves {
		if !prefix.covers(l.Key) {
			return protocol.Invalid("leaves", "%s is outside the prefix", l.Path)
		}
	}
	got, err := Root(leaves)
	if err == nil && got != parent {
		err = protocol.Invalid("leaves", "join to %s instead of %s", got, parent)
	}
	return err
}
