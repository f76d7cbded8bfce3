package identity

import "errors"

// Limits of an operation and of a log (specs/04-identity.md §8).
const (
	// MaxOps is the largest number of operations in one log.
	MaxOps = 10_000
	// MaxTips is the largest number of unmerged branches of a log, whatever it had
	// on the way there.
	MaxTips = 16
	// MaxSigners is the largest number of root keys of one operation.
	MaxSigners = 5
	// MaxOnline is the largest number of online keys.
	MaxOnline = 8
	// MaxDomain is the longest domain name in bytes (RFC 1035 §2.3.4).
	MaxDomain = 253
)

var (
	// ErrUnknownPrev reports an operation whose predecessor is not in the log: it
	// may be good, but can't be judged before the missing ones are there.
	ErrUnknownPrev = errors.New("an earlier identity operation is missing")
	// ErrFull reports a log at its limit of operations or of unmerged branches.
	ErrFull = errors.New("the identity log is full")
)
