package wire

import (
	"bytes"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

const (
	// MaxAsks is the largest number of prefixes in one request.
	MaxAsks = 64
	// MaxRecords is the largest number of records in one request.
	MaxRecords = 64
	// MaxContent is the largest blob in bytes: the largest picture.
	MaxContent = 20 << 20
	// LargeRecord is the size in bytes from which on a record is to be had by
	// ContentRequest.
	LargeRecord = 48 << 10
)

// Request is one of *BrandsRequest, *HeadRequest, *IdentityRequest,
// *ChangesRequest, *DescendRequest, *LeavesRequest, *SegmentRequest,
// *RecordsRequest and *ContentRequest. A stream carries one.
type Request interface {
	frame
	request()
}

// BrandsRequest asks which brands a peer has: its own first, then the others,
// ascending by the binary form of their identifiers.
type BrandsRequest struct {
	Envelope
	// After is the last brand that came, if any: go on behind it in that order.
	After protocol.CID `cbor:"after,omitzero"`
}

// HeadRequest asks for a brand's highest head.
type HeadRequest struct {
	Envelope
	Brand protocol.CID `cbor:"brand"`
	// Have is the highest head that the asker holds, all of its catalog, if any.
	Have *identity.HeadRef `cbor:"have,omitempty"`
}

// IdentityRequest asks for the operations of a brand numbered From and above.
type IdentityRequest struct {
	Envelope
	Brand protocol.CID `cbor:"brand"`
	From  uint64       `cbor:"from"`
}

// ChangesRequest asks for what makes the catalog of Base into that of Head.
type ChangesRequest struct {
	Envelope
	Brand protocol.CID  `cbor:"brand"`
	Base  protocol.CID  `cbor:"base"`
	Head  protocol.CID  `cbor:"head"`
	After protocol.Path `cbor:"after,omitempty"` // go on behind the key of this path
}

// DescendRequest asks for the children of subtrees under Head.
type DescendRequest struct {
	Envelope
	Brand protocol.CID `cbor:"brand"`
	Head  protocol.CID `cbor:"head"`
	Asks  []Ask        `cbor:"asks"`
}

// LeavesRequest asks for the leaves of small subtrees under Head.
type LeavesRequest struct {
	Envelope
	Brand protocol.CID `cbor:"brand"`
	Head  protocol.CID `cbor:"head"`
	Asks  []Ask        `cbor:"asks"`
}

// Ask names a subtree and says in short what the asker has of it: HaveChildren in
// a DescendRequest, HaveLeaves in a LeavesRequest, or nothing.
type Ask struct {
	_      struct{} `cbor:",toarray"`
	Prefix trie.Prefix
	Have   []byte
}

// SegmentRequest asks for all records under a prefix, in the order of their keys.
type SegmentRequest struct {
	Envelope
	Brand  protocol.CID  `cbor:"brand"`
	Head   protocol.CID  `cbor:"head"`
	Prefix trie.Prefix   `cbor:"prefix"`
	After  protocol.Path `cbor:"after,omitempty"` // go on behind the key of this path
}

// RecordsRequest asks for records under Head by their keys, 1 to MaxRecords in
// ascending order. Records makes and judges them.
type RecordsRequest struct {
	Envelope
	Brand protocol.CID `cbor:"brand"`
	Head  protocol.CID `cbor:"head"`
	Keys  []trie.Key   `cbor:"keys"`
}

// ContentRequest asks for the bytes of a blob, or of a record of LargeRecord bytes
// or more, from Offset on.
type ContentRequest struct {
	Envelope
	Brand   protocol.CID `cbor:"brand"`
	Content protocol.CID `cbor:"content"`
	Offset  uint64       `cbor:"offset"`
}

// EncodeRequest returns the canonical bytes, at most MaxRequest.
func EncodeRequest(r Request) ([]byte, error) { return encodeFrame(r, MaxRequest) }

// DecodeRequest reads a request and checks all of its form. An error wraps
// protocol.ErrInvalid, or ErrUnsupported.
func DecodeRequest(data []byte) (Request, error) {
	f, err := decodeFrame(data, MaxRequest, &BrandsRequest{}, &HeadRequest{}, &IdentityRequest{}, &ChangesRequest{}, &DescendRequest{},
		&LeavesRequest{}, &SegmentRequest{}, &RecordsRequest{}, &ContentRequest{})
	if err != nil {
		return nil, err
	}
	return f.(Request), nil
}

func (*BrandsRequest) request()   {}
func (*HeadRequest) request()     {}
func (*IdentityRequest) request() {}
func (*ChangesRequest) request()  {}
func (*DescendRequest) request()  {}
func (*LeavesRequest) request()   {}
func (*SegmentRequest) request()  {}
func (*RecordsRequest) request()  {}
func (*ContentRequest) request()  {}

func (*BrandsRequest) kind() string   { return "brands" }
func (*HeadRequest) kind() string     { return "head" }
func (*IdentityRequest) kind() string { return "identity" }
func (*ChangesRequest) kind() string  { return "changes" }
func (*DescendRequest) kind() string  { return "descend" }
func (*LeavesRequest) kind() string   { return "leaves" }
func (*SegmentRequest) kind() string  { return "segment" }
func (*RecordsRequest) kind() string  { return "records" }
func (*ContentRequest) kind() string  { return "content" }

func (r *BrandsRequest) check() error {
	if !r.After.Defined() {
		return nil
	}
	return objects("brands", r.After)
}

func (r *HeadRequest) check() error {
	if h := r.Have; h != nil && (!isObject(h.Head) || max(h.Epoch, h.Seq) > protocol.MaxInt) {
		return protocol.Invalid("head", "what the asker has is no head")
	}
	return objects("head", r.Brand)
}

func (r *IdentityRequest) check() error {
	if r.From >= identity.MaxOps {
		return protocol.Invalid("identity", "from %d, allowed are numbers below %d", r.From, identity.MaxOps)
	}
	return objects("identity", r.Brand)
}

func (r *ChangesRequest) check() error {
	if err := objects("changes", r.Brand, r.Base, r.Head); err != nil {
		return err
	}
	if r.Base == r.Head {
		return protocol.Invalid("changes", "from a head to itself")
	}
	return pathOrNone(r.After)
}

func (r *DescendRequest) check() error {
	if err := objects("descend", r.Brand, r.Head); err != nil {
		return err
	}
	return checkAsks(r.Asks, checkHaveChildren)
}

func (r *LeavesRequest) check() error {
	if err := objects("leaves", r.Brand, r.Head); err != nil {
		return err
	}
	return checkAsks(r.Asks, checkHaveLeaves)
}

func checkAsks(asks []Ask, have func([]byte) error) error {
	if len(asks) == 0 || len(asks) > MaxAsks {
		return protocol.Invalid("asks", "%d, allowed are 1 to %d", len(asks), MaxAsks)
	}
	for _, a := range asks {
		if err := a.Prefix.Check(); err != nil {
			return err
		}
		if err := have(a.Have); err != nil {
			return err
		}
	}
	return nil
}

func (r *SegmentRequest) check() error {
	if err := objects("segment", r.Brand, r.Head); err != nil {
		return err
	}
	if err := r.Prefix.Check(); err != nil {
		return err
	}
	return pathOrNone(r.After)
}

func (r *RecordsRequest) check() error {
	if n := len(r.Keys); n == 0 || n > MaxRecords {
		return protocol.Invalid("records", "%d, allowed are 1 to %d", n, MaxRecords)
	}
	for i := 1; i < len(r.Keys); i++ {
		if bytes.Compare(r.Keys[i-1][:], r.Keys[i][:]) >= 0 {
			return protocol.Invalid("records", "keys are not in ascending order")
		}
	}
	return objects("records", r.Brand, r.Head)
}

func (r *ContentRequest) check() error {
	if !r.Content.Defined() || r.Offset >= MaxContent {
		return protocol.Invalid("content", "no link, or an offset of %d", r.Offset)
	}
	return objects("content", r.Brand)
}
