package trie

import (
	"slices"
	"sort"

	"github.com/stoa-commerce/stoa/protocol"
)

// MaxPrefix is the longest prefix of a descent in nibbles.
const MaxPrefix = KeyBits/4 - 1

// Prefix is the front of a key in nibbles, each 0 to 15, the first one first, at
// most MaxPrefix of them. On the wire it is a byte string with one byte a nibble.
type Prefix []byte

// prefixOf returns the first n nibbles of a key.
func prefixOf(k Key, n int) Prefix {
	p := make(Prefix, n)
	for i := range p {
		p[i] = k.nibble(i)
	}
	return p
}

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

// String returns a hex digit for each nibble.
func (p Prefix) String() string {
	s := make([]byte, len(p))
	for i, n := range p {
		s[i] = "0123456789abcdef"[n&15]
	}
	return string(s)
}

// Child returns the prefix that is one nibble longer.
func (p Prefix) Child(nibble byte) Prefix { return append(p[:len(p):len(p)], nibble) }

// Key returns the lowest key that starts with p.
func (p Prefix) Key() Key {
	var k Key
	for i, n := range p {
		k = k.with(i, n)
	}
	return k
}

// last returns the last nibble, 0 if there is none.
func (p Prefix) last() byte {
	if len(p) == 0 {
		return 0
	}
	return p[len(p)-1]
}

// covers reports whether k starts with p.
func (p Prefix) covers(k Key) bool {
	for i, n := range p {
		if k.nibble(i) != n {
			return false
		}
	}
	return true
}

// under returns those of the leaves, which are in key order, that p covers.
func (p Prefix) under(leaves []Leaf) []Leaf {
	from, _ := slices.BinarySearchFunc(leaves, p.Key(), leafToKey)
	leaves = leaves[from:]
	return leaves[:sort.Search(len(leaves), func(i int) bool { return !p.covers(leaves[i].Key) })]
}
