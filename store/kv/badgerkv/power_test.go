package badgerkv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

// losing is a disk that knows what of the logs would survive a power loss:
// their content at their last sync, if a sync of the directory followed their
// creation. Badger syncs its other files itself.
type losing struct {
	osDisk
	mu      sync.Mutex
	content map[string][]byte // by path, as of the last sync
	entries []string          // of the directory, as of its last sync
	before  func()            // called before each round lists the logs
}

func (d *losing) List(dir string) ([]string, error) {
	if d.before != nil {
		d.before()
	}
	return d.osDisk.List(dir)
}

func (d *losing) Open(path string) (syncable, error) {
	f, err := d.osDisk.Open(path)
	return losingFile{f, d, path}, err
}

type losingFile struct {
	syncable
	disk *losing
	path string
}

func (f losingFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if !strings.HasSuffix(f.path, logExt) {
		names, err := osDisk{}.List(f.path)
		f.disk.entries = names
		return err
	}
	data, err := os.ReadFile(f.path)
	f.disk.content[f.path] = data
	return err
}

// survivors copies what a power loss now would leave of the directory.
func (d *losing) survivors(t *testing.T, from, to string) {
	t.Helper()
	names, err := d.osDisk.List(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(from, name)
		data, synced := d.content[path]
		if strings.HasSuffix(name, logExt) && (!synced || !slices.Contains(d.entries, name)) {
			continue
		}
		if !synced {
			if data, err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPowerLossKeepsDurableUpdates lets the log change between a commit and
// its round of syncs, and takes the power away after further updates.
func TestPowerLossKeepsDurableUpdates(t *testing.T) {
	dir, after := t.TempDir(), t.TempDir()
	disk := &losing{content: map[string][]byte{}}
	d := open(t, Options{Dir: dir, disk: disk})
	ctx := context.Background()
	filled := false
	disk.before = func() {
		if !filled {
			filled = true
			fillMemtable(t, d)
		}
	}
	if err := d.Update(ctx, kv.Durable, set("durable")); err != nil {
		t.Fatal(err)
	}
	if err := d.Update(ctx, kv.Relaxed, set("relaxed")); err != nil {
		t.Fatal(err)
	}
	if err := d.Update(ctx, kv.Durable, set("second")); err != nil {
		t.Fatal(err)
	}
	if err := d.Update(ctx, kv.Relaxed, set("lost")); err != nil {
		t.Fatal(err)
	}
	disk.survivors(t, dir, after)
	left := open(t, Options{Dir: after})
	for key, want := range map[string]error{"durable": nil, "relaxed": nil, "second": nil, "lost": kv.ErrNotFound} {
		err := left.View(ctx, func(r kv.Reader) error { _, err := r.Get([]byte(key)); return err })
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// fillMemtable makes Badger change to a new log.
func fillMemtable(t *testing.T, d *DB) {
	t.Helper()
	value := make([]byte, kv.MaxValue)
	for i := range defaultMemtable/kv.MaxValue + 4 {
		err := d.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error {
			return tx.Set([]byte{'f', byte(i)}, value)
		})
		if err != nil {
			t.Error(err)
		}
	}
}
