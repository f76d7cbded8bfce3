package badgerkv

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/store/kv"
)

// bulkPiece is how many bytes a Bulk commits at once and bulkAhead how many pieces
// are on their way while the next is filled: little enough that updates which wait
// behind them don't wait long.
const (
	bulkPiece = 256 << 10
	bulkAhead = 2
	bulkBlock = 64 << 10 // bytes of rows that are copied to one place
)

// bulk is a kv.Bulk: one transaction after the other.
type bulk struct {
	ctx  context.Context
	db   *DB
	cur  *writer      // nil between pieces
	sent []chan error // the outcomes of the pieces on their way, oldest first
	err  error        // what ended the bulk
}

var errDiscarded = fmt.Errorf("bulk is discarded: %w", kv.ErrClosed)

// Bulk implements kv.Engine.
func (d *DB) Bulk(ctx context.Context) (kv.Bulk, error) {
	if err := d.begin(ctx, true); err != nil {
		return nil, fmt.Errorf("bulk: %w", err)
	}
	d.gate.Leave()
	return &bulk{ctx: ctx, db: d}, nil
}

func (b *bulk) Set(key, value []byte) error {
	return b.write(func(w *writer) error { return w.Set(key, value) })
}

func (b *bulk) Delete(key []byte) error {
	return b.write(func(w *writer) error { return w.Delete(key) })
}

// write adds one write and commits the piece when it is full. An error ends
// the bulk: what it was about is not known to be written.
func (b *bulk) write(add func(*writer) error) error {
	return b.do(func() error {
		if b.cur == nil {
			txn := b.db.bdg.NewTransaction(true)
			b.cur = &writer{reader: reader{ctx: b.ctx, db: b.db, txn: txn}, limits: b.db.Limits(), grow: bulkBlock}
		}
		if err := add(b.cur); err != nil {
			return err
		}
		if b.cur.size.Bytes >= bulkPiece {
			return b.commit()
		}
		return nil
	})
}

// do runs one step within the gate, unless the bulk has ended.
func (b *bulk) do(step func() error) error {
	if b.err != nil {
		return b.err
	}
	if err := b.db.begin(b.ctx, true); err != nil {
		return b.end(err)
	}
	defer b.db.gate.Leave()
	if err := step(); err != nil {
		return b.end(err)
	}
	return nil
}

// commit sends the piece off when those before are few enough. It reads nothing,
// so it cannot conflict.
func (b *bulk) commit() error {
	w := b.cur
	b.cur = nil
	if w == nil {
		return nil
	}
	defer w.txn.Discard()
	if err := b.await(bulkAhead - 1); err != nil {
		return err
	}
	outcome, err := b.db.send(w.txn)
	if err == nil {
		b.sent = append(b.sent, outcome)
	}
	return err
}

// await waits until no more than so many pieces are on their way.
func (b *bulk) await(left int) error {
	for len(b.sent) > left {
		err := <-b.sent[0]
		b.sent = b.sent[1:]
		if err != nil {
			return err
		}
	}
	return nil
}

// Flush implements kv.Bulk.
func (b *bulk) Flush() error {
	return b.do(func() error {
		if err := errors.Join(b.commit(), b.await(0)); err != nil {
			return err
		}
		return b.db.makeDurable()
	})
}

// Discard implements kv.Bulk. When it returns nothing is on its way any more.
func (b *bulk) Discard() { b.end(errDiscarded) }

func (b *bulk) end(err error) error {
	if b.cur != nil && b.db.gate.Enter() {
		b.cur.txn.Discard()
		b.db.gate.Leave()
	}
	b.cur = nil
	for len(b.sent) > 0 {
		_ = b.await(0) // an error broke the store, which says so itself
	}
	if b.err == nil {
		b.err = fmt.Errorf("bulk: %w", err)
	}
	return b.err
}
