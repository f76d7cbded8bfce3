package wire

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

const (
	// Version is the version of announcements and of catch-up frames.
	Version = 1
	// MaxAnnouncement is the largest announcement in bytes.
	MaxAnnouncement = 4 << 10
)

// Announcement tells that a brand has a new head. It carries nothing of the
// catalog: who wants that asks for it. Only the head and the operations are
// signed; anybody who passes an announcement on could have put other hints in.
type Announcement struct {
	Head catalog.SignedHead
	// Identity holds operations of the brand: all of its log, the latest ones, or
	// none, as room allows; in the order of identity.Log.Signed, signatures by
	// key.
	Identity []protocol.Signed
	// Dial holds up to MaxHints places where the head's catalog may be had.
	Dial []Hint
}

type wireAnnouncement struct {
	V        uint64   `cbor:"v"`
	Head     []byte   `cbor:"head"`
	Identity [][]byte `cbor:"identity,omitempty"`
	Dial     []string `cbor:"dial,omitempty"`
}

// Announce returns the announcement of a head with as much of the brand's log as
// fits: all of it, or else as many of the latest operations.
func Announce(log *identity.Log, head catalog.SignedHead, dial ...Hint) (Announcement, error) {
	ops := log.Signed()
	for i := range ops {
		ops[i].Signatures = slices.SortedFunc(slices.Values(ops[i].Signatures), compareSignatures)
	}
	for {
		a := Announcement{Head: head, Identity: ops, Dial: dial}
		data, err := a.marshal()
		if err != nil {
			return Announcement{}, err
		}
		if len(data) <= MaxAnnouncement || len(ops) == 0 {
			_, err = DecodeAnnouncement(data)
			return a, err
		}
		ops = ops[1:]
	}
}

func compareSignatures(a, b protocol.Signature) int {
	return strings.Compare(string(a.Key), string(b.Key))
}

// Encode returns the canonical bytes, at most MaxAnnouncement.
func (a Announcement) Encode() ([]byte, error) {
	data, err := a.marshal()
	if err == nil && len(data) > MaxAnnouncement {
		err = protocol.Invalid("announcement", "%d bytes, allowed are %d", len(data), MaxAnnouncement)
	}
	return data, err
}

func (a Announcement) marshal() ([]byte, error) {
	w := wireAnnouncement{V: Version}
	var err error
	if w.Head, err = a.Head.Encode(); err != nil {
		return nil, err
	}
	for _, op := range a.Identity {
		data, err := op.Encode()
		if err != nil {
			return nil, err
		}
		w.Identity = append(w.Identity, data)
	}
	for _, h := range a.Dial {
		w.Dial = append(w.Dial, string(h))
	}
	return protocol.Marshal(w)
}

// DecodeAnnouncement reads an announcement and checks all of its form; who signed
// it is for Judge. Errors are *Refusal.
func DecodeAnnouncement(data []byte) (Announcement, error) {
	return DecodeAnnouncementKnowing(data, func(protocol.CID) *identity.Log { return nil })
}

// DecodeAnnouncementKnowing is DecodeAnnouncement for who may know the brand: log
// is asked once, for the brand of the head, whose signature is not verified yet, and
// may return nil. What is in the log is not decoded again, which is most of the work.
func DecodeAnnouncementKnowing(data []byte, log func(brand protocol.CID) *identity.Log) (Announcement, error) {
	if len(data) > MaxAnnouncement {
		return Announcement{}, refuse(TooLarge, "%d bytes, allowed are %d", len(data), MaxAnnouncement)
	}
	var w wireAnnouncement
	err := protocol.UnmarshalStrict(data, &w)
	if err != nil || w.V != Version {
		return Announcement{}, misread(data, err)
	}
	return w.open(log)
}

// misread says why data is no announcement. The version comes before the fields:
// another one may have others.
func misread(data []byte, cause error) error {
	var w struct {
		V uint64 `cbor:"v"`
	}
	if err := protocol.Unmarshal(data, &w); err != nil {
		return refuseFor(NotCBOR, err)
	}
	if w.V == 0 {
		return refuse(NotCBOR, "no version")
	}
	if w.V != Version {
		return refuse(WrongVersion, "%d instead of %d", w.V, Version)
	}
	return refuseFor(NotCBOR, cause)
}

func (w wireAnnouncement) open(log func(protocol.CID) *identity.Log) (a Announcement, err error) {
	if a.Head, err = catalog.DecodeHead(w.Head); err != nil {
		return Announcement{}, refuseFor(HeadForm, err)
	}
	if a.Identity, err = openIdentity(a.Head.Brand, log(a.Head.Brand), w.Identity); err != nil {
		return Announcement{}, err
	}
	if len(w.Dial) > MaxHints {
		return Announcement{}, refuse(HintForm, "%d hints, allowed are %d", len(w.Dial), MaxHints)
	}
	for _, s := range w.Dial {
		h, err := ParseHint(s)
		if err != nil {
			return Announcement{}, refuseFor(HintForm, err)
		}
		a.Dial = append(a.Dial, h)
	}
	return a, nil
}

// openIdentity reads operations and checks what can be seen without parents: their
// form, their order, and that a genesis among them is the brand's.
func openIdentity(brand protocol.CID, log *identity.Log, list [][]byte) ([]protocol.Signed, error) {
	var ops []protocol.Signed
	var last place
	for i, data := range list {
		s, err := protocol.DecodeSigned(data)
		if err != nil {
			return nil, refuseFor(IdentityForm, err)
		}
		at, err := placeOf(s, log)
		if err != nil {
			return nil, refuseFor(IdentityForm, err)
		}
		if at.n == 0 && at.id != brand {
			return nil, refuse(BrandMismatch, "the genesis of %s announces a head of %s", at.id, brand)
		}
		if i > 0 && last.compare(at) >= 0 || !slices.IsSortedFunc(s.Signatures, compareSignatures) {
			return nil, refuse(IdentityOrder, "operation %d or its signatures are out of order", at.n)
		}
		ops, last = append(ops, s), at
	}
	return ops, nil
}

// placeOf checks the form of an operation that the log, if any, doesn't have.
func placeOf(s protocol.Signed, log *identity.Log) (place, error) {
	id := s.ID()
	if log != nil {
		if op, known := log.Op(id); known {
			return place{op.N, id}, nil
		}
	}
	op, err := identity.DecodeOp(s.Payload)
	return place{op.N, id}, err
}

// place is where an operation stands in the order of a log.
type place struct {
	n  uint64
	id protocol.CID
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.n, q.n), bytes.Compare(p.id.Bytes(), q.id.Bytes()))
}
