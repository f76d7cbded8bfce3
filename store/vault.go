package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/slots"
)

// vault keeps the keys of sealed rows and the journal of erasures. slots.Folder is
// the real one; obligations are described there.
type vault interface {
	Made() uint32
	Extend(n int) error
	Slot(slot uint32) (slots.Key, error)
	Erase(slots ...uint32) error
	Note(next uint32) error
	Noted() uint32
	Record(e slots.Erasure) error
	Erasures(from int) ([]slots.Erasure, error)
	io.Closer
}

// rowVault keeps the keys in the engine itself, where an erased one may stay on disk:
// for an engine in memory.
type rowVault struct {
	kv   kv.Engine
	made atomic.Uint32
}

func newRowVault(ctx context.Context, engine kv.Engine) (*rowVault, error) {
	v := &rowVault{kv: engine}
	return v, engine.View(ctx, func(r kv.Reader) error {
		made, err := readCounter(r, keyKeysMade)
		v.made.Store(uint32(made))
		return err
	})
}

func (v *rowVault) Made() uint32 { return v.made.Load() }

func (v *rowVault) Extend(n int) error {
	made := v.Made()
	err := v.kv.Update(context.Background(), kv.Durable, func(tx kv.Txn) error {
		for i := range n {
			key := randomKey()
			if err := tx.Set(keyKey(made+uint32(i)), key[:]); err != nil {
				return err
			}
		}
		return writeCounter(tx, keyKeysMade, uint64(made)+uint64(n))
	})
	if err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	v.made.Store(made + uint32(n))
	return nil
}

func (v *rowVault) Slot(slot uint32) (key slots.Key, err error) {
	if slot >= v.Made() {
		return key, fmt.Errorf("key %d: %w", slot, slots.ErrUnknown)
	}
	err = v.kv.View(context.Background(), func(r kv.Reader) error {
		b, err := r.Get(keyKey(slot))
		copy(key[:], b)
		return err
	})
	if errors.Is(err, kv.ErrNotFound) {
		err = fmt.Errorf("key %d: %w", slot, slots.ErrErased)
	}
	return key, err
}

func (v *rowVault) Erase(list ...uint32) error {
	return v.kv.Update(context.Background(), kv.Durable, func(tx kv.Txn) error {
		for _, slot := range list {
			if err := tx.Delete(keyKey(slot)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Note and Noted: keys and rows are of one age.
func (v *rowVault) Note(uint32) error { return nil }
func (v *rowVault) Noted() uint32     { return 0 }

func (v *rowVault) Close() error { return nil }

// erasureRow is an Erasure as a row.
type erasureRow struct {
	_     struct{} `cbor:",toarray"`
	Kind  slots.Kind
	ID    protocol.CID
	Slots []uint32
	Time  Millis
}

func (v *rowVault) Record(e slots.Erasure) error {
	b, err := protocol.Marshal(erasureRow{Kind: e.Kind, ID: e.ID, Slots: e.Slots, Time: e.Time})
	if err != nil {
		return err
	}
	list, err := v.Erasures(0)
	if err != nil {
		return err
	}
	return v.kv.Update(context.Background(), kv.Durable, func(tx kv.Txn) error {
		return tx.Set(keyErasure(len(list)), b)
	})
}

func (v *rowVault) Erasures(from int) (list []slots.Erasure, err error) {
	err = v.kv.View(context.Background(), func(r kv.Reader) error {
		list = nil
		for item, err := range r.Scan(kv.Prefix(keyErasures).From(keyErasure(from)), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			var row erasureRow
			if err := protocol.Unmarshal(item.Value, &row); err != nil {
				return err
			}
			list = append(list, slots.Erasure{Kind: row.Kind, ID: row.ID, Slots: row.Slots, Time: row.Time})
		}
		return nil
	})
	return list, err
}
