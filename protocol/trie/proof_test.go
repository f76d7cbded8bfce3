package trie

import (
	"errors"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func encoded(t testing.TB, v interface{ Encode() ([]byte, error) }) []byte {
	t.Helper()
	b, err := v.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// proofs returns one proof of each kind in wire form with its verifier.
func proofs(t testing.TB, m *Memory, root Hash) map[string]struct {
	wire   []byte
	verify func([]byte) error
} {
	type kind = struct {
		wire   []byte
		verify func([]byte) error
	}
	leaf, one, err1 := ProveRecord(m, "offer/p-3/v-1")
	group, whole, err2 := ProveGroup(m, "product/p-3")
	absent, err3 := ProveAbsent(m, "offer/p-3/v-99")
	noGroup, err4 := ProveGroupAbsent(m, "product/none")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	viaProof := func(check func(Proof) error) func([]byte) error {
		return func(b []byte) error {
			p, err := DecodeProof(b)
			return errors.Join(err, check(p))
		}
	}
	viaAbsence := func(check func(Absence) error) func([]byte) error {
		return func(b []byte) error {
			a, err := DecodeAbsence(b)
			if err != nil {
				return err
			}
			return check(a)
		}
	}
	return map[string]kind{
		"record":       {encoded(t, one), viaProof(func(p Proof) error { return VerifyRecord(root, leaf.Path, leaf.Record, p) })},
		"group":        {encoded(t, whole), viaProof(func(p Proof) error { return VerifyGroup(root, "product/p-3", group, p) })},
		"absent":       {encoded(t, absent), viaAbsence(func(a Absence) error { return VerifyAbsent(root, "offer/p-3/v-99", a) })},
		"group absent": {encoded(t, noGroup), viaAbsence(func(a Absence) error { return VerifyGroupAbsent(root, "product/none", a) })},
	}
}

func TestEveryChangeOfAProofIsRefused(t *testing.T) {
	m, e := build(t, shop(60, 4))
	for name, p := range proofs(t, m, e.Root) {
		if err := p.verify(p.wire); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range p.wire {
			for bit := range 8 {
				changed := slices.Clone(p.wire)
				changed[i] ^= 1 << bit
				if err := p.verify(changed); !errors.Is(err, protocol.ErrInvalid) {
					t.Fatalf("%s: bit %d of byte %d flipped: %v", name, bit, i, err)
				}
			}
			if p.verify(p.wire[:i]) == nil || p.verify(slices.Delete(slices.Clone(p.wire), i, i+1)) == nil {
				t.Fatalf("%s: cut at byte %d goes unnoticed", name, i)
			}
			if p.verify(slices.Insert(slices.Clone(p.wire), i, 0)) == nil {
				t.Fatalf("%s: a byte more before %d goes unnoticed", name, i)
			}
		}
	}
}

func TestProofsHoldForNothingElse(t *testing.T) {
	m, e := build(t, shop(60, 4))
	leaf, proof, _ := ProveRecord(m, "product/p-1")
	group, whole, _ := ProveGroup(m, "product/p-1")
	absent, _ := ProveAbsent(m, "post/none")
	noGroup, _ := ProveGroupAbsent(m, "post/none")
	other := record("other")
	longer := append(slices.Clone(group), NewLeaf("offer/p-1/v-9", other))
	slices.SortFunc(longer, byKey)
	changed := slices.Clone(group)
	changed[2].Record = other
	moved := slices.Clone(group)
	moved[0].Key[31]--
	cases := map[string]error{
		"another record":             VerifyRecord(e.Root, leaf.Path, other, proof),
		"another path":               VerifyRecord(e.Root, "product/p-2", leaf.Record, proof),
		"another root":               VerifyRecord(Hash{1}, leaf.Path, leaf.Record, proof),
		"the empty root":             VerifyRecord(Hash{}, leaf.Path, leaf.Record, proof),
		"no record":                  VerifyRecord(e.Root, leaf.Path, protocol.CID{}, proof),
		"no steps":                   VerifyRecord(e.Root, leaf.Path, leaf.Record, Proof{}),
		"a hidden variant":           VerifyGroup(e.Root, "product/p-1", group[1:], whole),
		"an added variant":           VerifyGroup(e.Root, "product/p-1", longer, whole),
		"a changed variant":          VerifyGroup(e.Root, "product/p-1", changed, whole),
		"a lying key":                VerifyGroup(e.Root, "product/p-1", moved, whole),
		"another group":              VerifyGroup(e.Root, "product/p-2", group, whole),
		"an empty group":             VerifyGroup(e.Root, "product/p-1", nil, whole),
		"a part as the whole":        VerifyGroup(e.Root, "product/p-1", []Leaf{leaf}, proof),
		"absence of what is":         VerifyAbsent(e.Root, leaf.Path, Absence{Proof: proof, Leaves: []Leaf{leaf}}),
		"absence by another way":     VerifyAbsent(e.Root, "product/p-2", absent),
		"absence without a leaf":     VerifyAbsent(e.Root, "post/none", Absence{}),
		"absence, steps, no leaf":    VerifyAbsent(Hash{}, "post/none", Absence{Proof: proof}),
		"absence of a present group": VerifyGroupAbsent(e.Root, "offer/p-1/v-99", Absence{Proof: whole, Leaves: group}),
		"group absence, no leaf":     VerifyGroupAbsent(e.Root, "post/none", Absence{Proof: noGroup.Proof}),
	}
	for name, err := range cases {
		if !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProversSayWhetherThereIsSomethingToProve(t *testing.T) {
	m, e := build(t, shop(20, 2))
	if _, _, err := ProveRecord(m, "post/none"); !errors.Is(err, ErrAbsent) {
		t.Errorf("record: %v", err)
	}
	if _, _, err := ProveGroup(m, "post/none"); !errors.Is(err, ErrAbsent) {
		t.Errorf("group: %v", err)
	}
	if _, err := ProveAbsent(m, "product/p-1"); !errors.Is(err, ErrPresent) {
		t.Errorf("absence: %v", err)
	}
	if _, err := ProveGroupAbsent(m, "offer/p-1/none"); !errors.Is(err, ErrPresent) {
		t.Errorf("group absence: %v", err)
	}
	group, proof, err := ProveGroup(m, "offer/p-1/none")
	if err != nil || len(group) != 3 || VerifyGroup(e.Root, "offer/p-1/none", group, proof) != nil {
		t.Errorf("a group asked for by a path that it lacks: %d leaves, %v", len(group), err)
	}
}

func TestNothingIsInTheEmptyTrie(t *testing.T) {
	a, err := ProveAbsent(new(Memory), "post/a")
	g, err2 := ProveGroupAbsent(new(Memory), "post/a")
	if err = errors.Join(err, err2, VerifyAbsent(Hash{}, "post/a", a), VerifyGroupAbsent(Hash{}, "post/a", g)); err != nil {
		t.Error(err)
	}
	if children, err := Descend(new(Memory), nil); err != nil || VerifyDescent(Hash{}, nil, children) != nil {
		t.Errorf("descent: %v", err)
	}
}

// TestMalformedTriesProveNoContradiction signs, as it were, tries that break the
// rules, and tries to have it both ways.
func TestMalformedTriesProveNoContradiction(t *testing.T) {
	a, b := NewLeaf("product/a", record("a")), NewLeaf("product/b", record("b"))
	offer := NewLeaf("offer/a/1", record("1"))
	bit := critBit(&a.Key, &b.Key)
	inside := critBit(&a.Key, &offer.Key)
	way := func(bit int, sibling Hash) (p Proof) { p.step(bit, sibling); return p }

	t.Run("sides swapped", func(t *testing.T) {
		root := nodeHash(bit, b.Hash(), a.Hash())
		if a.Key.bit(bit) == 1 {
			root = nodeHash(bit, a.Hash(), b.Hash())
		}
		for _, x := range []struct{ me, other Leaf }{{a, b}, {b, a}} {
			if VerifyRecord(root, x.me.Path, x.me.Record, way(bit, x.other.Hash())) == nil {
				t.Error("a record on the wrong side is accepted")
			}
			if VerifyAbsent(root, x.me.Path, Absence{Proof: way(bit, x.me.Hash()), Leaves: []Leaf{x.other}}) == nil {
				t.Error("a leaf on the wrong side proves absence")
			}
		}
	})
	t.Run("groups mixed", func(t *testing.T) {
		for _, x := range []struct{ me, other Leaf }{{a, b}, {b, a}} {
			root, p := nodeHash(200, x.me.Hash(), x.other.Hash()), way(200, x.other.Hash())
			if x.me.Key.bit(200) == 1 {
				root = nodeHash(200, x.other.Hash(), x.me.Hash())
			}
			if VerifyRecord(root, x.me.Path, x.me.Record, p) != nil {
				t.Error("the walk of a record is refused")
			}
			if VerifyGroup(root, x.me.Path, []Leaf{x.me}, p) == nil {
				t.Error("a proof that ends inside a group is accepted")
			}
			if beside := productWithBit(200, x.me.Key.bit(200)); VerifyGroupAbsent(root, beside, Absence{Proof: p, Leaves: []Leaf{x.me}}) == nil {
				t.Error("one leaf of a mixed group proves that a group is absent")
			}
		}
		both := slices.SortedFunc(slices.Values([]Leaf{a, b}), byKey)
		honest, _ := Root(both)
		if VerifyGroupAbsent(honest, "product/c", Absence{Leaves: both}) == nil {
			t.Error("two groups pass for one")
		}
	})
	t.Run("a side empty", func(t *testing.T) {
		root := nodeHash(bit, Hash{}, Hash{})
		p := way(bit, Hash{})
		if VerifyAbsent(root, a.Path, Absence{Proof: p}) == nil || VerifyGroupAbsent(root, a.Path, Absence{Proof: p}) == nil {
			t.Error("an empty side proves absence")
		}
	})
	t.Run("crit-bits decrease", func(t *testing.T) {
		root := nodeHash(inside, nodeHash(bit, a.Hash(), b.Hash()), offer.Hash())
		p := way(bit, b.Hash())
		p.step(inside, offer.Hash())
		if VerifyRecord(root, a.Path, a.Record, p) == nil {
			t.Error("a decreasing way is accepted")
		}
	})
}

// productWithBit returns a product whose key has the bit.
func productWithBit(i, bit int) protocol.Path {
	for n := 0; ; n++ {
		if p := path("product/x-%d", n); KeyOf(p).bit(i) == bit {
			return p
		}
	}
}

func TestLeavesWithForeignKeysProveNothing(t *testing.T) {
	// The signer has put a path where it doesn't belong, or one that is none.
	moved, noPath := NewLeaf("product/a", record("a")), NewLeaf("../a", record("a"))
	moved.Key = KeyOf("product/b")
	for name, l := range map[string]Leaf{"moved": moved, "no path": noPath} {
		leaves := []Leaf{l}
		if VerifyGroup(l.Hash(), l.Path, leaves, Proof{}) == nil {
			t.Errorf("%s: proves a group", name)
		}
		if VerifyAbsent(l.Hash(), "post/x", Absence{Leaves: leaves}) == nil || VerifyGroupAbsent(l.Hash(), "post/x", Absence{Leaves: leaves}) == nil {
			t.Errorf("%s: proves absence", name)
		}
	}
}

func TestAbsenceMadeByHandIsCheckedToo(t *testing.T) {
	leaf := NewLeaf("post/a", record("a"))
	long := Absence{Proof: Proof{Bits: append(make([]byte, 32), 1), Siblings: make([]byte, 32)}, Leaves: []Leaf{leaf}}
	if err := VerifyAbsent(leaf.Hash(), "post/b", long); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("33 bytes of bits: %v", err)
	}
	var many Absence
	for i := range MaxGroup + 1 {
		many.Leaves = append(many.Leaves, NewLeaf(path("offer/a/%d", i), leaf.Record))
	}
	slices.SortFunc(many.Leaves, byKey)
	if err := VerifyGroupAbsent(rootOf(many.Leaves), "post/b", many); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("a group too large: %v", err)
	}
	if _, err := DecodeAbsence(encoded(t, many)); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("a group too large, decoded: %v", err)
	}
	many.Leaves = many.Leaves[1:]
	if a, err := DecodeAbsence(encoded(t, many)); err != nil || VerifyGroupAbsent(rootOf(many.Leaves), "post/b", a) != nil {
		t.Errorf("the largest group: %v", err)
	}
}

func TestHashesAreExactlyThirtyTwoBytes(t *testing.T) {
	want := Hash{1, 31: 2}
	b, _ := want.MarshalCBOR()
	text, _ := want.MarshalText()
	var viaCBOR, viaText Hash
	if err := errors.Join(viaCBOR.UnmarshalCBOR(b), viaText.UnmarshalText(text)); err != nil || viaCBOR != want || viaText != want {
		t.Fatal(viaCBOR, viaText, err)
	}
	for _, bad := range [][]byte{b[:33], append(b, 0), nil, {0xf6}, append([]byte{0x78, 32}, b[2:]...)} {
		if err := viaCBOR.UnmarshalCBOR(bad); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%x: %v", bad, err)
		}
	}
	for _, bad := range []string{"", string(text[1:]), string(text) + "00", "x" + string(text[1:])} {
		if err := viaText.UnmarshalText([]byte(bad)); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestProofEncodingHasOneForm(t *testing.T) {
	h := slices.Repeat([]byte{7}, 32)
	bad := map[string]Proof{
		"trailing zero":        {Bits: []byte{0x80, 0}, Siblings: h},
		"bits without sibling": {Bits: []byte{0x80}},
		"sibling without bit":  {Siblings: h},
		"half a sibling":       {Bits: []byte{0x80}, Siblings: h[:31]},
		"33 bytes of bits":     {Bits: append(make([]byte, 32), 1), Siblings: h},
	}
	for name, p := range bad {
		if _, err := DecodeProof(encoded(t, p)); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: decode %v", name, err)
		}
		if _, err := p.Root(Key{}, Hash{}); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: root %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"null":                {0xf6},
		"nulls inside":        {0x82, 0xf6, 0xf6},
		"arrays for bytes":    {0x82, 0x80, 0x80},
		"array of numbers":    append([]byte{0x82, 0x81, 0x18, 0x80, 0x58, 32}, h...),
		"three elements":      {0x83, 0x40, 0x40, 0x40},
		"one element":         {0x81, 0x40},
		"a map":               {0xa0},
		"text":                {0x82, 0x60, 0x60},
		"nothing":             {},
		"absence-like nested": {0x82, 0x82, 0x40, 0x40, 0x80},
	} {
		if _, err := DecodeProof(b); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"null":        {0xf6},
		"null proof":  {0x82, 0xf6, 0x80},
		"null leaves": {0x82, 0x82, 0x40, 0x40, 0xf6},
		"null leaf":   {0x82, 0x82, 0x40, 0x40, 0x81, 0xf6},
	} {
		if _, err := DecodeAbsence(b); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("absence, %s: %v", name, err)
		}
	}
	// Embedded in a larger object, a proof is as strict.
	var bundle struct {
		_     struct{} `cbor:",toarray"`
		Proof Proof
	}
	if err := protocol.Unmarshal([]byte{0x81, 0xf6}, &bundle); err == nil {
		t.Error("null passes for a proof inside a bundle")
	}
	if err := protocol.Unmarshal([]byte{0x81, 0x82, 0xf6, 0x40}, &bundle); err == nil {
		t.Error("null passes for bits inside a bundle")
	}
}

func TestDescentRefusesWhatDoesNotJoin(t *testing.T) {
	leaves := shop(200, 2)
	m, e := build(t, leaves)
	children, err := Descend(m, nil)
	if err != nil || len(children) != 16 {
		t.Fatal(len(children), err)
	}
	with := func(change func(d []Digest) []Digest) []Digest { return change(slices.Clone(children)) }
	cases := map[string][]Digest{
		"one missing":    children[1:],
		"none":           nil,
		"out of order":   with(func(d []Digest) []Digest { d[2], d[3] = d[3], d[2]; return d }),
		"twice":          with(func(d []Digest) []Digest { d[3] = d[2]; return d }),
		"another hash":   with(func(d []Digest) []Digest { d[3].Hash[0]++; return d }),
		"an empty child": with(func(d []Digest) []Digest { d[3].Hash = Hash{}; return d }),
		"no nibble":      with(func(d []Digest) []Digest { d[15].Index = 16; return d }),
		"no leaves":      with(func(d []Digest) []Digest { d[3].Count = 0; return d }),
	}
	for name, bad := range cases {
		if err := VerifyDescent(e.Root, nil, bad); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, p := range map[string]Prefix{"too long": make(Prefix, 64), "no nibble": {16}} {
		if _, err := Descend(m, p); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("prefix %s: %v", name, err)
		}
		if VerifyDescent(e.Root, p, children) == nil || VerifyLeaves(e.Root, p, nil) == nil {
			t.Errorf("prefix %s is accepted", name)
		}
	}
}

func TestLeavesOfADescentStandWhereItSays(t *testing.T) {
	leaf := NewLeaf("post/a", record("a"))
	nibble := leaf.Key.nibble(0)
	// A single leaf's hash is the same under every prefix, so a peer can claim
	// that it lies elsewhere; the leaf itself gives that away.
	wrong := (nibble + 1) % 16
	if err := VerifyDescent(leaf.Hash(), nil, []Digest{{Index: wrong, Hash: leaf.Hash(), Count: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := VerifyLeaves(leaf.Hash(), Prefix{wrong}, []Leaf{leaf}); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("outside its prefix: %v", err)
	}
	if err := VerifyLeaves(leaf.Hash(), Prefix{nibble}, []Leaf{leaf}); err != nil {
		t.Error(err)
	}
	forged := leaf
	forged.Key[0] = wrong<<4 | forged.Key[0]&15
	if err := VerifyLeaves(forged.Hash(), Prefix{wrong}, []Leaf{forged}); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("a key that is not the path's: %v", err)
	}
}
