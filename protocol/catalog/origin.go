package catalog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// Origin is who signed a catalog: what a proof bundle and an archive have in
// common. A verified one holds together: identity log, head, signatures, time.
type Origin struct {
	Brand    protocol.CID
	Identity []protocol.Signed // all operations, in the order of identity.Log.Signed
	State    identity.State
	Head     SignedHead
	Expired  bool // the head is out of date; what it commits to was true once
}

// VerifyOrigin checks operations, in the order of identity.Log.Signed, and the
// head under them. brand is who is expected; undefined accepts any. Errors are
// *Refusal.
func VerifyOrigin(brand protocol.CID, ops []protocol.Signed, head protocol.Signed, now protocol.Millis) (Origin, error) {
	state, err := verifyIdentity(brand, ops)
	if err != nil {
		return Origin{}, err
	}
	h, err := openHead(head)
	if err != nil {
		return Origin{}, refuseFor(HeadForm, err)
	}
	if err := VerifyHead(h, state); err != nil {
		if errors.Is(err, ErrUnknownOperation) {
			err = refuseFor(HeadOperation, err)
		}
		return Origin{}, err
	}
	if err := datedWell(h, now); err != nil {
		return Origin{}, err
	}
	return Origin{Brand: state.Brand, Identity: ops, State: state, Head: h, Expired: h.Expired(now)}, nil
}

func datedWell(h SignedHead, now protocol.Millis) error {
	switch Check(h, nil, now) {
	case Future:
		return refuse(HeadFuture, "dated %s", h.Time)
	case FastForward:
		return refuse(HeadFastForward, "seq %d is more than a day ahead of its time %d", h.Seq, h.Time)
	}
	return nil
}

func verifyIdentity(brand protocol.CID, ops []protocol.Signed) (identity.State, error) {
	if len(ops) == 0 {
		return identity.State{}, refuse(IdentityOrder, "no operations")
	}
	genesis := ops[0].ID()
	if brand.Defined() && genesis != brand {
		return identity.State{}, refuse(BrandMismatch, "the identity is that of %s, not of %s", genesis, brand)
	}
	log, err := loadIdentity(genesis, ops)
	if err != nil {
		return identity.State{}, err
	}
	return log.State(), nil
}

func loadIdentity(genesis protocol.CID, ops []protocol.Signed) (*identity.Log, error) {
	encoded := make([][]byte, len(ops))
	for i, s := range ops {
		b, err := s.Encode()
		if err != nil {
			return nil, refuseFor(IdentityForm, err)
		}
		if !signersAscend(s) {
			return nil, refuse(IdentityForm, "signatures of operation %d are not in ascending order of keys", i)
		}
		encoded[i] = b
	}
	log, err := identity.Load(genesis, encoded)
	if err == nil && !slices.EqualFunc(log.Signed(), ops, samePayload) {
		err = errOrder
	}
	if err != nil {
		return nil, refuseFor(identityReason(ops, err), err)
	}
	return log, nil
}

var errOrder = protocol.Invalid("identity", "operations are not ordered by number and identifier, each once")

func samePayload(a, b protocol.Signed) bool { return bytes.Equal(a.Payload, b.Payload) }

// signersAscend makes the bytes of a bundle or archive follow from its content.
func signersAscend(s protocol.Signed) bool {
	return slices.IsSortedFunc(s.Signatures, compareSignatures)
}

func compareSignatures(a, b protocol.Signature) int {
	return strings.Compare(string(a.Key), string(b.Key))
}

// identityReason finds out what is wrong with operations that form no log in
// their order: first one by one, then their order, then how they hang together.
func identityReason(ops []protocol.Signed, err error) Reason {
	numbers := make([]uint64, len(ops))
	for i, s := range ops {
		op, err := identity.DecodeOp(s.Payload)
		if err != nil {
			return IdentityForm
		}
		valid := s.VerifiedBy(protocol.ObjectIdentity, op.Signers.Keys...)
		if valid != len(s.Signatures) || uint64(valid) < op.Signers.Threshold {
			return IdentitySignature
		}
		numbers[i] = op.N
	}
	switch {
	case !ordered(ops, numbers), errors.Is(err, identity.ErrUnknownPrev):
		return IdentityOrder
	case errors.Is(err, identity.ErrFull):
		return TooLarge
	}
	return IdentityForm
}

func ordered(ops []protocol.Signed, numbers []uint64) bool {
	for i := 1; i < len(ops); i++ {
		before, id := ops[i-1].ID(), ops[i].ID()
		if cmp.Or(cmp.Compare(numbers[i-1], numbers[i]), bytes.Compare(before.Bytes(), id.Bytes())) >= 0 {
			return false
		}
	}
	return true
}

// inOrder returns the operations as bundles and archives hold them: those of a
// log, each with its signatures in ascending order of keys.
func inOrder(log *identity.Log) []protocol.Signed {
	ops := log.Signed()
	for i := range ops {
		ops[i].Signatures = slices.SortedFunc(slices.Values(ops[i].Signatures), compareSignatures)
	}
	return ops
}

// Entry is a record in its place, as bytes.
type Entry struct {
	Path protocol.Path
	CID  protocol.CID // dag-cbor, of Data
	Data []byte
}

// NewEntry checks the form of a record and returns it with its identifier.
func NewEntry(path protocol.Path, data []byte) (Entry, error) {
	if err := CheckForm(path, data); err != nil {
		return Entry{}, err
	}
	return Entry{Path: path, CID: protocol.Sum(protocol.DagCBOR, data), Data: data}, nil
}

// verify checks what NewEntry promises.
func (e Entry) verify() error {
	if e.CID != protocol.Sum(protocol.DagCBOR, e.Data) {
		return refuse(RecordHash, "%s is not %s", e.Path, e.CID)
	}
	if err := CheckForm(e.Path, e.Data); err != nil {
		return refuseFor(RecordForm, err)
	}
	return nil
}

// cborReason tells a cut or overlong object from a wrong one.
func cborReason(data []byte, err error) error {
	rest, malformed := cbor.UnmarshalFirst(data, new(cbor.RawMessage))
	switch {
	case errors.Is(malformed, io.ErrUnexpectedEOF) || errors.Is(malformed, io.EOF):
		return refuseFor(Truncated, err)
	case malformed == nil && len(rest) > 0:
		return refuse(TrailingBytes, "%d bytes follow the object", len(rest))
	}
	return refuseFor(NotCBOR, err)
}

// exactly decodes data into v, a pointer to a type with a closed set of fields,
// and refuses data that v is not encoded to.
func exactly(data []byte, v any) error {
	if err := protocol.UnmarshalStrict(data, v); err != nil {
		return err
	}
	again, err := protocol.Marshal(v)
	if err == nil && !bytes.Equal(again, data) {
		err = fmt.Errorf("a field is missing, null, empty or of the wrong type: %w", protocol.ErrInvalid)
	}
	return err
}
