package wire

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// MailProtocol names the stream protocol by which a brand's node collects what
// gateways that relay for it hold, and leaves what goes back to shoppers
// (specs/19-mail.md).
const MailProtocol = "/stoa/mail/1"

// Limits of a mail stream.
const (
	// MaxMailFrame is the largest frame in bytes: a sealed blob with what stands
	// around it.
	MaxMailFrame = 528 << 10
	// MaxRelayedMail is the same over a relayed connection; blobs wait for a direct one.
	MaxRelayedMail = 96 << 10
	// MaxMailBlob is the largest sealed blob in bytes, MaxMailBytes the largest of what
	// else is carried.
	MaxMailBlob, MaxMailBytes = 512<<10 + 16, 64 << 10
	// MaxMailAcks is the largest number of items that one frame acknowledges.
	MaxMailAcks = 256
	// MaxMailFind is the largest number of identities that one frame asks for.
	MaxMailFind = 32
	// MaxMailAhead is how many items a relay sends ahead of their acknowledgement.
	MaxMailAhead = 64
	// MailBeat is how long a side is silent at most, MailSilence after how long without
	// a frame the other one gives the stream up.
	MailBeat, MailSilence protocol.Millis = 30_000, 90_000
	// MaxMailSkew is how far the time of a MailProof may be from the reader's clock.
	MaxMailSkew protocol.Millis = 300_000
)

// MailWhat says what bytes an item of mail holds.
type MailWhat string

// What goes up, to the brand, and down, to the shopper.
const (
	MailBegin    MailWhat = "begin"    // a signed genesis; up
	MailEnvelope MailWhat = "envelope" // an envelope of specs/16-thread.md; up and down
	MailJoin     MailWhat = "join"     // the body of a join request; up
	MailBlob     MailWhat = "blob"     // a sealed file; up and down
)

// MailState is what became of an item.
type MailState string

// States that a brand acknowledges items with; a refused item was not taken and won't
// be, and its Reason says why.
const (
	MailReceived  MailState = "received"  // the brand's node holds it durably
	MailCommitted MailState = "committed" // it stands in the thread, with effect or refused there
	MailRefused   MailState = "refused"   // it can't be opened, or has no right form
	MailStored    MailState = "stored"    // by a relay, of what a brand puts there
)

// MailFrame is a frame of a mail stream. The nil MailFrame is a beat.
type MailFrame interface{ frame }

// MailHello is the first frame of the brand's side: a MailProof, signed.
type MailHello struct {
	Envelope
	Proof []byte `cbor:"proof"`
}

func (*MailHello) kind() string { return "mail" }

func (h *MailHello) check() error { return mailBytes(h, h.Proof, protocol.MaxObject+512) }

// MailOpen is the first frame of a relay that takes the brand's proof. Relay is the
// brand of the relay's gateway, by its own word.
type MailOpen struct {
	Envelope
	Relay protocol.CID    `cbor:"relay"`
	Time  protocol.Millis `cbor:"time"`
}

func (*MailOpen) kind() string { return "open" }

func (o *MailOpen) check() error { return mailTime(o, o.Time, o.Relay) }

// MailBye is the last frame of a relay that ends the stream, with its clock.
type MailBye struct {
	Envelope
	Reason string          `cbor:"reason"`
	Time   protocol.Millis `cbor:"time"`
}

// Reasons of a MailBye.
const (
	ByeUnknownBrand = "unknown_brand" // the relay doesn't follow the brand
	ByeProof        = "proof"         // no online key that the relay knows signed it, or it is of another peer
	ByeClock        = "clock"         // the proof's time is too far from the relay's
	ByeBusy         = "busy"          // there are more streams than are served
)

func (*MailBye) kind() string { return "bye" }

func (b *MailBye) check() error {
	if err := mailReason(b, b.Reason, true); err != nil {
		return err
	}
	return mailTime(b, b.Time)
}

// MailItem is one thing that a relay holds for the brand. Places ascend in the order
// in which the relay took things in; N counts inside the thread.
type MailItem struct {
	Envelope
	Place  uint64          `cbor:"place"`
	Thread protocol.CID    `cbor:"thread"`
	N      uint64          `cbor:"n"`
	What   MailWhat        `cbor:"what"`
	Bytes  []byte          `cbor:"bytes"`
	Time   protocol.Millis `cbor:"time"` // when the relay took it in
}

func (*MailItem) kind() string { return "item" }

func (i *MailItem) check() error {
	if i.Place == 0 || i.N == 0 {
		return protocol.Invalid("item", "place %d and number %d count from 1", i.Place, i.N)
	}
	if err := mailTime(i, i.Time, i.Thread); err != nil {
		return err
	}
	return i.What.holds(i, i.Bytes, MailBegin, MailEnvelope, MailJoin, MailBlob)
}

// MailAck says what became of items: 1 to MaxMailAcks, places ascending.
type MailAck struct {
	Envelope
	Items []MailTaken `cbor:"items"`
}

// MailTaken is what became of one item. Reason is there for MailRefused only.
type MailTaken struct {
	Place  uint64    `cbor:"place"`
	State  MailState `cbor:"state"`
	Reason string    `cbor:"reason,omitempty"`
}

func (*MailAck) kind() string { return "ack" }

func (a *MailAck) check() error {
	if n := len(a.Items); n == 0 || n > MaxMailAcks {
		return protocol.Invalid("ack", "%d items, allowed are 1 to %d", n, MaxMailAcks)
	}
	last := uint64(0)
	for _, t := range a.Items {
		if t.Place <= last {
			return protocol.Invalid("ack", "place %d is out of order, or twice", t.Place)
		}
		last = t.Place
		if t.State != MailReceived && t.State != MailCommitted && t.State != MailRefused {
			return protocol.Invalid("ack", "%.40q is no state", t.State)
		}
		if err := mailReason(a, t.Reason, t.State == MailRefused); err != nil {
			return err
		}
	}
	return nil
}

// MailPut leaves something for a shopper with the relay.
type MailPut struct {
	Envelope
	ID     uint64       `cbor:"id"` // the brand's, for the answer
	Thread protocol.CID `cbor:"thread"`
	What   MailWhat     `cbor:"what"` // MailEnvelope or MailBlob
	Bytes  []byte       `cbor:"bytes"`
}

func (*MailPut) kind() string { return "put" }

func (p *MailPut) check() error {
	if err := objects("put", p.Thread); err != nil {
		return err
	}
	return p.What.holds(p, p.Bytes, MailEnvelope, MailBlob)
}

// MailErase has the relay delete all that it holds of a thread, and take nothing more
// in.
type MailErase struct {
	Envelope
	ID     uint64       `cbor:"id"`
	Thread protocol.CID `cbor:"thread"`
}

func (*MailErase) kind() string { return "erase" }

func (e *MailErase) check() error { return objects("erase", e.Thread) }

// MailDone answers a MailPut or MailErase: MailStored, durably, or MailRefused with a
// reason. Receipt is the signed DepositReceipt of an envelope that was stored.
type MailDone struct {
	Envelope
	ID      uint64    `cbor:"id"`
	State   MailState `cbor:"state"`
	Reason  string    `cbor:"reason,omitempty"`
	Receipt []byte    `cbor:"receipt,omitempty"`
}

// Reasons of a MailDone.
const (
	DoneFull          = "full"           // the box, or the relay; it may be put again later
	DoneUnknownThread = "unknown_thread" // the relay holds no box of it, or no more
)

func (*MailDone) kind() string { return "done" }

func (d *MailDone) check() error {
	if d.State != MailStored && d.State != MailRefused {
		return protocol.Invalid("done", "%.40q is no state", d.State)
	}
	if err := mailReason(d, d.Reason, d.State == MailRefused); err != nil {
		return err
	}
	if len(d.Receipt) > protocol.MaxObject {
		return protocol.Invalid("done", "receipt of %d bytes", len(d.Receipt))
	}
	return nil
}

// MailRoom says that there is room again in a box that was full.
type MailRoom struct {
	Envelope
	Thread protocol.CID `cbor:"thread"`
}

func (*MailRoom) kind() string { return "room" }

func (r *MailRoom) check() error { return objects("room", r.Thread) }

// MailFind asks the brand which of 1 to MaxMailFind identities have a thread.
type MailFind struct {
	Envelope
	ID         uint64     `cbor:"id"`
	Identities [][32]byte `cbor:"identities"`
}

func (*MailFind) kind() string { return "find" }

func (f *MailFind) check() error {
	if n := len(f.Identities); n == 0 || n > MaxMailFind {
		return protocol.Invalid("find", "%d identities, allowed are 1 to %d", n, MaxMailFind)
	}
	return nil
}

// MailFound answers a MailFind: the threads that there are, in the order asked, so
// that the relay can open boxes for them.
type MailFound struct {
	Envelope
	ID      uint64      `cbor:"id"`
	Threads []MailKnown `cbor:"threads"`
}

// MailKnown is a thread of the brand's: its genesis, signed, and the SHA-256 of its
// write capability.
type MailKnown struct {
	Genesis []byte   `cbor:"genesis"`
	Write   [32]byte `cbor:"write"`
}

func (*MailFound) kind() string { return "found" }

func (f *MailFound) check() error {
	if n := len(f.Threads); n > MaxMailFind {
		return protocol.Invalid("found", "%d threads, allowed are %d", n, MaxMailFind)
	}
	for _, t := range f.Threads {
		if err := mailBytes(f, t.Genesis, protocol.MaxObject+512); err != nil {
			return err
		}
	}
	return nil
}

func (w MailWhat) holds(f frame, data []byte, allowed ...MailWhat) error {
	for _, a := range allowed {
		if w != a {
			continue
		}
		if w == MailBlob {
			return mailBytes(f, data, MaxMailBlob)
		}
		return mailBytes(f, data, MaxMailBytes)
	}
	return protocol.Invalid(f.kind(), "%.40q is nothing that it holds", w)
}

func mailBytes(f frame, data []byte, limit int) error {
	if len(data) == 0 || len(data) > limit {
		return protocol.Invalid(f.kind(), "%d bytes, allowed are 1 to %d", len(data), limit)
	}
	return nil
}

func mailTime(f frame, t protocol.Millis, ids ...protocol.CID) error {
	if t < 0 || t > protocol.MaxTime {
		return protocol.Invalid(f.kind(), "time %d is out of range", int64(t))
	}
	return objects(f.kind(), ids...)
}

// maxMailReason is the longest reason in bytes.
const maxMailReason = 32

// mailReason checks a machine word, which is there if it is wanted.
func mailReason(f frame, reason string, wanted bool) error {
	if (reason != "") != wanted || len(reason) > maxMailReason || strings.Trim(reason, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return protocol.Invalid(f.kind(), "%.40q is no reason here", reason)
	}
	return nil
}
