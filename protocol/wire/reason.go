package wire

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Reason names why an announcement got its verdict. The strings are stable:
// programs may compare them (specs/11-announcement.md §4).
type Reason string

// Reasons to refuse an announcement: it is provably wrong, whoever looks at it.
// The names are those of specs/08-proof.md where that page has them.
const (
	TooLarge        Reason = "too-large"         // more than MaxAnnouncement bytes
	NotCBOR         Reason = "cbor"              // not canonical CBOR, or not the fields expected
	HeadForm        Reason = "head-form"         // the head breaks a rule of form
	IdentityForm    Reason = "identity-form"     // an operation breaks a rule of form
	IdentityOrder   Reason = "identity-order"    // operations or signatures out of order, or twice
	IdentityInvalid Reason = "identity-invalid"  // an operation is not signed as it must be, or may not follow
	BrandMismatch   Reason = "brand-mismatch"    // head and genesis are of two brands
	HintForm        Reason = "hint-form"         // too many hints, or one is none
	HeadSignature   Reason = "head-signature"    // not made by an online key of the operation named
	WrongEpoch      Reason = "epoch"             // not the epoch of the operation named
	FastForward     Reason = "head-fast-forward" // seq ahead of its own time
)

// Reasons to ignore an announcement: it may be good and is of no use here, or it
// can't be told.
const (
	WrongVersion    Reason = "version"          // of a version this implementation doesn't know
	IdentityMissing Reason = "identity-missing" // operations are needed that neither message nor reader has
	IdentityFull    Reason = "identity-full"    // the brand's log is at a limit
	HeadOperation   Reason = "head-operation"   // names an operation that doesn't govern here
	HeadDisputed    Reason = "head-disputed"    // by a key that has been revoked
	HeadFuture      Reason = "head-future"      // dated ahead of the clock
	Superseded      Reason = "superseded"       // of an epoch before the current one
	Expired         Reason = "expired"          // the head is out of date
	Stale           Reason = "stale"            // below the highest head known
	Known           Reason = "known"            // the highest head known, announced before
)

// Reasons to accept an announcement and pass it on.
const (
	Newer     Reason = "newer"     // the first head of the brand, or a higher one
	Unpassed  Reason = "unpassed"  // the highest head, known from elsewhere and not announced before
	Contested Reason = "contested" // the first evidence of two heads at one place
)

// Refusal is the error of an announcement that can't be read. It wraps its cause,
// and protocol.ErrInvalid unless the reason is WrongVersion.
type Refusal struct {
	Reason Reason
	Cause  error
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("%s: %v", r.Reason, r.Cause) }

// Unwrap implements the interface of package errors.
func (r *Refusal) Unwrap() []error {
	if r.Reason == WrongVersion {
		return []error{r.Cause}
	}
	return []error{r.Cause, protocol.ErrInvalid}
}

func refuse(reason Reason, format string, args ...any) error {
	return &Refusal{reason, fmt.Errorf(format, args...)}
}

func refuseFor(reason Reason, cause error) error { return &Refusal{reason, cause} }

func reasonOf(err error) Reason {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
