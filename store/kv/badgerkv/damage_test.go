package badgerkv

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

// stored makes a closed store of n items in tables and names its tables.
func stored(t *testing.T, n int) (dir string, tables []string) {
	t.Helper()
	dir = t.TempDir()
	d, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Bulk(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := b.Set(fmt.Appendf(nil, "k/%06d", i), item(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(b.Flush(), d.Close()); err != nil {
		t.Fatal(err)
	}
	tables, err = filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("tables %v: %v", tables, err)
	}
	return dir, tables
}

func item(i int) []byte { return []byte(strings.Repeat(fmt.Sprint(i), 10)) }

func flip(t *testing.T, path string, at int64, mask byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	b[0] ^= mask
	if _, err2 := f.WriteAt(b[:], at); errors.Join(err, err2) != nil {
		t.Fatal(err, err2)
	}
}

// namesTable checks that err is ErrCorrupt and tells the file.
func namesTable(t *testing.T, err error, path string) {
	t.Helper()
	if !errors.Is(err, kv.ErrCorrupt) || !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("want ErrCorrupt naming %s, got %v", filepath.Base(path), err)
	}
}

func TestFlippedBitIsNamedWhenOpened(t *testing.T) {
	dir, tables := stored(t, 5000)
	for _, path := range tables {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		size := info.Size()
		places := []int64{0, 1, size - 1, size - 2, size - 3, size - 4, size - 5, size - 8, size - 12}
		for range 60 {
			places = append(places, rand.N(size))
		}
		for _, at := range places {
			mask := byte(1) << rand.N(8)
			flip(t, path, at, mask)
			d, err := Open(Options{Dir: dir})
			if err == nil {
				wrong := checkItems(d, 5000)
				d.Close()
				t.Fatalf("bit %x of byte %d of %d went unnoticed; items: %v", mask, at, size, wrong)
			}
			namesTable(t, err, path)
			flip(t, path, at, mask)
		}
	}
	if err := checkItems(open(t, Options{Dir: dir}), 5000); err != nil {
		t.Error(err)
	}
}

// checkItems says what differs from what stored wrote.
func checkItems(d *DB, n int) error {
	return d.View(context.Background(), func(r kv.Reader) error {
		for i := range n {
			got, err := r.Get(fmt.Appendf(nil, "k/%06d", i))
			if err != nil || string(got) != string(item(i)) {
				return fmt.Errorf("item %d is %q: %w", i, got, err)
			}
		}
		return nil
	})
}

func TestFlippedBitIsNamedByVerifyRunAndBackup(t *testing.T) {
	for name, find := range map[string]func(*DB) error{
		"verify": func(d *DB) error { return d.Verify(context.Background()) },
		"run":    func(d *DB) error { return d.Run(context.Background()) },
		"backup": func(d *DB) error { return kv.Backup(context.Background(), d, failWriter{t}) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, tables := stored(t, 5000)
			flip(t, tables[0], 1000, 4)
			d := open(t, Options{Dir: dir, VerifyAtOpen: 1})
			namesTable(t, find(d), tables[0])
			namesTable(t, d.View(context.Background(), func(kv.Reader) error { return nil }), tables[0])
			err := d.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error { return nil })
			namesTable(t, err, tables[0])
		})
	}
}

// failWriter fails the test when a backup of damaged data begins.
type failWriter struct{ t *testing.T }

func (w failWriter) Write(p []byte) (int, error) {
	w.t.Error("wrote a backup of damaged data")
	return len(p), nil
}

func TestMissingAndCutTablesAreNamed(t *testing.T) {
	dir, tables := stored(t, 100)
	whole, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 3, 4, 20, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(tables[0], whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(Options{Dir: dir})
		namesTable(t, err, tables[0])
	}
	if err := os.Remove(tables[0]); err != nil {
		t.Fatal(err)
	}
	_, err = Open(Options{Dir: dir})
	namesTable(t, err, tables[0])
}

func TestDamagedManifestIsNamed(t *testing.T) {
	dir, _ := stored(t, 100)
	path := filepath.Join(dir, "MANIFEST")
	for _, at := range []int64{0, 7, 13, 17} {
		flip(t, path, at, 1)
		_, err := Open(Options{Dir: dir})
		namesTable(t, err, path)
		flip(t, path, at, 1)
	}
}
