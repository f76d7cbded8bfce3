package thread

import (
	"crypto/ed25519"

	"github.com/stoa-commerce/stoa/protocol"
)

// Draft is something to say: a kind and its body, as EncodeBody takes it.
type Draft struct {
	Kind string
	Body any
}

// Opened is an entry that was opened and whose author is proven: what whoever
// decides on it needs to know.
type Opened struct {
	// ID is the entry's identifier: that of the order, when it is one.
	ID   protocol.CID
	Kind string
	// Body is what DecodeBody returns: a pointer to the type of the kind.
	Body any
	// Time is the author's claim.
	Time protocol.Millis
	// Brand says that the brand wrote it; Device is the author's key.
	Brand  bool
	Device [ed25519.PublicKeySize]byte
}

// Verdict is what the brand makes of an entry: "" and replies, or a reason to
// refuse it. Replies are committed right behind the entry.
type Verdict struct {
	Refused string
	Replies []Draft
}

// Pen writes entries of one author in one thread: a device, or the brand with all
// its keys. It is not safe for concurrent use.
type Pen struct {
	Key    ed25519.PrivateKey
	Thread protocol.CID
	// DSeq and Last are the author's last entry, 0 and undefined before the first.
	DSeq uint64
	Last protocol.CID
}

// Written is an entry with what it commits to.
type Written struct {
	SignedEntry
	Salt [SecretSize]byte
	Body []byte
}

// Write signs the next entry. salt must be fresh: 32 random bytes; seen is the
// last commit that the author verified, or nil. The pen moves on only when it
// succeeds.
func (p *Pen) Write(d Draft, seen *Seen, salt [SecretSize]byte, now protocol.Millis) (Written, error) {
	body, err := EncodeBody(d.Kind, d.Body)
	if err != nil {
		return Written{}, err
	}
	e, err := Entry{
		Thread: p.Thread, DSeq: p.DSeq + 1, DPrev: p.Last, Seen: seen, Kind: d.Kind, Body: Commitment(salt, body), Time: now,
	}.Sign(p.Key)
	if err != nil {
		return Written{}, err
	}
	p.DSeq, p.Last = e.DSeq, e.ID
	return Written{e, salt, body}, nil
}

// Parcel returns the entry to be sealed; commit is nil on its way to the brand.
func (w Written) Parcel(commit []byte) (*EntryParcel, error) {
	data, err := w.Encode()
	return &EntryParcel{Entry: data, Commit: commit, Salt: w.Salt[:], Body: w.Body}, err
}
