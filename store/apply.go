package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Apply makes a prepared change and moves the catalog to the signed head, in one
// durable step, together with what also writes to the private tables. The head
// must commit to the prepared root, count and bytes, else ErrMismatch. also may
// run several times. Whatever the outcome, the prepared change has ended.
func (s *Store) Apply(ctx context.Context, p *Prepared, signed []byte, also ...func(*OwnTxn) error) error {
	if p.done {
		return fmt.Errorf("apply head: the change was discarded: %w", ErrStale)
	}
	defer p.Discard()
	head, err := catalog.DecodeHead(signed)
	if err != nil {
		return fmt.Errorf("apply head: %w", err)
	}
	if head.Root != p.Root || head.Count != p.Count || head.Bytes != p.Bytes {
		return fmt.Errorf("apply head %d: %w", head.Seq, ErrMismatch)
	}
	err = s.withKeys(func() error { return p.commit(ctx, head, signed, also) })
	if errors.Is(err, kv.ErrTooLarge) && p.built == nil {
		if err = p.rebuild(ctx); err == nil {
			err = s.withKeys(func() error { return p.commit(ctx, head, signed, also) })
		}
	}
	if err != nil {
		return fmt.Errorf("apply head %d: %w", head.Seq, err)
	}
	p.applied = true
	if p.built != nil {
		p.built.abandon()
		p.built = nil
	}
	if p.stage != nil {
		p.s.wakeSweep()
	}
	return nil
}

// rebuild turns a change in place into a generation of its own.
func (p *Prepared) rebuild(ctx context.Context) error {
	root := p.Root
	p.changed, p.touched = 0, touched{}
	err := p.s.kv.View(ctx, func(r kv.Reader) error {
		return p.build(ctx, r, func(yield func(Change, error) bool) {
			for _, pl := range p.placed {
				if !yield(pl.Change, nil) {
					return
				}
			}
		})
	})
	if err == nil && p.Root != root {
		err = ErrMismatch
	}
	return err
}

func (p *Prepared) commit(ctx context.Context, head catalog.SignedHead, signed []byte, also []func(*OwnTxn) error) error {
	return p.s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		row, err := p.commitCatalog(tx)
		if err != nil {
			return err
		}
		for _, fn := range also {
			if err := fn(&OwnTxn{tx, p.s}); err != nil {
				return err
			}
		}
		if err := raiseHighest(tx, p.b.no, head, signed); err != nil {
			return err
		}
		if err := p.retain(tx, &row, head); err != nil {
			return err
		}
		row.Bytes, row.Head = p.Bytes, signed
		return writeState(tx, p.b.no, row)
	})
}

// commitCatalog writes the catalog's rows and returns the state row to write
// last.
func (p *Prepared) commitCatalog(tx kv.Txn) (stateRow, error) {
	now, err := p.b.readState(tx)
	if err != nil {
		return stateRow{}, err
	}
	if now.Generation != p.base.Generation || !bytes.Equal(now.Head, p.base.Head) {
		return stateRow{}, ErrStale
	}
	row := now.stateRow
	if p.stage != nil {
		row.Stage = 0
	}
	if p.built != nil {
		row.Generation, row.Packed = p.built.at.gen, true
		row.Products = p.built.totals.products
		return row, nil
	}
	for _, pl := range p.placed {
		if err := writePlacement(tx, now.at, pl); err != nil {
			return row, err
		}
	}
	if err := writeEdit(tx, now.at, p.edit); err != nil {
		return row, err
	}
	products, err := p.reindex(tx, indexOf(tx, now))
	row.Products += products
	return row, err
}

func writePlacement(tx kv.Txn, at realm, pl placement) error {
	key := keyLeaf(at, trie.KeyOf(pl.Path))
	if pl.Record == nil {
		return tx.Delete(key)
	}
	return tx.Set(key, encodeLeaf(pl.Path, pl.cid, pl.Record))
}

// reindex brings the index rows of every changed group up to date and returns by
// how much the number of products changed. The leaves are already written.
func (p *Prepared) reindex(tx kv.Txn, x index) (products int, err error) {
	rs, err := readRules(tx, x.at)
	if err != nil {
		return 0, err
	}
	sum := newTotals()
	for _, group := range p.groups() {
		if err := reindexGroup(tx, x, rs, group, &sum); err != nil {
			return 0, err
		}
	}
	for h, by := range sum.members {
		if by == 0 {
			continue
		}
		key := keyIndex(x.at, suffixSize(h))
		n, err := readCount(tx, key)
		if err != nil {
			return 0, err
		}
		if err := writeCount(tx, key, n+by); err != nil {
			return 0, err
		}
	}
	return sum.products, nil
}

// groups gathers the placements by group.
func (p *Prepared) groups() map[string][]placement {
	groups := map[string][]placement{}
	for _, pl := range p.placed {
		groups[pl.Path.Group()] = append(groups[pl.Path.Group()], pl)
	}
	return groups
}

func reindexGroup(tx kv.Txn, x index, rs rules, changed []placement, sum *totals) error {
	read := records{}
	after, err := read.readGroup(tx, x.at, changed[0].Path)
	if err != nil {
		return err
	}
	oldRows, newRows, err := rowsOf(read.group(before(after, changed)), read.group(after), rs)
	if err != nil {
		return err
	}
	for suffix := range oldRows {
		sum.count([]byte(suffix), -1)
		if _, stays := newRows[suffix]; !stays {
			if err := x.remove(tx, suffix); err != nil {
				return err
			}
		}
	}
	for suffix, value := range newRows {
		sum.count([]byte(suffix), 1)
		old, had := oldRows[suffix]
		if had && bytes.Equal(old, value) {
			continue
		}
		if err := tx.Set(keyIndex(x.at, suffix), value); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf computes the rows of a group before and after a change. Where only offers
// changed, the rows that don't depend on them are left out of both.
func rowsOf(was, is group, rs rules) (oldRows, newRows indexRows, err error) {
	oldRows, newRows = indexRows{}, indexRows{}
	old, new := rowMaker{to: oldRows}, rowMaker{to: newRows}
	if was.listed() && is.listed() && was.version == is.version {
		old.large(was)
		new.large(is)
		old.offers(was, rs)
		new.offers(is, rs)
	} else {
		old.rows(was, rs)
		new.rows(is, rs)
	}
	return oldRows, newRows, errors.Join(old.err, new.err)
}

// before returns the group as it was: unchanged rows, and the old ones of what
// changed.
func before(after []leafRow, changed []placement) []leafRow {
	is := map[protocol.Path]bool{}
	var rows []leafRow
	for _, pl := range changed {
		is[pl.Path] = true
		if pl.old != nil {
			rows = append(rows, *pl.old)
		}
	}
	for _, row := range after {
		if !is[row.Path] {
			rows = append(rows, row)
		}
	}
	return rows
}
