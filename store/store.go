package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/slots"
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
	// ErrTaken means that another followed brand has the name.
	ErrTaken = errors.New("another followed brand has this name")
)

// Store is the node's memory. Its methods may be called concurrently; changes to
// one brand's catalog are made one after another.
type Store struct {
	kv    kv.Engine
	dirty chan struct{} // there may be dead generations

	vault     vault
	keyBlock  int        // how many keys are made at once
	making    sync.Mutex // held while keys are made
	keysNext  atomic.Uint32
	erasing   sync.Mutex // held while an erasure is made; after nothing
	onErasure func(step string)

	mu     sync.Mutex
	brands map[protocol.CID]*brand
}

// brand is what the store keeps in memory about one brand.
type brand struct {
	no      brandNo
	staging chan struct{} // holds one token while a Stage is open
	write   sync.Mutex    // held from Prepare to Apply or Discard; taken by lock
	removed bool          // guarded by write
	mu      sync.Mutex
	cached  *state // the state last read, by its bytes
	log     *identity.Log
}

// Open opens the store over an engine, brings its schema up to date and clears
// what an interrupted import left. The engine stays the caller's to close. The keys of
// what is sealed stand in the engine: what is erased may stay on a disk under it. It is
// for engines in memory; see OpenIn.
func Open(ctx context.Context, engine kv.Engine) (*Store, error) {
	v, err := newRowVault(ctx, engine)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return openWith(ctx, engine, v, rowKeyBlock)
}

// OpenIn is Open with the keys of what is sealed in files of a folder, which is no
// folder of the engine: keys.slots and erasures. It makes again the erasures that an
// older copy of the store, or of the keys, doesn't show, and notes that the store is an
// older copy (SettingRestored). ErrKeys when the keys are older than the store. Close
// it in the end.
func OpenIn(ctx context.Context, engine kv.Engine, folder string) (*Store, error) {
	v, err := slots.OpenFolder(folder)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s, err := openWith(ctx, engine, v, fileKeyBlock)
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return s, nil
}

func openWith(ctx context.Context, engine kv.Engine, v vault, block int) (*Store, error) {
	s := &Store{kv: engine, dirty: make(chan struct{}, 1), brands: map[protocol.CID]*brand{}, vault: v, keyBlock: block}
	s.wakeSweep()
	for _, step := range []func(context.Context) error{s.migrate, s.loadBrands, s.settleImport, s.loadKeys, s.finishErasures} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
	}
	return s, nil
}

// Close closes the files of keys. The engine stays the caller's to close.
func (s *Store) Close() error { return s.vault.Close() }

// Run does the store's upkeep until ctx ends: it removes the rows of generations
// that are no longer live and of brands that were removed.
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
