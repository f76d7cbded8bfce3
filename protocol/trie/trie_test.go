package trie

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func record(s string) protocol.CID { return protocol.Sum(protocol.DagCBOR, []byte(s)) }

func path(format string, args ...any) protocol.Path {
	p, err := protocol.ParsePath(fmt.Sprintf(format, args...))
	if err != nil {
		panic(err)
	}
	return p
}

// shop returns the leaves of n products with v offers each.
func shop(n, v int) []Leaf {
	var leaves []Leaf
	for i := range n {
		p := path("product/p-%d", i)
		leaves = append(leaves, NewLeaf(p, record(string(p))))
		for j := range v {
			o := path("offer/p-%d/v-%d", i, j)
			leaves = append(leaves, NewLeaf(o, record(string(o))))
		}
	}
	return leaves
}

func build(t testing.TB, leaves []Leaf) (*Memory, Edit) {
	t.Helper()
	m, e, err := Build(leaves)
	if err != nil {
		t.Fatal(err)
	}
	return m, e
}

// plainRoot is the definition of specs/05-trie.md §3, word for word.
func plainRoot(leaves []Leaf) [32]byte {
	if len(leaves) == 0 {
		return [32]byte{}
	}
	if len(leaves) == 1 {
		l := leaves[0]
		b := slices.Concat([]byte{0}, l.Key[:], binary.BigEndian.AppendUint16(nil, uint16(len(l.Path))), []byte(l.Path), l.Record.Bytes())
		return sha256.Sum256(b)
	}
	for bit := range 256 {
		var sides [2][]Leaf
		for _, l := range leaves {
			side := l.Key[bit/8] >> (7 - bit%8) & 1
			sides[side] = append(sides[side], l)
		}
		if len(sides[0]) > 0 && len(sides[1]) > 0 {
			left, right := plainRoot(sides[0]), plainRoot(sides[1])
			return sha256.Sum256(slices.Concat([]byte{1, byte(bit)}, left[:], right[:]))
		}
	}
	panic("two leaves with one key")
}

func sortedLeaves(m map[Key]Leaf) []Leaf {
	var leaves []Leaf
	for _, l := range m {
		leaves = append(leaves, l)
	}
	slices.SortFunc(leaves, byKey)
	return leaves
}

func TestRootFollowsTheDefinition(t *testing.T) {
	for n := range 40 {
		leaves := slices.SortedFunc(slices.Values(shop(n, n%4)), byKey)
		got, err := Root(leaves)
		if err != nil || got != plainRoot(leaves) {
			t.Fatalf("%d leaves: root %s, %v; want %x", len(leaves), got, err, plainRoot(leaves))
		}
	}
}

func TestRootOfTheLongestPossibleWay(t *testing.T) {
	leaves := []Leaf{{Path: "post/0", Record: record("0")}}
	for bit := range 256 {
		var k Key
		k[bit/8] = 0x80 >> (bit % 8)
		leaves = append(leaves, Leaf{Key: k, Path: path("post/%d", bit+1), Record: record("x")})
	}
	slices.SortFunc(leaves, byKey)
	m, e := build(t, leaves)
	if e.Root != plainRoot(leaves) {
		t.Fatal("root differs from the definition")
	}
	proof, found, err := Walk(m, Key{}, KeyBits)
	if err != nil || proof.Steps() != 256 || len(found) != 1 {
		t.Fatalf("%d steps, %d leaves, %v", proof.Steps(), len(found), err)
	}
	if err := leadsTo(e.Root, proof, Key{}, found[0].Hash()); err != nil {
		t.Fatal(err)
	}
}

func TestRootRefusesLeavesOutOfOrder(t *testing.T) {
	leaves := slices.SortedFunc(slices.Values(shop(2, 0)), byKey)
	for _, bad := range [][]Leaf{{leaves[1], leaves[0]}, {leaves[0], leaves[0]}} {
		if _, err := Root(bad); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("got %v", err)
		}
		b := NewBuilder(func(Row) error { return nil })
		b.Add(bad[0])
		if err := b.Add(bad[1]); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("builder: %v", err)
		}
		if _, err := b.Finish(); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("builder goes on after an error: %v", err)
		}
	}
}

func TestApplyRefusesChangesThatMakeNoSense(t *testing.T) {
	m, before := build(t, shop(50, 3))
	there, absent := path("product/p-7"), path("product/none")
	cases := map[string][]Change{
		"a key twice":              {Put(absent, record("a")), Put(absent, record("b"))},
		"put and delete of a key":  {Put(there, record("a")), Delete(there)},
		"deleting what is not":     {Delete(absent)},
		"deleting beside a change": {Put(there, record("a")), Delete(absent)},
	}
	for name, changes := range cases {
		if _, err := m.Apply(changes); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e, err := m.Apply(nil); err != nil || e.Root != before.Root || e.Count != before.Count {
		t.Errorf("something changed: %v", err)
	}
}

func TestSettingALeafToWhatItIsChangesNothing(t *testing.T) {
	leaves := shop(50, 3)
	m, before := build(t, leaves)
	e, err := m.Apply([]Change{{Leaf: leaves[9]}})
	if err != nil || e.Root != before.Root || e.Count != before.Count {
		t.Fatalf("root %s, count %d, %v", e.Root, e.Count, err)
	}
}

func TestGroupsAreBounded(t *testing.T) {
	offers := func(n int) (leaves []Leaf) {
		for i := range n {
			leaves = append(leaves, NewLeaf(path("offer/p/v-%d", i), record("o")))
		}
		return leaves
	}
	m, _ := build(t, offers(MaxGroup))
	if _, err := m.Apply([]Change{Put("product/p", record("p"))}); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("group of %d by an edit: %v", MaxGroup+1, err)
	}
	if _, _, err := Build(offers(MaxGroup + 1)); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("group of %d by a build: %v", MaxGroup+1, err)
	}
}

// crowd returns n leaves that share 12 bits and lie in as many buckets as said.
func crowd(n, buckets int) []Leaf {
	leaves := make([]Leaf, n)
	for i := range leaves {
		leaves[i] = Leaf{Key: Key{0xab, 0xc0 | byte(i%buckets)}, Path: "post/x", Record: record("x")}
		binary.BigEndian.PutUint32(leaves[i].Key[4:], uint32(i))
	}
	return leaves
}

func TestCrowdsAreBounded(t *testing.T) {
	for _, buckets := range []int{1, 16} {
		leaves := crowd(MaxCrowd+1, buckets)
		if _, _, err := Build(leaves); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%d in %d buckets by a build: %v", len(leaves), buckets, err)
		}
		m, before := build(t, leaves[:MaxCrowd])
		if _, err := m.Apply([]Change{{Leaf: leaves[MaxCrowd]}}); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%d in %d buckets by an edit: %v", len(leaves), buckets, err)
		}
		if e, err := m.Apply(nil); err != nil || e.Root != before.Root {
			t.Errorf("the edit that was refused left a trace: %v", err)
		}
		beside := Leaf{Key: Key{0xab, 0xd0}, Path: "post/y", Record: record("y")}
		if e, err := m.Apply([]Change{{Leaf: leaves[MaxCrowd]}, {Leaf: leaves[7], Delete: true}, {Leaf: beside}}); err != nil || e.Count != MaxCrowd+1 {
			t.Errorf("one for another in a full crowd, and one beside it: %v", err)
		}
	}
}

// counting counts what is read.
type counting struct {
	Source
	rows, buckets, leaves int
}

func (c *counting) Digests(p Prefix) ([]Digest, error) { c.rows++; return c.Source.Digests(p) }

func (c *counting) Bucket(p Prefix) ([]Leaf, error) {
	leaves, err := c.Source.Bucket(p)
	c.buckets, c.leaves = c.buckets+1, c.leaves+len(leaves)
	return leaves, err
}

func TestOneEditReadsAndWritesOneRowOfEachLevelAndReadsOneBucket(t *testing.T) {
	leaves := shop(2000, 4)
	m, _ := build(t, leaves)
	src := &counting{Source: m}
	e, err := Apply(src, []Change{Put(leaves[33].Path, record("new"))})
	if err != nil || src.rows != Levels || src.buckets != 1 || len(e.Rows) != Levels {
		t.Fatalf("%d rows, %d buckets read, %d rows changed, %v", src.rows, src.buckets, len(e.Rows), err)
	}
	if src.leaves > 15 {
		t.Errorf("a bucket of %d among %d leaves in groups of 5", src.leaves, len(leaves))
	}
}

func TestEveryPrefixIsReadByOneRowOfEachLevelAtMost(t *testing.T) {
	leaves := shop(500, 4)
	m, _ := build(t, leaves)
	for n := range MaxPrefix + 1 {
		src := &counting{Source: m}
		children, err := Descend(src, prefixOf(leaves[33].Key, n))
		if err != nil || len(children) == 0 || src.rows != min(n+1, Levels) || src.buckets != min(n/Levels, 1) {
			t.Fatalf("%d nibbles: %d children from %d rows and %d buckets, %v", n, len(children), src.rows, src.buckets, err)
		}
	}
}

// TestRowsAreWhatADescentAnswers compares the stored rows with leaves gathered by
// their prefixes.
func TestRowsAreWhatADescentAnswers(t *testing.T) {
	leaves := slices.SortedFunc(slices.Values(shop(300, 3)), byKey)
	m, _ := build(t, leaves)
	for prefix, row := range m.rows {
		var plain []Digest
		for nibble := range byte(16) {
			var under []Leaf
			for _, l := range leaves {
				if prefixOf(l.Key, len(prefix)+1).String() == Prefix(prefix).Child(nibble).String() {
					under = append(under, l)
				}
			}
			if len(under) > 0 {
				plain = append(plain, Digest{Index: nibble, Hash: plainRootFast(under), Count: uint64(len(under))})
			}
		}
		answer, err := Descend(m, Prefix(prefix))
		if err != nil || !slices.Equal(row, plain) || !slices.Equal(answer, plain) {
			t.Fatalf("row %s: %v, answered as %v, %v; want %v", Prefix(prefix), row, answer, err, plain)
		}
	}
}

func TestBuilderEmitsEachRowOnceBehindThoseBelow(t *testing.T) {
	leaves := slices.SortedFunc(slices.Values(shop(3000, 1)), byKey)
	m, _ := build(t, leaves)
	seen := map[string]bool{}
	b := NewBuilder(func(row Row) error {
		if seen[string(row.Prefix)] || !slices.Equal(row.Digests, m.rows[string(row.Prefix)]) {
			t.Fatalf("row %s comes twice or differs", row.Prefix)
		}
		for _, d := range row.Digests {
			if child := row.Prefix.Child(d.Index); len(child) < Levels && !seen[string(child)] {
				t.Fatalf("row %s comes before %s", row.Prefix, child)
			}
		}
		seen[string(row.Prefix)] = true
		return nil
	})
	for _, l := range leaves {
		if err := b.Add(l); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := b.Finish(); err != nil || len(e.Rows) != 0 || len(seen) != len(m.rows) || !seen[""] {
		t.Fatalf("%d of %d rows emitted, %d left, %v", len(seen), len(m.rows), len(e.Rows), err)
	}
}

func TestRowsGoWithTheirLastLeaf(t *testing.T) {
	leaves := shop(200, 2)
	m, _ := build(t, leaves)
	for _, l := range leaves {
		if _, err := m.Apply([]Change{Delete(l.Path)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.rows) != 0 {
		t.Errorf("%d rows of an empty trie", len(m.rows))
	}
	if root, count, err := Audit(m); err != nil || !root.Empty() || count != 0 {
		t.Errorf("root %s, count %d, %v", root, count, err)
	}
}

func TestEditsNeverTouchWhatTheSourceReturned(t *testing.T) {
	leaves := shop(300, 3)
	m, before := build(t, leaves)
	for i := range 100 {
		if _, err := Apply(m, []Change{Delete(leaves[i].Path), Put(path("post/%d", i), record("p"))}); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := m.Apply(nil); err != nil || e.Root != before.Root {
		t.Fatal("the source was changed")
	}
	if root, _, err := Audit(m); err != nil || root != before.Root {
		t.Fatalf("a row of the source was changed: %v", err)
	}
}

// damaged answers with one thing wrong: in the rows of one level, or in buckets.
type damaged struct {
	*Memory
	level    int
	onRow    func([]Digest) []Digest
	onBucket func([]Leaf) []Leaf
}

func (d damaged) Digests(p Prefix) ([]Digest, error) {
	row := d.rows[string(p)]
	if len(p) != d.level {
		return row, nil
	}
	return damage(d.onRow, row), nil
}

func (d damaged) Bucket(p Prefix) ([]Leaf, error) {
	return damage(d.onBucket, d.buckets[string(p)]), nil
}

func damage[T any](how func([]T) []T, rows []T) []T {
	if how == nil {
		return rows
	}
	return how(slices.Clone(rows))
}

func TestDamagedStoreIsNoticed(t *testing.T) {
	leaves := shop(5000, 4)
	m, _ := build(t, leaves)
	cases := map[string]damaged{
		"bucket cut":          {onBucket: func(l []Leaf) []Leaf { return l[1:] }},
		"bucket out of order": {onBucket: func(l []Leaf) []Leaf { slices.Reverse(l); return l }},
		"leaf from elsewhere": {onBucket: func(l []Leaf) []Leaf { l[0].Key[1] ^= 1; return l }},
	}
	for level := range Levels {
		row := func(name string, how func(row []Digest) []Digest) {
			cases[fmt.Sprintf("%s at level %d", name, level)] = damaged{level: level, onRow: how}
		}
		row("an index twice", func(d []Digest) []Digest { return append(d, d[len(d)-1]) })
		row("no nibble", func(d []Digest) []Digest { d[len(d)-1].Index = 16; return d })
		row("an empty digest", func(d []Digest) []Digest { d[len(d)-1].Count = 0; return d })
		if level > 0 {
			row("a row cut", func(d []Digest) []Digest { return d[1:] })
			row("a row lost", func(d []Digest) []Digest { return nil })
			row("a wrong count", func(d []Digest) []Digest { d[0].Count++; return d })
		}
		if level < 3 {
			row("out of order", func(d []Digest) []Digest { slices.Reverse(d); return d })
		}
	}
	for name, src := range cases {
		src.Memory = m
		_, errApply := Apply(src, []Change{Put(leaves[0].Path, record("n"))})
		_, _, errProve := ProveRecord(src, leaves[0].Path)
		_, errDescend := Descend(src, prefixOf(leaves[0].Key, 4))
		_, _, errAudit := Audit(src)
		for _, err := range []error{errApply, errProve, errDescend, errAudit} {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestAuditFindsAWrongHash(t *testing.T) {
	m, e := build(t, shop(500, 4))
	if root, count, err := Audit(m); err != nil || root != e.Root || count != e.Count {
		t.Fatalf("a sound trie: %s, %d, %v", root, count, err)
	}
	cases := map[string]damaged{
		"of a leaf": {onBucket: func(l []Leaf) []Leaf { l[0].Record = record("x"); return l }},
	}
	for level := range Levels {
		wrong := func(d []Digest) []Digest { d[len(d)-1].Hash[5]++; return d }
		cases[fmt.Sprintf("at level %d", level)] = damaged{level: level, onRow: wrong}
	}
	for name, src := range cases {
		src.Memory = m
		if _, _, err := Audit(src); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var errDisk = errors.New("disk")

type failing struct{ *Memory }

func (failing) Bucket(Prefix) ([]Leaf, error) { return nil, errDisk }

func TestErrorsOfTheSourceArePassedOn(t *testing.T) {
	leaves := shop(10, 0)
	m, _ := build(t, leaves)
	if _, err := Apply(failing{m}, []Change{Delete(leaves[0].Path)}); !errors.Is(err, errDisk) {
		t.Errorf("apply: %v", err)
	}
	if _, _, err := ProveRecord(failing{m}, leaves[0].Path); !errors.Is(err, errDisk) {
		t.Errorf("prove: %v", err)
	}
	b := NewBuilder(func(Row) error { return errDisk })
	for _, l := range slices.SortedFunc(slices.Values(leaves), byKey) {
		b.Add(l)
	}
	if _, err := b.Finish(); !errors.Is(err, errDisk) {
		t.Errorf("build: %v", err)
	}
}

// TestLongWalkEqualsFullRebuild makes 20,000 edits of one trie and compares each
// root with a full rebuild from a plain map.
func TestLongWalkEqualsFullRebuild(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	m, model := new(Memory), map[Key]Leaf{}
	for step := range 20000 {
		var l Leaf
		if p := path("product/p-%d", rng.IntN(40)); rng.IntN(4) == 0 {
			l = NewLeaf(p, record(fmt.Sprint(step)))
		} else {
			l = NewLeaf(path("offer/%s/v-%d", p.Name(), rng.IntN(6)), record(fmt.Sprint(step)))
		}
		change := Change{Leaf: l}
		if _, there := model[l.Key]; there && rng.IntN(2) == 0 {
			change.Delete = true
			delete(model, l.Key)
		} else {
			model[l.Key] = l
		}
		e, err := m.Apply([]Change{change})
		if err != nil {
			t.Fatal(err)
		}
		if leaves := sortedLeaves(model); e.Root != plainRootFast(leaves) || e.Count != uint64(len(leaves)) {
			t.Fatalf("step %d: root %s, %d leaves", step, e.Root, e.Count)
		}
	}
}

// plainRootFast is plainRoot for sorted leaves: it splits where the first and the
// last differ.
func plainRootFast(leaves []Leaf) Hash {
	switch len(leaves) {
	case 0:
		return Hash{}
	case 1:
		return leaves[0].Hash()
	}
	first, last := leaves[0].Key, leaves[len(leaves)-1].Key
	bit := 0
	for first.bit(bit) == last.bit(bit) {
		bit++
	}
	split := slices.IndexFunc(leaves, func(l Leaf) bool { return l.Key.bit(bit) == 1 })
	return nodeHash(bit, plainRootFast(leaves[:split]), plainRootFast(leaves[split:]))
}

func TestKeysKeepAGroupTogether(t *testing.T) {
	product, offer := KeyOf("product/tea"), KeyOf("offer/tea/100-g")
	if !product.sameGroup(offer) || product == offer {
		t.Error("a product and its offer are not neighbours")
	}
	sum := sha256.Sum256([]byte("product/tea"))
	if !bytes.Equal(product[:16], sum[:16]) || !bytes.Equal(product[16:], sum[:16]) {
		t.Error("key of a group's own record is not its hash twice")
	}
	if KeyOf("post/a").sameGroup(KeyOf("post/b")) {
		t.Error("two posts share a group")
	}
}
