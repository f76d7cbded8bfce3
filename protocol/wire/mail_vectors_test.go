package wire

import (
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// mailVector holds the fields of all kinds; specs/19-mail.md §9 says what they mean.
type mailVector struct {
	Name, Kind, Error, Frame       string
	Valid                          bool
	CBOR, Signed, Peer, Relay, Key hexBytes
	Now                            protocol.Millis
}

func TestMailVectors(t *testing.T) {
	name := func(v mailVector) string { return v.Kind + " " + v.Name }
	eachVector(t, "mail.json", 50, name, func(t *testing.T, v mailVector) {
		class := ""
		switch v.Kind {
		case "brand":
			class = v.decoded(t, DecodeMailOfBrand)
		case "relay":
			class = v.decoded(t, DecodeMailOfRelay)
		case "proof":
			class = v.proof()
		case "deposit":
			class = v.deposit()
		default:
			t.Errorf("kind %s", v.Kind)
		}
		if class != v.Error || v.Valid != (class == "") {
			t.Errorf("%q instead of %q", class, v.Error)
		}
	})
}

func (v mailVector) decoded(t *testing.T, decode func([]byte) (MailFrame, error)) string {
	f, err := decode(v.CBOR)
	switch {
	case errors.Is(err, ErrUnsupported):
		return "unsupported"
	case errors.Is(err, protocol.ErrInvalid):
		return "form"
	case err != nil:
		t.Fatal(err)
	}
	kind := "beat"
	if f != nil {
		kind = f.kind()
	}
	if kind != v.Frame || string(must(EncodeMail(f))) != string(v.CBOR) {
		t.Errorf("it is a %s", kind)
	}
	return ""
}

// proof judges as a relay does that knows one online key of the brand.
func (v mailVector) proof() string {
	signed, err := protocol.DecodeSigned(v.Signed)
	if err != nil {
		return "form"
	}
	p, err := DecodeMailProof(signed.Payload)
	switch {
	case err != nil:
		return "form"
	case string(p.Peer) != string(v.Peer) || string(p.Relay) != string(v.Relay):
		return "proof"
	case p.Time < v.Now-MaxMailSkew || p.Time > v.Now+MaxMailSkew:
		return "clock"
	case signed.VerifiedBy(protocol.ObjectMail, must(protocol.ParsePublicKey(v.Key))) != 1:
		return "proof"
	}
	return ""
}

func (v mailVector) deposit() string {
	signed, err := protocol.DecodeSigned(v.Signed)
	if err != nil {
		return "form"
	}
	if _, err := DecodeDepositReceipt(signed.Payload); err != nil {
		return "form"
	}
	if signed.VerifiedBy(protocol.ObjectDeposit, must(protocol.ParsePublicKey(v.Key))) != 1 {
		return "signature"
	}
	return ""
}
