package identity

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"pgregory.net/rapid"
)

// forge signs an operation whether or not it makes sense.
func forge(o Op, keys ...ed25519.PrivateKey) protocol.Signed {
	return protocol.Sign(protocol.ObjectIdentity, must(protocol.Marshal(o)), keys...)
}

// opOf completes a draft without asking whether the signers are right.
func opOf(d Draft, signers Signers, next Commitment) Op {
	d.Expect = commit(signers)
	return must(d.Op(signers, next))
}

func refused(t *testing.T, l *Log, name string, s protocol.Signed) {
	t.Helper()
	before := l.Len()
	if _, err := l.AppendSigned(s); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("%s: %v", name, err)
	}
	if l.Len() != before {
		t.Errorf("%s: the log grew", name)
	}
}

func TestOperationsThatBreakARuleAreRefused(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1), online(2)))
	add(t, l, tea.sign(l.State().Draft(1).Revoke(nil)))
	d := l.State().Draft(5)
	good := func() Op { return must(d.Op(tea.signers(2), commit(tea.signers(3)))) }
	ref := &HeadRef{Epoch: 0, Seq: 1, Head: headID("x")}
	cases := map[string]func(*Op){
		"a skipped number":                       func(o *Op) { o.N++ },
		"a number of before":                     func(o *Op) { o.N-- },
		"a number past the limit":                func(o *Op) { o.N = MaxOps },
		"an epoch that jumps":                    func(o *Op) { o.Epoch += 2 },
		"an epoch that falls":                    func(o *Op) { o.Epoch-- },
		"a key gone in the same epoch":           func(o *Op) { o.Online = o.Online[1:] },
		"a last good head in the same epoch":     func(o *Op) { o.LastGood = ref },
		"a last good head of the new epoch":      func(o *Op) { o.Epoch++; o.LastGood = &HeadRef{2, 1, ref.Head} },
		"a last good head that is no head":       func(o *Op) { o.Epoch++; o.LastGood = &HeadRef{1, 1, protocol.Sum(protocol.Raw, nil)} },
		"a last good head without a link":        func(o *Op) { o.Epoch++; o.LastGood = &HeadRef{Epoch: 1, Seq: 1} },
		"no predecessor":                         func(o *Op) { o.Prev = protocol.CID{} },
		"a predecessor of raw bytes":             func(o *Op) { o.Prev = protocol.Sum(protocol.Raw, nil) },
		"a merge with its predecessor":           func(o *Op) { o.Merge = o.Prev },
		"a merge with a lower number":            func(o *Op) { o.Merge = l.Brand() },
		"another version":                        func(o *Op) { o.Version = 2 },
		"a negative time":                        func(o *Op) { o.Time = -1 },
		"a domain in capitals":                   func(o *Op) { o.Domain = "Tea.example" },
		"a domain of one label":                  func(o *Op) { o.Domain = "localhost" },
		"an address as domain":                   func(o *Op) { o.Domain = "192.168.0.1" },
		"online keys out of order":               func(o *Op) { o.Online = slices.Clone(o.Online); slices.Reverse(o.Online) },
		"an online key twice":                    func(o *Op) { o.Online = append(slices.Clone(o.Online), o.Online[1]) },
		"an online key under another identifier": func(o *Op) { o.Online = slices.Clone(o.Online); o.Online[1].ID = "ffffffffffffffff" },
		"too many online keys":                   func(o *Op) { o.Online = many(MaxOnline + 1) },
		"no signers":                             func(o *Op) { o.Signers.Keys = nil },
		"a threshold of none":                    func(o *Op) { o.Signers.Threshold = 0 },
		"a threshold above the keys":             func(o *Op) { o.Signers.Threshold = 2 },
	}
	for name, change := range cases {
		o := good()
		change(&o)
		refused(t, l, name, forge(o, tea.roots(2)...))
	}
	refused(t, l, "another brand's genesis", solo("coffee").genesis(online(1)))
	refused(t, l, "a genesis with an epoch", forge(Op{Version: 1, Epoch: 1, Signers: tea.signers(0), Online: []OnlineKey{}}, tea.roots(0)...))
	add(t, l, forge(good(), tea.roots(2)...))
}

func many(n int) []OnlineKey {
	var keys []protocol.PublicKey
	for i := range n {
		keys = append(keys, online(i))
	}
	return Online(keys...)
}

func TestAUsedRootKeyCannotSignWhatFollows(t *testing.T) {
	tea, thief := solo("tea"), solo("thief")
	l := logOf(t, tea.genesis(online(1)))
	add(t, l, tea.sign(l.State().Draft(1)))
	d := l.State().Draft(5).Add(online("thief"))
	for n := range uint64(2) {
		used := tea.signers(n)
		refused(t, l, "a used key", forge(opOf(d, used, commit(thief.signers(3))), tea.roots(n)...))
		refused(t, l, "a used key behind the true signers", forge(opOf(d, tea.signers(2), commit(thief.signers(3))), tea.roots(n)...))
	}
	if _, err := d.Op(tea.signers(1), commit(thief.signers(3))); !errors.Is(err, protocol.ErrInvalid) {
		t.Error("the draft takes signers that were not committed to")
	}
}

func TestAForkByAUsedRootKeyContestsButCannotBeMergedByTheThief(t *testing.T) {
	tea, thief := solo("tea"), solo("thief")
	l := logOf(t, tea.genesis(online(1)))
	base := l.State()
	mine := tea.sign(base.Draft(1))
	add(t, l, mine)
	fork := forge(opOf(base.Draft(5).Add(online("thief")), tea.signers(1), commit(thief.signers(2))), tea.roots(1)...)
	if s := add(t, l, fork); !s.Contested || s.Governing != base.Governing || len(s.Online) != 1 {
		t.Fatalf("%+v", s)
	}
	if _, err := l.Merge(mine.ID(), fork.ID(), 6); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("branches with different commitments merge: %v", err)
	}
	newcomer := logOf(t, tea.genesis(online(1)))
	if s := add(t, newcomer, fork); s.Contested || s.Governing != fork.ID() {
		t.Errorf("who knows the thief's branch alone can't tell, but sees %+v", s)
	}
	d := must(l.Extend(mine.ID(), 6))
	d.Merge = fork.ID()
	refused(t, l, "a merge by the thief", forge(opOf(d, thief.signers(2), commit(thief.signers(3))), thief.roots(2)...))
	refused(t, l, "a merge by the owner alone", forge(opOf(d, tea.signers(2), commit(tea.signers(3))), tea.roots(2)...))
}

func TestAMergeKeepsTheKeysOfBothBranchesUnlessItRaisesTheEpoch(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	base := l.State()
	a, b := tea.sign(base.Draft(1).Add(online(2))), tea.sign(base.Draft(2).Add(online(3)))
	add(t, l, a, b)
	d := must(l.Merge(a.ID(), b.ID(), 3))
	less := d
	less.Online = Online(online(1), online(2))
	refused(t, l, "a merge that loses a key", forge(opOf(less, tea.signers(2), commit(tea.signers(3))), tea.roots(2)...))
	s := add(t, l, tea.sign(d.Revoke(nil, online(3).ID())))
	if s.Contested || s.Epoch != 1 || len(s.Online) != 2 {
		t.Fatalf("%+v", s)
	}
}

func TestAMergeAcrossEpochsTakesTheHigherOne(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	base := l.State()
	a, b := tea.sign(base.Draft(1).Add(online(2))), tea.sign(base.Draft(2).Revoke(nil, online(1).ID()).Add(online(3)))
	add(t, l, a, b)
	for _, pair := range [][2]protocol.CID{{a.ID(), b.ID()}, {b.ID(), a.ID()}} {
		fresh := logOf(t, tea.genesis(online(1)))
		add(t, fresh, a, b)
		s := add(t, fresh, tea.sign(must(fresh.Merge(pair[0], pair[1], 3))))
		if s.Epoch != 1 || len(s.Online) != 1 || s.Online[0].Key != online(3) {
			t.Errorf("%+v", s)
		}
	}
}

func TestThresholdSignaturesAreCounted(t *testing.T) {
	for k := 1; k <= MaxSigners; k++ {
		owners := team{threshold: k}
		for i := range MaxSigners {
			owners.owners = append(owners.owners, wordsOf(string(rune('a'+i))))
		}
		l := logOf(t, owners.genesis(online(1)))
		op := must(l.State().Draft(1).Op(owners.signers(1), commit(owners.signers(2))))
		all := team{MaxSigners, owners.owners}.roots(1)
		for n := 1; n < k; n++ {
			refused(t, l, "too few signatures", forge(op, all[:n]...))
		}
		refused(t, l, "a stranger's signature beside enough", forge(op, append(slices.Clone(all[:k]), wordsOf("x").root(1))...))
		add(t, l, forge(op, all[MaxSigners-k:]...))
	}
}

func TestPartsSignedApartAssemble(t *testing.T) {
	owners := team{2, []words{wordsOf("a"), wordsOf("b"), wordsOf("c")}}
	l := logOf(t, owners.genesis(online(1)))
	payload := must(must(l.State().Draft(1).Op(owners.signers(1), commit(owners.signers(2)))).Encode())
	a, c := must(SignPart(payload, owners.owners[0].root(1))), must(SignPart(payload, owners.owners[2].root(1)))
	if _, err := SignPart(payload, owners.owners[0].root(2)); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("a key of another operation signs: %v", err)
	}
	for name, parts := range map[string][]protocol.Signature{"one part": {a}, "none": nil, "one part twice": {a, a}} {
		if _, err := Assemble(payload, parts...); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	add(t, l, must(Assemble(payload, c, a)))
}

func TestAChangedBitIsRefused(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	data := must(tea.sign(l.State().Draft(1).Add(online(2))).Encode())
	rapid.Check(t, func(t *rapid.T) {
		bad := slices.Clone(data)
		bad[rapid.IntRange(0, len(bad)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := l.Append(bad); !errors.Is(err, protocol.ErrInvalid) || l.Len() != 1 {
			t.Fatalf("%v", err)
		}
	})
}

func TestMoreBranchesThanAreKeptAreRefusedWithoutHarm(t *testing.T) {
	tea := solo("tea")
	l := logOf(t, tea.genesis(online(1)))
	base := l.State()
	var ids []protocol.CID
	for i := range MaxTips {
		op := tea.sign(base.Draft(protocol.Millis(i)))
		ids = append(ids, op.ID())
		add(t, l, op)
	}
	if _, err := l.AppendSigned(tea.sign(base.Draft(99))); !errors.Is(err, ErrFull) || errors.Is(err, protocol.ErrInvalid) {
		t.Fatal(err)
	}
	s := add(t, l, tea.sign(must(l.Merge(ids[0], ids[1], 100))))
	if len(s.Tips) != MaxTips-1 || s.Governing != base.Governing {
		t.Fatalf("%d tips", len(s.Tips))
	}
}
