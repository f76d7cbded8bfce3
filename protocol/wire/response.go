package wire

import (
	"bytes"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// MaxEntries is the largest number of records, changes, leaves or operations in
// one page; MaxBrands that of brands.
const (
	MaxEntries = 4096
	MaxBrands  = 256
)

// Response is one frame of an answer: first a *Status; if it says OK then pages,
// each one of *BrandsPage, *HeadPage, *IdentityPage, *ChangesPage, *DescendPage,
// *LeavesPage, *SegmentPage, *RecordsPage and *ContentPage as the request's kind
// says; at last an *End. What ends without an *End was cut off.
type Response interface {
	frame
	response()
}

// Code says how a request fares.
type Code string

// The codes. Busy and Failed are worth another try with the same peer after a
// while; after the others only another request, or another peer, helps.
const (
	OK          Code = "ok"          // pages follow
	NotFound    Code = "not-found"   // the peer doesn't have the brand or the content
	Gone        Code = "gone"        // the peer had the head or the changes and has them no more
	Oversize    Code = "too-large"   // the answer fits no page here: ask for less, or by another way
	Malformed   Code = "invalid"     // the request breaks a rule of form
	Unsupported Code = "unsupported" // of a version or kind that the peer doesn't know
	Busy        Code = "busy"        // over a limit of the peer
	Failed      Code = "failed"      // a fault at the peer's side
)

// Retryable reports whether the same request may succeed later.
func (c Code) Retryable() bool { return c == Busy || c == Failed }

// MaxRetry is the longest time that a peer may ask to wait: an hour.
const MaxRetry protocol.Millis = 3_600_000

// Status begins every answer.
type Status struct {
	Envelope
	Status Code `cbor:"status"`
	// Retry says after how many milliseconds to come again, with Busy or Failed; 0
	// leaves it to the asker.
	Retry protocol.Millis `cbor:"retry,omitempty"`
}

// End ends an answer.
type End struct {
	Envelope
	// Complete is false when the peer stopped before the end of what was asked:
	// the rest is to be had by a request that goes on behind what came.
	Complete bool `cbor:"complete"`
}

// BrandsPage holds 1 to MaxBrands brands in the order of a BrandsRequest.
type BrandsPage struct {
	Envelope
	Brands []protocol.CID `cbor:"brands"`
}

// HeadPage answers a HeadRequest.
type HeadPage struct {
	Envelope
	Head []byte `cbor:"head"` // as a signed object
	// Rival is the evidence of a contest with Head, if there is one.
	Rival []byte `cbor:"rival,omitempty"`
	Ops   uint64 `cbor:"ops"` // how many identity operations the peer has
}

// IdentityPage holds operations in the order of identity.Log.Signed. To go on,
// ask from the number of the last one.
type IdentityPage struct {
	Envelope
	Ops [][]byte `cbor:"ops"`
}

// ChangesPage holds changes in the order of their keys.
type ChangesPage struct {
	Envelope
	Changes []Entry `cbor:"changes"`
}

// DescendPage answers every ask of a DescendRequest, in their order.
type DescendPage struct {
	Envelope
	Answers []Children `cbor:"answers"`
}

// LeavesPage answers every ask of a LeavesRequest, in their order.
type LeavesPage struct {
	Envelope
	Answers []Leaves `cbor:"answers"`
}

// SegmentPage holds records in the order of their keys.
type SegmentPage struct {
	Envelope
	Entries []Entry `cbor:"entries"`
}

// RecordsPage holds records in the order asked for. Keys at which nothing stands
// and records that fit no page are left out.
type RecordsPage struct {
	Envelope
	Records [][]byte `cbor:"records"`
}

// ContentPage holds a part of a blob of Size bytes.
type ContentPage struct {
	Envelope
	Size   uint64 `cbor:"size"`
	Offset uint64 `cbor:"offset"`
	Data   []byte `cbor:"data"`
}

// EncodeResponse returns the canonical bytes, at most max: MaxPage or
// MaxRelayedPage.
func EncodeResponse(r Response, max int) ([]byte, error) { return encodeFrame(r, max) }

// DecodeResponse reads one frame of an answer and checks all of its form; what it
// claims is for Delta, Descent, Segment, Records and Content. An error wraps
// protocol.ErrInvalid, or ErrUnsupported.
func DecodeResponse(data []byte) (Response, error) {
	f, err := decodeFrame(data, MaxPage, &Status{}, &End{}, &BrandsPage{}, &HeadPage{}, &IdentityPage{}, &ChangesPage{}, &DescendPage{},
		&LeavesPage{}, &SegmentPage{}, &RecordsPage{}, &ContentPage{})
	if err != nil {
		return nil, err
	}
	return f.(Response), nil
}

func (*Status) response()       {}
func (*End) response()          {}
func (*BrandsPage) response()   {}
func (*HeadPage) response()     {}
func (*IdentityPage) response() {}
func (*ChangesPage) response()  {}
func (*DescendPage) response()  {}
func (*LeavesPage) response()   {}
func (*SegmentPage) response()  {}
func (*RecordsPage) response()  {}
func (*ContentPage) response()  {}

func (*Status) kind() string       { return "status" }
func (*End) kind() string          { return "end" }
func (*BrandsPage) kind() string   { return "brands" }
func (*HeadPage) kind() string     { return "head" }
func (*IdentityPage) kind() string { return "identity" }
func (*ChangesPage) kind() string  { return "changes" }
func (*DescendPage) kind() string  { return "descend" }
func (*LeavesPage) kind() string   { return "leaves" }
func (*SegmentPage) kind() string  { return "segment" }
func (*RecordsPage) kind() string  { return "records" }
func (*ContentPage) kind() string  { return "content" }

func (s *Status) check() error {
	switch s.Status {
	case OK, NotFound, Gone, Oversize, Malformed, Unsupported, Busy, Failed:
	default:
		return protocol.Invalid("status", "%.40q", s.Status)
	}
	if s.Retry < 0 || s.Retry > MaxRetry || s.Retry > 0 && !s.Status.Retryable() {
		return protocol.Invalid("status", "%s, to retry after %d ms", s.Status, s.Retry)
	}
	return nil
}

func (*End) check() error { return nil }

// check refuses brands out of order; the first may be the peer's own.
func (p *BrandsPage) check() error {
	if n := len(p.Brands); n == 0 || n > MaxBrands {
		return protocol.Invalid("brands", "%d in a page, allowed are 1 to %d", n, MaxBrands)
	}
	for i, b := range p.Brands[1:] {
		if i > 0 && bytes.Compare(p.Brands[i].Bytes(), b.Bytes()) >= 0 || b == p.Brands[0] {
			return protocol.Invalid("brands", "%s is out of order, or twice", b)
		}
	}
	return objects("brands", p.Brands...)
}

func (p *HeadPage) check() error {
	h, err := catalog.DecodeHead(p.Head)
	if err != nil {
		return err
	}
	if p.Ops == 0 || p.Ops > identity.MaxOps {
		return protocol.Invalid("head", "%d operations", p.Ops)
	}
	if p.Rival == nil {
		return nil
	}
	rival, err := catalog.DecodeHead(p.Rival)
	if err == nil && (rival.Brand != h.Brand || rival.Compare(h.Head) != 0 || rival.CID == h.CID) {
		err = protocol.Invalid("head", "the rival doesn't contest the head")
	}
	return err
}

func (p *IdentityPage) check() error { return entries("identity", len(p.Ops)) }

func entries(kind string, n int) error {
	if n == 0 || n > MaxEntries {
		return protocol.Invalid(kind, "%d in a page, allowed are 1 to %d", n, MaxEntries)
	}
	return nil
}

func (p *ChangesPage) check() error { return checkEntries("changes", p.Changes, true) }

func (p *SegmentPage) check() error { return checkEntries("segment", p.Entries, false) }

func (p *DescendPage) check() error {
	for _, a := range p.Answers {
		if err := a.check(); err != nil {
			return err
		}
	}
	return entries("descend", len(p.Answers))
}

func (p *LeavesPage) check() error {
	for _, a := range p.Answers {
		if err := a.check(); err != nil {
			return err
		}
	}
	return entries("leaves", len(p.Answers))
}

func (p *RecordsPage) check() error {
	for _, data := range p.Records {
		if len(data) > protocol.MaxRecord {
			return protocol.Invalid("records", "one of %d bytes", len(data))
		}
		if err := protocol.Check(data); err != nil {
			return err
		}
	}
	return entries("records", len(p.Records))
}

func (p *ContentPage) check() error {
	if n := uint64(len(p.Data)); n == 0 || p.Size > MaxContent || p.Offset > p.Size || n > p.Size-p.Offset {
		return protocol.Invalid("content", "%d bytes at %d of %d", n, p.Offset, p.Size)
	}
	return nil
}

// Children answers the ask for the children of one subtree. On the wire it is
// [gone, [child…]].
type Children struct {
	_ struct{} `cbor:",toarray"`
	// Gone marks children that the asker said it has and that don't exist: 0x8000
	// is the one with index 0.
	Gone uint64
	// Differ are children that the asker doesn't have, or has otherwise.
	Differ []trie.Digest
}

// Leaves answers the ask for the leaves of one subtree. On the wire it is [gone,
// [leaf…]].
type Leaves struct {
	_ struct{} `cbor:",toarray"`
	// Gone has a bit for each leaf that the asker said it has, the first one being
	// 0x80 of the first byte: set when the leaf doesn't exist.
	Gone []byte
	// Differ are leaves that the asker doesn't have, in key order.
	Differ []trie.Leaf
}
