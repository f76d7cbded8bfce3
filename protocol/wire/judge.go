package wire

import (
	"errors"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// Verdict says what gossip does with an announcement.
type Verdict string

// The verdicts. Accept passes it on, whether or not this node follows the brand.
// Ignore drops it without a word. Reject drops it and counts against the peer
// that delivered it: only what is provably wrong is rejected, so that no honest
// peer is punished for passing on what it knew no better.
const (
	Accept Verdict = "accept"
	Ignore Verdict = "ignore"
	Reject Verdict = "reject"
)

// Standing is what a node knows of a brand. The zero value knows nothing.
type Standing struct {
	// Log is the brand's identity, nil if unknown. Judge needs it for itself while
	// it runs, and leaves it as it is.
	Log *identity.Log
	// Highest is the highest verified head, nil if there is none, whether or not a
	// contest keeps it from taking effect.
	Highest *catalog.SignedHead
	// Announced says that an announcement of Highest has been accepted before, so
	// that another one, with other hints, isn't passed on again.
	Announced bool
	// Contested says that evidence against Highest has been accepted before.
	Contested bool
}

// Judgement is the outcome for one announcement.
type Judgement struct {
	Verdict Verdict
	Reason  Reason
	// Announcement is set when it could be read, with whatever verdict.
	Announcement Announcement
	// State is the brand's identity with the announced operations, set when the
	// verdict is Accept.
	State identity.State
	// Err says more for a log; nil when the verdict is Accept.
	Err error
}

// Judge reads an announcement and judges it at now. standing is asked once, for
// the brand of a head that is not verified yet. The cost is that of verifying the
// head and those operations that the log doesn't have.
func Judge(data []byte, standing func(brand protocol.CID) Standing, now protocol.Millis) Judgement {
	var s Standing
	a, err := DecodeAnnouncementKnowing(data, func(brand protocol.CID) *identity.Log {
		s = standing(brand)
		return s.Log
	})
	if err != nil {
		return judgementOf(Announcement{}, err)
	}
	return a.Judge(s, now)
}

// Judge judges a decoded announcement; see the function Judge.
func (a Announcement) Judge(s Standing, now protocol.Millis) Judgement {
	state, err := a.state(s.Log)
	if err == nil {
		err = verifyHead(a.Head, state)
	}
	if err != nil {
		return judgementOf(a, err)
	}
	reason, err := a.news(s, state, now)
	if err != nil {
		return judgementOf(a, err)
	}
	return Judgement{Verdict: Accept, Reason: reason, Announcement: a, State: state}
}

func judgementOf(a Announcement, err error) Judgement {
	reason := reasonOf(err)
	return Judgement{Verdict: verdictOf(reason), Reason: reason, Announcement: a, Err: err}
}

func verdictOf(r Reason) Verdict {
	switch r {
	case TooLarge, NotCBOR, HeadForm, IdentityForm, IdentityOrder, IdentityInvalid, BrandMismatch, HintForm, HeadSignature, WrongEpoch, FastForward:
		return Reject
	case Newer, Unpassed, Contested:
		return Accept
	}
	return Ignore
}

// state returns the identity that the known and the announced operations make.
func (a Announcement) state(known *identity.Log) (identity.State, error) {
	if known == nil {
		return a.firstState()
	}
	log := *known // appending replaces what the copy holds
	if _, err := log.AppendSigned(a.Identity...); err != nil {
		return identity.State{}, identityRefusal(err)
	}
	return log.State(), nil
}

func (a Announcement) firstState() (identity.State, error) {
	var ops [][]byte
	for _, s := range a.Identity {
		data, err := s.Encode()
		if err != nil {
			return identity.State{}, refuseFor(IdentityForm, err)
		}
		ops = append(ops, data)
	}
	log, err := identity.Load(a.Head.Brand, ops)
	if err != nil {
		return identity.State{}, identityRefusal(err)
	}
	return log.State(), nil
}

func identityRefusal(err error) error {
	switch {
	case errors.Is(err, identity.ErrUnknownPrev):
		return refuseFor(IdentityMissing, err)
	case errors.Is(err, identity.ErrFull):
		return refuseFor(IdentityFull, err)
	}
	return refuseFor(IdentityInvalid, err)
}

func verifyHead(h catalog.SignedHead, state identity.State) error {
	err := catalog.VerifyHead(h, state)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, catalog.ErrUnknownOperation):
		return refuseFor(HeadOperation, err)
	}
	return refuseFor(Reason(catalog.ReasonOf(err)), err)
}

// news returns why a verified head is worth passing on, or that it isn't.
func (a Announcement) news(s Standing, state identity.State, now protocol.Millis) (Reason, error) {
	verdict := catalog.Check(a.Head, s.Highest, now)
	switch {
	case verdict == catalog.FastForward:
		return "", refuse(FastForward, "seq %d at %s", a.Head.Seq, a.Head.Time)
	case verdict == catalog.Future:
		return "", refuse(HeadFuture, "dated %s", a.Head.Time)
	case a.Head.Epoch < state.Epoch:
		return "", refuse(Superseded, "epoch %d, the brand's is %d", a.Head.Epoch, state.Epoch)
	case verdict == catalog.Older:
		return "", refuse(Stale, "seq %d after %d", a.Head.Seq, s.Highest.Seq)
	case a.Head.Expired(now):
		return "", refuse(Expired, "since %s", a.Head.Expires)
	case verdict == catalog.Same && s.Announced || verdict == catalog.Conflicting && s.Contested:
		return "", refuse(Known, "%s, seq %d", verdict, a.Head.Seq)
	case verdict == catalog.Same:
		return Unpassed, nil
	case verdict == catalog.Conflicting:
		return Contested, nil
	}
	return Newer, nil
}
