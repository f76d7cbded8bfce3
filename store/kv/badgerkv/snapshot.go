package badgerkv

import (
	"context"
	"fmt"
	"iter"

	"github.com/stoa-commerce/stoa/store/kv"
)

// snapshot is a read-only Badger transaction with a gate of its own, so that
// it is never discarded under a reader.
type snapshot struct {
	reader
	gate *kv.Gate
}

// Snapshot implements kv.Engine.
func (d *DB) Snapshot() (kv.Snapshot, error) {
	if err := d.begin(context.Background(), false); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	defer d.gate.Leave()
	txn := d.bdg.NewTransaction(false)
	s := &snapshot{reader{context.Background(), d, txn}, kv.NewGate()}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.snaps[s] = struct{}{}
	return s, nil
}

// Release implements kv.Snapshot. It waits for running reads.
func (s *snapshot) Release() {
	s.db.mu.Lock()
	delete(s.db.snaps, s)
	s.db.mu.Unlock()
	s.close()
}

func (s *snapshot) close() {
	if s.gate.Close() {
		s.txn.Discard()
	}
}

func (s *snapshot) Get(key []byte) ([]byte, error) {
	if !s.gate.Enter() {
		return nil, fmt.Errorf("get %q: snapshot: %w", key, kv.ErrClosed)
	}
	defer s.gate.Leave()
	return s.reader.Get(key)
}

func (s *snapshot) Has(key []byte) (bool, error) {
	if !s.gate.Enter() {
		return false, fmt.Errorf("has %q: snapshot: %w", key, kv.ErrClosed)
	}
	defer s.gate.Leave()
	return s.reader.Has(key)
}

func (s *snapshot) Scan(r kv.Range, o kv.ScanOptions) iter.Seq2[kv.Item, error] {
	return func(yield func(kv.Item, error) bool) {
		if !s.gate.Enter() {
			yield(kv.Item{}, fmt.Errorf("scan: snapshot: %w", kv.ErrClosed))
			return
		}
		defer s.gate.Leave()
		s.reader.Scan(r, o)(yield)
	}
}
