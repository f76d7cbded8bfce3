package trie

import "github.com/stoa-commerce/stoa/protocol"

// folder joins subtrees, handed over in key order, into the subtree over all of
// them. Each is given with any one key under it. It holds at most one hash for
// each bit of a key: the left sides whose right sides have not ended yet, with
// ascending crit-bits.
type folder struct {
	open []openNode
	key  Key
	hash Hash
	any  bool
}

type openNode struct {
	critBit int
	left    Hash
}

func (f *folder) add(key Key, h Hash) {
	if f.any {
		bit := critBit(&f.key, &key)
		f.closeAbove(bit)
		f.open = append(f.open, openNode{bit, f.hash})
	}
	f.key, f.hash, f.any = key, h, true
}

// closeAbove completes the nodes whose crit-bit lies behind bit: no later key can
// share so long a prefix with theirs.
func (f *folder) closeAbove(bit int) {
	for n := len(f.open) - 1; n >= 0 && f.open[n].critBit > bit; n-- {
		f.hash = nodeHash(f.open[n].critBit, f.open[n].left, f.hash)
		f.open = f.open[:n]
	}
}

// root returns the hash over everything added and makes the folder empty again.
func (f *folder) root() Hash {
	f.closeAbove(-1)
	h := f.hash
	f.hash, f.any = Hash{}, false
	return h
}

// Root returns the root of the trie of the leaves, by building all of it: the
// measure for every other way of computing it. Leaves come in ascending key
// order, each key once; anything else is invalid.
func Root(leaves []Leaf) (Hash, error) {
	if err := ascending(leaves); err != nil {
		return Hash{}, err
	}
	return rootOf(leaves), nil
}

func rootOf(leaves []Leaf) Hash {
	var f folder
	for i := range leaves {
		f.add(leaves[i].Key, leaves[i].Hash())
	}
	return f.root()
}

// Sizes that keep the work of a mirror in proportion to the catalog, whatever a
// brand publishes. A catalog beyond them is invalid.
const (
	// MaxGroup is the most leaves one group may hold.
	MaxGroup = 4096
	// MaxCrowd is the most leaves that may share their first CrowdBits bits. An
	// honest catalog comes near it at 200 million records.
	MaxCrowd  = 1 << 16
	CrowdBits = 12
)

// guard counts leaves in key order and refuses an oversized group or crowd.
type guard struct {
	last         Key
	group, crowd int
}

func (g *guard) started() bool { return g.group > 0 }

// shared returns how many bits a key has in common with the last one.
func (g *guard) shared(k *Key) int {
	if !g.started() {
		return 0
	}
	return critBit(&g.last, k)
}

func (g *guard) add(l *Leaf) error {
	shared := g.shared(&l.Key)
	if shared < GroupBits {
		g.group = 0
	}
	if shared < CrowdBits {
		g.crowd = 0
	}
	g.last, g.group, g.crowd = l.Key, g.group+1, g.crowd+1
	if g.group > MaxGroup {
		return protocol.Invalid("trie", "more than %d records in the group %q", MaxGroup, l.Path.Group())
	}
	if g.crowd > MaxCrowd {
		return errCrowd(prefixOf(l.Key, CrowdBits/4))
	}
	return nil
}

func errCrowd(prefix Prefix) error {
	return protocol.Invalid("trie", "more than %d records share the %d bits %s", MaxCrowd, CrowdBits, prefix)
}
