package catalog

import (
	"encoding/hex"

	"github.com/stoa-commerce/stoa/protocol"
)

// TypePrekey is the type of the record that holds a brand's prekey.
const TypePrekey Type = "prekey"

// PrekeyPath is where every brand's prekey stands.
const PrekeyPath protocol.Path = "prekey"

const (
	// PrekeySuite is the suite that a prekey of this version is for.
	PrekeySuite = 1
	// PrekeySize is the size of a prekey of that suite in bytes (X-Wing).
	PrekeySize = 1216
	// MaxPrekeyAge is the longest time in milliseconds that a prekey is offered.
	MaxPrekeyAge protocol.Millis = 30 * 24 * 3600 * 1000
)

// Prekey is the public key that shoppers seal to. A brand renews it weekly.
type Prekey struct {
	Header
	// Suite says for what the key is; another one than PrekeySuite is of the
	// future, and its key may have any size.
	Suite int64       `cbor:"suite" json:"suite"`
	Key   PublicBytes `cbor:"key" json:"key"`
	// From and Until bound the time in which something new may be sealed to it.
	From  protocol.Millis `cbor:"from" json:"from"`
	Until protocol.Millis `cbor:"until" json:"until"`
	// ResealBefore, if not 0, tells shoppers that the brand lost what was sealed
	// before: they seal pending entries anew, with a key of after that time.
	ResealBefore protocol.Millis `cbor:"resealBefore,omitempty" json:"resealBefore,omitempty"`
	// Push is the key that the brand's push messages are signed with (VAPID, RFC 8292):
	// an uncompressed point of P-256, PushKeySize bytes. Without it there are none.
	Push PublicBytes `cbor:"push,omitempty" json:"push,omitempty"`
	// Mail says that the brand sends letters to those who ask to be called back.
	Mail bool `cbor:"mail,omitempty" json:"mail,omitempty"`
}

// PushKeySize is the size of the key of push messages in bytes.
const PushKeySize = 65

// PublicBytes is a public key as bytes; in JSON it is lower-case hex.
type PublicBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (k PublicBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(k)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *PublicBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil {
		return protocol.Invalid("prekey", "%v", err)
	}
	*k = b
	return nil
}

// Path implements Record.
func (p *Prekey) Path() protocol.Path { return PrekeyPath }

// Validate implements Record.
func (p *Prekey) Validate() error {
	r := check(TypePrekey, p.Header)
	r.require(p.Suite > 0, "suite", "is not a number above 0")
	r.require(p.Suite != PrekeySuite || len(p.Key) == PrekeySize, "key", "has %d bytes instead of %d", len(p.Key), PrekeySize)
	r.require(len(p.Key) > 0, "key", "is empty")
	r.time("from", p.From)
	r.time("until", p.Until)
	r.require(p.Until > p.From && p.Until <= p.From+MaxPrekeyAge, "until", "is not within 30 days after from")
	r.time("resealBefore", p.ResealBefore)
	r.require(len(p.Push) == 0 || len(p.Push) == PushKeySize && p.Push[0] == 4, "push", "is not an uncompressed point of %d bytes", PushKeySize)
	return r.err
}

// Usable reports whether something new may be sealed to the key now, by an
// implementation of this version.
func (p *Prekey) Usable(now protocol.Millis) bool {
	return p.Suite == PrekeySuite && now >= p.From && now < p.Until
}
