package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// Signers are the root keys that sign one operation and how many of them must.
// Keys are in ascending order of their bytes, each once.
type Signers struct {
	Keys      []protocol.PublicKey `cbor:"keys"`
	Threshold uint64               `cbor:"threshold"`
}

// NewSigners brings the keys into order and checks them against the threshold.
func NewSigners(threshold int, keys ...protocol.PublicKey) (Signers, error) {
	s := Signers{Keys: slices.Clone(keys), Threshold: uint64(max(threshold, 0))}
	slices.SortFunc(s.Keys, compareKeys)
	return s, s.form()
}

// Solo returns the signers of a brand with one root key.
func Solo(key protocol.PublicKey) Signers {
	return Signers{Keys: []protocol.PublicKey{key}, Threshold: 1}
}

// Commitment returns the SHA-256 of the signers' canonical CBOR: what the
// operation before promises without revealing the keys.
func (s Signers) Commitment() (Commitment, error) {
	if err := s.form(); err != nil {
		return Commitment{}, err
	}
	b, err := protocol.Marshal(s)
	return sha256.Sum256(b), err
}

func (s Signers) form() error {
	if len(s.Keys) == 0 || len(s.Keys) > MaxSigners {
		return protocol.Invalid("signers", "%d keys, allowed are 1 to %d", len(s.Keys), MaxSigners)
	}
	if s.Threshold == 0 || s.Threshold > uint64(len(s.Keys)) {
		return protocol.Invalid("signers", "threshold %d of %d keys", s.Threshold, len(s.Keys))
	}
	for i, k := range s.Keys {
		if !k.Defined() || i > 0 && compareKeys(s.Keys[i-1], k) >= 0 {
			return protocol.Invalid("signers", "keys are not in ascending order, each once")
		}
	}
	return nil
}

func compareKeys(a, b protocol.PublicKey) int { return bytes.Compare(a.Bytes(), b.Bytes()) }

// Commitment is the SHA-256 of the signers of an operation to come.
type Commitment [sha256.Size]byte

// MarshalText writes lower-case hex, for JSON.
func (c Commitment) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(c[:])), nil }

// UnmarshalText reads what MarshalText writes.
func (c *Commitment) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(c) {
		return protocol.Invalid("commitment", "not %d bytes of hex", len(c))
	}
	copy(c[:], b)
	return nil
}
