package catalog

import (
	"bytes"
	"cmp"
	"crypto/ed25519"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// Limits of heads (specs/07-head.md §5), times in milliseconds.
const (
	// MaxLifetime is the longest time from Time to Expires: 72 hours.
	MaxLifetime protocol.Millis = 72 * 3600 * 1000
	// MaxAhead is how far the time of a head may lie ahead of the reader's clock:
	// 5 minutes.
	MaxAhead protocol.Millis = 5 * 60 * 1000
	// MaxSeqAhead is how far Seq may lie ahead of Time: a day.
	MaxSeqAhead protocol.Millis = 24 * 3600 * 1000
	// MaxHeals is the largest number of heads that one head heals, at least 2.
	MaxHeals = 8
)

// Head commits to all records of a catalog at one moment.
type Head struct {
	V       uint64          `cbor:"v" json:"v"`
	Brand   protocol.CID    `cbor:"brand" json:"brand"`
	ID      protocol.CID    `cbor:"id" json:"id"`                          // the identity operation whose online keys sign
	Epoch   uint64          `cbor:"epoch" json:"epoch"`                    // that operation's
	Seq     uint64          `cbor:"seq" json:"seq"`                        // rises within an epoch, gaps allowed
	Prev    protocol.CID    `cbor:"prev,omitzero" json:"prev,omitzero"`    // the head before; none for the first
	Root    trie.Hash       `cbor:"root" json:"root"`                      // of the trie of all records
	Count   uint64          `cbor:"count" json:"count"`                    // records
	Bytes   uint64          `cbor:"bytes" json:"bytes"`                    // sum of the records' sizes
	Time    protocol.Millis `cbor:"time" json:"time"`                      // the signer's own claim
	Expires protocol.Millis `cbor:"expires" json:"expires"`                // at most MaxLifetime after Time
	Heals   []protocol.CID  `cbor:"heals,omitempty" json:"heals,omitzero"` // the contested heads this one settles, ascending
}

// Encode returns the payload, or an error when the head breaks a rule of form.
func (h Head) Encode() ([]byte, error) {
	if err := h.form(); err != nil {
		return nil, err
	}
	return protocol.Marshal(h)
}

func (h Head) form() error {
	if h.V != Version {
		return protocol.Invalid("head", "version %d is not known", h.V)
	}
	if !isObject(h.Brand) || !isObject(h.ID) || h.Prev.Defined() && !isObject(h.Prev) {
		return protocol.Invalid("head", "brand, id or prev is not the identifier of an object")
	}
	if max(h.Epoch, h.Seq, h.Count, h.Bytes) > protocol.MaxInt {
		return protocol.Invalid("head", "a number is beyond 2^53−1")
	}
	full := h.Bytes / protocol.MaxRecord // records that the bytes need at least
	if h.Bytes%protocol.MaxRecord > 0 {
		full++
	}
	if (h.Count == 0) != h.Root.Empty() || h.Bytes < h.Count || full > h.Count {
		return protocol.Invalid("head", "root, count %d and bytes %d contradict each other", h.Count, h.Bytes)
	}
	if h.Time < 0 || h.Expires <= h.Time || h.Expires > min(h.Time, MaxTime)+MaxLifetime || h.Expires > MaxTime {
		return protocol.Invalid("head", "expires %d is not within 72 hours after time %d, or not before the year 10000", h.Expires, h.Time)
	}
	return h.healsForm()
}

func (h Head) healsForm() error {
	if n := len(h.Heals); n == 1 || n > MaxHeals {
		return protocol.Invalid("head", "heals %d heads, allowed are 2 to %d", n, MaxHeals)
	}
	for i, c := range h.Heals {
		if !isObject(c) || i > 0 && bytes.Compare(h.Heals[i-1].Bytes(), c.Bytes()) >= 0 {
			return protocol.Invalid("head", "heals is not a list of heads in ascending order")
		}
	}
	return nil
}

func isObject(c protocol.CID) bool { return c.Codec() == protocol.DagCBOR }

// Expired reports whether the head is out of date at now. It may still be served,
// flagged; buying turns into a request.
func (h Head) Expired(now protocol.Millis) bool { return now >= h.Expires }

// Compare orders heads of one brand by (epoch, seq).
func (h Head) Compare(other Head) int {
	return cmp.Or(cmp.Compare(h.Epoch, other.Epoch), cmp.Compare(h.Seq, other.Seq))
}

// SignedHead is a head with its signature, exactly as received. Make one with
// SignHead or DecodeHead; its form is checked, its signature is VerifyHead's.
type SignedHead struct {
	Head
	CID    protocol.CID // of the payload
	Signed protocol.Signed
}

// SignHead encodes the head and signs it with an online key.
func SignHead(h Head, key ed25519.PrivateKey) (SignedHead, error) {
	payload, err := h.Encode()
	if err != nil {
		return SignedHead{}, err
	}
	s := protocol.Sign(protocol.ObjectHead, payload, key)
	return SignedHead{Head: h, CID: s.ID(), Signed: s}, nil
}

// DecodeHead reads a signed head and checks its form, not who signed it. Errors
// wrap protocol.ErrInvalid.
func DecodeHead(data []byte) (SignedHead, error) {
	s, err := protocol.DecodeSigned(data)
	if err != nil {
		return SignedHead{}, err
	}
	return openHead(s)
}

func openHead(s protocol.Signed) (SignedHead, error) {
	if len(s.Signatures) != 1 {
		return SignedHead{}, protocol.Invalid("head", "%d signatures instead of 1", len(s.Signatures))
	}
	h, err := decodePayload(s.Payload)
	if err != nil {
		return SignedHead{}, err
	}
	return SignedHead{Head: h, CID: s.ID(), Signed: s}, nil
}

// decodePayload reads the payload of a head and checks its form.
func decodePayload(payload []byte) (Head, error) {
	var h Head
	if len(payload) > protocol.MaxObject {
		return Head{}, protocol.Invalid("head", "%d bytes, allowed are %d", len(payload), protocol.MaxObject)
	}
	if err := protocol.UnmarshalStrict(payload, &h); err != nil {
		return Head{}, err
	}
	if err := h.form(); err != nil {
		return Head{}, err
	}
	return h, nil
}

// Encode returns the wire form.
func (s SignedHead) Encode() ([]byte, error) { return s.Signed.Encode() }

// Signer returns the identifier of the key that the head says signed it.
func (s SignedHead) Signer() protocol.KeyID { return s.Signed.Signatures[0].Key }
