package slots_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/slots"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, folder string) *slots.Folder {
	t.Helper()
	f, err := slots.OpenFolder(folder)
	check(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestSlotsKeepTheirContentUntilTheyAreErased(t *testing.T) {
	folder := t.TempDir()
	f := open(t, folder)
	check(t, f.Extend(4))
	check(t, f.Extend(4))
	var keys [8]slots.Key
	seen := map[slots.Key]bool{}
	for i := range keys {
		var err error
		keys[i], err = f.Slot(uint32(i))
		check(t, err)
		seen[keys[i]] = true
	}
	if len(seen) != 8 {
		t.Fatalf("%d different keys of 8", len(seen))
	}
	check(t, f.Note(5))
	check(t, f.Erase(1, 6, 99))
	check(t, f.Close())
	f = open(t, folder)
	for i := range keys {
		got, err := f.Slot(uint32(i))
		if gone := i == 1 || i == 6; gone != errors.Is(err, slots.ErrErased) || !gone && got != keys[i] {
			t.Errorf("slot %d: %v, %v", i, got == keys[i], err)
		}
	}
	if _, err := f.Slot(8); !errors.Is(err, slots.ErrUnknown) {
		t.Errorf("a slot that was never made: %v", err)
	}
	if f.Made() != 8 || f.Noted() != 5 {
		t.Errorf("%d made, %d noted", f.Made(), f.Noted())
	}
	b, err := os.ReadFile(filepath.Join(folder, slots.KeysName))
	check(t, err)
	for i := range keys {
		if gone := i == 1 || i == 6; bytes.Contains(b, keys[i][:]) == gone {
			t.Errorf("slot %d: in the file is %v", i, !gone)
		}
	}
}

// TestSlotsThatWereNotSyncedAreMadeAnew shows the file as a power loss leaves it between
// the slots and the header that counts them.
func TestSlotsThatWereNotSyncedAreMadeAnew(t *testing.T) {
	folder := t.TempDir()
	f := open(t, folder)
	check(t, f.Extend(4))
	path := filepath.Join(folder, slots.KeysName)
	before, err := os.ReadFile(path)
	check(t, err)
	check(t, f.Extend(4))
	after, err := os.ReadFile(path)
	check(t, err)
	check(t, f.Close())
	copy(after, before[:slots.Size])
	copy(after[len(before):], make([]byte, 2*slots.Size)) // half of them never reached the disk
	check(t, os.WriteFile(path, after, 0o600))
	f = open(t, folder)
	if f.Made() != 4 {
		t.Fatalf("%d slots", f.Made())
	}
	check(t, f.Extend(4))
	for i := range f.Made() {
		if _, err := f.Slot(i); err != nil {
			t.Errorf("slot %d: %v", i, err)
		}
	}
}

func TestFilesThatAreNotOursAreRefused(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"another magic": func(b []byte) []byte { b[0] ^= 1; return b },
		"cut off":       func(b []byte) []byte { return b[:len(b)-1] },
		"a header only": func(b []byte) []byte { return b[:slots.Size/2] },
		"more noted":    func(b []byte) []byte { b[slots.Size-1] = 99; return b },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			f := open(t, folder)
			check(t, f.Extend(4))
			check(t, f.Close())
			path := filepath.Join(folder, slots.KeysName)
			b, err := os.ReadFile(path)
			check(t, err)
			check(t, os.WriteFile(path, change(b), 0o600))
			if _, err := slots.OpenFolder(folder); !errors.Is(err, slots.ErrForeign) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func line(n int) slots.Erasure {
	e := slots.Erasure{Kind: slots.Kind(n), ID: protocol.Sum(protocol.DagCBOR, []byte{byte(n)}), Time: protocol.Millis(n)}
	for i := range n % 3 {
		e.Slots = append(e.Slots, uint32(n+i))
	}
	return e
}

func TestTheJournalKeepsWhatItSaidItKept(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, slots.ErasuresName)
	f := open(t, folder)
	for n := range 3 {
		check(t, f.Record(line(n)))
	}
	whole, err := os.ReadFile(path)
	check(t, err)
	check(t, f.Close())
	check(t, os.WriteFile(path, append(whole, whole[:20]...), 0o600)) // killed in the middle of a line
	f = open(t, folder)
	check(t, f.Record(line(3)))
	check(t, f.Close())
	f = open(t, folder)
	all, err := f.Erasures(1)
	check(t, err)
	if len(all) != 3 {
		t.Fatalf("%d lines", len(all))
	}
	for i, e := range all {
		want := line(i + 1)
		if e.Kind != want.Kind || e.ID != want.ID || e.Time != want.Time || len(e.Slots) != len(want.Slots) {
			t.Errorf("line %d: %+v", i+1, e)
		}
	}
	if err := f.Record(slots.Erasure{ID: line(1).ID, Slots: []uint32{1, 2, 3}}); err == nil {
		t.Error("three slots in one line")
	}
	check(t, f.Close())
	whole[5] ^= 1
	check(t, os.WriteFile(path, whole, 0o600))
	if _, err := slots.OpenFolder(folder); !errors.Is(err, slots.ErrForeign) {
		t.Errorf("a damaged line in the middle: %v", err)
	}
}

func TestABackupOfKeysIsTakenWholeAndNeverOverPresentOnes(t *testing.T) {
	f := open(t, t.TempDir())
	check(t, f.Extend(4))
	check(t, f.Record(line(2)))
	var b bytes.Buffer
	check(t, f.Backup(&b))
	for i := range b.Len() {
		bad := bytes.Clone(b.Bytes())
		bad[i] ^= 1
		if _, err := slots.RestoreFolder(t.TempDir(), bytes.NewReader(bad)); !errors.Is(err, slots.ErrForeign) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if i%7 != 0 {
			continue
		}
		if _, err := slots.RestoreFolder(t.TempDir(), bytes.NewReader(bad[:i])); !errors.Is(err, slots.ErrForeign) {
			t.Fatalf("cut off at %d: %v", i, err)
		}
	}
	folder := t.TempDir()
	done, err := slots.RestoreFolder(folder, bytes.NewReader(b.Bytes()))
	if err != nil || !done {
		t.Fatalf("%v, %v", done, err)
	}
	back := open(t, folder)
	was, err := f.Slot(3)
	check(t, err)
	is, err := back.Slot(3)
	check(t, err)
	all, err := back.Erasures(0)
	if was != is || err != nil || len(all) != 1 {
		t.Errorf("restored otherwise: %d lines, %v", len(all), err)
	}
	if done, err := slots.RestoreFolder(folder, bytes.NewReader(b.Bytes())); err != nil || done {
		t.Errorf("over present keys: %v, %v", done, err)
	}
}
