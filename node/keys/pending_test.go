package keys

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestAPendingKeyTakesThePlaceOfTheOnlineKey(t *testing.T) {
	dir := t.TempDir()
	old, err := CreateOnline(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := CreatePending(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := protocol.PublicKeyOf(fresh).ID()
	if info, err := os.Stat(pendingFile(dir, id)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info, err)
	}
	if now, err := LoadOnline(dir); err != nil || !now.Equal(old) {
		t.Errorf("the pending key is in use: %v", err)
	}
	if got, err := Promote(dir, id); err != nil || !got.Equal(fresh) {
		t.Fatalf("promoted another key: %v", err)
	}
	if now, err := LoadOnline(dir); err != nil || !now.Equal(fresh) {
		t.Errorf("the new key is not in use: %v", err)
	}
	if _, err := Promote(dir, id); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("promoted twice: %v", err)
	}
}

func TestPendingKeysAreDropped(t *testing.T) {
	dir := t.TempDir()
	key, err := CreatePending(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := DropPending(dir); err != nil {
		t.Fatal(err)
	}
	if has, err := HasPending(dir, protocol.PublicKeyOf(key).ID()); has || err != nil {
		t.Errorf("still there: %t, %v", has, err)
	}
}

func TestOnlyWordsOfTheListAreWords(t *testing.T) {
	if !IsWord("Abandon") || IsWord("stoa") {
		t.Error("wrong")
	}
}
