package memkv

import (
	"context"
	"fmt"

	"github.com/stoa-commerce/stoa/store/kv"
)

// bulkPiece is how many bytes a Bulk commits at once.
const bulkPiece = 512 << 10

// bulk is a kv.Bulk: one transaction after the other.
type bulk struct {
	ctx context.Context
	e   *Engine
	cur *txn  // nil between pieces
	err error // what ended the bulk
}

var errDiscarded = fmt.Errorf("bulk is discarded: %w", kv.ErrClosed)

// Bulk implements kv.Engine.
func (e *Engine) Bulk(ctx context.Context) (kv.Bulk, error) {
	if err := e.enter(ctx); err != nil {
		return nil, fmt.Errorf("bulk: %w", err)
	}
	e.gate.Leave()
	return &bulk{ctx: ctx, e: e}, nil
}

// Set implements kv.Bulk.
func (b *bulk) Set(key, value []byte) error {
	return b.write(func(tx *txn) error { return tx.Set(key, value) })
}

// Delete implements kv.Bulk.
func (b *bulk) Delete(key []byte) error {
	return b.write(func(tx *txn) error { return tx.Delete(key) })
}

// write adds one write and commits the piece when it is full.
func (b *bulk) write(add func(*txn) error) error {
	return b.do(func() error {
		if b.cur == nil {
			b.cur = b.e.begin(b.ctx)
		}
		if err := add(b.cur); err != nil {
			return err
		}
		if b.cur.size.Bytes < bulkPiece {
			return nil
		}
		return b.commit(kv.Relaxed)
	})
}

// do runs one step within the gate, unless the bulk has ended. An error ends it:
// what it was about is not known to be written.
func (b *bulk) do(step func() error) error {
	if b.err != nil {
		return b.err
	}
	err := b.e.enter(b.ctx)
	if err == nil {
		err = step()
		b.e.gate.Leave()
	}
	if err != nil {
		b.end(err)
		return b.err
	}
	return nil
}

func (b *bulk) commit(d kv.Durability) error {
	tx := b.cur
	if b.cur = nil; tx == nil {
		return nil
	}
	return b.e.commit(tx, d)
}

// Flush implements kv.Bulk.
func (b *bulk) Flush() error {
	return b.do(func() error {
		if err := b.commit(kv.Durable); err != nil {
			return err
		}
		b.e.makeDurable()
		return nil
	})
}

// Discard implements kv.Bulk.
func (b *bulk) Discard() { b.end(errDiscarded) }

func (b *bulk) end(err error) {
	b.cur = nil
	if b.err == nil {
		b.err = fmt.Errorf("bulk: %w", err)
	}
}
