package thread

import "errors"

// What a caller decides on. Everything that is provably the other side's fault
// wraps protocol.ErrInvalid as well; the rest may be a matter of time.
var (
	// ErrUnsupported marks parcels, kinds and suites of a newer version.
	ErrUnsupported = errors.New("of a newer version")
	// ErrSealed says that an envelope does not open: another key, or altered.
	ErrSealed = errors.New("envelope does not open")
	// ErrEpoch says that an envelope is of an epoch whose secret isn't there.
	ErrEpoch = errors.New("epoch is not known")
	// ErrPrekey says that something is sealed to a prekey that isn't there.
	ErrPrekey = errors.New("prekey is not known")
	// ErrSignature marks an object that isn't signed by who must have signed it.
	ErrSignature = errors.New("not signed by its author")
	// ErrStranger marks an entry of a key that is not a device of the thread.
	ErrStranger = errors.New("not a device of this thread")
	// ErrRemoved marks an entry of a device that was removed.
	ErrRemoved = errors.New("device was removed")
	// ErrKnown says that the entry stands in the chain already.
	ErrKnown = errors.New("entry is known")
	// ErrGap says that entries of the device are missing before this one.
	ErrGap = errors.New("entries before this one are missing")
	// ErrForked says that a device signed two entries with one number: its key
	// was copied, or its browser was set back.
	ErrForked = errors.New("two entries of one device have one number")
	// ErrUnseen says that the entry has seen commits that the brand doesn't have:
	// the brand forgot something, or the shopper invented it.
	ErrUnseen = errors.New("entry has seen commits that are not known")
	// ErrContradiction says that the brand signed two commits for one place.
	ErrContradiction = errors.New("two commits contradict each other")
	// ErrCommitment says that a body is not the one its entry commits to.
	ErrCommitment = errors.New("body is not the one that was signed")
)
