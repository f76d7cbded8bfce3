package main

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/stoa-commerce/stoa/protocol/trie"
)

// malformed makes proofs under roots that break the rules of a crit-bit trie, as
// a dishonest signer could make them.
func (m *trieMaker) malformed() {
	a, b, offer := trieLeafAt("product/a"), trieLeafAt("product/b"), trieLeafAt("offer/a/1")
	outer, inside := firstDifference(a.Key, b.Key), firstDifference(a.Key, offer.Key)
	left, right := a, b
	if a.Key[outer/8]&(0x80>>(outer%8)) == 0 {
		left, right = b, a
	}
	swapped := trieNode(outer, left.Hash(), right.Hash())
	m.add(trieCase{Name: "a trie with its sides swapped", About: "The leaf stands right of a node where its key has a 0.", Kind: "record", Error: "root",
		Path: string(a.Path), Record: a.Record.String(), Proof: m.proof(step(outer, b.Hash())), Root: swapped.String()})
	m.add(trieCase{Name: "absence in a trie with its sides swapped", Kind: "absent", Error: "side",
		Path: string(a.Path), Proof: m.absence(step(outer, a.Hash()), b), Root: swapped.String()})
	falling := trieNode(inside, trieNode(outer, right.Hash(), left.Hash()), offer.Hash())
	m.add(trieCase{Name: "a trie with decreasing crit-bits", About: "A bitmap lists crit-bits in ascending order only, so the way can't be written down.", Kind: "record", Error: "root",
		Path: string(a.Path), Record: a.Record.String(), Proof: m.proof(step(outer, b.Hash(), inside, offer.Hash())), Root: falling.String()})
	mixed := trieNode(200, a.Hash(), b.Hash())
	absent := absentBeside(b, 200)
	m.add(trieCase{Name: "group absence by one leaf of a trie that mixes groups", About: "The way ends inside what should be one group.", Kind: "group-absent", Error: "inside",
		Path: absent, Proof: m.absence(step(200, a.Hash()), b), Root: mixed.String()})
	hollow := trieNode(outer, trie.Hash{}, trie.Hash{})
	m.add(trieCase{Name: "absence by an empty side", Kind: "absent", Error: "empty", Path: "product/a", Proof: m.absence(step(outer, trie.Hash{})), Root: hollow.String()})
}

// absentBeside returns a path whose key agrees with that of l in one bit.
func absentBeside(l trie.Leaf, bit int) string {
	for _, path := range []string{"product/c", "product/d", "product/e", "product/f", "product/g", "product/h"} {
		k := trieLeafAt(path).Key
		if (k[bit/8]^l.Key[bit/8])&(0x80>>(bit%8)) == 0 {
			return path
		}
	}
	return ""
}

func firstDifference(a, b trie.Key) int {
	for bit := range trie.KeyBits {
		if (a[bit/8]^b[bit/8])&(0x80>>(bit%8)) != 0 {
			return bit
		}
	}
	return trie.KeyBits
}

func trieNode(critBit int, left, right trie.Hash) trie.Hash {
	return sha256.Sum256(slices.Concat([]byte{1, byte(critBit)}, left[:], right[:]))
}

// step makes a proof of crit-bits and siblings, in turns.
func step(bitsAndSiblings ...any) (p trie.Proof) {
	for i := 0; i < len(bitsAndSiblings); i += 2 {
		bit, sibling := bitsAndSiblings[i].(int), bitsAndSiblings[i+1].(trie.Hash)
		for len(p.Bits) <= bit/8 {
			p.Bits = append(p.Bits, 0)
		}
		p.Bits[bit/8] |= 0x80 >> (bit % 8)
		p.Siblings = append(p.Siblings, sibling[:]...)
	}
	return p
}

// forms makes bytes that are no proof, whatever the root.
func (m *trieMaker) forms() {
	sibling := slices.Repeat([]byte{7}, 32)
	wire := func(p trie.Proof) string { return m.proof(p) }
	for _, f := range []struct{ name, proof string }{
		{"bits end in a zero byte", wire(trie.Proof{Bits: []byte{0x80, 0}, Siblings: sibling})},
		{"a bit without a sibling", wire(trie.Proof{Bits: []byte{0xc0}, Siblings: sibling})},
		{"a sibling without a bit", wire(trie.Proof{Siblings: sibling})},
		{"a sibling cut short", wire(trie.Proof{Bits: []byte{0x80}, Siblings: sibling[1:]})},
		{"257 bits", wire(trie.Proof{Bits: append(make([]byte, 32), 0x80), Siblings: sibling})},
		{"three elements", "83404040"},
		{"one element", "8140"},
		{"null for bytes", "82f6f6"},
		{"an array for bytes", "828080"},
		{"a map", "a0"},
		{"a length not in its shortest form", "82580040"},
		{"bytes behind the proof", "82404000"},
		{"nothing", ""},
	} {
		m.add(trieCase{Name: "proof of a wrong form: " + f.name, Kind: "record", Error: "form", Path: "profile",
			Record: trieRecord("profile").String(), Proof: f.proof, Root: trieLeafAt("profile").Hash().String()})
	}
	for _, f := range []struct{ name, proof string }{
		{"null for leaves", "82824040f6"},
		{"null for the proof", "82f680"},
		{"null for a leaf", "8282404081f6"},
		{"a leaf without a record", "82824040818266706f73742f61f6"},
		{"a leaf with a path outside the grammar", m.absence(trie.Proof{}, trie.Leaf{Path: "post/..", Record: trieRecord("x")})},
	} {
		m.add(trieCase{Name: "absence of a wrong form: " + f.name, Kind: "absent", Error: "form", Path: "profile", Proof: f.proof, Root: trie.Hash{}.String()})
	}
}

func (m *trieMaker) descents() {
	children, err := trie.Descend(m.shop, nil)
	m.note(err)
	c := trieCase{Kind: "descent", Root: m.root.String(), Child: childrenOut(children)}
	m.vary(c, "children of the root", "", "", func(*trieCase) {})
	m.vary(c, "a child missing", "", "root", func(c *trieCase) { c.Child = c.Child[1:] })
	m.vary(c, "a child tampered with", "", "root", func(c *trieCase) {
		c.Child = slices.Clone(c.Child)
		c.Child[2].Hash = tampered(c.Child[2].Hash, 0)
	})
	m.vary(c, "children out of order", "", "order", func(c *trieCase) {
		c.Child = slices.Clone(c.Child)
		slices.Reverse(c.Child)
	})
	m.vary(c, "a child that is empty", "", "empty", func(c *trieCase) {
		c.Child = slices.Clone(c.Child)
		c.Child[1].Hash = trie.Hash{}.String()
	})
	m.vary(c, "a child beyond 15", "", "order", func(c *trieCase) {
		c.Child = slices.Clone(c.Child)
		c.Child[len(c.Child)-1].Index = 16
	})
	m.vary(c, "no children", "", "root", func(c *trieCase) { c.Child = nil })
	m.add(trieCase{Name: "children of the empty trie", Kind: "descent", Root: trie.Hash{}.String()})
	leaves, _, err := trie.ProveGroup(m.shop, "product/tea-5")
	m.note(err)
	m.deepDescent(leaves)
	m.leavesUnder(leaves, children)
}

// deepDescent looks where a group parts: behind its 32 common nibbles.
func (m *trieMaker) deepDescent(group []trie.Leaf) {
	prefix := nibbles(group[0].Key, 32)
	children, err := trie.Descend(m.shop, prefix)
	m.note(err)
	c := trieCase{Kind: "descent", Prefix: hex.EncodeToString(prefix), Root: m.rootOf(group), Child: childrenOut(children)}
	m.vary(c, "children inside a group", "", "", func(*trieCase) {})
	m.vary(c, "a prefix of another length", "Crit-bits differ.", "root", func(c *trieCase) { c.Prefix = c.Prefix[:62] })
	m.vary(c, "a prefix that holds no nibble", "", "prefix", func(c *trieCase) { c.Prefix = "10" })
	m.vary(c, "a prefix of 64 nibbles", "", "prefix", func(c *trieCase) { c.Prefix = hex.EncodeToString(make([]byte, 64)) })
}

func (m *trieMaker) leavesUnder(group []trie.Leaf, children []trie.Digest) {
	prefix := nibbles(group[0].Key, 2)
	var under []trie.Leaf
	for _, l := range trieShop() {
		if l.Key[0] == group[0].Key[0] {
			under = append(under, l)
		}
	}
	c := trieCase{Kind: "leaves", Prefix: hex.EncodeToString(prefix), Root: m.rootOf(under), Leaves: leavesOut(under)}
	m.vary(c, "all leaves under a prefix", "", "", func(*trieCase) {})
	m.vary(c, "a leaf missing", "", "root", func(c *trieCase) { c.Leaves = c.Leaves[1:] })
	m.vary(c, "a leaf outside the prefix", "The hash of a subtree doesn't depend on where it is said to lie; its leaves give that away.", "prefix",
		func(c *trieCase) { c.Prefix = "0f0f" })
	m.vary(c, "leaves out of order", "", "order", func(c *trieCase) {
		c.Leaves = slices.Clone(c.Leaves)
		slices.Reverse(c.Leaves)
	})
	lone := trieLeafAt("profile")
	forged := leavesOut([]trie.Leaf{lone})
	forged[0].Key = "00" + forged[0].Key[2:]
	m.add(trieCase{Name: "a leaf with a key not its own", About: "Receivers compute keys from paths.", Kind: "leaves", Error: "key", Prefix: "0000", Root: lone.Hash().String(), Leaves: forged})
	m.add(trieCase{Name: "no leaves under an empty subtree", Kind: "leaves", Prefix: "0f", Root: trie.Hash{}.String()})
	m.add(trieCase{Name: "no leaves under a subtree that has some", Kind: "leaves", Error: "root", Prefix: "0f", Root: children[0].Hash.String()})
}

func nibbles(k trie.Key, n int) (p trie.Prefix) {
	for i := range n {
		p = append(p, k[i/2]>>(4-4*(i%2))&15)
	}
	return p
}

func childrenOut(digests []trie.Digest) (out []trieChild) {
	for _, d := range digests {
		out = append(out, trieChild{d.Index, d.Hash.String(), d.Count})
	}
	return out
}
