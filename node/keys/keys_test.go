package keys

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWordsSurviveBeingWrittenDown(t *testing.T) {
	w, err := NewWords(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	typed := "  " + strings.ToUpper(strings.Join(w.List(), "\n ")) + "\n"
	again, err := ParseWords(typed)
	if err != nil {
		t.Fatal(err)
	}
	if !w.Root(3).Equal(again.Root(3)) {
		t.Error("the same words gave another root key")
	}
	if w.Root(0).Equal(w.Root(1)) {
		t.Error("two operations share a root key")
	}
}

func TestSlipsInWordsAreFound(t *testing.T) {
	w, err := NewWords(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	list := w.List()
	cases := map[string][]string{
		"one missing": list[1:],
		"one more":    append(w.List(), "abandon"),
		"no word":     append(append([]string{}, list[:23]...), "stoa"),
		"checksum":    append(append([]string{}, list[:23]...), "zoo"),
	}
	for name, typed := range cases {
		if _, err := ParseWords(strings.Join(typed, " ")); !errors.Is(err, ErrWords) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWordsDoNotPrintThemselves(t *testing.T) {
	w, err := NewWords(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(w.String(), w.List()[0]+" ") {
		t.Error("String shows the words")
	}
}

func TestOnlineKeyIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	made, err := CreateOnline(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, onlineFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	loaded, err := LoadOnline(dir)
	if err != nil || !loaded.Equal(made) {
		t.Fatalf("loaded another key: %v", err)
	}
	if _, err := CreateOnline(dir, rand.Reader); !errors.Is(err, ErrExists) {
		t.Errorf("a second key: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOnline(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a readable key was taken: %v", err)
	}
}

func TestAKeyThatWasHalfWrittenWhenItsProcessWasKilledIsNoKey(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, onlineFile+"-123"), []byte("stoa onl"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOnline(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := CreateOnline(dir, rand.Reader); err != nil {
		t.Error(err)
	}
}

func TestDamagedOnlineKeyIsRefused(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"", "stoa online key 1\nzz\n", "stoa online key 1\nabcd\n", "something else"} {
		if err := os.WriteFile(filepath.Join(dir, onlineFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadOnline(dir); err == nil {
			t.Errorf("%q was taken as a key", text)
		}
	}
}
