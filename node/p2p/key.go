package p2p

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/libp2p/go-libp2p/core/crypto"
)

// keyMagic begins the file of a peer key; the seed follows in hex.
const keyMagic = "stoa peer key 1\n"

// loadKey reads a peer key, or draws and stores one when there is no file. A key
// that others on the machine can read is refused.
func loadKey(path string, random io.Reader) (crypto.PrivKey, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createKey(path, random)
	}
	if err != nil {
		return nil, fmt.Errorf("read peer key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others on this machine: run chmod 600 on it", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read peer key: %w", err)
	}
	text, ok := bytes.CutPrefix(b, []byte(keyMagic))
	seed, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if !ok || err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s is damaged", path)
	}
	return crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed))
}

func createKey(path string, random io.Reader) (crypto.PrivKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("draw peer key: %w", err)
	}
	if err := writeKey(path, seed); err != nil {
		return nil, fmt.Errorf("store peer key: %w", err)
	}
	return crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed))
}

// writeKey writes a file that is there whole or not at all, whenever the process
// is killed.
func writeKey(path string, seed []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, keyMagic+hex.EncodeToString(seed)+"\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
