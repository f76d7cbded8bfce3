package p2p

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/libp2p/go-libp2p/core/crypto"

	"github.com/stoa-commerce/stoa/node/keyfile"
)

// keyKind begins the file of a peer key.
const keyKind = "stoa peer key 1\n"

// loadKey reads a peer key, or draws and stores one when there is no file.
func loadKey(path string, random io.Reader) (crypto.PrivKey, error) {
	key, err := keyfile.Read(path, keyKind)
	if errors.Is(err, fs.ErrNotExist) {
		if key, err = keyfile.Draw(random); err == nil {
			err = keyfile.Write(path, keyKind, key)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("peer key: %w", err)
	}
	return crypto.UnmarshalEd25519PrivateKey(key)
}
