package thread

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Direction says who sealed an envelope: each has keys of its own.
type Direction string

// The two directions.
const (
	Up   Direction = "up"   // from the shopper
	Down Direction = "down" // from the brand
)

// Envelope is a sealed parcel. All but Text is what a relay sees, and is bound to
// it.
type Envelope struct {
	V      uint64           `cbor:"v"`
	Thread protocol.CID     `cbor:"thread"`
	Dir    Direction        `cbor:"dir"`
	Epoch  uint64           `cbor:"epoch"`
	Salt   [SecretSize]byte `cbor:"salt"`
	// Text is the sealed parcel with its tag.
	Text []byte `cbor:"ct"`
	// Join names the join that a welcome answers, sealed under its secret and not
	// under the epoch's; undefined in all other envelopes.
	Join protocol.CID `cbor:"join,omitzero"`
}

// outer is what of an envelope is authenticated and not sealed.
type outer struct {
	V      uint64           `cbor:"v"`
	Thread protocol.CID     `cbor:"thread"`
	Dir    Direction        `cbor:"dir"`
	Epoch  uint64           `cbor:"epoch"`
	Salt   [SecretSize]byte `cbor:"salt"`
	Join   protocol.CID     `cbor:"join,omitzero"`
}

func (e Envelope) outer() ([]byte, error) {
	return protocol.Marshal(outer{e.V, e.Thread, e.Dir, e.Epoch, e.Salt, e.Join})
}

// sizes are what parcels are padded to, so that an envelope tells little of what
// is in it.
var sizes = [...]int{1024, 4096, 16_384, 65_024}

const tagSize = 16

func pad(parcel []byte) ([]byte, error) {
	for _, size := range sizes {
		if len(parcel) < size {
			out := make([]byte, size, size+tagSize)
			copy(out, parcel)
			out[len(parcel)] = 0x80
			return out, nil
		}
	}
	return nil, protocol.Invalid("parcel", "%d bytes, allowed are %d", len(parcel), MaxParcel)
}

// unpad takes the padding off. A text of another size, or padded to more than it
// needs, is invalid: there is one way to pad.
func unpad(text []byte) ([]byte, error) {
	end := len(text) - 1
	for end >= 0 && text[end] == 0 {
		end--
	}
	if end < 0 || text[end] != 0x80 || len(text) != paddedSize(end) {
		return nil, protocol.Invalid("envelope", "wrongly padded")
	}
	return text[:end], nil
}

func paddedSize(parcel int) int {
	for _, size := range sizes {
		if parcel < size {
			return size
		}
	}
	return 0
}

func seals(secret [SecretSize]byte, e Envelope) cipher.AEAD {
	key := derive(secret[:], e.Salt[:], "stoa/envelope/v1/"+string(e.Dir))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// nonce is zero: a key seals one envelope, since its salt is fresh.
var nonce [12]byte

// Seal seals a parcel under the secret of the envelope's epoch, or of its join,
// and returns the envelope's bytes. The salt must be fresh: 32 random bytes that
// are used once. Version and text are filled in.
func (e Envelope) Seal(secret [SecretSize]byte, p Parcel) ([]byte, error) {
	parcel, err := EncodeParcel(p)
	if err != nil {
		return nil, err
	}
	return e.SealBytes(secret, parcel)
}

// SealBytes is Seal for an encoded parcel.
func (e Envelope) SealBytes(secret [SecretSize]byte, parcel []byte) ([]byte, error) {
	e.V = Version
	text, err := pad(parcel)
	if err != nil {
		return nil, err
	}
	aad, err := e.outer()
	if err != nil {
		return nil, err
	}
	e.Text = seals(secret, e).Seal(text[:0], nonce[:], text, aad)
	if err := e.form(); err != nil {
		return nil, err
	}
	return protocol.Marshal(e)
}

// DecodeEnvelope reads an envelope, at most MaxEnvelope bytes, and checks its
// form. Errors wrap protocol.ErrInvalid.
func DecodeEnvelope(data []byte) (Envelope, error) {
	if len(data) > MaxEnvelope {
		return Envelope{}, protocol.Invalid("envelope", "%d bytes, allowed are %d", len(data), MaxEnvelope)
	}
	var e Envelope
	if err := protocol.UnmarshalStrict(data, &e); err != nil {
		return Envelope{}, err
	}
	return e, e.form()
}

// Open opens the envelope and reads the parcel. Errors wrap ErrSealed when the
// secret doesn't fit or the envelope was altered, protocol.ErrInvalid when who
// knew the secret sealed something that breaks a rule.
func (e Envelope) Open(secret [SecretSize]byte) (Parcel, error) {
	parcel, err := e.OpenBytes(secret)
	if err != nil {
		return nil, err
	}
	return DecodeParcel(parcel)
}

// OpenBytes is Open without reading the parcel.
func (e Envelope) OpenBytes(secret [SecretSize]byte) ([]byte, error) {
	aad, err := e.outer()
	if err != nil {
		return nil, err
	}
	text, err := seals(secret, e).Open(nil, nonce[:], e.Text, aad)
	if err != nil {
		return nil, fmt.Errorf("envelope of epoch %d: %w", e.Epoch, ErrSealed)
	}
	return unpad(text)
}

// EnvelopeID names an envelope: the CID of its bytes, codec raw.
func EnvelopeID(data []byte) protocol.CID { return protocol.Sum(protocol.Raw, data) }

func (e Envelope) form() error {
	if err := cmp.Or(versionForm("envelope", e.V), objectsForm("envelope", e.Thread)); err != nil {
		return err
	}
	if e.Dir != Up && e.Dir != Down || e.Epoch > protocol.MaxInt {
		return protocol.Invalid("envelope", "direction %.20q or epoch %d is not one", e.Dir, e.Epoch)
	}
	if e.Join.Defined() && (e.Dir != Down || !isObject(e.Join)) {
		return protocol.Invalid("envelope", "answers no join")
	}
	for _, size := range sizes {
		if len(e.Text) == size+tagSize {
			return nil
		}
	}
	return protocol.Invalid("envelope", "sealed text of %d bytes is none of the sizes", len(e.Text))
}
