package identity

import (
	"bytes"
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// State is what a log says: the governing operation and what follows from it. It
// doesn't change when the log grows.
type State struct {
	// Brand is the CID of the genesis.
	Brand protocol.CID
	// Governing is the operation that new heads name: the only tip, or the last
	// operation that all branches share while the log is contested.
	Governing protocol.CID
	// N, Epoch, Online, Domain, LastGood, Next and Time are those of Governing.
	N        uint64
	Epoch    uint64
	Online   []OnlineKey
	Domain   Domain
	LastGood *HeadRef
	Next     Commitment
	Time     protocol.Millis
	// Contested says that the log has branches that no operation merges.
	Contested bool
	// Tips are the ends of the branches, ordered by CID; one unless contested.
	Tips []protocol.CID

	governing *node
}

// State folds the log.
func (l *Log) State() State {
	g := l.governing()
	return State{
		Brand: l.brand, Governing: g.id, governing: g,
		N: g.op.N, Epoch: g.op.Epoch, Online: slices.Clone(g.op.Online), Domain: g.op.Domain,
		LastGood: g.op.LastGood, Next: g.op.Next, Time: g.op.Time,
		Contested: len(l.tips) > 1, Tips: l.tipIDs(),
	}
}

// governing returns the highest operation that every path from every tip to the
// genesis crosses. Since such a path crosses each level once, that is the highest
// level not above any tip that holds a single operation.
func (l *Log) governing() *node {
	low := len(l.levels) - 1
	for _, t := range l.tips {
		low = min(low, int(t.op.N))
	}
	for len(l.levels[low]) > 1 {
		low--
	}
	return l.levels[low][0]
}

func (l *Log) tipIDs() []protocol.CID {
	return slices.SortedFunc(maps.Keys(l.tips), func(a, b protocol.CID) int {
		return bytes.Compare(a.Bytes(), b.Bytes())
	})
}

// OnlineAt returns the epoch and the online keys under an operation that governs
// or governed: what the verification of a head needs for the operation the head
// names. ok is false for operations that are unknown or on a contested branch.
//
// A head is current only if that epoch is State.Epoch. One of an earlier epoch is
// history, and Disputed tells whether to trust it.
func (s State) OnlineAt(op protocol.CID) (epoch uint64, keys []OnlineKey, ok bool) {
	for n := range s.governing.ancestry() {
		if n.id == op {
			return n.op.Epoch, slices.Clone(n.op.Online), true
		}
	}
	return 0, nil, false
}

// KeyAt returns the online key with the identifier under an operation that
// governs or governed, and that operation's epoch.
func (s State) KeyAt(op protocol.CID, id protocol.KeyID) (key protocol.PublicKey, epoch uint64, ok bool) {
	epoch, keys, ok := s.OnlineAt(op)
	if !ok {
		return protocol.PublicKey{}, 0, false
	}
	key, ok = find(keys, id)
	return key, epoch, ok
}

// Disputed reports whether a head signed by the key lies behind the last good
// head of an operation that revoked the key: nobody can tell then whether the
// brand or a thief signed it.
func (s State) Disputed(head HeadRef, signer protocol.KeyID) bool {
	for n := range s.governing.ancestry() {
		if n.revokes(signer) && head.Epoch < n.op.Epoch && !n.op.LastGood.covers(head) {
			return true
		}
	}
	return false
}

// revokes reports whether the operation raised the epoch and dropped the key.
func (n *node) revokes(id protocol.KeyID) bool {
	if _, stays := find(n.op.Online, id); stays {
		return false
	}
	had := false
	for _, p := range n.parents {
		if p.op.Epoch >= n.op.Epoch {
			return false
		}
		_, in := find(p.op.Online, id)
		had = had || in
	}
	return had
}

// covers reports whether head is the last good one or stands before it.
func (g *HeadRef) covers(head HeadRef) bool {
	if g == nil {
		return false
	}
	order := cmp.Or(cmp.Compare(head.Epoch, g.Epoch), cmp.Compare(head.Seq, g.Seq))
	return order < 0 || order == 0 && head.Head == g.Head
}

// ancestry yields the operation and everything it follows, highest number first,
// each once.
func (n *node) ancestry() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for level := []*node{n}; len(level) > 0; {
			var below []*node
			for _, x := range level {
				if !yield(x) {
					return
				}
				below = appendNew(below, x.parents)
			}
			level = below
		}
	}
}

func appendNew(list, more []*node) []*node {
	for _, n := range more {
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}
