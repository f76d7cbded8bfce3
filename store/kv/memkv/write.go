package memkv

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/store/kv"
)

// An update first competes freely; after some conflicts it takes turns with the
// others that met as many, so that it soon meets only newcomers.
const (
	freeAttempts = 4
	maxAttempts  = 1000
)

// Update implements kv.Engine.
func (e *Engine) Update(ctx context.Context, d kv.Durability, fn func(kv.Txn) error) error {
	if err := e.enter(ctx); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	defer e.gate.Leave()
	for range freeAttempts {
		if err := e.attempt(ctx, d, fn); !errors.Is(err, errAgain) {
			return err
		}
	}
	e.contended.Lock()
	defer e.contended.Unlock()
	for range maxAttempts {
		if err := e.attempt(ctx, d, fn); !errors.Is(err, errAgain) {
			return err
		}
	}
	return fmt.Errorf("update: %w", kv.ErrConflict)
}

// errAgain says that an attempt met another update.
var errAgain = errors.New("again")

func (e *Engine) attempt(ctx context.Context, d kv.Durability, fn func(kv.Txn) error) error {
	tx := e.begin(ctx)
	if err := fn(tx); err != nil {
		return err
	}
	if err := errors.Join(tx.failed, ctx.Err()); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	return e.commit(tx, d)
}

// commit applies the writes unless something that was read has changed.
func (e *Engine) commit(tx *txn, d kv.Durability) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, version := range tx.reads {
		if e.root.versionOf([]byte(key)) != version {
			return errAgain
		}
	}
	e.version++
	for key, value := range tx.writes {
		if value == nil {
			e.root = e.root.delete([]byte(key))
		} else {
			e.root = e.root.set([]byte(key), value, e.version)
		}
	}
	if d == kv.Durable {
		e.durable = e.root
	}
	return nil
}

// txn is a kv.Txn. Its reader's root has its own writes, too.
type txn struct {
	reader
	base   *tree
	reads  map[string]uint64 // versions of what was read
	writes map[string][]byte // nil is a deletion
	size   kv.Size
	failed error // the first refused write; it fails the transaction
}

func (e *Engine) begin(ctx context.Context) *txn {
	base := e.now()
	tx := &txn{base: base, reads: map[string]uint64{}, writes: map[string][]byte{}}
	tx.reader = reader{ctx: ctx, gate: e.gate, root: base, saw: tx.read}
	return tx
}

// read notes a key that others may change; its own writes are its own.
func (tx *txn) read(key []byte) {
	if _, own := tx.writes[string(key)]; !own {
		tx.reads[string(key)] = tx.base.versionOf(key)
	}
}

// Set implements kv.Txn.
func (tx *txn) Set(key, value []byte) error {
	if len(value) > kv.MaxValue {
		return tx.refuse("set", key, fmt.Errorf("%w: value of %d bytes", kv.ErrTooLarge, len(value)))
	}
	if err := tx.count("set", key, value); err != nil {
		return err
	}
	own := append([]byte{}, value...)
	tx.writes[string(key)] = own
	tx.root = tx.root.set([]byte(string(key)), own, 0)
	return nil
}

// Delete implements kv.Txn.
func (tx *txn) Delete(key []byte) error {
	if err := tx.count("delete", key, nil); err != nil {
		return err
	}
	tx.writes[string(key)] = nil
	tx.root = tx.root.delete(key)
	return nil
}

// Size implements kv.Txn.
func (tx *txn) Size() kv.Size { return tx.size }

func (tx *txn) count(what string, key, value []byte) error {
	if tx.failed != nil {
		return tx.failed
	}
	if err := kv.CheckKey(key); err != nil {
		return tx.refuse(what, key, err)
	}
	grown := tx.size.Add(key, value)
	if grown.Writes > maxWrites || grown.Bytes > maxBytes {
		return tx.refuse(what, key, fmt.Errorf("%w: %d writes of %d bytes", kv.ErrTooLarge, grown.Writes, grown.Bytes))
	}
	tx.size = grown
	return nil
}

func (tx *txn) refuse(what string, key []byte, err error) error {
	tx.failed = fmt.Errorf("%s %.64q: %w", what, key, err)
	return tx.failed
}
