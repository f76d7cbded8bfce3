package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// trieCase is one vector of specs/05-trie.md §10. Kind says which fields are set.
type trieCase struct {
	Name   string       `json:"name"`
	About  string       `json:"about,omitempty"`
	Kind   string       `json:"kind"`
	Valid  bool         `json:"valid"`
	Error  string       `json:"error,omitempty"`
	Path   string       `json:"path,omitempty"`
	Record string       `json:"record,omitempty"`
	Key    string       `json:"key,omitempty"`
	Below  string       `json:"below,omitempty"`
	Prefix string       `json:"prefix,omitempty"`
	Proof  string       `json:"proof,omitempty"`
	Root   string       `json:"root,omitempty"`
	Leaves []trieLeaf   `json:"leaves,omitempty"`
	Change []trieChange `json:"changes,omitempty"`
	After  string       `json:"after,omitempty"`
	Child  []trieChild  `json:"children,omitempty"`
}

type trieLeaf struct {
	Key    string `json:"key"`
	Path   string `json:"path"`
	Record string `json:"record"`
}

// trieChange deletes when it has no record.
type trieChange struct {
	Path   string `json:"path"`
	Record string `json:"record,omitempty"`
}

type trieChild struct {
	Index byte   `json:"index"`
	Hash  string `json:"hash"`
	Count uint64 `json:"count"`
}

type trieSet struct {
	Spec  string     `json:"spec"`
	About string     `json:"about"`
	Cases []trieCase `json:"cases"`
}

// trieMaker gathers cases and the first error.
type trieMaker struct {
	cases []trieCase
	err   error
	shop  *trie.Memory
	root  trie.Hash
}

func trieVectors() (any, error) {
	m := &trieMaker{}
	leaves := trieShop()
	shop, edit, err := trie.Build(leaves)
	if err != nil {
		return nil, err
	}
	m.shop, m.root = shop, edit.Root
	m.keys()
	m.roots(leaves)
	m.deep()
	m.edits(leaves)
	m.records()
	m.groups()
	m.absences()
	m.groupAbsences()
	m.malformed()
	m.forms()
	m.descents()
	return trieSet{"05-trie", "Keys, roots, edits, proofs and descents of the Merkle crit-bit trie; specs/05-trie.md §10 says what each kind holds.", m.cases}, m.err
}

func trieRecord(s string) protocol.CID { return protocol.Sum(protocol.DagCBOR, []byte(s)) }

func trieLeafAt(path string) trie.Leaf {
	return trie.NewLeaf(protocol.Path(path), trieRecord(path))
}

// trieShop is a small catalog: 12 products, 3 offers each, and some pages.
func trieShop() []trie.Leaf {
	leaves := []trie.Leaf{trieLeafAt("profile"), trieLeafAt("page/imprint"), trieLeafAt("collection/green-tea")}
	for i := range 12 {
		leaves = append(leaves, trieLeafAt(fmt.Sprintf("product/tea-%d", i)))
		for _, size := range []string{"50-g", "100-g", "1-KG"} {
			leaves = append(leaves, trieLeafAt(fmt.Sprintf("offer/tea-%d/%s", i, size)))
		}
	}
	slices.SortFunc(leaves, func(a, b trie.Leaf) int { return slices.Compare(a.Key[:], b.Key[:]) })
	return leaves
}

func (m *trieMaker) add(c trieCase) {
	c.Valid = c.Error == ""
	m.cases = append(m.cases, c)
}

func (m *trieMaker) note(errs ...error) { m.err = errors.Join(append([]error{m.err}, errs...)...) }

func leavesOut(leaves []trie.Leaf) (out []trieLeaf) {
	for _, l := range leaves {
		out = append(out, trieLeaf{hex.EncodeToString(l.Key[:]), string(l.Path), l.Record.String()})
	}
	return out
}

func (m *trieMaker) proof(p trie.Proof) string {
	b, err := p.Encode()
	m.note(err)
	return hex.EncodeToString(b)
}

func (m *trieMaker) absence(p trie.Proof, leaves ...trie.Leaf) string {
	b, err := trie.Absence{Proof: p, Leaves: leaves}.Encode()
	m.note(err)
	return hex.EncodeToString(b)
}

func (m *trieMaker) rootOf(leaves []trie.Leaf) string {
	root, err := trie.Root(leaves)
	m.note(err)
	return root.String()
}

func (m *trieMaker) keys() {
	for _, path := range []string{"profile", "product/tea-1", "offer/tea-1/100-g", "offer/tea-1", "offer", "post/hello", "collection/green-tea"} {
		l := trieLeafAt(path)
		m.add(trieCase{Name: "key of " + path, Kind: "key", Path: path, Key: hex.EncodeToString(l.Key[:]), Record: l.Record.String(), Below: l.Hash().String()})
	}
}

func (m *trieMaker) roots(leaves []trie.Leaf) {
	root := func(name, about string, leaves []trie.Leaf) {
		m.add(trieCase{Name: name, About: about, Kind: "root", Leaves: leavesOut(leaves), Root: m.rootOf(leaves)})
	}
	root("empty trie", "The root without leaves is 32 zero bytes.", nil)
	root("one leaf", "The root is the leaf's hash.", leaves[:1])
	root("two leaves", "", leaves[:2])
	root("three leaves", "", leaves[:3])
	root("a small shop", "51 leaves.", leaves)
	root("neighbours in the last bit", "Keys are given, not derived from paths.", deepLeaves(255))
	root("neighbours in many bits", "A way of nine nodes, from crit-bit 0 to 255.", deepLeaves(0, 1, 11, 12, 64, 127, 128, 254, 255))
	m.add(trieCase{Name: "leaves out of order", Kind: "root", Error: "order", Leaves: leavesOut([]trie.Leaf{leaves[1], leaves[0]}), Root: m.rootOf(leaves[:2])})
	m.add(trieCase{Name: "one key twice", Kind: "root", Error: "order", Leaves: leavesOut([]trie.Leaf{leaves[0], leaves[0]}), Root: m.rootOf(leaves[:1])})
}

// deepLeaves returns the zero key and, for each bit, the key that differs from it
// in that bit, in key order.
func deepLeaves(bits ...int) []trie.Leaf {
	leaves := []trie.Leaf{{Path: "post/zero", Record: trieRecord("zero")}}
	for _, bit := range bits {
		path := fmt.Sprintf("post/bit-%d", bit)
		l := trie.Leaf{Path: protocol.Path(path), Record: trieRecord(path)}
		l.Key[bit/8] = 0x80 >> (bit % 8)
		leaves = append(leaves, l)
	}
	slices.SortFunc(leaves, func(a, b trie.Leaf) int { return slices.Compare(a.Key[:], b.Key[:]) })
	return leaves
}

// deep makes ways for keys that no path has.
func (m *trieMaker) deep() {
	var all []int
	for bit := range trie.KeyBits {
		all = append(all, bit)
	}
	src, edit, err := trie.Build(deepLeaves(all...))
	m.note(err)
	proof, leaves, err := trie.Walk(src, trie.Key{}, trie.KeyBits)
	m.note(err)
	way := trieCase{Kind: "way", Key: hex.EncodeToString(make([]byte, 32)), Below: leaves[0].Hash().String(), Proof: m.proof(proof), Root: edit.Root.String()}
	m.vary(way, "a way of 256 steps", "The longest there is.", "", func(*trieCase) {})
	m.vary(way, "the key takes another side", "Bit 255 of the key differs, so the last step joins the other way round.", "root",
		func(c *trieCase) { c.Key = c.Key[:63] + "1" })
	m.vary(way, "another subtree below", "", "root", func(c *trieCase) { c.Below = edit.Root.String() })
}

// vary adds a copy of c with one thing changed.
func (m *trieMaker) vary(c trieCase, name, about, class string, change func(*trieCase)) {
	c.Name, c.About, c.Error = name, about, class
	change(&c)
	m.add(c)
}

func (m *trieMaker) edits(leaves []trie.Leaf) {
	few := leaves[:6]
	put := func(path, record string) trieChange {
		return trieChange{Path: path, Record: trieRecord(record).String()}
	}
	edit := func(name, class string, changes ...trieChange) {
		c := trieCase{Name: name, Kind: "edit", Error: class, Leaves: leavesOut(few), Root: m.rootOf(few), Change: changes}
		if class == "" {
			c.After = m.after(few, changes)
		}
		m.add(c)
	}
	first, second := string(few[0].Path), string(few[1].Path)
	edit("a record is replaced", "", put(first, "new"))
	edit("a record is added", "", put("post/new", "new"))
	edit("a record is deleted", "", trieChange{Path: first})
	edit("all at once, in any order", "", put("post/new", "new"), put(second, "new"), trieChange{Path: first})
	var all []trieChange
	for _, l := range few {
		all = append(all, trieChange{Path: string(l.Path)})
	}
	edit("everything is deleted", "", all...)
	edit("a record is set to what it is", "", trieChange{Path: first, Record: few[0].Record.String()})
	edit("one path is changed twice", "twice", put(first, "a"), put(first, "b"))
	edit("a path is deleted that is not there", "absent", trieChange{Path: "post/none"})
}

func (m *trieMaker) after(leaves []trie.Leaf, changes []trieChange) string {
	src, _, err := trie.Build(leaves)
	m.note(err)
	var list []trie.Change
	for _, c := range changes {
		if c.Record == "" {
			list = append(list, trie.Delete(protocol.Path(c.Path)))
			continue
		}
		id, err := protocol.ParseCID(c.Record)
		m.note(err)
		list = append(list, trie.Put(protocol.Path(c.Path), id))
	}
	edit, err := trie.Apply(src, list)
	m.note(err)
	return edit.Root.String()
}

// tampered returns hex with one bit of the byte at i changed; i may count from
// the end.
func tampered(s string, i int) string {
	b, _ := hex.DecodeString(s)
	b[(i+len(b))%len(b)] ^= 1
	return hex.EncodeToString(b)
}

func (m *trieMaker) records() {
	leaf, proof, err := trie.ProveRecord(m.shop, "offer/tea-3/100-g")
	m.note(err)
	_, foreign, err := trie.ProveRecord(m.shop, "profile")
	m.note(err)
	c := trieCase{Kind: "record", Path: string(leaf.Path), Record: leaf.Record.String(), Proof: m.proof(proof), Root: m.root.String()}
	m.vary(c, "an offer is there", "", "", func(*trieCase) {})
	m.vary(c, "another record at the path", "", "root", func(c *trieCase) { c.Record = trieRecord("other").String() })
	m.vary(c, "another path", "A sibling variant, so that all outer steps fit.", "root", func(c *trieCase) { c.Path = "offer/tea-3/50-g" })
	m.vary(c, "another root", "", "root", func(c *trieCase) { c.Root = tampered(c.Root, 0) })
	m.vary(c, "the way to another record", "", "root", func(c *trieCase) { c.Proof = m.proof(foreign) })
	m.vary(c, "a sibling tampered with", "", "root", func(c *trieCase) { c.Proof = tampered(c.Proof, -1) })
	m.vary(c, "a step less", "The last crit-bit and its sibling are gone.", "root", func(c *trieCase) { c.Proof = m.proof(shorter(proof)) })
	m.vary(c, "a step moved to another bit", "Inner nodes commit to their crit-bit.", "root", func(c *trieCase) { c.Proof = m.proof(shifted(proof)) })
	m.vary(c, "a path outside the grammar", "", "path", func(c *trieCase) { c.Path = "offer/../x" })
	one := trieLeafAt("profile")
	m.add(trieCase{Name: "the only leaf", About: "No steps: the root is the leaf's hash.", Kind: "record", Path: "profile", Record: one.Record.String(), Proof: m.proof(trie.Proof{}), Root: one.Hash().String()})
}

// shorter drops the last step.
func shorter(p trie.Proof) trie.Proof {
	bits := slices.Clone(p.Bits)
	last := len(bits) - 1
	bits[last] &= bits[last] - 1
	for len(bits) > 0 && bits[len(bits)-1] == 0 {
		bits = bits[:len(bits)-1]
	}
	return trie.Proof{Bits: bits, Siblings: p.Siblings[:len(p.Siblings)-32]}
}

// shifted moves the last step of a proof to the next bit.
func shifted(p trie.Proof) trie.Proof {
	bits := append(slices.Clone(p.Bits), 0)
	last := len(bits) - 2
	low := bits[last] & -bits[last]
	bits[last] &^= low
	if low == 1 {
		bits[last+1] = 0x80
	} else {
		bits[last] |= low >> 1
		bits = bits[:last+1]
	}
	return trie.Proof{Bits: bits, Siblings: p.Siblings}
}

func (m *trieMaker) groups() {
	leaves, proof, err := trie.ProveGroup(m.shop, "product/tea-5")
	m.note(err)
	leaf, inner, err := trie.ProveRecord(m.shop, "product/tea-5")
	m.note(err)
	c := trieCase{Kind: "group", Path: "product/tea-5", Leaves: leavesOut(leaves), Proof: m.proof(proof), Root: m.root.String()}
	m.vary(c, "a product with all its offers", "", "", func(*trieCase) {})
	m.vary(c, "the group by the path of a member", "Also of one that is not there.", "", func(c *trieCase) { c.Path = "offer/tea-5/none" })
	m.vary(c, "a variant hidden", "", "root", func(c *trieCase) { c.Leaves = c.Leaves[1:] })
	m.vary(c, "a variant added", "", "root", func(c *trieCase) { c.Leaves = leavesOut(sortedWith(leaves, trieLeafAt("offer/tea-5/gift"))) })
	m.vary(c, "members out of order", "", "order", func(c *trieCase) {
		c.Leaves = slices.Clone(c.Leaves)
		slices.Reverse(c.Leaves)
	})
	m.vary(c, "another group", "", "group", func(c *trieCase) { c.Path = "product/tea-6" })
	m.vary(c, "a member of another group", "", "group", func(c *trieCase) { c.Leaves = leavesOut(sortedWith(leaves, trieLeafAt("profile"))) })
	m.vary(c, "a member alone, by its own way", "The proof passes crit-bits of 128 and more.", "inside", func(c *trieCase) {
		c.Leaves, c.Proof = leavesOut([]trie.Leaf{leaf}), m.proof(inner)
	})
	m.vary(c, "no members", "", "count", func(c *trieCase) { c.Leaves = nil })
	alone, way, err := trie.ProveGroup(m.shop, "page/imprint")
	m.note(err)
	m.add(trieCase{Name: "a group of one", Kind: "group", Path: "page/imprint", Leaves: leavesOut(alone), Proof: m.proof(way), Root: m.root.String()})
}

func sortedWith(leaves []trie.Leaf, l trie.Leaf) []trie.Leaf {
	leaves = append(slices.Clone(leaves), l)
	slices.SortFunc(leaves, func(a, b trie.Leaf) int { return slices.Compare(a.Key[:], b.Key[:]) })
	return leaves
}

func (m *trieMaker) absences() {
	a, err := trie.ProveAbsent(m.shop, "offer/tea-5/gift")
	m.note(err)
	leaf, way, err := trie.ProveRecord(m.shop, "profile")
	m.note(err)
	c := trieCase{Kind: "absent", Path: "offer/tea-5/gift", Proof: m.absence(a.Proof, a.Leaves...), Root: m.root.String()}
	m.vary(c, "a variant is absent", "The way ends at another leaf of the group.", "", func(*trieCase) {})
	m.vary(c, "absence of what is there", "", "present", func(c *trieCase) { c.Path = string(a.Leaves[0].Path) })
	m.vary(c, "absence by a leaf on the wrong side", "A true way to a leaf that the key's bits don't lead to.", "side", func(c *trieCase) { c.Proof = m.absence(way, leaf) })
	m.vary(c, "absence by another leaf than the one there", "", "root", func(c *trieCase) {
		c.Proof = m.absence(a.Proof, trie.NewLeaf(a.Leaves[0].Path, trieRecord("other")))
	})
	m.vary(c, "absence without a leaf", "", "empty", func(c *trieCase) { c.Proof = m.absence(trie.Proof{}) })
	m.vary(c, "absence with two leaves", "", "count", func(c *trieCase) { c.Proof = m.absence(a.Proof, sortedWith(a.Leaves, leaf)...) })
	m.vary(c, "absence with a step less", "", "root", func(c *trieCase) { c.Proof = m.absence(shorter(a.Proof), a.Leaves...) })
	raw := trie.NewLeaf("page/imprint", protocol.Sum(protocol.Raw, []byte("a picture")))
	m.add(trieCase{Name: "absence by a leaf with a link to raw content", About: "The trie doesn't look at what a CID stands for.", Kind: "absent",
		Path: "profile", Proof: m.absence(trie.Proof{}, raw), Root: raw.Hash().String()})
	empty := trieCase{Kind: "absent", Path: "profile", Proof: m.absence(trie.Proof{}), Root: trie.Hash{}.String()}
	m.vary(empty, "nothing is in the empty trie", "", "", func(*trieCase) {})
	m.vary(empty, "a leaf in the empty trie", "", "root", func(c *trieCase) { c.Proof = m.absence(trie.Proof{}, trieLeafAt("page/imprint")) })
	m.vary(empty, "steps in the empty trie", "", "empty", func(c *trieCase) { c.Proof = m.absence(a.Proof) })
}

func (m *trieMaker) groupAbsences() {
	absent, a := m.besideOffers()
	there, way, err := trie.ProveGroup(m.shop, "product/tea-5")
	m.note(err)
	c := trieCase{Kind: "group-absent", Path: absent, Proof: m.absence(a.Proof, a.Leaves...), Root: m.root.String()}
	m.vary(c, "a product with all its offers is absent", "The whole group that stands in its place is shown.", "", func(*trieCase) {})
	m.vary(c, "asked by an offer of the absent product", "", "", func(c *trieCase) { c.Path = "offer/" + protocol.Path(absent).Name() + "/1" })
	m.vary(c, "absence of a group that is there", "", "present", func(c *trieCase) { c.Path, c.Proof = "product/tea-5", m.absence(way, there...) })
	m.vary(c, "group absence by a group on the wrong side", "", "side", func(c *trieCase) { c.Proof = m.absence(way, there...) })
	m.vary(c, "group absence, a leaf of the other group hidden", "Only the whole subtree shows that none of the absent group is in it.", "root", func(c *trieCase) { c.Proof = m.absence(a.Proof, a.Leaves[1:]...) })
	m.vary(c, "group absence by two groups", "", "group", func(c *trieCase) { c.Proof = m.absence(a.Proof, sortedWith(a.Leaves, trieLeafAt("profile"))...) })
	m.vary(c, "group absence with leaves out of order", "", "order", func(c *trieCase) {
		leaves := slices.Clone(a.Leaves)
		slices.Reverse(leaves)
		c.Proof = m.absence(a.Proof, leaves...)
	})
	m.vary(c, "group absence without a leaf", "", "empty", func(c *trieCase) { c.Proof = m.absence(a.Proof) })
	m.vary(c, "nothing of any group is in the empty trie", "", "", func(c *trieCase) { c.Proof, c.Root = m.absence(trie.Proof{}), trie.Hash{}.String() })
}

// besideOffers returns the path of a product that is absent, with a proof that
// shows a group of several leaves in its place.
func (m *trieMaker) besideOffers() (string, trie.Absence) {
	for i := range 100 {
		path := fmt.Sprintf("product/none-%d", i)
		a, err := trie.ProveGroupAbsent(m.shop, protocol.Path(path))
		m.note(err)
		if len(a.Leaves) > 1 {
			return path, a
		}
	}
	m.note(errors.New("no absent product beside a group of several leaves"))
	return "", trie.Absence{}
}
