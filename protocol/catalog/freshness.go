package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// ErrClock reports a clock that lies more than MaxSeqAhead behind the last head:
// what it would sign, nobody would accept.
var ErrClock = errors.New("the clock is more than a day behind the last signed head")

// ErrNoContest reports a head that a node doesn't contest by one of its own.
var ErrNoContest = errors.New("the other head does not lie above the node's own in the same epoch")

// Next returns the head after prev, nil for the first of a brand, with version,
// epoch, seq, prev, time and expires set; the caller adds the rest. Within an
// epoch seq is the larger of prev's plus one and now.
func Next(prev *SignedHead, epoch uint64, now protocol.Millis) (Head, error) {
	h := Head{V: Version, Epoch: epoch, Seq: uint64(max(now, 0)), Time: now, Expires: now + MaxLifetime}
	if prev == nil {
		return h, nil
	}
	h.Prev = prev.CID
	if prev.Epoch > epoch {
		return Head{}, fmt.Errorf("next head of epoch %d: the last one is of epoch %d", epoch, prev.Epoch)
	}
	if prev.Epoch == epoch {
		h.Seq = max(h.Seq, prev.Seq+1)
	}
	if h.fastForward() {
		return Head{}, fmt.Errorf("next head after %s: %w", protocol.Millis(prev.Seq), ErrClock)
	}
	return h, nil
}

func (h Head) fastForward() bool { return h.Seq > uint64(h.Time+MaxSeqAhead) }

// Verdict says what to do with a verified head.
type Verdict string

// The verdicts of Check. All but Newer leave the highest head as it is.
const (
	Newer       Verdict = "newer"        // store it, then act on it
	Same        Verdict = "same"         // known already
	Older       Verdict = "older"        // rollback or late: refuse
	Future      Verdict = "future"       // time is too far ahead of the clock: refuse, may be good later
	FastForward Verdict = "fast-forward" // seq is too far ahead of its own time: refuse for ever
	Conflicting Verdict = "conflicting"  // another head at the same place: keep both as a Contest
)

// Check compares a verified head with the highest one seen of the brand, nil if
// none, at now. It says nothing about expiry: see Head.Expired.
func Check(h SignedHead, highest *SignedHead, now protocol.Millis) Verdict {
	if highest != nil && h.CID == highest.CID {
		return Same
	}
	if h.fastForward() {
		return FastForward
	}
	if h.Time > now+MaxAhead {
		return Future
	}
	if highest == nil {
		return Newer
	}
	switch order := h.Compare(highest.Head); {
	case order < 0:
		return Older
	case order == 0:
		return Conflicting
	}
	return Newer
}

// Contest is the evidence that a brand signed two heads at one (epoch, seq). Both
// are verified. First is the one seen first: it stays in force, for browsing.
type Contest struct {
	First, Second SignedHead
}

// EndedBy reports whether a verified head settles the contest: one of a higher
// epoch, or a later one of the same epoch that heals both. Until then no later
// head takes the place of First.
func (c Contest) EndedBy(h SignedHead) bool {
	if h.Epoch != c.First.Epoch {
		return h.Epoch > c.First.Epoch
	}
	return h.Seq > c.First.Seq && slices.Contains(h.Heals, c.First.CID) && slices.Contains(h.Heals, c.Second.CID)
}

// MaxContesting is how many heads a node contests by Contesting until the contest
// is over: a head heals no more than twice as many.
const MaxContesting = MaxHeals / 2

// Contesting returns what a node signs when it meets other, a verified head of its
// own brand that it didn't sign: a head at the same place that commits to its own
// catalog, that of own, its highest one. It names the same operation as own; the
// caller puts the governing one there, if that is a later one of the epoch. Who then
// knows both heads knows that the brand is in contest. It is ErrNoContest when other
// lies below own or in another epoch: no reader takes it, or none of the node's.
func Contesting(own, other SignedHead, now protocol.Millis) (Head, error) {
	if own.Brand != other.Brand || own.Epoch != other.Epoch || own.Seq >= other.Seq {
		return Head{}, fmt.Errorf("seq %d of epoch %d beside %d of epoch %d: %w", other.Seq, other.Epoch, own.Seq, own.Epoch, ErrNoContest)
	}
	h := own.Head
	h.Seq, h.Prev, h.Heals = other.Seq, own.CID, nil
	h.Time = max(now, other.Time)
	h.Expires = h.Time + MaxLifetime
	if h.Expires == other.Expires {
		h.Expires-- // or it could be the very same head
	}
	return h, nil
}

// Healing returns h as the head that settles a contest between the heads.
func (h Head) Healing(heads ...protocol.CID) Head {
	h.Heals = append(slices.Clone(h.Heals), heads...)
	slices.SortFunc(h.Heals, func(a, b protocol.CID) int { return bytes.Compare(a.Bytes(), b.Bytes()) })
	h.Heals = slices.Compact(h.Heals)
	return h
}
