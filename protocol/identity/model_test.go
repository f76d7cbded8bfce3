package identity

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"pgregory.net/rapid"
)

// model is the plain set of operations. It finds tips and the governing
// operation from their definitions, by walking all paths.
type model map[protocol.CID]Op

func (m model) tips() []protocol.CID {
	var tips []protocol.CID
	for id := range m {
		if !m.followed(id) {
			tips = append(tips, id)
		}
	}
	slices.SortFunc(tips, func(a, b protocol.CID) int { return bytes.Compare(a.Bytes(), b.Bytes()) })
	return tips
}

func (m model) followed(id protocol.CID) bool {
	for _, o := range m {
		if o.Prev == id || o.Merge == id {
			return true
		}
	}
	return false
}

// governing returns the highest operation without which no tip reaches the
// genesis.
func (m model) governing() protocol.CID {
	var best protocol.CID
	for id, o := range m {
		if !m.anyTipPasses(id) && (!best.Defined() || o.N > m[best].N) {
			best = id
		}
	}
	return best
}

// anyTipPasses reports whether a path from a tip to the genesis avoids the
// operation.
func (m model) anyTipPasses(without protocol.CID) bool {
	for _, tip := range m.tips() {
		if m.reaches(tip, without) {
			return true
		}
	}
	return false
}

func (m model) reaches(from, without protocol.CID) bool {
	if from == without {
		return false
	}
	o := m[from]
	if o.N == 0 {
		return true
	}
	return m.reaches(o.Prev, without) || o.Merge.Defined() && m.reaches(o.Merge, without)
}

func (m model) ancestors(from protocol.CID, into map[protocol.CID]bool) map[protocol.CID]bool {
	into[from] = true
	for _, p := range m[from].parents() {
		m.ancestors(p, into)
	}
	return into
}

func (m model) compare(t *rapid.T, s State) {
	g := m.governing()
	o := m[g]
	if s.Governing != g || s.N != o.N || s.Epoch != o.Epoch || !slices.Equal(s.Online, o.Online) || s.Domain != o.Domain || s.Next != o.Next {
		t.Fatalf("the log says %+v, the model %s %+v", s, g, o)
	}
	tips := m.tips()
	if !slices.Equal(s.Tips, tips) || s.Contested != (len(tips) > 1) {
		t.Fatalf("tips %v, in the model %v", s.Tips, tips)
	}
	history := m.ancestors(g, map[protocol.CID]bool{})
	for id, o := range m {
		epoch, keys, ok := s.OnlineAt(id)
		if ok != history[id] || ok && (epoch != o.Epoch || !slices.Equal(keys, o.Online)) {
			t.Fatalf("online at %s: %d %v %v", id, epoch, keys, ok)
		}
	}
	m.compareDisputes(t, s, history)
}

func (m model) compareDisputes(t *rapid.T, s State, history map[protocol.CID]bool) {
	head := HeadRef{Epoch: rapid.Uint64Range(0, 2).Draw(t, "epoch"), Seq: rapid.Uint64Range(0, 5).Draw(t, "seq"), Head: headID("x")}
	for i := range 4 {
		kid, want := online(i).ID(), false
		for id := range history {
			want = want || m.disputes(m[id], head, kid)
		}
		if got := s.Disputed(head, kid); got != want {
			t.Fatalf("head %+v by key %d: disputed %v, in the model %v", head, i, got, want)
		}
	}
}

func (m model) disputes(o Op, head HeadRef, kid protocol.KeyID) bool {
	had, top := false, uint64(0)
	for _, p := range o.parents() {
		top = max(top, m[p].Epoch)
		_, in := find(m[p].Online, kid)
		had = had || in
	}
	if _, has := find(o.Online, kid); has || !had || o.Epoch == top || head.Epoch >= o.Epoch {
		return false
	}
	g := o.LastGood
	return g == nil || head.Epoch > g.Epoch || head.Epoch == g.Epoch && (head.Seq > g.Seq || head.Seq == g.Seq && head.Head != g.Head)
}

func headID(s string) protocol.CID { return protocol.Sum(protocol.DagCBOR, []byte(s)) }

// history draws a valid log with forks and merges, in the order it was made.
func history(t *rapid.T, owners team, length int) []protocol.Signed {
	ops := []protocol.Signed{owners.genesis(online(0))}
	l := must(Load(ops[0].ID(), [][]byte{must(ops[0].Encode())}))
	for i := range length {
		op, ok := step(t, l, owners, ops, protocol.Millis(i))
		if !ok {
			continue
		}
		if _, err := l.AppendSigned(op); err != nil {
			t.Fatalf("a valid operation is refused: %v", err)
		}
		ops = append(ops, op)
	}
	return ops
}

func step(t *rapid.T, l *Log, owners team, ops []protocol.Signed, at protocol.Millis) (protocol.Signed, bool) {
	tips := l.State().Tips
	if rapid.Bool().Draw(t, "merge") {
		a, b := rapid.SampledFrom(tips).Draw(t, "a"), rapid.SampledFrom(tips).Draw(t, "b")
		d, err := l.Merge(a, b, at)
		return signIf(t, owners, d, err)
	}
	on := rapid.SampledFrom(tips).Draw(t, "tip")
	if rapid.IntRange(0, 3).Draw(t, "fork") == 0 {
		on = rapid.SampledFrom(ops).Draw(t, "old").ID()
	}
	d, err := l.Extend(on, at)
	return signIf(t, owners, d, err)
}

func signIf(t *rapid.T, owners team, d Draft, err error) (protocol.Signed, bool) {
	if err != nil {
		return protocol.Signed{}, false
	}
	return owners.sign(change(t, d)), true
}

func change(t *rapid.T, d Draft) Draft {
	key := online(rapid.IntRange(0, 3).Draw(t, "key"))
	switch rapid.IntRange(0, 4).Draw(t, "change") {
	case 0:
		return d.Add(key)
	case 1:
		return d.Revoke(nil, key.ID())
	case 2:
		return d.Revoke(&HeadRef{Epoch: rapid.Uint64Range(0, d.Epoch).Draw(t, "good epoch"), Seq: 2, Head: headID("x")}, key.ID())
	case 3:
		d.Domain = rapid.SampledFrom([]Domain{"", "tea.example", "xn--t-dha.example"}).Draw(t, "domain")
	}
	return d
}

func TestLogsConvergeWhateverTheOrderOfArrival(t *testing.T) {
	teams := []team{solo("tea"), {2, []words{wordsOf("a"), wordsOf("b"), wordsOf("c")}}}
	rapid.Check(t, func(t *rapid.T) {
		owners := rapid.SampledFrom(teams).Draw(t, "owners")
		ops := history(t, owners, rapid.IntRange(0, 14).Draw(t, "length"))
		first := arrive(t, ops, rapid.Permutation(ops[1:]).Draw(t, "order"))
		second := must(Load(ops[0].ID(), encodeAll(rapid.Permutation(ops).Draw(t, "batch"))))
		if first.Governing != second.State().Governing || !slices.Equal(first.Tips, second.State().Tips) {
			t.Fatalf("one by one %+v, at once %+v", first, second.State())
		}
	})
}

// arrive hands a log one operation after the other, holding back those whose
// predecessors are missing, and compares it with the model after each.
func arrive(t *rapid.T, ops, order []protocol.Signed) State {
	l := must(Load(ops[0].ID(), encodeAll(ops[:1])))
	known := model{ops[0].ID(): must(DecodeOp(ops[0].Payload))}
	for len(order) > 0 {
		var held []protocol.Signed
		for _, op := range order {
			_, err := l.AppendSigned(op)
			if errors.Is(err, ErrUnknownPrev) {
				held = append(held, op)
			} else if err != nil {
				t.Fatalf("%v", err)
			} else {
				known[op.ID()] = must(DecodeOp(op.Payload))
			}
			known.compare(t, l.State())
		}
		order = held
	}
	return l.State()
}

func encodeAll(ops []protocol.Signed) [][]byte {
	var all [][]byte
	for _, op := range ops {
		all = append(all, must(op.Encode()))
	}
	return all
}

func TestAStateDoesNotChangeWhenItsLogGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := history(t, solo("tea"), 10)
		l := must(Load(ops[0].ID(), encodeAll(ops[:1])))
		known := model{}
		for i, op := range ops {
			known[op.ID()] = must(DecodeOp(op.Payload))
			if _, err := l.AppendSigned(op); err != nil {
				t.Fatalf("%v", err)
			}
			s := l.State()
			if _, err := l.AppendSigned(ops[i:]...); err != nil && !errors.Is(err, ErrUnknownPrev) {
				t.Fatalf("%v", err)
			}
			known.compare(t, s)
			l = must(Load(ops[0].ID(), encodeAll(ops[:i+1])))
		}
	})
}
