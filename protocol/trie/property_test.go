package trie

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// keys draws keys that share prefixes of every length with each other: most are
// an earlier key with one bit flipped.
type keys struct{ pool []Key }

func (k *keys) draw(t *rapid.T) Key {
	if len(k.pool) == 0 || rapid.IntRange(0, 9).Draw(t, "fresh") == 0 {
		k.pool = append(k.pool, Key(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")))
		return k.pool[len(k.pool)-1]
	}
	key := rapid.SampledFrom(k.pool).Draw(t, "near")
	if rapid.Bool().Draw(t, "same") {
		return key
	}
	bit := rapid.SampledFrom([]int{0, 3, 4, 5, 7, 8, 11, 12, 13, 15, 16, 17, 60, 126, 127, 128, 129, 200, 254, 255}).Draw(t, "bit")
	key[bit/8] ^= 0x80 >> (bit % 8)
	k.pool = append(k.pool, key)
	return key
}

// machine is a trie beside its model: a plain map.
type machine struct {
	keys  keys
	trie  Memory
	root  Hash
	model map[Key]Leaf
}

// change applies up to eight changes at once.
func (m *machine) change(t *rapid.T) {
	batch := map[Key]Change{}
	for range rapid.IntRange(1, 8).Draw(t, "changes") {
		key := m.keys.draw(t)
		_, there := m.model[key]
		leaf := Leaf{Key: key, Path: "post/x", Record: record(rapid.StringN(0, 3, -1).Draw(t, "record"))}
		batch[key] = Change{Leaf: leaf, Delete: there && rapid.Bool().Draw(t, "delete")}
	}
	var changes []Change
	for key, c := range batch {
		changes = append(changes, c)
		if m.model[key] = c.Leaf; c.Delete {
			delete(m.model, key)
		}
	}
	e, err := m.trie.Apply(changes)
	if err != nil {
		t.Fatal(err)
	}
	m.root = e.Root
}

// rebuild compares with a trie built anew from the model.
func (m *machine) rebuild(t *rapid.T) {
	leaves := sortedLeaves(m.model)
	fresh, e, err := Build(leaves)
	if err != nil {
		t.Fatal(err)
	}
	if m.root != plainRootFast(leaves) || m.root != e.Root || e.Count != uint64(len(leaves)) {
		t.Fatalf("root %s, rebuilt %s with %d of %d leaves", m.root, e.Root, e.Count, len(leaves))
	}
	if !maps.EqualFunc(fresh.rows, m.trie.rows, slices.Equal) {
		t.Fatalf("rows %v differ from those built anew, %v", m.trie.rows, fresh.rows)
	}
	if root, count, err := Audit(&m.trie); err != nil || root != e.Root || count != e.Count {
		t.Fatalf("audit: root %s of %d leaves, %v", root, count, err)
	}
}

// prove proves that the key is there, or that it isn't, and the same of its group.
func (m *machine) prove(t *rapid.T) {
	key := m.keys.draw(t)
	leaf, there := m.model[key]
	proof, leaves, err := Walk(&m.trie, key, KeyBits)
	if err != nil {
		t.Fatal(err)
	}
	absent := verifyAbsent(m.root, key, Absence{Proof: proof, Leaves: leaves})
	if there == (absent == nil) {
		t.Fatalf("there: %t, but absence: %v", there, absent)
	}
	if there && leadsTo(m.root, proof, key, leaf.Hash()) != nil {
		t.Fatal("no proof of what is there")
	}
	m.proveGroup(t, key)
}

func (m *machine) proveGroup(t *rapid.T, key Key) {
	var group []Leaf
	for _, l := range sortedLeaves(m.model) {
		if l.Key.sameGroup(key) {
			group = append(group, l)
		}
	}
	proof, leaves, err := Walk(&m.trie, key, GroupBits)
	if err != nil {
		t.Fatal(err)
	}
	absent := verifyGroupAbsent(m.root, key, Absence{Proof: proof, Leaves: leaves})
	if (len(group) == 0) != (absent == nil) {
		t.Fatalf("%d of the group there, but absence: %v", len(group), absent)
	}
	if len(group) == 0 {
		return
	}
	if !reflect.DeepEqual(group, leaves) || errors.Join(proof.aboveGroups(), leadsTo(m.root, proof, key, rootOf(group))) != nil {
		t.Fatal("no proof of the whole group")
	}
	if len(group) > 1 && leadsTo(m.root, proof, key, rootOf(group[1:])) == nil {
		t.Fatal("a hidden member goes unnoticed")
	}
}

// descend walks down to one leaf by nibbles, verifying each answer.
func (m *machine) descend(t *rapid.T) {
	key, parent := m.keys.draw(t), m.root
	for n := 0; n <= MaxPrefix; n++ {
		prefix := prefixOf(key, n)
		children, err := Descend(&m.trie, prefix)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyDescent(parent, prefix, children); err != nil {
			t.Fatal(err)
		}
		m.under(t, parent, prefix, countOf(children))
		child, ok := find(children, key.nibble(n))
		if !ok {
			return
		}
		parent = child.Hash
	}
}

func (m *machine) under(t *rapid.T, parent Hash, prefix Prefix, count uint64) {
	var leaves []Leaf
	for _, l := range sortedLeaves(m.model) {
		if prefix.covers(l.Key) {
			leaves = append(leaves, l)
		}
	}
	if uint64(len(leaves)) != count {
		t.Fatalf("descent counts %d of %d leaves", count, len(leaves))
	}
	if err := verifyLeaves(parent, prefix, leaves); err != nil {
		t.Fatal(err)
	}
	if len(leaves) > 0 && verifyLeaves(parent, prefix, leaves[1:]) == nil {
		t.Fatal("a missing leaf goes unnoticed")
	}
}

func TestTrieBehavesLikeAPlainMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{model: map[Key]Leaf{}}
		t.Repeat(map[string]func(*rapid.T){
			"change":  m.change,
			"change2": m.change,
			"prove":   m.prove,
			"descend": m.descend,
			"":        m.rebuild,
		})
	})
}
