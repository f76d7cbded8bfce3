package keys

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
)

// onlineFile holds the online key inside a node's home.
const onlineFile = "online.key"

// onlineMagic begins the file; the seed follows in hex.
const onlineMagic = "stoa online key 1\n"

// ErrExists means that the home has an online key already: it is somebody's.
var ErrExists = errors.New("there is an online key already")

// CreateOnline draws an online key and stores it durably in the folder, readable
// only by its owner. It never replaces one; the caller sees to it that nobody else
// makes one meanwhile.
func CreateOnline(dir string, random io.Reader) (ed25519.PrivateKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("draw online key: %w", err)
	}
	path := filepath.Join(dir, onlineFile)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, fmt.Errorf("%s: %w", path, ErrExists))
	}
	if err := writeKey(path, seed); err != nil {
		return nil, fmt.Errorf("store online key: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// writeKey writes a key file that is there whole or not at all, whenever the
// process is killed.
func writeKey(path string, seed []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, onlineFile+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, onlineMagic+hex.EncodeToString(seed)+"\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}

// LoadOnline reads the online key of a home. One that others on the machine can
// read is refused.
func LoadOnline(dir string) (ed25519.PrivateKey, error) {
	return loadKey(filepath.Join(dir, onlineFile))
}

func loadKey(path string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read online key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others on this machine: run chmod 600 on it", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read online key: %w", err)
	}
	text, ok := bytes.CutPrefix(b, []byte(onlineMagic))
	seed, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if !ok || err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s is damaged", path)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
