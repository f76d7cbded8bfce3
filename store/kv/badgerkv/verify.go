package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/store/kv"
)

// checkDir checks the tables that the manifest in dir lists, before Badger
// opens them: all of each until budget bytes are read, then indexes only.
// Badger ends the whole process when it meets some kinds of damaged index.
func checkDir(dir string, budget int64) error {
	ids, err := manifestTables(dir)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(2)
	for _, id := range ids {
		path := table.NewFilename(id, dir)
		info, err := os.Stat(path)
		if err != nil {
			return errors.Join(g.Wait(), fmt.Errorf("%w: table %s: %w", kv.ErrCorrupt, path, err))
		}
		budget -= info.Size()
		whole := budget >= 0
		g.Go(func() error { return checkTable(path, whole) })
	}
	return g.Wait()
}

// manifestTables are the numbers of the tables in use; a new store has none.
func manifestTables(dir string) ([]uint64, error) {
	path := filepath.Join(dir, badger.ManifestFilename)
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var m badger.Manifest
	err = guardTable(func() (err error) {
		m, _, err = badger.ReplayManifestFile(f, 0, badger.DefaultOptions(dir).WithLogger(nil))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", kv.ErrCorrupt, path, err)
	}
	return sortedKeys(m.Tables), nil
}

func sortedKeys[V any](m map[uint64]V) []uint64 {
	ids := make([]uint64, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Verify implements kv.Engine. What is not in tables yet was checked when it
// was replayed, or is in memory.
func (d *DB) Verify(ctx context.Context) error {
	return d.verify(ctx, 0)
}

// verify checks table after table and rests after each for rest times as long
// as it took.
func (d *DB) verify(ctx context.Context, rest int) error {
	if d.opt.InMemory {
		return d.verifyNone(ctx)
	}
	for _, id := range d.tableIDs() {
		begun := time.Now()
		if err := d.verifyTable(ctx, id); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		if err := d.sleep(ctx, time.Since(begun)*time.Duration(rest)); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	return d.verifyNone(ctx)
}

// verifyNone only says whether the DB can be read.
func (d *DB) verifyNone(ctx context.Context) error {
	if err := d.begin(ctx, false); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	d.gate.Leave()
	return nil
}

func (d *DB) tableIDs() (ids []uint64) {
	if !d.gate.Enter() {
		return nil
	}
	defer d.gate.Leave()
	for _, t := range d.bdg.Tables() {
		ids = append(ids, t.ID)
	}
	return ids
}

// verifyTable checks one table. A compaction may remove it meanwhile; then it
// does not matter what was read.
func (d *DB) verifyTable(ctx context.Context, id uint64) error {
	if err := d.begin(ctx, false); err != nil {
		return err
	}
	defer d.gate.Leave()
	err := checkTable(table.NewFilename(id, d.opt.Dir), true)
	if err == nil || !slices.ContainsFunc(d.bdg.Tables(), func(t badger.TableInfo) bool { return t.ID == id }) {
		return nil
	}
	if os.IsNotExist(errors.Unwrap(err)) {
		err = fmt.Errorf("%w: %w", kv.ErrCorrupt, err)
	}
	return d.breakWith(err, true)
}

// sleep waits for t, ctx or Close.
func (d *DB) sleep(ctx context.Context, t time.Duration) error {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-d.gate.Shut():
		return kv.ErrClosed
	}
}
