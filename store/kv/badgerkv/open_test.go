package badgerkv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

func TestSecondOpenSaysInUse(t *testing.T) {
	dir := t.TempDir()
	d := open(t, Options{Dir: dir})
	if _, err := Open(Options{Dir: dir}); !errors.Is(err, kv.ErrInUse) {
		t.Fatalf("second open: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Dir: dir})
}

func set(key string) func(kv.Txn) error {
	return func(tx kv.Txn) error { return tx.Set([]byte(key), nil) }
}

func TestFullDiskRefusesUpdatesAndReadsOn(t *testing.T) {
	free := int64(1 << 40)
	d := open(t, Options{Dir: t.TempDir(), free: func(string) (int64, error) { return free, nil }})
	ctx := context.Background()
	if err := d.Update(ctx, kv.Durable, set("a")); err != nil {
		t.Fatal(err)
	}
	free = defaultReserve - 1
	if err := d.Update(ctx, kv.Durable, set("b")); !errors.Is(err, kv.ErrNoSpace) {
		t.Errorf("update: %v", err)
	}
	b, err := d.Bulk(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Discard()
	if err := errors.Join(b.Set([]byte("c"), nil), b.Flush()); !errors.Is(err, kv.ErrNoSpace) {
		t.Errorf("bulk: %v", err)
	}
	free = 1 << 40
	if err := d.Update(ctx, kv.Durable, set("d")); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"a": true, "b": false, "c": false, "d": true} {
		d.View(ctx, func(r kv.Reader) error {
			if has, err := r.Has([]byte(key)); err != nil || has != want {
				t.Errorf("has %s: %v, %v", key, has, err)
			}
			return nil
		})
	}
}

func TestOpenOnFullDiskSaysSo(t *testing.T) {
	_, err := Open(Options{Dir: t.TempDir(), free: func(string) (int64, error) { return 0, nil }})
	if !errors.Is(err, kv.ErrNoSpace) {
		t.Fatalf("open: %v", err)
	}
}

// refusing is a disk whose syncs fail when told.
type refusing struct {
	osDisk
	err *error
}

func (d refusing) Open(path string) (syncable, error) {
	f, err := d.osDisk.Open(path)
	return refusingFile{f, d.err}, err
}

type refusingFile struct {
	syncable
	err *error
}

func (f refusingFile) Sync() error { return *f.err }

func TestFailedSyncEndsWriting(t *testing.T) {
	var fails error
	d := open(t, Options{Dir: t.TempDir(), disk: refusing{err: &fails}})
	ctx := context.Background()
	if err := d.Update(ctx, kv.Durable, set("a")); err != nil {
		t.Fatal(err)
	}
	fails = syscall.ENOSPC
	err := d.Update(ctx, kv.Durable, set("b"))
	if !errors.Is(err, kv.ErrFailed) || !errors.Is(err, kv.ErrNoSpace) {
		t.Errorf("update whose sync failed: %v", err)
	}
	fails = nil
	if err := d.Update(ctx, kv.Relaxed, set("c")); !errors.Is(err, kv.ErrFailed) {
		t.Errorf("update after a failed sync: %v", err)
	}
	if err := d.View(ctx, func(r kv.Reader) error { _, err := r.Get([]byte("a")); return err }); err != nil {
		t.Errorf("read after a failed sync: %v", err)
	}
}

func TestEmptyLogsOfAKilledProcessDoNotKeepItShut(t *testing.T) {
	dir, _ := stored(t, 100)
	for _, name := range []string{"00007.mem", "000099.vlog"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := checkItems(open(t, Options{Dir: dir}), 100); err != nil {
		t.Error(err)
	}
}
