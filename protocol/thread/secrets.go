package thread

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/stoa-commerce/stoa/protocol"
)

// derive is HKDF-SHA256 with 32 bytes of output. It can't fail at this length.
func derive(secret, salt []byte, info string) [SecretSize]byte {
	out, err := hkdf.Key(sha256.New, secret, salt, info, SecretSize)
	if err != nil {
		panic(err)
	}
	return [SecretSize]byte(out)
}

// Seed is what a shopper's identities with all brands are derived from.
func (c Code) Seed() [SecretSize]byte { return derive(c[:], nil, "stoa/seed/v1") }

// IdentitySeed returns the Ed25519 seed of the shopper with the seed towards one
// brand. The private link of that brand carries it; nobody finds the seed, or the
// identities with other brands, from it.
func IdentitySeed(seed [SecretSize]byte, brand protocol.CID) [SecretSize]byte {
	return derive(seed[:], nil, "stoa/identity/v1"+string(brand.Bytes()))
}

// SigningKey returns the Ed25519 key of a seed: that of an identity or of a link.
func SigningKey(seed [SecretSize]byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(seed[:]) }

// FirstEpoch returns the secret of epoch 0.
func FirstEpoch(root [SecretSize]byte, thread protocol.CID) [SecretSize]byte {
	return derive(root[:], thread.Bytes(), "stoa/epoch/v1")
}

// NextEpoch returns the secret that follows, from the present one and the root
// that a rekey entry brings.
func NextEpoch(present, root [SecretSize]byte, thread protocol.CID) [SecretSize]byte {
	return derive(append(present[:], root[:]...), thread.Bytes(), "stoa/epoch/v1")
}

// JoinSecret returns the secret under which a welcome is sealed, from the root
// that a join brings.
func JoinSecret(root [SecretSize]byte, thread protocol.CID) [SecretSize]byte {
	return derive(root[:], thread.Bytes(), "stoa/join/v1")
}
