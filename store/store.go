package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Errors a caller decides on.
var (
	// ErrNotFound means that the thing asked for isn't in the store.
	ErrNotFound = errors.New("not found")
	// ErrStale means that the catalog moved on since the change was prepared:
	// prepare again.
	ErrStale = errors.New("the catalog moved on meanwhile")
	// ErrMismatch means that a head doesn't commit to the records it came with.
	ErrMismatch = errors.New("records don't match the head")
)

// Store is the node's memory. Its methods may be called concurrently; changes to
// one brand's catalog are made one after another.
type Store struct {
	kv    kv.Engine
	dirty chan struct{} // there may be dead generations

	mu     sync.Mutex
	brands map[protocol.CID]*brand
}

// brand is what the store keeps in memory about one brand.
type brand struct {
	no     brandNo
	write  sync.Mutex // held from Prepare to Apply or Discard
	mu     sync.Mutex
	cached *state // the state last read, by its bytes
	log    *identity.Log
}

// Open opens the store over an engine, brings its schema up to date and clears
// what an interrupted import left. The engine stays the caller's to close.
func Open(ctx context.Context, engine kv.Engine) (*Store, error) {
	s := &Store{kv: engine, dirty: make(chan struct{}, 1), brands: map[protocol.CID]*brand{}}
	s.wakeSweep()
	if err := s.migrate(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := s.loadBrands(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := s.settleImport(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

// Run does the store's upkeep until ctx ends: it removes the rows of generations
// that are no longer live.
func (s *Store) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.dirty:
		}
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("sweep store: %w", err)
		}
	}
}

func (s *Store) wakeSweep() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

func (s *Store) loadBrands(ctx context.Context) error {
	return s.kv.View(ctx, func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Prefix([]byte("b/")), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			id, err := protocol.CIDFromBytes(item.Key[len("b/"):])
			if err != nil {
				return err
			}
			s.brands[id] = &brand{no: readBrandNo(item.Value)}
		}
		return nil
	})
}

// Brands lists the brands whose catalogs are stored, in no order.
func (s *Store) Brands() []protocol.CID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []protocol.CID
	for id := range s.brands {
		out = append(out, id)
	}
	return out
}

func (s *Store) lookup(id protocol.CID) (*brand, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.brands[id]; ok {
		return b, nil
	}
	return nil, fmt.Errorf("brand %s: %w", id, ErrNotFound)
}

// AddBrand makes room for a brand's identity and catalog; doing it again is no
// change.
func (s *Store) AddBrand(ctx context.Context, id protocol.CID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.brands[id]; ok {
		return nil
	}
	no := brandNo(len(s.brands) + 1)
	err := s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		if err := tx.Set(keyGeneration(realm{no, 1}), nil); err != nil {
			return err
		}
		return tx.Set(keyBrand(id), no.append(nil))
	})
	if err != nil {
		return fmt.Errorf("add brand %s: %w", id, err)
	}
	s.brands[id] = &brand{no: no}
	return nil
}
