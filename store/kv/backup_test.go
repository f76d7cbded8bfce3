package kv

import (
	"bytes"
	"errors"
	"testing"
)

// backupOf encodes pairs of key and value as they come.
func backupOf(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := writeBackup(memory(pairs), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestReadBackupRefusesUnorderedItems(t *testing.T) {
	for name, pairs := range map[string][]string{
		"descending": {"b", "", "a", ""}, "twice": {"a", "1", "a", "2"}, "empty key": {"", "x"},
	} {
		err := ReadBackup(bytes.NewReader(backupOf(t, pairs...)), func(k, v []byte) error { return nil })
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzReadBackup checks that what is accepted has exactly one encoding, and
// that nothing else ends in anything but ErrCorrupt.
func FuzzReadBackup(f *testing.F) {
	f.Add(backupOf(f))
	f.Add(backupOf(f, "a", "1", "b", "", "\xff", "z"))
	f.Add(backupOf(f, "b", "", "a", ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		var pairs []string
		err := ReadBackup(bytes.NewReader(data), func(k, v []byte) error {
			pairs = append(pairs, string(k), string(v))
			return nil
		})
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		if err == nil && !bytes.Equal(backupOf(t, pairs...), data) {
			t.Fatalf("%x was accepted and is not its own encoding", data)
		}
	})
}
