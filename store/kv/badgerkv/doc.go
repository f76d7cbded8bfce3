// Package badgerkv is the kv.Engine that keeps its data with Badger v4 in one
// directory, or in memory for tests. It is the only package that may import
// Badger; nothing of Badger shows in its interface. DESIGN.md §4 is its page.
//
// # What is on disk when
//
// Badger appends each transaction to the log of its memtable, an mmapped file
// NNNNN.mem, and later turns full memtables into tables, NNNNNN.sst, which it
// syncs and enters in the synced MANIFEST before it removes the log. A log
// that ends in the middle of a transaction is cut back to the last whole one
// when it is opened. So kill -9 loses nothing that was committed, and what
// must be synced by hand are the logs.
//
// Neither of the ways Badger offers for that is good enough here:
//   - SyncWrites syncs every transaction on its own: writers queue for one
//     sync each, however many wait.
//   - DB.Sync syncs the newest log only. A transaction that went into a log
//     which filled up since is not covered until its table is written, and
//     readers stall behind the sync.
//
// So Badger runs without syncing and syncer.go does it: a durable update
// commits and then joins the next round of one sync over all logs not yet
// known to be on disk, oldest first, and of the directory whenever a file
// appeared in it. All updates that arrive during one round share the next.
//
// One thing is not promised: if power fails within the milliseconds in which
// Badger changes logs, an update that was never acknowledged may survive
// without an earlier one that was never acknowledged either.
//
// # What is checked when
//
// Badger verifies a block's checksum when it reads it from disk, but then
// takes a damaged block for the end of its table: keys go missing in silence,
// and a compaction would make that permanent. (For values in its value log it
// drops the error and returns nothing.) So table.go reads tables itself: all
// that fits Options.VerifyAtOpen before Badger may touch them, the rest and
// everything again in Run, and all of it before a backup. Damage found makes
// the engine return ErrCorrupt, naming the file, from then on. What rots in
// between is found at the next of these, not at the read; a log that rots
// between a crash and the next start looks like one that was cut off.
//
// Values stay below Badger's threshold for the value log (1 MiB; kv.MaxValue
// is half of it), so the value log stays empty and needs no collection.
//
// # Full disks
//
// A full disk would kill the process: writing to a hole of an mmapped file
// raises SIGBUS. So updates are refused with ErrNoSpace while less than
// Options.Reserve is free.
package badgerkv
