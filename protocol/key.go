package protocol

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"slices"

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
	if _, err := new(edwards25519.Point).SetBytes(b); err != nil {
		return PublicKey{}, Invalid("public key", "not a point of the curve")
	}
	key := [ed25519.PublicKeySize]byte(b)
	if !canonicalPoint(key) {
		return PublicKey{}, Invalid("public key", "not canonically encoded")
	}
	if smallOrder(key) {
		return PublicKey{}, Invalid("public key", "of small order")
	}
	return PublicKey{key}, nil
}

// canonicalPoint reports whether an encoding that decodes to a point is the one that
// the point encodes to: y below 2^255−19, and no sign where x is 0, which is at y = ±1.
func canonicalPoint(b [32]byte) bool {
	sign := b[31] & 0x80
	b[31] &= 0x7f
	if sign != 0 && (b == smallPoints[0] || b == smallPoints[1]) {
		return false
	}
	high := b[31] == 0x7f
	for _, x := range b[1:31] {
		high = high && x == 0xff
	}
	return !high || b[0] < 0xed
}

// smallPoints are the canonical encodings of the eight points of small order, those
// with x = 0 first.
var smallPoints = [8][32]byte{
	{0: 1},
	{0: 0xec, 1: 0xff, 2: 0xff, 3: 0xff, 4: 0xff, 5: 0xff, 6: 0xff, 7: 0xff, 8: 0xff, 9: 0xff, 10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff, 15: 0xff, 16: 0xff, 17: 0xff, 18: 0xff, 19: 0xff, 20: 0xff, 21: 0xff, 22: 0xff, 23: 0xff, 24: 0xff, 25: 0xff, 26: 0xff, 27: 0xff, 28: 0xff, 29: 0xff, 30: 0xff, 31: 0x7f},
	{},
	{31: 0x80},
	orderEight(0x05), orderEight(0x85), otherEight(0x7a), otherEight(0xfa),
}

func orderEight(last byte) [32]byte {
	return [32]byte{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, last}
}

func otherEight(last byte) [32]byte {
	return [32]byte{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, last}
}

// smallOrder looks for a canonical encoding among those of the points of small order.
func smallOrder(b [32]byte) bool { return slices.Contains(smallPoints[:], b) }

// verify reports whether the signature is one of the message: as RFC 8032 without
// the cofactor, and R not of small order. No honest signer makes such an R; Go
// accepts it and some browsers don't. Go compares R with the canonical encoding that
// it computes, so that no other one needs to be looked for.
func (k PublicKey) verify(message, signature []byte) bool {
	return len(signature) == ed25519.SignatureSize && !smallOrder([32]byte(signature[:32])) && ed25519.Verify(k.bytes[:], message, signature)
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
