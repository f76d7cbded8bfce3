package identity

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// Log is every known operation of one brand. It only grows, and two logs with the
// same operations have the same State, in whatever order they came. It is not
// safe for concurrent use; a State taken from it is.
type Log struct {
	brand protocol.CID
	nodes map[protocol.CID]*node
	// levels[n] holds the operations numbered n. A path from any operation down to
	// the genesis crosses each level once.
	levels [][]*node
	// tips are the operations that no other one follows or merges.
	tips map[protocol.CID]*node
}

// node is an operation in its place. It never changes.
type node struct {
	op      Op
	id      protocol.CID
	signed  protocol.Signed
	parents []*node
}

// Load builds the log of a brand from encoded signed operations in any order. The
// genesis must be among them, every operation must be valid and hang on it.
func Load(brand protocol.CID, ops [][]byte) (*Log, error) {
	l := &Log{brand: brand, nodes: map[protocol.CID]*node{}, tips: map[protocol.CID]*node{}}
	if _, err := l.Append(ops...); err != nil {
		return nil, err
	}
	if len(l.nodes) == 0 {
		return nil, fmt.Errorf("genesis of %s: %w", brand, ErrUnknownPrev)
	}
	return l, nil
}

// Append adds encoded signed operations, in any order, and returns how many were
// new. Either all of them are added or none: an error wraps protocol.ErrInvalid
// when an operation is provably wrong, ErrUnknownPrev when one hangs on an
// operation the log doesn't have, ErrFull at a limit.
func (l *Log) Append(ops ...[]byte) (int, error) {
	signed := make([]protocol.Signed, len(ops))
	for i, b := range ops {
		s, err := protocol.DecodeSigned(b)
		if err != nil {
			return 0, err
		}
		signed[i] = s
	}
	return l.AppendSigned(signed...)
}

// AppendSigned is Append for decoded operations.
func (l *Log) AppendSigned(ops ...protocol.Signed) (int, error) {
	fresh, err := l.open(ops)
	if err != nil || len(fresh) == 0 {
		return 0, err
	}
	next := l.stage()
	for _, n := range slices.SortedFunc(maps.Values(fresh), compareNodes) {
		if err := next.add(n, fresh); err != nil {
			return 0, fmt.Errorf("identity operation %s: %w", n.id, err)
		}
	}
	if len(next.nodes) > MaxOps || len(next.tips) > MaxTips {
		return 0, fmt.Errorf("%d operations, %d branches: %w", len(next.nodes), len(next.tips), ErrFull)
	}
	*l = *next
	return len(fresh), nil
}

// stage returns a copy to try operations on.
func (l *Log) stage() *Log {
	return &Log{brand: l.brand, nodes: maps.Clone(l.nodes), levels: slices.Clone(l.levels), tips: maps.Clone(l.tips)}
}

// open checks form and signatures of the operations that the log doesn't have.
func (l *Log) open(ops []protocol.Signed) (map[protocol.CID]*node, error) {
	fresh := map[protocol.CID]*node{}
	for _, s := range ops {
		id := s.ID()
		if l.nodes[id] != nil || fresh[id] != nil {
			continue
		}
		op, err := open(s)
		if err != nil {
			return nil, fmt.Errorf("identity operation %s: %w", id, err)
		}
		fresh[id] = &node{op: op, id: id, signed: s}
	}
	return fresh, nil
}

func compareNodes(a, b *node) int {
	return cmp.Or(cmp.Compare(a.op.N, b.op.N), bytes.Compare(a.id.Bytes(), b.id.Bytes()))
}

// add puts an operation in its place. Those with it that are numbered lower have
// been added; one that is not, and that it follows, makes its own number wrong.
func (l *Log) add(n *node, with map[protocol.CID]*node) error {
	if n.op.N == 0 && n.id != l.brand {
		return protocol.Invalid("identity operation", "a genesis of another brand")
	}
	var before []Op
	for _, id := range n.op.parents() {
		p := cmp.Or(l.nodes[id], with[id])
		if p == nil {
			return fmt.Errorf("%s: %w", id, ErrUnknownPrev)
		}
		n.parents = append(n.parents, p)
		before = append(before, p.op)
	}
	if len(before) > 0 {
		if err := n.op.follows(before); err != nil {
			return err
		}
	}
	l.place(n)
	return nil
}

func (l *Log) place(n *node) {
	l.nodes[n.id], l.tips[n.id] = n, n
	for _, p := range n.parents {
		delete(l.tips, p.id)
	}
	if int(n.op.N) == len(l.levels) {
		l.levels = append(l.levels, nil)
	}
	l.levels[n.op.N] = append(l.levels[n.op.N], n)
}

// Brand returns the brand's ID.
func (l *Log) Brand() protocol.CID { return l.brand }

// Len returns the number of operations.
func (l *Log) Len() int { return len(l.nodes) }

// Has reports whether the operation is in the log, on whatever branch.
func (l *Log) Has(op protocol.CID) bool { return l.nodes[op] != nil }

// Op returns an operation of the log, on whatever branch.
func (l *Log) Op(id protocol.CID) (Op, bool) {
	n := l.nodes[id]
	if n == nil {
		return Op{}, false
	}
	return n.op, true
}

// Signed returns all operations, genesis first, ordered by number and then by
// CID: the order of archives and proofs.
func (l *Log) Signed() []protocol.Signed {
	var all []protocol.Signed
	for _, n := range slices.SortedFunc(maps.Values(l.nodes), compareNodes) {
		all = append(all, n.signed)
	}
	return all
}
