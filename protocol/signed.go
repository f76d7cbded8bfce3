package protocol

import (
	"crypto/ed25519"
)

// Object names a kind of signed object. It is part of what is signed, so that a
// signature over one kind never passes for another.
type Object string

// The signed objects of this version.
const (
	ObjectIdentity Object = "identity"
	ObjectHead     Object = "head"
)

// Signature is one signature with the identifier of the key that made it.
type Signature struct {
	_     struct{} `cbor:",toarray"`
	Key   KeyID
	Bytes []byte
}

// Signed is a payload with its signatures, exactly as received. On the wire it is
// the array [payload, [[kid, signature]…]] (specs/02-signed.md).
type Signed struct {
	_          struct{} `cbor:",toarray"`
	Payload    []byte
	Signatures []Signature
}

// Sign signs the payload with every key, in the order given.
func Sign(object Object, payload []byte, keys ...ed25519.PrivateKey) Signed {
	s := Signed{Payload: payload}
	for _, k := range keys {
		sig := ed25519.Sign(k, preimage(object, payload))
		s.Signatures = append(s.Signatures, Signature{Key: PublicKeyOf(k).ID(), Bytes: sig})
	}
	return s
}

// DecodeSigned reads a signed object, at most MaxObject bytes of payload. It
// checks the form only; see Verify.
func DecodeSigned(data []byte) (Signed, error) {
	var s Signed
	if len(data) > MaxObject+MaxSignatures*128 {
		return s, Invalid("signed object", "%d bytes are too many", len(data))
	}
	if err := UnmarshalStrict(data, &s); err != nil {
		return Signed{}, err
	}
	return s, s.form()
}

func (s Signed) form() error {
	if len(s.Payload) == 0 || len(s.Payload) > MaxObject {
		return Invalid("signed object", "payload of %d bytes, allowed are 1 to %d", len(s.Payload), MaxObject)
	}
	if len(s.Signatures) == 0 || len(s.Signatures) > MaxSignatures {
		return Invalid("signed object", "%d signatures, allowed are 1 to %d", len(s.Signatures), MaxSignatures)
	}
	seen := map[KeyID]bool{}
	for _, sig := range s.Signatures {
		if len(sig.Bytes) != ed25519.SignatureSize || !sig.Key.valid() {
			return Invalid("signed object", "malformed signature")
		}
		if seen[sig.Key] {
			return Invalid("signed object", "key %s signed twice", sig.Key)
		}
		seen[sig.Key] = true
	}
	return nil
}

// Encode returns the wire form.
func (s Signed) Encode() ([]byte, error) { return Marshal(s) }

// ID returns the CID of the payload: signatures don't change what is signed.
func (s Signed) ID() CID { return Sum(DagCBOR, s.Payload) }

// VerifiedBy reports how many of the keys made a valid signature over the
// payload as this kind of object. Signatures by other keys, and invalid ones,
// count for nothing.
func (s Signed) VerifiedBy(object Object, keys ...PublicKey) int {
	n := 0
	msg := preimage(object, s.Payload)
	for _, k := range keys {
		for _, sig := range s.Signatures {
			if sig.Key == k.ID() && k.verify(msg, sig.Bytes) {
				n++
				break
			}
		}
	}
	return n
}

func preimage(object Object, payload []byte) []byte {
	return append([]byte("stoa/"+string(object)+"/v1\x00"), payload...)
}
