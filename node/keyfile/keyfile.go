// Package keyfile keeps the seed of an Ed25519 key in a file that only its owner can
// read: a line that says what key it is, then the seed in hex. It doesn't know what
// the key is for.
package keyfile

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Draw draws a key.
func Draw(random io.Reader) (ed25519.PrivateKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("draw key: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Write stores a key durably, in place of what the file held: whenever the process is
// killed, the new file is there whole or not at all. kind is the file's first line,
// with its end.
func Write(path, kind string, key ed25519.PrivateKey) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, kind+hex.EncodeToString(key.Seed())+"\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncDir(dir)
}

// Read reads a key of the kind. One that others on the machine can read is refused.
// The error wraps fs.ErrNotExist when there is no file.
func Read(path, kind string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others on this machine: run chmod 600 on it", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text, ok := bytes.CutPrefix(b, []byte(kind))
	seed, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if !ok || err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s is damaged", path)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// SyncDir has what was renamed in a folder survive a loss of power.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
