package badgerkv

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"

	"github.com/stoa-commerce/stoa/store/kv"
)

// DB is a kv.Engine. Make it with Open.
type DB struct {
	opt  Options
	bdg  *badger.DB
	gate *kv.Gate
	sync *syncer
	logs *logs
	lock *os.File

	contended sync.Mutex // held by updates that met too many conflicts

	mu    sync.Mutex
	snaps map[*snapshot]struct{}

	fault atomic.Pointer[fault]
}

var _ kv.Engine = (*DB)(nil)

// fault is an error that the DB keeps returning.
type fault struct {
	err   error
	reads bool // reads are refused too
}

// Open opens the store in o.Dir, making it if there is none, and checks it as
// far as o.VerifyAtOpen goes. It returns ErrInUse if another process (or this
// one) has it open, ErrCorrupt naming the damaged file, or ErrNoSpace when
// the disk is too full to begin.
func Open(o Options) (*DB, error) {
	d := &DB{opt: o.withDefaults(), gate: kv.NewGate(), snaps: map[*snapshot]struct{}{}}
	if err := d.open(); err != nil {
		d.unlock()
		return nil, fmt.Errorf("open store %s: %w", o.Dir, err)
	}
	return d, nil
}

func (d *DB) open() error {
	d.sync = newSyncer(func() error { return nil })
	if !d.opt.InMemory {
		if err := d.prepare(); err != nil {
			return err
		}
		d.logs = newLogs(d.opt.Dir, d.opt.disk)
		d.sync.flush = d.logs.flush
	}
	bdg, err := badger.Open(d.opt.badger())
	d.bdg = bdg
	return translate(err)
}

// prepare takes the directory and looks at what is in it before Badger does.
func (d *DB) prepare() (err error) {
	if err := os.MkdirAll(d.opt.Dir, 0o700); err != nil {
		return translate(err)
	}
	if d.lock, err = lockFile(filepath.Join(d.opt.Dir, "owner.lock")); err != nil {
		return translate(err)
	}
	if err := d.needFree(openReserve); err != nil {
		return err
	}
	if err := dropStillborn(d.opt.Dir); err != nil {
		return err
	}
	return checkDir(d.opt.Dir, d.opt.VerifyAtOpen)
}

func (d *DB) needFree(bytes int64) error {
	if d.opt.InMemory {
		return nil
	}
	free, err := d.opt.free(d.opt.Dir)
	if err == nil && free < bytes {
		err = fmt.Errorf("%w: %d MiB free, %d MiB needed", kv.ErrNoSpace, free>>20, bytes>>20)
	}
	return err
}

// Limits are 15 % of a memtable, by Badger's own rule.
func (d *DB) Limits() kv.Limits {
	return kv.Limits{Txn: kv.Size{
		Writes: int(d.bdg.MaxBatchCount()) - 2,
		Bytes:  int(d.bdg.MaxBatchSize()) - 1,
	}}
}

// Sync makes all updates that have returned durable.
func (d *DB) Sync(ctx context.Context) error {
	if err := d.begin(ctx, true); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	defer d.gate.Leave()
	return d.makeDurable()
}

// makeDurable waits for a round of syncs. After a failed one the kernel may
// believe the lost pages clean, so nothing is written from then on.
func (d *DB) makeDurable() error {
	err := d.sync.wait()
	if err == nil {
		return nil
	}
	return d.breakWith(fmt.Errorf("%w: %w", kv.ErrFailed, translate(err)), false)
}

// breakWith makes the first err the one that begin returns from now on.
func (d *DB) breakWith(err error, reads bool) error {
	d.fault.CompareAndSwap(nil, &fault{err, reads})
	return err
}

// begin enters the gate for one operation, or says why not.
func (d *DB) begin(ctx context.Context, writes bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f := d.fault.Load(); f != nil && (writes || f.reads) {
		return f.err
	}
	if !d.gate.Enter() {
		return kv.ErrClosed
	}
	return nil
}

// Close implements kv.Engine.
func (d *DB) Close() error {
	if !d.gate.Close() {
		return nil
	}
	d.mu.Lock()
	snaps := d.snaps
	d.snaps = nil
	d.mu.Unlock()
	for s := range snaps {
		s.close()
	}
	if d.logs != nil {
		defer d.logs.close()
	}
	defer d.unlock()
	if err := d.bdg.Close(); err != nil {
		return fmt.Errorf("close store: %w", translate(err))
	}
	return nil
}

func (d *DB) unlock() {
	if d.lock != nil {
		d.lock.Close()
	}
}
