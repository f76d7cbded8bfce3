package trie

import (
	"bytes"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Builder makes the stored form from leaves in ascending key order. It holds one
// row of each level and at most 256 hashes, however many leaves there are. After
// an error it refuses everything.
type Builder struct {
	emit   func(Row) error
	guard  guard
	leaves folder
	count  uint64
	// rows are those on the way to the last leaf, by the length of their prefix;
	// they lack what lies between the one below and the leaf.
	rows [Levels][]Digest
	err  error
}

// NewBuilder returns a builder that hands every row that has leaves to emit as
// soon as it is complete, a row after those below it. emit may keep it; its error
// ends the build.
func NewBuilder(emit func(Row) error) *Builder { return &Builder{emit: emit} }

// Add takes the next leaf. One that does not come after the last, or that makes
// its group or crowd too large, is invalid.
func (b *Builder) Add(l Leaf) error {
	if b.err == nil {
		b.err = b.add(l)
	}
	return b.err
}

func (b *Builder) add(l Leaf) error {
	if b.guard.started() {
		if bytes.Compare(b.guard.last[:], l.Key[:]) >= 0 {
			return protocol.Invalid("leaves", "out of order at %s", l.Path)
		}
		if n := b.guard.shared(&l.Key) / 4; n < Levels {
			if err := b.end(n); err != nil {
				return err
			}
		}
	}
	if err := b.guard.add(&l); err != nil {
		return err
	}
	b.leaves.add(l.Key, l.Hash())
	b.count++
	return nil
}

// end completes the bucket and all rows whose prefixes have more than n nibbles.
func (b *Builder) end(n int) error {
	way := prefixOf(b.guard.last, Levels)
	b.rows[Levels-1] = append(b.rows[Levels-1], Digest{Index: way.last(), Hash: b.leaves.root(), Count: b.count})
	b.count = 0
	for i := Levels - 1; i > n; i-- {
		b.rows[i-1] = append(b.rows[i-1], sumRow(way[:i], b.rows[i]))
		if err := b.emitRow(way[:i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *Builder) emitRow(prefix Prefix) error {
	row := Row{prefix[:len(prefix):len(prefix)], b.rows[len(prefix)]}
	b.rows[len(prefix)] = nil
	if err := b.emit(row); err != nil {
		return fmt.Errorf("keep row %s of trie: %w", prefix, err)
	}
	return nil
}

// Finish emits the rows that are left and returns the trie's root and count;
// there are no Rows in it, all have been emitted. The builder can't be used
// again.
func (b *Builder) Finish() (Edit, error) {
	var e Edit
	if b.err == nil && b.guard.started() {
		b.err = b.finish(&e)
	}
	if b.err != nil {
		return Edit{}, b.err
	}
	b.err = fmt.Errorf("builder of a trie used after its end")
	return e, nil
}

func (b *Builder) finish(e *Edit) error {
	if err := b.end(0); err != nil {
		return err
	}
	sum := sumRow(nil, b.rows[0])
	e.Root, e.Count = sum.Hash, sum.Count
	return b.emitRow(nil)
}
