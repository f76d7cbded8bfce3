package wire

import (
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// Delta takes the pages of the changes between two heads and judges them. Take
// all pages from one peer, also when the transfer is interrupted and goes on at
// After: then a root that isn't reached names who lied. It is not safe for
// concurrent use; after an error it is of no use.
type Delta struct {
	base, head catalog.Head
	order      order
	changes    []trie.Change
	puts, gone uint64
	bytes      uint64
}

// NewDelta expects the changes from a verified head, whose catalog is held, to
// another verified one.
func NewDelta(base, head catalog.Head) *Delta { return &Delta{base: base, head: head} }

// Page takes a decoded page. An error means that the peer lied: it sent what can't
// lie between the two heads. Entries of a good page may be kept apart, until
// Finish; those with a link and no record are to be asked for by ContentRequest.
func (d *Delta) Page(p *ChangesPage) error {
	for _, e := range p.Changes {
		if err := d.order.next(e.Path); err != nil {
			return err
		}
		if e.Deleted() {
			d.gone++
		} else {
			d.puts++
			d.bytes += uint64(len(e.Data))
		}
		if d.puts > d.head.Count || d.gone > d.base.Count || d.bytes > d.head.Bytes {
			return protocol.Invalid("changes", "more than the heads allow at %s", e.Path)
		}
		d.changes = append(d.changes, e.change())
	}
	return nil
}

// After returns where a request goes on that continues the delta, "" at its
// beginning.
func (d *Delta) After() protocol.Path { return d.order.last }

// Finish has the changes applied, which must change nothing that is kept, and
// compares what comes out with the head. It returns the changes, or an error that
// wraps protocol.ErrInvalid when the peer lied; any other error is apply's.
func (d *Delta) Finish(apply func([]trie.Change) (root trie.Hash, count uint64, err error)) ([]trie.Change, error) {
	root, count, err := apply(d.changes)
	if err != nil {
		return nil, fmt.Errorf("apply %d changes: %w", len(d.changes), err)
	}
	if root != d.head.Root || count != d.head.Count {
		return nil, protocol.Invalid("changes", "lead to %s with %d records instead of %s with %d", root, count, d.head.Root, d.head.Count)
	}
	return d.changes, nil
}
