// Package trie is the Merkle crit-bit trie that a brand's head signs: roots,
// edits that touch little, proofs that a record or a whole group is there or is
// not, and the descent by which mirrors find what differs. It carries out
// specs/05-trie.md.
//
// The shape of the trie follows from its set of leaves alone, so two nodes with
// equal records have equal roots, whatever the order of their edits.
//
// The package is pure. It does not know where leaves are kept (a Source tells
// it), what a record means, or who signed the root.
package trie
