package wire

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

const (
	// shortHash is how many bytes of a hash an asker sends: enough to tell what
	// changed, not to prove anything.
	shortHash = 4
	// MaxHaveLeaves is the largest number of leaves that an ask may say it has.
	MaxHaveLeaves = 896
)

// HaveChildren sums up the children that the asker has under a prefix: a bitmap
// of their indexes, 2 bytes, index 0 most significant, then the first 4 bytes of
// each one's hash. No children are no bytes.
func HaveChildren(own []trie.Digest) []byte {
	if len(own) == 0 {
		return nil
	}
	have := make([]byte, 2, 2+shortHash*len(own))
	for _, d := range own {
		have[d.Index/8] |= 0x80 >> (d.Index % 8)
		have = append(have, d.Hash[:shortHash]...)
	}
	return have
}

func checkHaveChildren(have []byte) error {
	if len(have) == 0 {
		return nil
	}
	n := 0
	if len(have) > 2 {
		for i := range byte(16) {
			n += int(bit(have, int(i)))
		}
	}
	if n == 0 || len(have) != 2+n*shortHash {
		return protocol.Invalid("ask", "%d bytes of children", len(have))
	}
	return nil
}

func bit(bitmap []byte, i int) byte { return bitmap[i/8] >> (7 - i%8) & 1 }

// AnswerChildren compares the children under a prefix with what an asker has.
func AnswerChildren(children []trie.Digest, have []byte) Children {
	var c Children
	if len(have) > 0 {
		c.Gone = uint64(binary.BigEndian.Uint16(have))
	}
	for _, d := range children {
		short := shortOf(have, d.Index)
		c.Gone &^= 0x8000 >> d.Index
		if short == nil || !bytes.Equal(short, d.Hash[:shortHash]) {
			c.Differ = append(c.Differ, d)
		}
	}
	return c
}

// shortOf returns the short hash of the child in what an asker has, nil if it
// doesn't have the child.
func shortOf(have []byte, index byte) []byte {
	if len(have) == 0 || bit(have, int(index)) == 0 {
		return nil
	}
	at := 2
	for i := range int(index) {
		at += shortHash * int(bit(have, i))
	}
	return have[at : at+shortHash]
}

// check refuses an answer about no children of a subtree.
func (c Children) check() error {
	last := -1
	for _, d := range c.Differ {
		if int(d.Index) <= last || d.Index > 15 || c.Gone&(0x8000>>d.Index) != 0 {
			return protocol.Invalid("descend", "child %d is out of order, or gone", d.Index)
		}
		last = int(d.Index)
	}
	if c.Gone > 0xffff {
		return protocol.Invalid("descend", "more than 16 children are gone")
	}
	return nil
}

// merge returns all children of the subtree: the asker's own with the answer's
// changes. What comes out is to be verified.
func (c Children) merge(own []trie.Digest) ([]trie.Digest, error) {
	var all []trie.Digest
	unsaid := c.Gone
	for _, d := range own {
		unsaid &^= 0x8000 >> d.Index
		if c.Gone&(0x8000>>d.Index) == 0 && childAt(c.Differ, d.Index).Count == 0 {
			all = append(all, d)
		}
	}
	if unsaid != 0 {
		return nil, protocol.Invalid("descend", "children are gone that nobody spoke of")
	}
	all = append(all, c.Differ...)
	slices.SortStableFunc(all, func(a, b trie.Digest) int { return cmp.Compare(a.Index, b.Index) })
	return all, nil
}

// HaveLeaves sums up the leaves that the asker has under a prefix: the first 4
// bytes of each one's hash, in key order, at most MaxHaveLeaves.
func HaveLeaves(own []trie.Leaf) []byte {
	var have []byte
	for _, l := range own {
		h := l.Hash()
		have = append(have, h[:shortHash]...)
	}
	return have
}

func checkHaveLeaves(have []byte) error {
	if len(have)%shortHash != 0 || len(have) > shortHash*MaxHaveLeaves {
		return protocol.Invalid("ask", "%d bytes of leaves", len(have))
	}
	return nil
}

// AnswerLeaves compares the leaves under a prefix, in key order, with what an
// asker has.
func AnswerLeaves(leaves []trie.Leaf, have []byte) Leaves {
	there := map[[shortHash]byte]bool{}
	asked := map[[shortHash]byte]bool{}
	for short := range slices.Chunk(have, shortHash) {
		asked[[shortHash]byte(short)] = true
	}
	var a Leaves
	for _, l := range leaves {
		h := l.Hash()
		short := [shortHash]byte(h[:shortHash])
		there[short] = true
		if !asked[short] {
			a.Differ = append(a.Differ, l)
		}
	}
	n := len(have) / shortHash
	a.Gone = make([]byte, (n+7)/8)
	for i := range n {
		if !there[[shortHash]byte(have[i*shortHash:])] {
			a.Gone[i/8] |= 0x80 >> (i % 8)
		}
	}
	return a
}

// check refuses leaves that are not in key order.
func (a Leaves) check() error {
	var o order
	for _, l := range a.Differ {
		if err := o.next(l.Path); err != nil {
			return err
		}
	}
	return nil
}

// merge returns all leaves of the subtree: those of the asker's own that are not
// gone, and the answer's. What comes out is to be verified.
func (a Leaves) merge(own []trie.Leaf) ([]trie.Leaf, error) {
	n := len(own)
	if len(a.Gone) != (n+7)/8 || n%8 > 0 && a.Gone[n/8]<<(n%8) != 0 {
		return nil, protocol.Invalid("leaves", "%d bytes of marks for %d leaves", len(a.Gone), n)
	}
	var all []trie.Leaf
	for i, l := range own {
		if bit(a.Gone, i) == 0 {
			all = append(all, l)
		}
	}
	all = append(all, a.Differ...)
	slices.SortStableFunc(all, leafOrder)
	return all, nil
}

func leafOrder(a, b trie.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) }
