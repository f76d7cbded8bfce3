package trie

import "github.com/stoa-commerce/stoa/protocol"

// MaxPrefix is the longest prefix of a descent in nibbles.
const MaxPrefix = KeyBits/4 - 1

// Prefix is the front of a key in nibbles, each 0 to 15, the first one first, at
// most MaxPrefix of them. On the wire it is a byte string with one byte a nibble.
type Prefix []byte

// Check refuses a prefix that is too long or holds more than nibbles.
func (p Prefix) Check() error {
	if len(p) > MaxPrefix {
		return protocol.Invalid("prefix", "%d nibbles, allowed are %d", len(p), MaxPrefix)
	}
	for _, n := range p {
		if n > 15 {
			return protocol.Invalid("prefix", "%d is not a nibble", n)
		}
	}
	return nil
}

// Child returns the prefix that is one nibble longer.
func (p Prefix) Child(nibble byte) Prefix { return append(p[:len(p):len(p)], nibble) }

// covers reports whether k starts with p.
func (p Prefix) covers(k Key) bool {
	for i, n := range p {
		if k.nibble(i) != n {
			return false
		}
	}
	return true
}

// key returns the lowest key that p covers.
func (p Prefix) key() Key {
	var k Key
	for i, n := range p {
		k[i/2] |= n << (4 - 4*(i%2))
	}
	return k
}

// Descend returns a digest for each of the up to 16 prefixes, one nibble longer
// than prefix, that have leaves, ascending by Index: none if prefix has none. It
// reads at most one page and one bucket.
func Descend(src Source, prefix Prefix) ([]Digest, error) {
	if err := prefix.Check(); err != nil {
		return nil, err
	}
	top, err := readTop(src)
	if err != nil || len(prefix) == 0 {
		return top, err
	}
	d, ok := find(top, prefix[0])
	if !ok {
		return nil, nil
	}
	page, err := readPage(src, d)
	if err != nil {
		return nil, err
	}
	var g grouping
	if len(prefix) < 3 {
		g.addPage(prefix, page)
		return g.end(), nil
	}
	if d, ok = find(page, prefix[1]<<4|prefix[2]); !ok {
		return nil, nil
	}
	bucket, err := readBucket(src, prefix[0], d)
	if err != nil {
		return nil, err
	}
	g.addLeaves(prefix, bucket)
	return g.end(), nil
}

// grouping gathers subtrees in key order into digests by one nibble.
type grouping struct {
	digests []Digest
	last    folder
}

func (g *grouping) addPage(prefix Prefix, page []Digest) {
	for _, d := range page {
		if k := bucketKey(bucketOf(prefix[0], d.Index)); prefix.covers(k) {
			g.add(k.nibble(len(prefix)), k, d.Hash, d.Count)
		}
	}
}

func (g *grouping) addLeaves(prefix Prefix, leaves []Leaf) {
	for i := range leaves {
		if k := leaves[i].Key; prefix.covers(k) {
			g.add(k.nibble(len(prefix)), k, leaves[i].Hash(), 1)
		}
	}
}

func (g *grouping) add(nibble byte, key Key, h Hash, count uint64) {
	if n := len(g.digests); n == 0 || g.digests[n-1].Index != nibble {
		g.end()
		g.digests = append(g.digests, Digest{Index: nibble})
	}
	g.digests[len(g.digests)-1].Count += count
	g.last.add(key, h)
}

func (g *grouping) end() []Digest {
	if n := len(g.digests); n > 0 {
		g.digests[n-1].Hash = g.last.root()
	}
	return g.digests
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
		f.add(prefix.Child(c.Index).key(), c.Hash)
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
