package protocol

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"slices"
)

// Object names a kind of signed object. It is part of what is signed, so that a
// signature over one kind never passes for another.
type Object string

// The signed objects of this version.
const (
	ObjectIdentity Object = "identity"
	ObjectHead     Object = "head"
	ObjectGenesis  Object = "genesis" // begins a thread
	ObjectDevice   Object = "device"  // certifies a key of a shopper
	ObjectEntry    Object = "entry"   // what one side says in a thread
	ObjectCommit   Object = "commit"  // the brand's word on an entry's place
	ObjectJoin     Object = "join"    // asks for the present secret of a thread
	ObjectRequest  Object = "request" // asks to read a thread
	ObjectDeposit  Object = "deposit" // a relay's receipt
	ObjectMail     Object = "mail"    // opens a stream between a brand's node and a relay
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
	if len(data) > MaxObject+MaxSignatures*128 {
		return Signed{}, Invalid("signed object", "%d bytes are too many", len(data))
	}
	c := checker{data: bytes.Clone(data)}
	s, err := c.signed()
	if err == nil && c.pos != len(data) {
		err = Invalid("cbor", "%d bytes follow the value", len(data)-c.pos)
	}
	if err != nil {
		return Signed{}, err
	}
	return s, s.form()
}

// signed reads the array [payload, signatures]. Signed objects are read so often
// that they don't go through reflection.
func (c *checker) signed() (s Signed, err error) {
	if err = c.array(2); err != nil {
		return s, err
	}
	if s.Payload, err = c.string(majorBytes); err != nil {
		return s, err
	}
	n, err := c.expect(majorArray)
	if err != nil || n > MaxSignatures {
		return s, cmp.Or(err, Invalid("signed object", "%d signatures, allowed are 1 to %d", n, MaxSignatures))
	}
	s.Signatures = make([]Signature, n)
	for i := range s.Signatures {
		if err = c.signature(&s.Signatures[i]); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (c *checker) signature(s *Signature) error {
	if err := c.array(2); err != nil {
		return err
	}
	key, err := c.string(majorText)
	if err != nil {
		return err
	}
	s.Key = KeyID(key)
	s.Bytes, err = c.string(majorBytes)
	return err
}

func (s Signed) form() error {
	if len(s.Payload) == 0 || len(s.Payload) > MaxObject {
		return Invalid("signed object", "payload of %d bytes, allowed are 1 to %d", len(s.Payload), MaxObject)
	}
	if len(s.Signatures) == 0 || len(s.Signatures) > MaxSignatures {
		return Invalid("signed object", "%d signatures, allowed are 1 to %d", len(s.Signatures), MaxSignatures)
	}
	for i, sig := range s.Signatures {
		if len(sig.Bytes) != ed25519.SignatureSize || !sig.Key.valid() {
			return Invalid("signed object", "malformed signature")
		}
		if slices.ContainsFunc(s.Signatures[:i], func(other Signature) bool { return other.Key == sig.Key }) {
			return Invalid("signed object", "key %s signed twice", sig.Key)
		}
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
