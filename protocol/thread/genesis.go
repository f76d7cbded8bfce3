package thread

import (
	"cmp"
	"crypto/ed25519"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Genesis begins a thread. It is signed by the shopper's identity key and holds
// nothing secret: the keys in it are known to this brand alone.
type Genesis struct {
	V     uint64       `cbor:"v"`
	Suite uint64       `cbor:"suite"`
	Brand protocol.CID `cbor:"brand"`
	// Prekey is the CID of the prekey record that Enc is sealed to.
	Prekey protocol.CID `cbor:"prekey"`
	// Enc is the encapsulation that the roots of the thread come from.
	Enc []byte `cbor:"enc"`
	// Identity is the shopper's key towards this brand, Device that of the first
	// browser.
	Identity protocol.PublicKey `cbor:"identity"`
	Device   protocol.PublicKey `cbor:"device"`
	// Home is the brand of the gateway where the shopper's mail waits.
	Home  protocol.CID    `cbor:"home"`
	Nonce [16]byte        `cbor:"nonce"`
	Time  protocol.Millis `cbor:"time"`
}

// OpenedGenesis is a genesis whose form and signature hold.
type OpenedGenesis struct {
	Genesis
	// Thread names the thread: the CID of the payload.
	Thread protocol.CID
}

// Sign fills in version and suite, and returns the signed genesis with the
// thread's name. key is the identity's.
func (g Genesis) Sign(key ed25519.PrivateKey) (signed []byte, thread protocol.CID, err error) {
	g.V, g.Suite, g.Identity = Version, Suite, protocol.PublicKeyOf(key)
	if err := g.form(); err != nil {
		return nil, protocol.CID{}, err
	}
	return encodeSigned(sign(protocol.ObjectGenesis, g, key))
}

func encodeSigned(s protocol.Signed, err error) ([]byte, protocol.CID, error) {
	if err != nil {
		return nil, protocol.CID{}, err
	}
	data, err := s.Encode()
	return data, s.ID(), err
}

// OpenGenesis checks form and signature. Errors wrap protocol.ErrInvalid, but
// ErrUnsupported for another suite.
func OpenGenesis(data []byte) (OpenedGenesis, error) {
	var g Genesis
	s, err := decodeObject(protocol.ObjectGenesis, data, &g)
	if err = cmp.Or(err, g.form()); err != nil {
		return OpenedGenesis{}, err
	}
	if s.VerifiedBy(protocol.ObjectGenesis, g.Identity) != 1 {
		return OpenedGenesis{}, fmt.Errorf("genesis: %w: %w", ErrSignature, protocol.ErrInvalid)
	}
	return OpenedGenesis{Genesis: g, Thread: s.ID()}, nil
}

func (g Genesis) form() error {
	if err := cmp.Or(versionForm("genesis", g.V), timeForm("genesis", g.Time), objectsForm("genesis", g.Brand, g.Prekey, g.Home)); err != nil {
		return err
	}
	if g.Suite != Suite {
		return fmt.Errorf("genesis of suite %d: %w", g.Suite, ErrUnsupported)
	}
	if len(g.Enc) != EncSize {
		return protocol.Invalid("genesis", "encapsulation of %d bytes instead of %d", len(g.Enc), EncSize)
	}
	if !g.Identity.Defined() || !g.Device.Defined() || g.Identity == g.Device {
		return protocol.Invalid("genesis", "identity and device are not two keys")
	}
	return nil
}
