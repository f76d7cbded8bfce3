package thread

import (
	"cmp"
	"crypto/ed25519"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Join asks the brand for the present secret of a thread: a new browser, or one
// that missed a rekey. It is signed by the device, whose certificates go with it.
type Join struct {
	V      uint64             `cbor:"v"`
	Thread protocol.CID       `cbor:"thread"`
	Device protocol.PublicKey `cbor:"device"`
	Prekey protocol.CID       `cbor:"prekey"`
	Enc    []byte             `cbor:"enc"`
	Time   protocol.Millis    `cbor:"time"`
}

// OpenedJoin is a join whose form and signature hold.
type OpenedJoin struct {
	Join
	// ID is the CID of the payload: the welcome names it.
	ID protocol.CID
}

// Sign fills in version and device and returns the signed join with its name.
func (j Join) Sign(key ed25519.PrivateKey) ([]byte, protocol.CID, error) {
	j.V, j.Device = Version, protocol.PublicKeyOf(key)
	if err := j.form(); err != nil {
		return nil, protocol.CID{}, err
	}
	return encodeSigned(sign(protocol.ObjectJoin, j, key))
}

// OpenJoin checks form and signature; that the device is one of the thread is for
// OpenCertificates, or known. Errors wrap protocol.ErrInvalid.
func OpenJoin(data []byte) (OpenedJoin, error) {
	var j Join
	s, err := decodeObject(protocol.ObjectJoin, data, &j)
	if err = cmp.Or(err, j.form()); err != nil {
		return OpenedJoin{}, err
	}
	if s.VerifiedBy(protocol.ObjectJoin, j.Device) != 1 {
		return OpenedJoin{}, fmt.Errorf("join: %w: %w", ErrSignature, protocol.ErrInvalid)
	}
	return OpenedJoin{Join: j, ID: s.ID()}, nil
}

func (j Join) form() error {
	if err := cmp.Or(versionForm("join", j.V), timeForm("join", j.Time), objectsForm("join", j.Thread, j.Prekey)); err != nil {
		return err
	}
	if !j.Device.Defined() || len(j.Enc) != EncSize {
		return protocol.Invalid("join", "no device, or an encapsulation of %d bytes instead of %d", len(j.Enc), EncSize)
	}
	return nil
}

// Request shows that a device asks to read: it goes with every reading of a
// thread over HTTP. It is signed by the device.
type Request struct {
	V      uint64             `cbor:"v"`
	Thread protocol.CID       `cbor:"thread"`
	Device protocol.PublicKey `cbor:"device"`
	Time   protocol.Millis    `cbor:"time"`
}

// Sign fills in version and device and returns the signed request.
func (r Request) Sign(key ed25519.PrivateKey) (protocol.Signed, error) {
	r.V, r.Device = Version, protocol.PublicKeyOf(key)
	if err := r.form(); err != nil {
		return protocol.Signed{}, err
	}
	return sign(protocol.ObjectRequest, r, key)
}

// OpenRequest checks form and signature, not the time (see Request.Timely) nor
// whether the device is one of the thread. Errors wrap protocol.ErrInvalid.
func OpenRequest(s protocol.Signed) (Request, error) {
	var r Request
	if err := cmp.Or(decodePayload(protocol.ObjectRequest, s, &r), r.form()); err != nil {
		return Request{}, err
	}
	if s.VerifiedBy(protocol.ObjectRequest, r.Device) != 1 {
		return Request{}, fmt.Errorf("request: %w: %w", ErrSignature, protocol.ErrInvalid)
	}
	return r, nil
}

// Timely reports whether the request was made within RequestSkew of now.
func (r Request) Timely(now protocol.Millis) bool {
	return r.Time >= now-RequestSkew && r.Time <= now+RequestSkew
}

func (r Request) form() error {
	if err := cmp.Or(versionForm("request", r.V), timeForm("request", r.Time), objectsForm("request", r.Thread)); err != nil {
		return err
	}
	if !r.Device.Defined() {
		return protocol.Invalid("request", "no device")
	}
	return nil
}
