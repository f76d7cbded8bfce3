package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/stoa-commerce/stoa/store/kv"
)

// An update first competes freely; after some conflicts it takes turns with
// the others that met as many, so that it soon meets only newcomers.
const (
	freeAttempts = 4
	maxAttempts  = 200
	maxPause     = 2 * time.Millisecond
)

// Update implements kv.Engine.
func (d *DB) Update(ctx context.Context, dur kv.Durability, fn func(kv.Txn) error) error {
	if err := d.begin(ctx, true); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	defer d.gate.Leave()
	if err := d.apply(ctx, fn); err != nil {
		return err
	}
	if dur == kv.Relaxed {
		return nil
	}
	return d.makeDurable()
}

// apply runs fn until it commits without conflict.
func (d *DB) apply(ctx context.Context, fn func(kv.Txn) error) error {
	for n := 0; n < freeAttempts; n++ {
		if done, err := d.attempt(ctx, fn); done {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return fmt.Errorf("update: %w", err)
		}
	}
	d.contended.Lock()
	defer d.contended.Unlock()
	for n := freeAttempts; n < maxAttempts; n++ {
		if done, err := d.attempt(ctx, fn); done {
			return err
		}
	}
	return fmt.Errorf("update: %w after %d attempts", kv.ErrConflict, maxAttempts)
}

// pause waits a random time that grows with the number of attempts.
func pause(ctx context.Context, n int) error {
	t := time.NewTimer(rand.N(min(maxPause, 50*time.Microsecond<<n)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt runs fn once and commits; done is false after a conflict.
func (d *DB) attempt(ctx context.Context, fn func(kv.Txn) error) (done bool, err error) {
	txn := d.bdg.NewTransaction(true)
	defer txn.Discard()
	w := &writer{reader: reader{ctx: ctx, db: d, txn: txn}, limits: d.Limits()}
	if err := fn(w); err != nil {
		return true, err
	}
	if err := errors.Join(w.failed, ctx.Err()); err != nil {
		return true, fmt.Errorf("update: %w", err)
	}
	err = d.commit(txn, w.size)
	if errors.Is(err, badger.ErrConflict) {
		return false, nil
	}
	return true, err
}

// commit applies the writes of txn, if it has any. An error that is neither a
// conflict nor a refusal leaves unknown what the log holds.
func (d *DB) commit(txn *badger.Txn, size kv.Size) error {
	if size.Writes == 0 {
		return nil
	}
	if err := d.needFree(d.opt.Reserve); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	return d.committed(d.sync.commit(txn.Commit))
}

// committed judges the outcome of a commit.
func (d *DB) committed(err error) error {
	switch {
	case err == nil, errors.Is(err, badger.ErrConflict):
		return err
	case errors.Is(err, badger.ErrTxnTooBig):
		return fmt.Errorf("update: %w", translate(err))
	}
	return d.breakWith(fmt.Errorf("update: %w: %w", kv.ErrFailed, translate(err)), false)
}

// send is commit that doesn't wait: the outcome comes later. Commits take effect in
// the order in which they were sent. The caller is within the gate, which stays
// occupied until then.
func (d *DB) send(txn *badger.Txn) (outcome chan error, err error) {
	if err := d.needFree(d.opt.Reserve); err != nil {
		return nil, fmt.Errorf("update: %w", err)
	}
	d.gate.Stay()
	outcome = make(chan error, 1)
	d.sync.begin()
	txn.CommitWith(func(err error) {
		d.sync.end()
		outcome <- d.committed(err)
		d.gate.Leave()
	})
	return outcome, nil
}

// writer is a kv.Txn.
type writer struct {
	reader
	limits kv.Limits
	size   kv.Size
	failed error  // the first refused write; it fails the transaction
	block  []byte // what was copied
	grow   int    // bytes of a block; 0 gives everything its own
}

// keep copies a key or a value.
func (w *writer) keep(b []byte) []byte {
	if cap(w.block)-len(w.block) < len(b) || w.block == nil {
		w.block = make([]byte, 0, max(w.grow, len(b)))
	}
	n := len(w.block)
	w.block = append(w.block, b...)
	return w.block[n:len(w.block):len(w.block)]
}

func (w *writer) Set(key, value []byte) error {
	if len(value) > kv.MaxValue {
		return w.refuse("set", key, fmt.Errorf("%w: value of %d bytes", kv.ErrTooLarge, len(value)))
	}
	return w.write("set", key, value, func(k []byte) error {
		return w.txn.Set(k, w.keep(value))
	})
}

func (w *writer) Delete(key []byte) error {
	return w.write("delete", key, nil, w.txn.Delete)
}

func (w *writer) Size() kv.Size { return w.size }

func (w *writer) write(what string, key, value []byte, do func(key []byte) error) error {
	if w.failed != nil {
		return w.failed
	}
	if err := checkKey(key); err != nil {
		return w.refuse(what, key, err)
	}
	grown := w.size.Add(key, value)
	if !w.limits.Fits(grown) {
		return w.refuse(what, key, fmt.Errorf("%w: %d writes of %d bytes", kv.ErrTooLarge, grown.Writes, grown.Bytes))
	}
	if err := do(w.keep(key)); err != nil {
		return w.refuse(what, key, translate(err))
	}
	w.size = grown
	return nil
}

func (w *writer) refuse(what string, key []byte, err error) error {
	w.failed = fmt.Errorf("%s %.64q: %w", what, key, err)
	return w.failed
}
