package badgerkv

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// disk is what syncing needs of a file system.
type disk interface {
	List(dir string) ([]string, error) // names, in order
	Open(path string) (syncable, error)
}

// syncable is an open file or directory.
type syncable interface {
	Sync() error // content, and what is needed to read it back
	Close() error
}

const logExt = ".mem"

// logs syncs Badger's memtable logs in dir. It is for one goroutine at a time.
//
// Badger writes to the log with the highest number only and creates the next
// before it writes to it, so a log below the highest that was synced after it
// ceased to be the highest is settled for good.
type logs struct {
	dir     string
	disk    disk
	open    map[string]syncable // kept open: the kernel reports a lost write once per open file
	settled map[string]bool
	entries []string // of the directory when it was last synced
}

func newLogs(dir string, d disk) *logs {
	return &logs{dir: dir, disk: d, open: map[string]syncable{}, settled: map[string]bool{}}
}

// flush puts every log, and the directory if files appeared, on disk.
func (l *logs) flush() error {
	names, err := l.disk.List(l.dir)
	if err != nil {
		return fmt.Errorf("list logs: %w", err)
	}
	logs := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasSuffix(n, logExt) })
	l.forget(logs)
	for i, name := range logs {
		if err := l.sync(name, i == len(logs)-1); err != nil {
			return err
		}
	}
	return l.syncDir(names)
}

// sync puts one log on disk. A log that is gone by now is in a synced table.
func (l *logs) sync(name string, newest bool) error {
	if l.settled[name] {
		return nil
	}
	f, err := l.file(name)
	if os.IsNotExist(err) {
		return nil
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("sync log %s: %w", name, err)
	}
	l.settled[name] = !newest
	return nil
}

func (l *logs) file(name string) (syncable, error) {
	if f := l.open[name]; f != nil {
		return f, nil
	}
	f, err := l.disk.Open(filepath.Join(l.dir, name))
	if err == nil {
		l.open[name] = f
	}
	return f, err
}

// forget lets go of logs that are gone.
func (l *logs) forget(present []string) {
	for name, f := range l.open {
		if !slices.Contains(present, name) {
			f.Close()
			delete(l.open, name)
			delete(l.settled, name)
		}
	}
}

// syncDir makes new names durable; Badger does not do so for its logs and
// tables. Which names vanished doesn't matter.
func (l *logs) syncDir(names []string) error {
	known := func(n string) bool { _, ok := slices.BinarySearch(l.entries, n); return ok }
	if l.entries != nil && !slices.ContainsFunc(names, func(n string) bool { return !known(n) }) {
		return nil
	}
	d, err := l.disk.Open(l.dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	l.entries = names
	return nil
}

// dropStillborn removes logs without a byte: a process was killed between
// creating and sizing one, or between emptying and removing it. Badger would
// not open the store over them.
func dropStillborn(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list logs: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return fmt.Errorf("list logs: %w", err)
		}
		if ext := filepath.Ext(e.Name()); info.Size() > 0 || (ext != logExt && ext != ".vlog") {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("remove empty log: %w", err)
		}
	}
	return nil
}

func (l *logs) close() { l.forget(nil) }

// osDisk is the real disk.
type osDisk struct{}

func (osDisk) List(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}
