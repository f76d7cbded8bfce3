package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Errors of a Stage.
var (
	errStageClosed   = errors.New("the stage is closed")
	errStagePrepared = errors.New("the stage is prepared: apply or discard that first")
)

// Stage keeps what came of a catalog that is being fetched, across restarts. It
// is laid over the live catalog: what was added counts, and for the rest what is
// live. It may be used by several goroutines.
//
// What was added waits in memory until there is more of it than one transaction
// takes, or Flush is called; from then on it is a generation of the catalog in
// the making. Where nothing is live yet, that generation becomes the catalog as
// it is.
type Stage struct {
	s  *Store
	id protocol.CID
	b  *brand

	mu       sync.Mutex
	at       realm // the generation in the making; its gen is 0 when there is none
	empty    bool  // nothing was live when the stage was opened or last applied
	pending  []Change
	size     int // bytes of pending records
	bulk     kv.Bulk
	row      []byte // the last one written
	digests  digestCache
	prepared bool
	closed   bool
}

// Stage opens or resumes what is being fetched of a brand's catalog. There is one
// at a time: it waits until the other one is closed.
func (s *Store) Stage(ctx context.Context, id protocol.CID) (*Stage, error) {
	b, err := s.lookup(id)
	if err != nil {
		return nil, err
	}
	if err := b.enterStage(ctx); err != nil {
		return nil, fmt.Errorf("stage of %s: %w", id, err)
	}
	st := &Stage{s: s, id: id, b: b}
	if err := st.open(ctx); err != nil {
		b.leaveStage()
		return nil, fmt.Errorf("stage of %s: %w", id, err)
	}
	return st, nil
}

func (st *Stage) open(ctx context.Context) error {
	return st.s.kv.View(ctx, func(r kv.Reader) error {
		if err := st.b.present(r, st.id); err != nil {
			return err
		}
		now, err := st.b.readState(r)
		if err == nil {
			st.at, st.empty = realm{st.b.no, now.Stage}, len(now.Head) == 0
		}
		return err
	})
}

// Add takes records, and with a nil Record deletions, in any order; of several
// for one path the last one counts. Every record's form must have been checked.
// The slices are kept. What Add took is lost with the process until Flush.
func (st *Stage) Add(changes []Change) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.usable(); err != nil {
		return err
	}
	for _, c := range changes {
		st.pending = append(st.pending, c)
		st.size += len(c.Record)
	}
	if len(st.pending) > maxPlaced || st.size > maxPlacedBytes {
		return st.spill(context.Background())
	}
	return nil
}

// Flush makes what was added durable, and visible to the reads and to a stage
// that is resumed.
func (st *Stage) Flush() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.usable(); err != nil {
		return err
	}
	return st.flush(context.Background())
}

func (st *Stage) usable() error {
	if st.closed {
		return errStageClosed
	}
	if st.prepared {
		return errStagePrepared
	}
	return nil
}

func (st *Stage) flush(ctx context.Context) error {
	if len(st.pending) > 0 {
		if err := st.spill(ctx); err != nil {
			return err
		}
	}
	if st.bulk == nil {
		return nil
	}
	if err := st.bulk.Flush(); err != nil {
		st.dropBulk()
		return fmt.Errorf("flush stage: %w", err)
	}
	return nil
}

// spill writes what waits in memory to the generation in the making.
func (st *Stage) spill(ctx context.Context) error {
	if err := st.begin(ctx); err != nil {
		return err
	}
	for _, c := range st.pending {
		if err := st.write(c); err != nil {
			st.dropBulk()
			return fmt.Errorf("stage %s: %w", c.Path, err)
		}
	}
	st.pending, st.size = nil, 0
	return nil
}

// begin sees to it that there is a generation to write to.
func (st *Stage) begin(ctx context.Context) error {
	if st.at.gen == 0 {
		at, err := st.s.newGeneration(ctx, st.b, func(row *stateRow, at realm) { row.Stage = at.gen })
		if err != nil {
			return err
		}
		st.at = at
	}
	if st.bulk != nil {
		return nil
	}
	bulk, err := st.s.kv.Bulk(ctx)
	if err != nil {
		return fmt.Errorf("write to stage: %w", err)
	}
	st.bulk = bulk
	return nil
}

// write writes one change: its leaf row, and which collection selects by rule.
// Where nothing is live there is nothing that a deletion must hide.
func (st *Stage) write(c Change) error {
	leaf := trie.KeyOf(c.Path)
	st.digests.forget(leaf)
	if st.empty && c.Path.Kind() == string(catalog.TypeCollection) {
		if err := st.writeRule(c); err != nil {
			return err
		}
	}
	key := keyLeaf(st.at, leaf)
	switch {
	case c.Record != nil:
		st.row = appendLeaf(st.row[:0], c.Path, protocol.Sum(protocol.DagCBOR, c.Record), c.Record)
		return st.bulk.Set(key, st.row)
	case st.empty:
		return st.bulk.Delete(key)
	}
	return st.bulk.Set(key, encodeTombstone(c.Path))
}

func (st *Stage) writeRule(c Change) error {
	key := keyIndex(st.at, suffixRule+c.Path.Name())
	rule := ruleOf(c.Path, c.Record)
	if c.Record == nil || rule == nil {
		return st.bulk.Delete(key)
	}
	b, err := protocol.Marshal(rule)
	if err != nil {
		return err
	}
	return st.bulk.Set(key, b)
}

// dropBulk ends a bulk that failed. What it had not flushed is not known to be
// there: it is fetched again after the next descent.
func (st *Stage) dropBulk() {
	if st.bulk != nil {
		st.bulk.Discard()
	}
	st.bulk, st.pending, st.size = nil, nil, 0
	st.digests.clear()
}

// Empty reports whether nothing came yet, or all of it was applied or dropped.
func (st *Stage) Empty() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.at.gen == 0 && len(st.pending) == 0
}

// Prepare computes the catalog that the live one and what came make together, and
// takes the brand's write lock until Apply or Discard; compare its Root, Count
// and Bytes with the head. After Apply the stage is empty; after Discard it is as
// before. What came of a hostile brand can be invalid (protocol.ErrInvalid): drop
// it.
func (st *Stage) Prepare(ctx context.Context) (*Prepared, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.usable(); err != nil {
		return nil, err
	}
	if st.at.gen == 0 {
		return st.tied(st.s.Prepare(ctx, st.id, each(st.pending)))
	}
	if err := st.flush(ctx); err != nil {
		return nil, err
	}
	if err := st.b.lock(st.id); err != nil {
		return nil, err
	}
	p := &Prepared{s: st.s, b: st.b}
	if err := st.prepare(ctx, p); err != nil {
		p.Discard()
		return nil, fmt.Errorf("prepare what was fetched: %w", err)
	}
	return st.tied(p, nil)
}

// tied ties a prepared change to the stage.
func (st *Stage) tied(p *Prepared, err error) (*Prepared, error) {
	if err != nil {
		return nil, err
	}
	p.stage, st.prepared = st, true
	return p, nil
}

func each(changes []Change) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (st *Stage) prepare(ctx context.Context, p *Prepared) error {
	whole := false
	err := st.s.kv.View(ctx, func(r kv.Reader) (err error) {
		if p.base, err = p.b.readState(r); err != nil {
			return err
		}
		whole = len(p.base.Head) == 0
		return nil
	})
	if err != nil {
		return err
	}
	if whole {
		return p.adopt(ctx, st.at)
	}
	return st.s.kv.View(ctx, func(r kv.Reader) error {
		return p.prepare(ctx, stagedChanges(r, st.at))
	})
}

// ended is called when the prepared change has ended, applied or not.
func (st *Stage) ended(applied bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.prepared = false
	if applied {
		st.reset()
		st.empty = false
	}
	if st.closed {
		st.b.leaveStage()
	}
}

func (st *Stage) reset() {
	if st.bulk != nil {
		st.bulk.Discard()
	}
	st.at, st.bulk, st.pending, st.size = realm{}, nil, nil, 0
	st.digests.clear()
}

// Drop forgets what came.
func (st *Stage) Drop(ctx context.Context) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := st.usable(); err != nil {
		return err
	}
	if st.at.gen != 0 {
		if err := st.s.dropStage(ctx, st.b); err != nil {
			return fmt.Errorf("drop stage: %w", err)
		}
	}
	st.reset()
	return nil
}

func (s *Store) dropStage(ctx context.Context, b *brand) error {
	err := s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		now, err := b.readState(tx)
		if err != nil {
			return err
		}
		row := now.stateRow
		row.Stage = 0
		return writeState(tx, b.no, row)
	})
	s.wakeSweep()
	return err
}

// Close ends the work on the stage. What was flushed waits for the next one, which
// is opened when a prepared change has ended, too.
func (st *Stage) Close() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return nil
	}
	st.closed = true
	if st.bulk != nil {
		st.bulk.Discard()
	}
	st.bulk = nil
	if !st.prepared {
		st.b.leaveStage()
	}
	return nil
}
