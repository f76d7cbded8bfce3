package thread

import (
	"crypto/hpke"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Roots are what both sides draw from one encapsulation.
type Roots struct {
	// Root goes into the secret of an epoch or of a join.
	Root [SecretSize]byte
	// Write is the capability to deposit in the thread that a genesis begins.
	Write [SecretSize]byte
}

// PrekeySecret is the private half of a prekey.
type PrekeySecret struct{ key hpke.PrivateKey }

// PrekeyOf returns the prekey of a seed of 32 random bytes.
func PrekeyOf(seed [SecretSize]byte) (PrekeySecret, error) {
	k, err := hpke.MLKEM768X25519().NewPrivateKey(seed[:])
	if err != nil {
		return PrekeySecret{}, fmt.Errorf("prekey of a seed: %w", err)
	}
	return PrekeySecret{k}, nil
}

// Public returns the public half, PrekeySize bytes.
func (s PrekeySecret) Public() []byte { return s.key.PublicKey().Bytes() }

// Encapsulate makes a fresh secret for the brand that published the prekey, whose
// record has the identifier. The randomness is the system's. An error wraps
// protocol.ErrInvalid: the prekey is no key.
func Encapsulate(brand, prekey protocol.CID, public []byte) (enc []byte, r Roots, err error) {
	k, err := hpke.MLKEM768X25519().NewPublicKey(public)
	if err != nil {
		return nil, Roots{}, protocol.Invalid("prekey", "%v", err)
	}
	enc, sender, err := hpke.NewSender(k, hpke.HKDFSHA256(), hpke.ExportOnly(), info(brand, prekey))
	if err != nil {
		return nil, Roots{}, protocol.Invalid("prekey", "%v", err)
	}
	r, err = exports(sender.Export)
	return enc, r, err
}

// Decapsulate opens what Encapsulate made. Other bytes of the right size give
// other roots or an error that wraps protocol.ErrInvalid.
func (s PrekeySecret) Decapsulate(brand, prekey protocol.CID, enc []byte) (Roots, error) {
	recipient, err := hpke.NewRecipient(enc, s.key, hpke.HKDFSHA256(), hpke.ExportOnly(), info(brand, prekey))
	if err != nil {
		return Roots{}, protocol.Invalid("encapsulation", "%v", err)
	}
	return exports(recipient.Export)
}

func info(brand, prekey protocol.CID) []byte {
	return prekey.Append(brand.Append([]byte("stoa/thread/v1")))
}

func exports(export func(string, int) ([]byte, error)) (r Roots, err error) {
	root, err := export("stoa/root/v1", SecretSize)
	if err != nil {
		return Roots{}, fmt.Errorf("export root: %w", err)
	}
	write, err := export("stoa/write/v1", SecretSize)
	if err != nil {
		return Roots{}, fmt.Errorf("export write capability: %w", err)
	}
	return Roots{Root: [SecretSize]byte(root), Write: [SecretSize]byte(write)}, nil
}
