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
	"github.com/stoa-commerce/stoa/protocol"
)

// pendingFile holds a key that waits until an operation names it, by its identifier.
func pendingFile(dir string, id protocol.KeyID) string {
	return filepath.Join(dir, "pending-"+string(id)+".key")
}

// CreatePending draws a key that is to become the online key and stores it durably
// in the folder, readable only by its owner. It signs nothing until Promote.
func CreatePending(dir string, random io.Reader) (ed25519.PrivateKey, error) {
	key, err := keyfile.Draw(random)
	if err != nil {
		return nil, fmt.Errorf("online key: %w", err)
	}
	if err := keyfile.Write(pendingFile(dir, protocol.PublicKeyOf(key).ID()), onlineKind, key); err != nil {
		return nil, fmt.Errorf("store pending key: %w", err)
	}
	return key, nil
}

// HasPending reports whether a key waits in the folder.
func HasPending(dir string, id protocol.KeyID) (bool, error) {
	_, err := os.Lstat(pendingFile(dir, id))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Promote makes a pending key the online key, durably and in one step: whenever the
// process is killed, there is the old one or the new one. The old one is gone then.
func Promote(dir string, id protocol.KeyID) (ed25519.PrivateKey, error) {
	key, err := loadKey(pendingFile(dir, id))
	if err != nil {
		return nil, err
	}
	if got := protocol.PublicKeyOf(key).ID(); got != id {
		return nil, fmt.Errorf("%s holds the key %s", pendingFile(dir, id), got)
	}
	if err := os.Rename(pendingFile(dir, id), filepath.Join(dir, onlineFile)); err != nil {
		return nil, fmt.Errorf("switch online key: %w", err)
	}
	return key, keyfile.SyncDir(dir)
}

// DropPending deletes the keys that still wait.
func DropPending(dir string) error {
	list, err := fs.Glob(os.DirFS(dir), "pending-*.key")
	for _, name := range list {
		err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
	}
	return err
}
