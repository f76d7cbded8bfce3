package trie

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/stoa-commerce/stoa/protocol"
)

// Hash identifies a subtree with all its leaves. The zero value is the hash of
// the trie without leaves.
type Hash [32]byte

// Empty reports whether h is the hash of the trie without leaves.
func (h Hash) Empty() bool { return h == Hash{} }

// String returns 64 lower-case hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes the form of String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hex digits.
func (h *Hash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(h) {
		return protocol.Invalid("trie hash", "not %d hex digits", 2*len(h))
	}
	*h = Hash(b)
	return nil
}

// cborHead starts a CBOR byte string of 32 bytes.
var cborHead = [2]byte{0x58, 32}

// MarshalCBOR writes a byte string of 32 bytes.
func (h Hash) MarshalCBOR() ([]byte, error) { return append(cborHead[:], h[:]...), nil }

// UnmarshalCBOR reads a byte string of exactly 32 bytes.
func (h *Hash) UnmarshalCBOR(b []byte) error {
	if len(b) != 34 || [2]byte(b) != cborHead {
		return protocol.Invalid("trie hash", "not a byte string of %d bytes", len(h))
	}
	*h = Hash(b[2:])
	return nil
}

// The first byte of what is hashed keeps leaves and inner nodes apart.
const (
	tagLeaf = 0
	tagNode = 1
)

func nodeHash(critBit int, left, right Hash) Hash {
	var b [2 + 64]byte
	b[0], b[1] = tagNode, byte(critBit)
	copy(b[2:], left[:])
	copy(b[34:], right[:])
	return sha256.Sum256(b[:])
}
