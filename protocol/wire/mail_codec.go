package wire

import "github.com/stoa-commerce/stoa/protocol"

// EncodeMail returns the bytes of a frame, nil being a beat.
func EncodeMail(f MailFrame) ([]byte, error) {
	if f == nil {
		return []byte{beat}, nil
	}
	return encodeFrame(f, MaxMailFrame)
}

// DecodeMailOfBrand reads what a brand's side writes: nil for a beat, *MailHello,
// *MailAck, *MailPut, *MailErase or *MailFound. An error wraps protocol.ErrInvalid, or
// ErrUnsupported.
func DecodeMailOfBrand(data []byte) (MailFrame, error) {
	return decodeMail(data, &MailHello{}, &MailAck{}, &MailPut{}, &MailErase{}, &MailFound{})
}

// DecodeMailOfRelay reads what a relay writes: nil for a beat, *MailOpen, *MailBye,
// *MailItem, *MailDone, *MailRoom or *MailFind. Errors as for DecodeMailOfBrand.
func DecodeMailOfRelay(data []byte) (MailFrame, error) {
	return decodeMail(data, &MailOpen{}, &MailBye{}, &MailItem{}, &MailDone{}, &MailRoom{}, &MailFind{})
}

func decodeMail(data []byte, frames ...frame) (MailFrame, error) {
	if len(data) == 1 && data[0] == beat {
		return nil, nil
	}
	return decodeFrame(data, MaxMailFrame, frames...)
}

// MailProof says that a node speaks for a brand to one relay now. Signed by an online
// key of the brand as protocol object "mail", it opens a mail stream, and of use on no
// other one: it names both peers.
type MailProof struct {
	V     uint64          `cbor:"v"`
	Brand protocol.CID    `cbor:"brand"`
	Peer  []byte          `cbor:"peer"`  // the node's peer ID, binary
	Relay []byte          `cbor:"relay"` // the relay's
	Time  protocol.Millis `cbor:"time"`
}

// maxPeerID is the longest binary peer ID in bytes.
const maxPeerID = 64

func (p MailProof) check() error {
	switch {
	case p.V != Version:
		return protocol.Invalid("mail proof", "version %d", p.V)
	case !isObject(p.Brand):
		return protocol.Invalid("mail proof", "no brand")
	case len(p.Peer) == 0 || len(p.Peer) > maxPeerID || len(p.Relay) == 0 || len(p.Relay) > maxPeerID:
		return protocol.Invalid("mail proof", "peers of %d and %d bytes, allowed are 1 to %d", len(p.Peer), len(p.Relay), maxPeerID)
	case p.Time < 0 || p.Time > protocol.MaxTime:
		return protocol.Invalid("mail proof", "time %d is out of range", int64(p.Time))
	}
	return nil
}

// Encode returns the payload to sign. V is filled in.
func (p MailProof) Encode() ([]byte, error) {
	p.V = Version
	if err := p.check(); err != nil {
		return nil, err
	}
	return protocol.Marshal(p)
}

// DecodeMailProof reads a payload. Errors wrap protocol.ErrInvalid.
func DecodeMailProof(payload []byte) (MailProof, error) {
	var p MailProof
	if err := protocol.UnmarshalStrict(payload, &p); err != nil {
		return MailProof{}, err
	}
	return p, p.check()
}

// DepositReceipt says that a relay holds an envelope until some time. An online key of
// the relay's brand signs it as protocol object "deposit": who has it can show that
// what was lost was lost there.
type DepositReceipt struct {
	V        uint64          `cbor:"v"`
	Relay    protocol.CID    `cbor:"relay"` // the brand of the relay's gateway
	Thread   protocol.CID    `cbor:"thread"`
	Envelope protocol.CID    `cbor:"envelope"` // raw, of its bytes
	Dir      string          `cbor:"dir"`      // "up" or "down"
	Time     protocol.Millis `cbor:"time"`
	Until    protocol.Millis `cbor:"until"`
}

func (d DepositReceipt) check() error {
	switch {
	case d.V != Version:
		return protocol.Invalid("deposit receipt", "version %d", d.V)
	case !isObject(d.Relay) || !isObject(d.Thread) || d.Envelope.Codec() != protocol.Raw:
		return protocol.Invalid("deposit receipt", "a link is missing or of another kind")
	case d.Dir != "up" && d.Dir != "down":
		return protocol.Invalid("deposit receipt", "%.40q is no direction", d.Dir)
	case d.Time < 0 || d.Until < d.Time || d.Until > protocol.MaxTime:
		return protocol.Invalid("deposit receipt", "from %d until %d is no time", int64(d.Time), int64(d.Until))
	}
	return nil
}

// Encode returns the payload to sign. V is filled in.
func (d DepositReceipt) Encode() ([]byte, error) {
	d.V = Version
	if err := d.check(); err != nil {
		return nil, err
	}
	return protocol.Marshal(d)
}

// DecodeDepositReceipt reads a payload. Errors wrap protocol.ErrInvalid.
func DecodeDepositReceipt(payload []byte) (DepositReceipt, error) {
	var d DepositReceipt
	if err := protocol.UnmarshalStrict(payload, &d); err != nil {
		return DepositReceipt{}, err
	}
	return d, d.check()
}
