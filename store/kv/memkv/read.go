package memkv

import (
	"context"
	"fmt"
	"iter"

	"github.com/stoa-commerce/stoa/store/kv"
)

// reader reads one state, as long as its gate is open.
type reader struct {
	ctx  context.Context
	gate *kv.Gate
	root *tree
	saw  func(key []byte) // notes what is read; nil where nobody asks
}

// stopped says why reading must end early.
func (r *reader) stopped() error {
	if r.gate.IsShut() {
		return kv.ErrClosed
	}
	return r.ctx.Err()
}

func (r *reader) find(key []byte) (*tree, error) {
	err := kv.CheckKey(key)
	if err == nil {
		err = r.ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("get %.64q: %w", key, err)
	}
	if r.saw != nil {
		r.saw(key)
	}
	return r.root.find(key), nil
}

// Get implements kv.Reader.
func (r *reader) Get(key []byte) ([]byte, error) {
	n, err := r.find(key)
	if err != nil {
		return nil, err
	}
	if n == nil {
		return nil, fmt.Errorf("get %.64q: %w", key, kv.ErrNotFound)
	}
	return append([]byte{}, n.value...), nil
}

// Has implements kv.Reader.
func (r *reader) Has(key []byte) (bool, error) {
	n, err := r.find(key)
	return n != nil, err
}

// Scan implements kv.Reader.
func (r *reader) Scan(rg kv.Range, o kv.ScanOptions) iter.Seq2[kv.Item, error] {
	return func(yield func(kv.Item, error) bool) {
		err := r.stopped()
		n := 0
		walk := func(t *tree) bool {
			if err = r.stopped(); err != nil {
				return false
			}
			if r.saw != nil {
				r.saw(t.key)
			}
			item := kv.Item{Key: t.key}
			if !o.KeysOnly {
				item.Value = t.value
			}
			n++
			return yield(item, nil) && n != o.Limit
		}
		if err == nil && !rg.Empty() {
			r.root.walk(rg, o.Reverse, walk)
		}
		if err != nil {
			yield(kv.Item{}, fmt.Errorf("scan from %.64q: %w", rg.Start, err))
		}
	}
}

// snapshot is a reader with a gate of its own.
type snapshot struct {
	reader
	e *Engine
}

// Release implements kv.Snapshot. It waits for running reads.
func (s *snapshot) Release() {
	s.e.mu.Lock()
	delete(s.e.snaps, s)
	s.e.mu.Unlock()
	s.gate.Close()
}

func (s *snapshot) Get(key []byte) ([]byte, error) {
	if !s.gate.Enter() {
		return nil, fmt.Errorf("get %.64q: snapshot: %w", key, kv.ErrClosed)
	}
	defer s.gate.Leave()
	return s.reader.Get(key)
}

func (s *snapshot) Has(key []byte) (bool, error) {
	if !s.gate.Enter() {
		return false, fmt.Errorf("has %.64q: snapshot: %w", key, kv.ErrClosed)
	}
	defer s.gate.Leave()
	return s.reader.Has(key)
}

func (s *snapshot) Scan(rg kv.Range, o kv.ScanOptions) iter.Seq2[kv.Item, error] {
	return func(yield func(kv.Item, error) bool) {
		if !s.gate.Enter() {
			yield(kv.Item{}, fmt.Errorf("scan: snapshot: %w", kv.ErrClosed))
			return
		}
		defer s.gate.Leave()
		s.reader.Scan(rg, o)(yield)
	}
}
