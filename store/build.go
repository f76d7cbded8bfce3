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

// build is a generation in the making: a copy of the live leaves with the changes
// applied, its trie and its index rows, all of it invisible until the state row
// names it.
type build struct {
	s      *Store
	at     realm
	bulk   kv.Bulk
	rules  rules
	totals totals
	pages  packer
	rows   rowMaker
	prefix []byte // of the keys of rows
	key    []byte // of the last row
	bytes  uint64
}

// build makes a generation out of the live one, as r shows it, and the changes.
func (p *Prepared) build(ctx context.Context, r kv.Reader, changes iter.Seq2[Change, error]) error {
	b, err := p.s.newBuild(ctx, p.b)
	if err != nil {
		return err
	}
	p.built = b
	if b.rules, err = readRules(r, p.base.at); err != nil {
		return err
	}
	if err := b.copyLeaves(r, p.base.at); err != nil {
		return err
	}
	for c, err := range changes {
		if err != nil {
			return err
		}
		if err := p.buildChange(r, c); err != nil {
			return err
		}
	}
	b.rules = b.rules.bounded()
	return p.finishBuild(ctx)
}

// newBuild begins a generation in the making.
func (s *Store) newBuild(ctx context.Context, b *brand) (*build, error) {
	at, err := s.newGeneration(ctx, b, func(*stateRow, realm) {})
	if err != nil {
		return nil, err
	}
	return s.buildAt(ctx, at)
}

func (s *Store) buildAt(ctx context.Context, at realm) (*build, error) {
	bulk, err := s.kv.Bulk(ctx)
	if err != nil {
		return nil, err
	}
	b := &build{s: s, at: at, bulk: bulk, totals: newTotals(), pages: newPacker(bulk, at), prefix: keyIndex(at, "")}
	b.rows.to = b
	return b, nil
}

// newGeneration takes the next generation number, durably, so that what a crash
// leaves of it is found and swept. note may add to the state row.
func (s *Store) newGeneration(ctx context.Context, b *brand, note func(*stateRow, realm)) (at realm, err error) {
	err = s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		now, err := b.readState(tx)
		if err != nil {
			return err
		}
		row := now.stateRow
		at = realm{b.no, row.Next}
		row.Next++
		note(&row, at)
		if err := writeState(tx, b.no, row); err != nil {
			return err
		}
		return tx.Set(keyGeneration(at), nil)
	})
	if err != nil {
		return realm{}, fmt.Errorf("begin generation: %w", err)
	}
	return at, nil
}

// adopt makes the leaves that were fetched, where nothing was live, into the
// generation that is built.
func (p *Prepared) adopt(ctx context.Context, at realm) error {
	if err := p.s.clearIndex(ctx, at); err != nil {
		return err
	}
	b, err := p.s.buildAt(ctx, at)
	if err != nil {
		return err
	}
	p.built = b
	if b.rules, err = p.s.followRules(ctx, at); err != nil {
		return err
	}
	err = p.finishBuild(ctx)
	p.changed = int(p.Count)
	return err
}

// clearIndex removes what an earlier build of the generation left, but for the
// rules, which came with the leaves.
func (s *Store) clearIndex(ctx context.Context, at realm) error {
	rules := kv.Prefix(keyIndex(at, suffixRule))
	index := kv.Prefix(keyIndex(at, ""))
	for _, rows := range []kv.Range{kv.Prefix(keyDigests(at, nil)), index.Before(rules.Start), index.From(rules.End), kv.Prefix(keyPages(at)), kv.Prefix(keyRuns(at))} {
		if _, err := kv.DeleteRange(ctx, s.kv, rows); err != nil {
			return err
		}
	}
	return nil
}

func (b *build) copyLeaves(r kv.Reader, from realm) error {
	base := keyLeaves(from)
	to := keyLeaves(b.at)
	for item, err := range r.Scan(kv.Prefix(base), kv.ScanOptions{}) {
		if err != nil {
			return err
		}
		if err := b.bulk.Set(append(to[:len(to):len(to)], item.Key[len(base):]...), item.Value); err != nil {
			return err
		}
	}
	return nil
}

func (p *Prepared) buildChange(r kv.Reader, c Change) error {
	pl, same, err := p.placement(r, c)
	if err != nil {
		return err
	}
	// What stands there already is written all the same: an earlier change of the
	// path may have said otherwise, and the last one counts.
	if !same {
		p.changed++
		p.touched.add(pl.Path, pl.old != nil)
	}
	if c.Path.Kind() == string(catalog.TypeCollection) {
		p.built.setRule(c)
	}
	key := keyLeaf(p.built.at, trie.KeyOf(c.Path))
	if c.Record == nil {
		return p.built.bulk.Delete(key)
	}
	return p.built.bulk.Set(key, encodeLeaf(c.Path, pl.cid, c.Record))
}

func (b *build) setRule(c Change) {
	var rule *catalog.Rule
	if c.Record != nil {
		rule = ruleOf(c.Path, c.Record)
	}
	b.rules.set(protocol.Handle(c.Path.Name()), rule)
}

// finishBuild reads the leaves back in trie order and writes the trie's rows and
// the index. All of it is on disk when it returns.
func (p *Prepared) finishBuild(ctx context.Context) error {
	b := p.built
	if err := b.bulk.Flush(); err != nil {
		return err
	}
	edit, err := b.index(ctx)
	if err != nil {
		return err
	}
	if err := b.pages.finish(ctx, b.s.kv, b.bulk.Flush); err != nil {
		return err
	}
	for h, n := range b.totals.members {
		if err := writeCount(b.bulk, keyIndex(b.at, suffixSize(h)), n); err != nil {
			return err
		}
	}
	p.Root, p.Count, p.Bytes = edit.Root, edit.Count, b.bytes
	return b.bulk.Flush()
}

// index writes the trie's rows and the index in one pass over the leaves: while some
// are written, the next are read.
func (b *build) index(ctx context.Context) (trie.Edit, error) {
	in := newIndexing(b)
	ended := make(chan error, 1)
	go func() { ended <- in.write() }()
	err := b.s.kv.View(ctx, func(r kv.Reader) error {
		return scanLeaves(r, kv.Prefix(keyLeaves(b.at)), in.leaf)
	})
	if err == nil {
		err = in.endGroup()
	}
	if err == nil {
		err = in.send()
	}
	close(in.ready)
	if failed := <-ended; failed != nil {
		err = failed
	}
	if err != nil {
		return trie.Edit{}, err
	}
	return in.trie.Finish()
}

func (b *build) indexGroup(g group) error {
	b.rows.rows(g, b.rules)
	return b.rows.err
}

// put implements rowSink.
func (b *build) put(suffix, value []byte) error {
	b.totals.count(suffix, 1)
	if table := tableOf(suffix); table >= 0 {
		return b.pages.add(table, suffix, value)
	}
	b.key = append(append(b.key[:0], b.prefix...), suffix...)
	return b.bulk.Set(b.key, value)
}

// abandon ends the build; its rows are swept.
func (b *build) abandon() {
	b.bulk.Discard()
	b.s.wakeSweep()
}
