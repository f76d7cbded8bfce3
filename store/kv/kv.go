// Package kv is the seam between the store and the engine that keeps its
// bytes: an ordered map of byte strings with serialisable transactions,
// snapshots and two classes of durability.
//
// It exists so that a brand that outgrows one machine can put another engine
// behind the same store. It knows nothing of brands, catalogs or records, and
// nothing of the engines: those live in packages below this one, and each
// passes the suite in kvtest. The shape is DESIGN.md §4.
package kv

import (
	"context"
	"errors"
	"iter"
)

// Sizes that every engine accepts and no engine exceeds. Larger things are
// files (package store/blob).
const (
	MaxKey   = 4 << 10   // bytes of one key; the shortest is one byte
	MaxValue = 512 << 10 // bytes of one value; an empty value is a value
)

// Errors a caller decides on. Engines wrap them with what was attempted.
var (
	ErrNotFound = errors.New("key not found")
	ErrConflict = errors.New("too many conflicting updates, try again")
	ErrTooLarge = errors.New("too large for one transaction")
	ErrBadKey   = errors.New("key is empty, too long or reserved")
	ErrClosed   = errors.New("store is closed")
	ErrInUse    = errors.New("another process has this store open")
	ErrNoSpace  = errors.New("no space left for the store")
	ErrCorrupt  = errors.New("stored data is damaged")
	ErrNotEmpty = errors.New("store is not empty")

	// ErrFailed means the disk refused a write or a sync. Whether the update
	// that met it survives a power loss is unknown, and the engine takes no
	// further writes until it is opened again.
	ErrFailed = errors.New("store failed to write to disk")
)

// Durability says what a successful update promises.
type Durability uint8

const (
	// Durable: when Update returns nil the update, and every update whose
	// effects it could have read, survives kill -9 and power loss.
	// Concurrent durable updates share disk syncs. For what cannot be had
	// again: own identity, heads, threads, orders, stock, ledger.
	Durable Durability = iota

	// Relaxed: survives the end of the process, however it ends, but after a
	// power loss any relaxed update since the last durable one may be gone,
	// each one wholly or not at all, and not necessarily the newest first.
	// For what can be built or fetched again.
	Relaxed
)

// Engine is an ordered transactional key-value store. Keys order bytewise.
// All methods may be called concurrently; each returns ErrClosed after Close.
type Engine interface {
	// View runs fn over one consistent state of the store. fn must not keep
	// the Reader. An update may be visible here shortly before it is on
	// disk: only the return of a durable Update acknowledges it.
	View(ctx context.Context, fn func(Reader) error) error

	// Update runs fn and applies all its writes as one step, or none if fn
	// or the commit fails. fn MAY RUN SEVERAL TIMES: when a key it read (by
	// Get, Has or as an item of a Scan) was changed meanwhile, it runs again
	// on the newer state, a bounded number of times with jittered pauses,
	// then ErrConflict. It must therefore have no effect but through Txn,
	// or set its results anew in each run. Keys that appear in a scanned
	// range are no conflict: where that matters, read and write a key that
	// stands for the range.
	//
	// A write that failed (ErrTooLarge, ErrBadKey) fails the whole update
	// even if fn swallows the error. ctx is honoured up to the commit;
	// after it the outcome returned is the true one. fn must not call
	// Update, Bulk or Close of the same engine.
	Update(ctx context.Context, d Durability, fn func(Txn) error) error

	// Snapshot pins the present state for reading until it is released.
	// Close ends all snapshots.
	Snapshot() (Snapshot, error)

	// Bulk starts a large write of rebuildable data. It is not atomic.
	Bulk(ctx context.Context) (Bulk, error)

	// Sync makes every update that has returned durable.
	Sync(ctx context.Context) error

	// Verify reads all stored data and checks it against its checksums. It
	// returns ErrCorrupt naming the damaged file.
	Verify(ctx context.Context) error

	// Limits are the sizes one transaction may have.
	Limits() Limits

	// Run does the engine's upkeep until ctx ends or the engine is closed and
	// then returns nil; it returns early with ErrCorrupt when upkeep finds damage. All else works
	// without it, but damage is then found later and space reclaimed later.
	Run(ctx context.Context) error

	// Close waits for running Views, Updates and Bulk calls, fails running
	// scans with ErrClosed, and closes the store. Closing again is harmless.
	// It must not be called from within a View or an Update.
	Close() error
}

// Reader reads one consistent state. It is for one goroutine at a time.
type Reader interface {
	// Get returns the value of key, or ErrNotFound. The slice is the caller's.
	Get(key []byte) ([]byte, error)

	// Has says whether key exists.
	Has(key []byte) (bool, error)

	// Scan yields the items of r in order, reading each when it is asked for
	// it. On failure (ErrCorrupt, ErrClosed, the context's error) it yields
	// an empty Item with the error and ends. Inside an Update it shows the
	// transaction as it was when the loop began; the loop may write, and
	// scans may nest. The loop must end before fn returns.
	Scan(r Range, o ScanOptions) iter.Seq2[Item, error]
}

// Item is one step of a scan. Its slices are valid until the next step and
// must not be changed.
type Item struct {
	Key   []byte
	Value []byte // nil with ScanOptions.KeysOnly
}

// Txn reads the state at its start plus its own writes.
type Txn interface {
	Reader

	// Set stores value under key. Both are copied.
	Set(key, value []byte) error

	// Delete removes key; a missing key is no error. key is copied.
	Delete(key []byte) error

	// Size is what the writes so far count against Limits.
	Size() Size
}

// Snapshot is a Reader that lives until Release. It may be used by several
// goroutines and keeps old versions on disk while it lives: release it soon.
type Snapshot interface {
	Reader
	Release()
}

// Bulk collects writes and commits them in pieces, in order, each piece with
// relaxed durability. After a crash a first part of them may be there. It is
// for one goroutine.
type Bulk interface {
	Set(key, value []byte) error // copies both
	Delete(key []byte) error     // copies key

	// Flush commits what is pending and makes all of it durable. The Bulk
	// can be used on.
	Flush() error

	// Discard drops what is pending and ends the Bulk: when it returns no
	// piece is on its way. Always call it; after Flush nothing is lost by it.
	Discard()
}

// Size counts the writes of a transaction: every Set and Delete, also of a
// key already written, and for each the bytes of key and value plus
// WriteOverhead.
type Size struct {
	Writes int
	Bytes  int
}

// WriteOverhead is what one write counts beyond its key and value, in bytes.
const WriteOverhead = 32

// Limits bound one transaction; one write more than either gives ErrTooLarge.
// They are at least 10,000 writes and 2,000,000 bytes.
type Limits struct {
	Txn Size
}

// Add returns s grown by one write.
func (s Size) Add(key, value []byte) Size {
	return Size{s.Writes + 1, s.Bytes + len(key) + len(value) + WriteOverhead}
}

// Fits says whether a transaction of size s is within l.
func (l Limits) Fits(s Size) bool {
	return s.Writes <= l.Txn.Writes && s.Bytes <= l.Txn.Bytes
}
