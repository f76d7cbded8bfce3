package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/store/kv"
)

// migrations bring a store from schema i to i+1. The first makes an empty store
// a store of schema 1. Entries are only ever added.
var migrations = []func(kv.Txn) error{
	func(kv.Txn) error { return nil },
}

// Schema is the schema version this code reads and writes.
func Schema() uint64 { return uint64(len(migrations)) }

func (s *Store) migrate(ctx context.Context) error {
	for {
		done, err := s.migrateOnce(ctx)
		if err != nil || done {
			return err
		}
	}
}

func (s *Store) migrateOnce(ctx context.Context) (done bool, err error) {
	err = s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		at, err := readSchema(tx)
		if err != nil {
			return err
		}
		if at > Schema() {
			return fmt.Errorf("the store has schema %d, this version of stoa knows %d: use the newer stoa that wrote it", at, Schema())
		}
		if done = at == Schema(); done {
			return nil
		}
		if err := migrations[at](tx); err != nil {
			return fmt.Errorf("migrate from schema %d: %w", at, err)
		}
		return tx.Set(keySchema, binary.BigEndian.AppendUint64(nil, at+1))
	})
	return done, err
}

func readSchema(r kv.Reader) (uint64, error) {
	b, err := r.Get(keySchema)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil || len(b) != 8 {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return binary.BigEndian.Uint64(b), nil
}

func readBrandNo(b []byte) brandNo {
	if len(b) != 4 {
		return 0
	}
	return brandNo(binary.BigEndian.Uint32(b))
}
