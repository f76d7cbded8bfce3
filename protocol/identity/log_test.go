package identity

import (
	"errors"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestGenesisNamesTheBrandAndGoverns(t *testing.T) {
	g := solo("tea").genesis(online(1))
	s := logOf(t, g).State()
	if s.Brand != g.ID() || s.Governing != g.ID() || s.N != 0 || s.Epoch != 0 || s.Contested {
		t.Fatalf("state %+v", s)
	}
	epoch, keys, ok := s.OnlineAt(g.ID())
	if !ok || epoch != 0 || len(keys) != 1 || keys[0].Key != online(1) {
		t.Fatalf("online at genesis: %d %v %v", epoch, keys, ok)
	}
}

func TestARevokedKeyIsDisputedBehindTheLastGoodHead(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1), online(2)))
	good := HeadRef{Epoch: 0, Seq: 100, Head: protocol.Sum(protocol.DagCBOR, []byte("good"))}
	s := add(t, l, tea.sign(l.State().Draft(5).Revoke(&good, online(1).ID())))
	if s.Epoch != 1 || len(s.Online) != 1 || s.Online[0].Key != online(2) {
		t.Fatalf("state %+v", s)
	}
	other := protocol.Sum(protocol.DagCBOR, []byte("other"))
	cases := []struct {
		name string
		head HeadRef
		key  protocol.PublicKey
		want bool
	}{
		{"the last good head", good, online(1), false},
		{"an earlier head", HeadRef{0, 99, other}, online(1), false},
		{"another head at that place", HeadRef{0, 100, other}, online(1), true},
		{"a later head", HeadRef{0, 101, other}, online(1), true},
		{"a later head by a key that stays", HeadRef{0, 101, other}, online(2), false},
		{"a head of the new epoch", HeadRef{1, 1, other}, online(2), false},
		{"a key never listed", HeadRef{0, 101, other}, online(3), false},
	}
	for _, c := range cases {
		if got := s.Disputed(c.head, c.key.ID()); got != c.want {
			t.Errorf("%s: disputed %v", c.name, got)
		}
	}
}

func TestRevocationWithoutALastGoodHeadDisputesEverythingTheKeySigned(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	s := add(t, l, tea.sign(l.State().Draft(5).Revoke(nil, online(1).ID()).Add(online(2))))
	if !s.Disputed(HeadRef{0, 0, l.Brand()}, online(1).ID()) {
		t.Error("not disputed")
	}
	if _, _, ok := s.KeyAt(s.Governing, online(1).ID()); ok {
		t.Error("the revoked key is still valid under the governing operation")
	}
	if _, epoch, ok := s.KeyAt(s.Brand, online(1).ID()); !ok || epoch != 0 {
		t.Error("the revoked key is unknown under the operation that listed it")
	}
}

func TestAForkIsContestedAndAMergeCuresIt(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	base := l.State()
	a, b := tea.sign(base.Draft(5).Add(online(2))), tea.sign(base.Draft(6).Add(online(3)))
	s := add(t, l, a, b)
	if !s.Contested || s.Governing != base.Governing || len(s.Tips) != 2 {
		t.Fatalf("after the fork %+v", s)
	}
	if _, _, ok := s.OnlineAt(a.ID()); ok {
		t.Error("a contested branch is valid for heads")
	}
	m := tea.sign(must(l.Merge(a.ID(), b.ID(), 7)))
	s = add(t, l, m)
	if s.Contested || s.Governing != m.ID() || len(s.Online) != 3 || s.Epoch != 0 {
		t.Fatalf("after the merge %+v", s)
	}
	for _, id := range []protocol.CID{a.ID(), b.ID()} {
		if _, _, ok := s.OnlineAt(id); !ok {
			t.Errorf("merged branch %s is unknown", id)
		}
	}
}

func TestBranchesOfDifferentLengthMergeAfterOneIsExtended(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	a, b := tea.sign(l.State().Draft(5)), tea.sign(l.State().Draft(6))
	add(t, l, a)
	a2 := tea.sign(l.State().Draft(7))
	if s := add(t, l, a2, b); s.Governing != l.Brand() {
		t.Fatalf("governing %s", s.Governing)
	}
	b2 := tea.sign(must(l.Extend(b.ID(), 8)))
	add(t, l, b2)
	if s := add(t, l, tea.sign(must(l.Merge(a2.ID(), b2.ID(), 9)))); s.Contested || s.N != 3 {
		t.Fatalf("after the merge %+v", s)
	}
}

func TestAThreeWayForkIsCuredByMergesOfMerges(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	base := l.State()
	a, b, c := tea.sign(base.Draft(1)), tea.sign(base.Draft(2)), tea.sign(base.Draft(3))
	if s := add(t, l, a, b, c); len(s.Tips) != 3 {
		t.Fatalf("%d tips", len(s.Tips))
	}
	ab, bc := tea.sign(must(l.Merge(a.ID(), b.ID(), 4))), tea.sign(must(l.Merge(b.ID(), c.ID(), 5)))
	if s := add(t, l, ab, bc); !s.Contested || s.Governing != base.Governing {
		t.Fatalf("two merges of three branches: %+v", s)
	}
	all := tea.sign(must(l.Merge(ab.ID(), bc.ID(), 6)))
	if s := add(t, l, all); s.Contested || s.Governing != all.ID() {
		t.Fatalf("after the last merge %+v", s)
	}
}

func TestAnOperationThatArrivesTwiceChangesNothing(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	op := tea.sign(l.State().Draft(5))
	n, err := l.AppendSigned(op, op)
	if n != 1 || err != nil {
		t.Fatal(n, err)
	}
	before := l.State()
	if n, err = l.AppendSigned(op); n != 0 || err != nil || !slices.Equal(before.Tips, l.State().Tips) {
		t.Fatal(n, err)
	}
}

func TestABatchWithOneBadOperationAddsNothing(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	good := tea.sign(l.State().Draft(5))
	bad := tea.sign(l.State().Draft(6))
	bad.Signatures[0].Bytes = slices.Clone(bad.Signatures[0].Bytes)
	bad.Signatures[0].Bytes[0] ^= 1
	if _, err := l.AppendSigned(good, bad); !errors.Is(err, protocol.ErrInvalid) {
		t.Fatal(err)
	}
	if l.Len() != 1 || l.State().Governing != l.Brand() {
		t.Fatal("half applied")
	}
}

func TestAnOperationWithoutItsPredecessorIsMissingNotInvalid(t *testing.T) {
	tea := solo("tea")
	g := tea.genesis(online(1))
	l := logOf(t, g)
	one := tea.sign(l.State().Draft(5))
	add(t, l, one)
	two := tea.sign(l.State().Draft(6))
	late := logOf(t, g)
	if _, err := late.AppendSigned(two); !errors.Is(err, ErrUnknownPrev) || errors.Is(err, protocol.ErrInvalid) {
		t.Fatal(err)
	}
	if s := add(t, late, two, one); s.N != 2 {
		t.Fatalf("one batch out of order: n %d", s.N)
	}
	if _, err := Load(g.ID(), nil); !errors.Is(err, ErrUnknownPrev) {
		t.Fatal(err)
	}
}
