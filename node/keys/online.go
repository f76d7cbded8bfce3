package keys

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stoa-commerce/stoa/node/keyfile"
)

// onlineFile holds the online key inside a node's home.
const onlineFile = "online.key"

// onlineKind begins the file.
const onlineKind = "stoa online key 1\n"

// ErrExists means that the home has an online key already: it is somebody's.
var ErrExists = errors.New("there is an online key already")

// CreateOnline draws an online key and stores it durably in the folder, readable
// only by its owner. It never replaces one; the caller sees to it that nobody else
// makes one meanwhile.
func CreateOnline(dir string, random io.Reader) (ed25519.PrivateKey, error) {
	key, err := keyfile.Draw(random)
	if err != nil {
		return nil, fmt.Errorf("online key: %w", err)
	}
	path := filepath.Join(dir, onlineFile)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, fmt.Errorf("%s: %w", path, ErrExists))
	}
	if err := keyfile.Write(path, onlineKind, key); err != nil {
		return nil, fmt.Errorf("store online key: %w", err)
	}
	return key, nil
}

// LoadOnline reads the online key of a home. One that others on the machine can
// read is refused.
func LoadOnline(dir string) (ed25519.PrivateKey, error) {
	return loadKey(filepath.Join(dir, onlineFile))
}

func loadKey(path string) (ed25519.PrivateKey, error) {
	key, err := keyfile.Read(path, onlineKind)
	if err != nil {
		return nil, fmt.Errorf("read online key: %w", err)
	}
	return key, nil
}
