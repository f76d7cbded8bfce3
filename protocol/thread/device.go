package thread

import (
	"cmp"
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// The kinds of keys that a certificate names.
const (
	// KindDevice is the key of one browser; it signs entries.
	KindDevice = "device"
	// KindLink is the key in a link that the brand mails. The brand knows it, so
	// it certifies devices and nothing else.
	KindLink = "link"
)

// Certificate says that a key may act in a thread. It is signed by the identity
// key, or by a link key for a device.
type Certificate struct {
	V      uint64             `cbor:"v"`
	Thread protocol.CID       `cbor:"thread"`
	Key    protocol.PublicKey `cbor:"key"`
	Kind   string             `cbor:"kind"`
	Time   protocol.Millis    `cbor:"time"`
}

// Sign fills in the version and returns the signed certificate.
func (c Certificate) Sign(by ed25519.PrivateKey) ([]byte, error) {
	c.V = Version
	if err := c.form(); err != nil {
		return nil, err
	}
	data, _, err := encodeSigned(sign(protocol.ObjectDevice, c, by))
	return data, err
}

func (c Certificate) form() error {
	if err := cmp.Or(versionForm("device", c.V), timeForm("device", c.Time), objectsForm("device", c.Thread)); err != nil {
		return err
	}
	if !c.Key.Defined() || c.Kind != KindDevice && c.Kind != KindLink {
		return protocol.Invalid("device", "no key, or of the kind %.40q", c.Kind)
	}
	return nil
}

// openCertificate also returns which of the keys signed.
func openCertificate(data []byte, signers []protocol.PublicKey) (c Certificate, by protocol.PublicKey, err error) {
	s, err := decodeObject(protocol.ObjectDevice, data, &c)
	if err = cmp.Or(err, c.form()); err != nil {
		return Certificate{}, by, err
	}
	for _, k := range signers {
		if s.VerifiedBy(protocol.ObjectDevice, k) == 1 {
			return c, k, nil
		}
	}
	return Certificate{}, by, fmt.Errorf("device: %w: %w", ErrSignature, protocol.ErrInvalid)
}

// Certified is what a chain of certificates comes to.
type Certified struct {
	// Key is the device's.
	Key protocol.PublicKey
	// Link is the link key in between, if any: then the brand that mailed the link
	// could have certified the device itself, and a receipt says so.
	Link protocol.PublicKey
}

// OpenCertificates checks a chain in a thread, down to the device's: the device's
// certificate alone, signed by the identity or by one of the links that the thread
// knows, or a link's certificate and the device's. Errors wrap protocol.ErrInvalid.
func OpenCertificates(thread protocol.CID, identity protocol.PublicKey, certs [][]byte, links ...protocol.PublicKey) (Certified, error) {
	switch len(certs) {
	case 1:
		return openDevice(thread, append([]protocol.PublicKey{identity}, links...), certs[0])
	case MaxChain:
		link, err := OpenLink(thread, identity, certs[0])
		if err != nil {
			return Certified{}, err
		}
		return openDevice(thread, []protocol.PublicKey{identity, link}, certs[1])
	}
	return Certified{}, protocol.Invalid("device", "%d certificates, allowed are 1 to %d", len(certs), MaxChain)
}

// openDevice reads a device's certificate by the identity, which stands first, or
// by one of the links.
func openDevice(thread protocol.CID, signers []protocol.PublicKey, cert []byte) (Certified, error) {
	c, by, err := openCertificate(cert, signers)
	if err != nil {
		return Certified{}, err
	}
	if c.Thread != thread || c.Kind != KindDevice || slices.Contains(signers, c.Key) {
		return Certified{}, protocol.Invalid("device", "not the certificate of a device of this thread")
	}
	if by == signers[0] {
		return Certified{Key: c.Key}, nil
	}
	return Certified{Key: c.Key, Link: by}, nil
}

// OpenLink checks the certificate of a link key. Errors wrap protocol.ErrInvalid.
func OpenLink(thread protocol.CID, identity protocol.PublicKey, cert []byte) (protocol.PublicKey, error) {
	c, _, err := openCertificate(cert, []protocol.PublicKey{identity})
	if err == nil && (c.Thread != thread || c.Kind != KindLink || c.Key == identity) {
		err = protocol.Invalid("device", "not the certificate of a link of this thread")
	}
	return c.Key, err
}
