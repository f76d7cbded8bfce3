package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store/kv"
)

// migration brings a store from one schema to the next: before, which may be
// nil, writes what is too much for one transaction and may run again after an
// interruption; step goes into the transaction that raises the schema.
type migration struct {
	before func(context.Context, *Store) error
	step   func(kv.Txn) error
}

// migrations bring a store from schema i to i+1. The first makes an empty store
// a store of schema 1. Entries are only ever added.
var migrations = []migration{
	{step: func(kv.Txn) error { return nil }},
	{before: indexLargeRecords, step: countBrandsAndStand},
	{step: func(kv.Txn) error { return nil }}, // full builds write pages; earlier ones stay
	{before: splitStock, step: func(kv.Txn) error { return nil }},
}

// Schema is the schema version this code reads and writes.
func Schema() uint64 { return uint64(len(migrations)) }

func (s *Store) migrate(ctx context.Context) error {
	for {
		at, err := s.schema(ctx)
		if err != nil || at == Schema() {
			return err
		}
		if err := s.migrateFrom(ctx, at); err != nil {
			return fmt.Errorf("migrate from schema %d: %w", at, err)
		}
	}
}

func (s *Store) schema(ctx context.Context) (at uint64, err error) {
	err = s.kv.View(ctx, func(r kv.Reader) error {
		at, err = readSchema(r)
		return err
	})
	if err == nil && at > Schema() {
		err = fmt.Errorf("the store has schema %d, this version of stoa knows %d: use the newer stoa that wrote it", at, Schema())
	}
	return at, err
}

func (s *Store) migrateFrom(ctx context.Context, at uint64) error {
	m := migrations[at]
	if m.before != nil {
		if err := m.before(ctx, s); err != nil {
			return err
		}
	}
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		if err := m.step(tx); err != nil {
			return err
		}
		return tx.Set(keySchema, binary.BigEndian.AppendUint64(nil, at+1))
	})
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

// countBrandsAndStand starts the counter of brand numbers behind those that were
// given, and makes the head of every catalog the highest known of its brand.
func countBrandsAndStand(tx kv.Txn) error {
	var last brandNo
	for item, err := range tx.Scan(kv.Prefix([]byte("b/")), kv.ScanOptions{}) {
		if err != nil {
			return err
		}
		no := readBrandNo(item.Value)
		last = max(last, no)
		st, err := newBrand(no).readState(tx)
		if err != nil {
			return err
		}
		if len(st.Head) == 0 {
			continue
		}
		if err := raiseHighest(tx, no, catalog.SignedHead{}, st.Head); err != nil {
			return err
		}
	}
	return tx.Set(keyBrands, last.append(nil))
}

// indexLargeRecords adds the rows about large records to the live catalogs.
func indexLargeRecords(ctx context.Context, s *Store) error {
	bulk, err := s.kv.Bulk(ctx)
	if err != nil {
		return err
	}
	defer bulk.Discard()
	err = s.kv.View(ctx, func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Prefix([]byte("b/")), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			st, err := newBrand(readBrandNo(item.Value)).readState(r)
			if err != nil {
				return err
			}
			if err := indexLarge(r, bulk, st.at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return bulk.Flush()
}

func indexLarge(r kv.Reader, w writer, at realm) error {
	return scanLeaves(r, kv.Prefix(keyLeaves(at)), func(row leafRow) error {
		if len(row.Record) < LargeRecord {
			return nil
		}
		return w.Set(keyIndex(at, suffixLarge(row.Leaf.Record)+string(row.Path)), nil)
	})
}

// splitStock gives the stock of every variant a row of its own. What rows of products
// still say of it isn't read any more.
func splitStock(ctx context.Context, s *Store) error {
	bulk, err := s.kv.Bulk(ctx)
	if err != nil {
		return err
	}
	defer bulk.Discard()
	err = s.kv.View(ctx, func(r kv.Reader) error {
		run, pending, err := readPending(r)
		if err != nil {
			return err
		}
		if err := splitStockOf(r, bulk, kv.Prefix([]byte("o/"))); err != nil || !pending {
			return err
		}
		return splitStockOf(r, bulk, kv.Prefix(keyStagedAll(run)))
	})
	if err != nil {
		return err
	}
	return bulk.Flush()
}

func splitStockOf(r kv.Reader, w writer, products kv.Range) error {
	for item, err := range r.Scan(products, kv.ScanOptions{}) {
		if err != nil {
			return err
		}
		p := new(OwnProduct)
		if err := protocol.Unmarshal(item.Value, p); err != nil {
			return fmt.Errorf("own product: %w: %w", err, kv.ErrCorrupt)
		}
		for _, v := range p.Variants {
			b, err := encodeStock(Stocked{Stock: v.Stock})
			if err == nil {
				err = w.Set(keyStock(v.ID), b)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
