package badgerkv

import (
	"log/slog"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// Options say where and how a store is kept. Only Dir (or InMemory) is needed.
type Options struct {
	// Dir holds the store and nothing else. It is created, readable by its
	// owner only, if it is missing.
	Dir string

	// InMemory keeps everything in memory and nothing on disk, for tests.
	InMemory bool

	// Memtable is the size in bytes of one memtable: at most three are
	// resident, and one transaction holds at most 15 % of it.
	// 0 is 16 MiB, the minimum.
	Memtable int64

	// BlockCache bounds the cache of decompressed table blocks, in bytes.
	// 0 is 16 MiB.
	BlockCache int64

	// VerifyAtOpen is up to how many bytes of tables Open reads and checks
	// before it returns (1 GB/s and more from a warm cache); beyond it Open
	// checks the indexes only and Run does the rest. 0 is 256 MiB.
	VerifyAtOpen int64

	// VerifyEvery is how often Run reads and checks all tables. 0 is 24 h.
	VerifyEvery time.Duration

	// Uncompressed writes tables as they are, so that tests can search them for
	// what must not be there.
	Uncompressed bool

	// Reserve is how many bytes of the disk updates leave free. 0 is 128 MiB.
	Reserve int64

	// Log receives Badger's warnings and errors. nil is silence.
	Log *slog.Logger

	// free stands in for the disk's free space in tests.
	free func(dir string) (int64, error)

	// disk stands in for the syncing of files in tests.
	disk disk
}

const (
	defaultMemtable = 16 << 20
	defaultCache    = 16 << 20
	defaultVerify   = 256 << 20
	defaultReserve  = 128 << 20
	openReserve     = 4 << 20 // free bytes without which Badger cannot start
	logFileSize     = 16 << 20
	valueThreshold  = 1 << 20
)

func (o Options) withDefaults() Options {
	o.Memtable = max(o.Memtable, defaultMemtable)
	setZero(&o.BlockCache, defaultCache)
	setZero(&o.VerifyAtOpen, defaultVerify)
	setZero(&o.VerifyEvery, 24*time.Hour)
	setZero(&o.Reserve, defaultReserve)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.free == nil {
		o.free = freeSpace
	}
	if o.disk == nil {
		o.disk = osDisk{}
	}
	return o
}

func setZero[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// badger translates o. Tables are compressed with Snappy: records shrink by
// half, and what is resident of a mapped table with them.
func (o Options) badger() badger.Options {
	dir := o.Dir
	if o.InMemory {
		dir = ""
	}
	b := badger.DefaultOptions(dir).
		WithInMemory(o.InMemory).
		WithSyncWrites(false).
		WithNumVersionsToKeep(1).
		WithMemTableSize(o.Memtable).
		WithNumMemtables(2).
		WithNumLevelZeroTables(4).
		WithNumLevelZeroTablesStall(10).
		WithNumCompactors(2).
		WithValueThreshold(valueThreshold).
		WithValueLogFileSize(logFileSize).
		WithCompression(options.Snappy).
		WithBlockCacheSize(o.BlockCache).
		WithIndexCacheSize(0). // indexes are read from the mapped table
		WithChecksumVerificationMode(options.OnBlockRead).
		WithMetricsEnabled(false).
		WithLogger(logger{o.Log})
	if o.Uncompressed {
		b = b.WithCompression(options.None)
	}
	return b
}
