package trie

import (
	"bytes"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Builder makes the stored form from leaves in ascending key order. It holds one
// page, the top row and at most 256 hashes, however many leaves there are. After
// an error it refuses everything.
type Builder struct {
	emit   func(Page) error
	leaves folder
	guard  groupGuard
	page   []Digest
	top    []Digest
	err    error
}

// NewBuilder returns a builder that hands every page that has leaves to emit, in
// ascending order, as soon as it is complete. emit may keep it; its error ends
// the build.
func NewBuilder(emit func(Page) error) *Builder { return &Builder{emit: emit} }

// Add takes the next leaf. One that does not come after the last, or that makes
// its group or bucket too large, is invalid.
func (b *Builder) Add(l Leaf) error {
	if b.err == nil {
		b.err = b.add(l)
	}
	return b.err
}

func (b *Builder) add(l Leaf) error {
	if last := b.guard.last; b.started() {
		if bytes.Compare(last[:], l.Key[:]) >= 0 {
			return protocol.Invalid("leaves", "out of order at %s", l.Path)
		}
		if last.bucket() != l.Key.bucket() {
			b.endBucket()
		}
		if last.page() != l.Key.page() {
			if err := b.endPage(last.page()); err != nil {
				return err
			}
		}
	}
	if err := b.guard.add(&l); err != nil {
		return err
	}
	b.leaves.add(l.Key, l.Hash())
	return nil
}

func (b *Builder) started() bool { return b.guard.group > 0 }

func (b *Builder) endBucket() {
	b.page = append(b.page, Digest{Index: byte(b.guard.last.bucket()), Hash: b.leaves.root(), Count: uint64(b.guard.bucket)})
}

func (b *Builder) endPage(p byte) error {
	page := b.page
	b.page = nil
	b.top = append(b.top, sumPage(p, page))
	if err := b.emit(Page{p, page}); err != nil {
		return fmt.Errorf("keep page %x of trie: %w", p, err)
	}
	return nil
}

// Finish emits the last page and returns the trie's root, count and top row;
// Pages is empty, they have been emitted. The builder can't be used again.
func (b *Builder) Finish() (Edit, error) {
	if b.err == nil && b.started() {
		b.endBucket()
		b.err = b.endPage(b.guard.last.page())
	}
	if b.err != nil {
		return Edit{}, b.err
	}
	b.err = fmt.Errorf("builder of a trie used after its end")
	return Edit{Root: topRoot(b.top), Count: countOf(b.top), Top: b.top}, nil
}
