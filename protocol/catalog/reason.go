package catalog

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Reason names why a head, a proof bundle or an archive was refused. The strings
// are stable: programs may compare them (specs/08-proof.md §5).
type Reason string

// Reasons about the bytes.
const (
	TooLarge      Reason = "too-large"      // beyond a limit of the format
	Truncated     Reason = "truncated"      // ends early
	TrailingBytes Reason = "trailing-bytes" // goes on after its end
	NotCBOR       Reason = "cbor"           // not canonical CBOR, or not the fields expected
	WrongVersion  Reason = "version"        // a version this implementation doesn't know
)

// Reasons about identity and head.
const (
	BrandMismatch     Reason = "brand-mismatch"     // of another brand than asked for, or than the identity's
	IdentityForm      Reason = "identity-form"      // an operation or head breaks a rule of form, or the log a rule
	IdentitySignature Reason = "identity-signature" // an operation isn't signed as it must be
	IdentityOrder     Reason = "identity-order"     // operations out of order, twice, or one missing
	HeadForm          Reason = "head-form"          // breaks a rule of form
	HeadSignature     Reason = "head-signature"     // not made by an online key of the operation named
	HeadOperation     Reason = "head-operation"     // names an operation that doesn't govern
	HeadDisputed      Reason = "head-disputed"      // signed by a revoked key
	HeadFuture        Reason = "head-future"        // dated ahead of the clock
	HeadFastForward   Reason = "head-fast-forward"  // seq ahead of its own time
	WrongEpoch        Reason = "epoch"              // not the epoch of the operation named
)

// Reasons about records.
const (
	RecordForm      Reason = "record-form"      // not canonical, too large, or at no path
	RecordHash      Reason = "record-hash"      // not the content that was committed to
	RecordOrder     Reason = "record-order"     // out of order or twice
	PathMismatch    Reason = "path-mismatch"    // at another path than asked for or than its place
	GroupIncomplete Reason = "group-incomplete" // a record of the group is missing or too much
	RootMismatch    Reason = "root-mismatch"    // not what the head commits to
	ProofForm       Reason = "proof-form"       // the path through the trie is no such path
)

// Reasons about archives.
const (
	ArchiveHeader Reason = "archive-header" // not a CARv1 header with one root
	Varint        Reason = "varint"         // a length not in its shortest form
	BlockID       Reason = "block-id"       // the block doesn't begin with an identifier Stoa uses
	BlockHash     Reason = "block-hash"     // the content isn't what its identifier says
	BlockOrder    Reason = "block-order"    // another block than is due here
	PageForm      Reason = "page-form"      // an index page that isn't as it must be
	CountMismatch Reason = "count-mismatch" // more or fewer records than signed
	BytesMismatch Reason = "bytes-mismatch" // more or fewer bytes than signed
)

// Refusal is the error of everything that verifies. It wraps
// protocol.ErrInvalid, and the cause if there is one.
type Refusal struct {
	Reason Reason
	Cause  error
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("%s: %v", r.Reason, r.Cause) }

// Unwrap implements the interface of package errors.
func (r *Refusal) Unwrap() []error { return []error{r.Cause, protocol.ErrInvalid} }

// ReasonOf returns the reason of a refusal anywhere in err's chain, "" if there
// is none: then err is not about the bytes.
func ReasonOf(err error) Reason {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

func refuse(reason Reason, format string, args ...any) error {
	return &Refusal{reason, fmt.Errorf(format, args...)}
}

func refuseFor(reason Reason, cause error) error { return &Refusal{reason, cause} }
