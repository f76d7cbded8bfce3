package thread

import (
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Parcel is what an envelope holds: one of *EntryParcel, *SyncParcel,
// *ResyncParcel, *HandbackParcel and *WelcomeParcel.
type Parcel interface {
	kind() string
	stamp()
	form() error
}

// EntryParcel carries an entry: from the shopper without a commit, from the brand
// always with one.
type EntryParcel struct {
	Kind   string `cbor:"kind"`
	Entry  []byte `cbor:"entry"`            // signed
	Commit []byte `cbor:"commit,omitempty"` // signed
	// Salt and Body are absent when the body was erased.
	Salt []byte `cbor:"salt,omitempty"`
	Body []byte `cbor:"body,omitempty"`
}

// SyncParcel asks the brand, through a relay, for what stands after a commit.
type SyncParcel struct {
	Kind  string `cbor:"kind"`
	After uint64 `cbor:"after"`
}

// ResyncParcel tells the shopper that the brand lacks what the shopper has seen.
// The shopper answers with what stands behind Have, and sends its pending entries
// again.
type ResyncParcel struct {
	Kind   string       `cbor:"kind"`
	Have   uint64       `cbor:"have"`
	Commit protocol.CID `cbor:"commit"` // undefined when Have is 0
}

// HandbackParcel gives entries back to a brand that lost them.
type HandbackParcel struct {
	Kind  string         `cbor:"kind"`
	Items []HandbackItem `cbor:"items"`
}

// HandbackItem is a committed entry as the shopper holds it.
type HandbackItem struct {
	Entry  []byte `cbor:"entry"`
	Commit []byte `cbor:"commit"`
	Salt   []byte `cbor:"salt,omitempty"`
	Body   []byte `cbor:"body,omitempty"`
}

// WelcomeParcel gives a device the present secret of a thread.
type WelcomeParcel struct {
	Kind   string           `cbor:"kind"`
	Epoch  uint64           `cbor:"epoch"`
	Secret [SecretSize]byte `cbor:"secret"`
	Write  [SecretSize]byte `cbor:"write"`
	// Seq and Commit are the last commit, 0 and undefined before the first.
	Seq    uint64       `cbor:"seq"`
	Commit protocol.CID `cbor:"commit"`
}

func (p *EntryParcel) kind() string    { return "entry" }
func (p *SyncParcel) kind() string     { return "sync" }
func (p *ResyncParcel) kind() string   { return "resync" }
func (p *HandbackParcel) kind() string { return "handback" }
func (p *WelcomeParcel) kind() string  { return "welcome" }

func (p *EntryParcel) stamp()    { p.Kind = p.kind() }
func (p *SyncParcel) stamp()     { p.Kind = p.kind() }
func (p *ResyncParcel) stamp()   { p.Kind = p.kind() }
func (p *HandbackParcel) stamp() { p.Kind = p.kind() }
func (p *WelcomeParcel) stamp()  { p.Kind = p.kind() }

func (p *EntryParcel) form() error {
	if len(p.Entry) == 0 {
		return protocol.Invalid("parcel", "without an entry")
	}
	return bodyForm(p.Salt, p.Body)
}

// bodyForm allows a salt with a body, or neither.
func bodyForm(salt, body []byte) error {
	if len(salt) == 0 && len(body) == 0 {
		return nil
	}
	if len(salt) != SecretSize || len(body) == 0 || len(body) > MaxBody {
		return protocol.Invalid("parcel", "salt of %d and body of %d bytes", len(salt), len(body))
	}
	return nil
}

func (p *SyncParcel) form() error { return countForm(p.After) }

func (p *ResyncParcel) form() error { return placeForm(p.Have, p.Commit) }

func (p *WelcomeParcel) form() error {
	if err := countForm(p.Epoch); err != nil {
		return err
	}
	return placeForm(p.Seq, p.Commit)
}

func countForm(n uint64) error {
	if n > protocol.MaxInt {
		return protocol.Invalid("parcel", "number %d is beyond 2^53−1", n)
	}
	return nil
}

func placeForm(seq uint64, commit protocol.CID) error {
	if (seq == 0) == commit.Defined() || commit.Defined() && !isObject(commit) {
		return protocol.Invalid("parcel", "number %d and its commit contradict each other", seq)
	}
	return countForm(seq)
}

func (p *HandbackParcel) form() error {
	if len(p.Items) == 0 {
		return protocol.Invalid("parcel", "hands nothing back")
	}
	for _, i := range p.Items {
		if len(i.Entry) == 0 || len(i.Commit) == 0 {
			return protocol.Invalid("parcel", "hands back no entry or no commit")
		}
		if err := bodyForm(i.Salt, i.Body); err != nil {
			return err
		}
	}
	return nil
}

// EncodeParcel fills in the kind and returns the canonical bytes, at most
// MaxParcel.
func EncodeParcel(p Parcel) ([]byte, error) {
	p.stamp()
	if err := p.form(); err != nil {
		return nil, err
	}
	data, err := protocol.Marshal(p)
	if err == nil && len(data) > MaxParcel {
		err = protocol.Invalid("parcel", "%d bytes, allowed are %d", len(data), MaxParcel)
	}
	return data, err
}

// DecodeParcel reads a parcel and checks its form, not what stands in it. Errors
// wrap protocol.ErrInvalid, or ErrUnsupported for a kind of a newer version.
func DecodeParcel(data []byte) (Parcel, error) {
	var head struct {
		Kind string `cbor:"kind"`
	}
	if err := protocol.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	for _, p := range []Parcel{new(EntryParcel), new(SyncParcel), new(ResyncParcel), new(HandbackParcel), new(WelcomeParcel)} {
		if p.kind() != head.Kind {
			continue
		}
		if err := protocol.UnmarshalStrict(data, p); err != nil {
			return nil, fmt.Errorf("parcel %s: %w", head.Kind, err)
		}
		return p, p.form()
	}
	return nil, fmt.Errorf("parcel %.40q: %w", head.Kind, ErrUnsupported)
}
