package store

import (
	"context"
	"fmt"
	"iter"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Change sets the record at a path, or removes it when Record is nil.
type Change struct {
	Path   protocol.Path
	Record []byte // canonical CBOR, checked by catalog.CheckForm
}

// Bounds of a change that is made in one transaction, in place. A larger one
// builds a new generation beside the live one and swaps.
const (
	maxPlaced      = 1500    // records
	maxPlacedBytes = 1 << 20 // of records
	maxFirst       = 32      // records of a first catalog: with more a build costs less
)

// Prepared is a change to one brand's catalog that has been computed and not yet
// made. It holds the brand's write lock: end it with Apply or Discard.
type Prepared struct {
	Root  trie.Hash
	Count uint64 // records
	Bytes uint64 // of all records

	s    *Store
	b    *brand
	base *state

	placed  []placement // the change in place …
	edit    trie.Edit
	built   *build // … or a generation of its own
	changed int
	touched touched
	stage   *Stage // whose content it is, nil if nobody's
	applied bool
	done    bool
}

// placement is one change with what stands there now.
type placement struct {
	Change
	cid protocol.CID
	old *leafRow
}

// Changed returns how many records the change sets or removes. At 0 the catalog
// is already as asked.
func (p *Prepared) Changed() int { return p.changed }

// Prepare computes what a brand's catalog will be after the changes, in any order;
// of several for one path the last one counts. Setting a record to what it is, and removing one
// that isn't there, is no change. Every record's form must have been checked.
func (s *Store) Prepare(ctx context.Context, id protocol.CID, changes iter.Seq2[Change, error]) (*Prepared, error) {
	b, err := s.lookup(id)
	if err != nil {
		return nil, err
	}
	if err := b.lock(id); err != nil {
		return nil, err
	}
	p := &Prepared{s: s, b: b}
	if err := p.prepare(ctx, changes); err != nil {
		p.Discard()
		return nil, fmt.Errorf("prepare change of catalog: %w", err)
	}
	return p, nil
}

// prepare reads changes until they are all there or too many for one
// transaction.
func (p *Prepared) prepare(ctx context.Context, changes iter.Seq2[Change, error]) error {
	next, stop := iter.Pull2(changes)
	defer stop()
	small, whole, err := takeSmall(next)
	if err != nil {
		return err
	}
	return p.s.kv.View(ctx, func(r kv.Reader) error {
		if p.base, err = p.b.readState(r); err != nil {
			return err
		}
		if whole && !(p.base.Head == nil && len(small) > maxFirst) {
			inPlace, err := p.place(r, small)
			if err != nil || inPlace {
				return err
			}
		}
		return p.build(ctx, r, chain(small, next))
	})
}

type pull func() (Change, error, bool)

// takeSmall takes changes as long as they fit in place; whole says that these are
// all.
func takeSmall(next pull) (small []Change, whole bool, err error) {
	size := 0
	for {
		c, err, ok := next()
		if !ok || err != nil {
			return small, true, err
		}
		small = append(small, c)
		if size += len(c.Record); len(small) > maxPlaced || size > maxPlacedBytes {
			return small, false, nil
		}
	}
}

func chain(first []Change, next pull) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for _, c := range first {
			if !yield(c, nil) {
				return
			}
		}
		for c, err, ok := next(); ok; c, err, ok = next() {
			if !yield(c, err) {
				return
			}
		}
	}
}

// place computes the change in place. It reports false when the change touches a
// collection that selects by rule: then every product must be looked at anew.
func (p *Prepared) place(r kv.Reader, changes []Change) (bool, error) {
	p.Bytes = p.base.Bytes
	var edits []trie.Change
	for _, c := range lastOfEach(changes) {
		pl, same, err := p.placement(r, c)
		if err != nil {
			return false, err
		}
		if same {
			continue
		}
		if selectsByRule(pl) {
			p.placed, p.touched = nil, touched{}
			return false, nil
		}
		p.placed = append(p.placed, pl)
		p.touched.add(pl.Path, pl.old != nil)
		edits = append(edits, pl.edit())
		p.Bytes += uint64(len(c.Record))
		if pl.old != nil {
			p.Bytes -= uint64(len(pl.old.Record))
		}
	}
	edit, err := trie.Apply(source{r, p.base.at}, edits)
	if err != nil {
		return false, err
	}
	p.edit, p.Root, p.Count, p.changed = edit, edit.Root, edit.Count, len(p.placed)
	return true, nil
}

// lastOfEach keeps the last change of every path.
func lastOfEach(changes []Change) []Change {
	at := map[protocol.Path]int{}
	var out []Change
	for _, c := range changes {
		if i, ok := at[c.Path]; ok {
			out[i] = c
			continue
		}
		at[c.Path] = len(out)
		out = append(out, c)
	}
	return out
}

func (p *Prepared) placement(r kv.Reader, c Change) (pl placement, same bool, err error) {
	pl = placement{Change: c}
	old, err := readLeaf(r, p.base.at, c.Path)
	switch {
	case isNotFound(err):
		same = c.Record == nil
	case err != nil:
		return pl, false, err
	default:
		pl.old = &old
	}
	if c.Record != nil {
		pl.cid = protocol.Sum(protocol.DagCBOR, c.Record)
		same = pl.old != nil && pl.old.Leaf.Record == pl.cid
	}
	return pl, same, nil
}

func (pl placement) edit() trie.Change {
	if pl.Record == nil {
		return trie.Delete(pl.Path)
	}
	return trie.Put(pl.Path, pl.cid)
}

func selectsByRule(pl placement) bool {
	if pl.Path.Kind() != string(catalog.TypeCollection) {
		return false
	}
	if pl.old != nil && ruleOf(pl.Path, pl.old.Record) != nil {
		return true
	}
	return pl.Record != nil && ruleOf(pl.Path, pl.Record) != nil
}

func ruleOf(path protocol.Path, record []byte) *catalog.Rule {
	r, err := catalog.DecodeChecked(path, record)
	if c, ok := r.(*catalog.Collection); ok && err == nil {
		return c.Rule
	}
	return nil
}

// Discard ends a prepared change without making it. After Apply it does nothing.
func (p *Prepared) Discard() {
	if p.done {
		return
	}
	p.done = true
	if p.built != nil {
		p.built.abandon()
	}
	p.b.write.Unlock()
	if p.stage != nil {
		p.stage.ended(p.applied)
	}
}
