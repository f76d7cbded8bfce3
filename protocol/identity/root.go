package identity

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"strconv"
)

// SeedSize is the length in bytes of the BIP-39 seed that root keys derive from.
const SeedSize = 64

// RootKey derives the root key that signs operation index (specs/04-identity.md
// §7). seed is the 64-byte BIP-39 seed of the recovery words with an empty
// passphrase; another length is a mistake of the caller and panics.
func RootKey(seed []byte, index uint64) ed25519.PrivateKey {
	if len(seed) != SeedSize {
		panic(fmt.Sprintf("identity: a seed of %d bytes instead of %d", len(seed), SeedSize))
	}
	info := "stoa/root/v1/" + strconv.FormatUint(index, 10)
	key, err := hkdf.Key(sha256.New, seed, nil, info, ed25519.SeedSize)
	if err != nil {
		panic(fmt.Sprintf("identity: derive root key: %v", err))
	}
	return ed25519.NewKeyFromSeed(key)
}
