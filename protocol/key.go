package protocol

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"

	"filippo.io/edwards25519"
)

// PublicKey is an Ed25519 verification key (RFC 8032) that is canonically
// encoded and not of small order: Go's ed25519.Verify accepts forgeries under
// keys that are, so a PublicKey exists only when it was checked.
type PublicKey struct{ bytes [ed25519.PublicKeySize]byte }

// ParsePublicKey checks b and returns it as a key.
func ParsePublicKey(b []byte) (PublicKey, error) {
	if len(b) != ed25519.PublicKeySize {
		return PublicKey{}, Invalid("public key", "%d bytes instead of %d", len(b), ed25519.PublicKeySize)
	}
	p, err := new(edwards25519.Point).SetBytes(b)
	if err != nil {
		return PublicKey{}, Invalid("public key", "not a point of the curve")
	}
	if string(p.Bytes()) != string(b) {
		return PublicKey{}, Invalid("public key", "not canonically encoded")
	}
	if smallOrder(p) {
		return PublicKey{}, Invalid("public key", "of small order")
	}
	return PublicKey{[ed25519.PublicKeySize]byte(b)}, nil
}

func smallOrder(p *edwards25519.Point) bool {
	return new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1
}

// verify reports whether the signature is one of the message: as RFC 8032 without
// the cofactor, and R not of small order. No honest signer makes such an R; Go
// accepts it and some browsers don't.
func (k PublicKey) verify(message, signature []byte) bool {
	if len(signature) != ed25519.SignatureSize {
		return false
	}
	r, err := new(edwards25519.Point).SetBytes(signature[:32])
	return err == nil && !smallOrder(r) && ed25519.Verify(k.bytes[:], message, signature)
}

// PublicKeyOf returns the verification key of a private key.
func PublicKeyOf(k ed25519.PrivateKey) PublicKey {
	return PublicKey{[ed25519.PublicKeySize]byte(k.Public().(ed25519.PublicKey))}
}

// Bytes returns the 32-byte encoding.
func (k PublicKey) Bytes() []byte { return k.bytes[:] }

// Defined reports whether k holds a key.
func (k PublicKey) Defined() bool { return k != PublicKey{} }

// KeyID names a public key inside a brand: the first 8 bytes of the SHA-256 of
// the key in lower-case hex, 16 characters.
type KeyID string

// ID returns the key's identifier.
func (k PublicKey) ID() KeyID {
	sum := sha256.Sum256(k.bytes[:])
	return KeyID(hex.EncodeToString(sum[:8]))
}

func (id KeyID) valid() bool {
	for i := 0; i < len(id); i++ {
		if (id[i] < '0' || id[i] > '9') && (id[i] < 'a' || id[i] > 'f') {
			return false
		}
	}
	return len(id) == 16
}

// MarshalCBOR writes the key as a byte string.
func (k PublicKey) MarshalCBOR() ([]byte, error) {
	return append([]byte{0x58, ed25519.PublicKeySize}, k.bytes[:]...), nil
}

// UnmarshalCBOR reads and checks a key.
func (k *PublicKey) UnmarshalCBOR(b []byte) error {
	if len(b) != 2+ed25519.PublicKeySize || b[0] != 0x58 || b[1] != ed25519.PublicKeySize {
		return Invalid("public key", "not a byte string of %d", ed25519.PublicKeySize)
	}
	parsed, err := ParsePublicKey(b[2:])
	if err == nil {
		*k = parsed
	}
	return err
}
