package identity

import (
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// Genesis returns the first operation of a new brand. Its payload's CID is the
// brand's ID.
func Genesis(signers Signers, next Commitment, online []OnlineKey, at protocol.Millis) Op {
	return Op{Version: Version, Signers: signers, Next: next, Online: online, Time: at}
}

// Draft is an operation without the root keys: everything the node can decide
// before the recovery words are typed, perhaps on another machine.
type Draft struct {
	Brand    protocol.CID    `json:"brand"`
	N        uint64          `json:"n"`
	Prev     protocol.CID    `json:"prev"`
	Merge    protocol.CID    `json:"merge,omitzero"`
	Online   []OnlineKey     `json:"online"`
	Epoch    uint64          `json:"epoch"`
	Domain   Domain          `json:"domain,omitempty"`
	LastGood *HeadRef        `json:"lastGood,omitempty"`
	Time     protocol.Millis `json:"time"`
	// Expect is the commitment that the signers must meet, for a check before
	// anything is signed.
	Expect Commitment `json:"expect"`
}

// Draft drafts an operation on the governing one that changes nothing yet. While
// the log is contested use Extend and Merge instead: a draft on the governing
// operation would be one more branch.
func (s State) Draft(at protocol.Millis) Draft {
	return s.governing.extend(s.Brand, at)
}

// Extend drafts an operation on any known one, to bring a branch to the number of
// the other before a merge.
func (l *Log) Extend(tip protocol.CID, at protocol.Millis) (Draft, error) {
	n := l.nodes[tip]
	if n == nil {
		return Draft{}, fmt.Errorf("extend %s: %w", tip, ErrUnknownPrev)
	}
	return n.extend(l.brand, at), nil
}

func (n *node) extend(brand protocol.CID, at protocol.Millis) Draft {
	o := n.op
	return Draft{
		Brand: brand, N: o.N + 1, Prev: n.id, Online: slices.Clone(o.Online),
		Epoch: o.Epoch, Domain: o.Domain, Time: at, Expect: o.Next,
	}
}

// Merge drafts the operation that joins two branches at operations of the same
// number. It keeps the online keys of both where their epochs agree, otherwise
// those of the higher epoch, and the domain of a.
func (l *Log) Merge(a, b protocol.CID, at protocol.Millis) (Draft, error) {
	x, y := l.nodes[a], l.nodes[b]
	if x == nil || y == nil {
		return Draft{}, fmt.Errorf("merge %s and %s: %w", a, b, ErrUnknownPrev)
	}
	if x.op.N != y.op.N || a == b {
		return Draft{}, protocol.Invalid("merge", "operations numbered %d and %d, two of one number are needed", x.op.N, y.op.N)
	}
	if x.op.Next != y.op.Next {
		return Draft{}, protocol.Invalid("merge", "the branches committed to different signers")
	}
	d := x.extend(l.brand, at)
	d.Merge = b
	if y.op.Epoch > d.Epoch {
		d.Epoch, d.Online = y.op.Epoch, slices.Clone(y.op.Online)
	} else if y.op.Epoch == d.Epoch {
		d.Online = sortOnline(append(d.Online, y.op.Online...))
	}
	return d, nil
}

// Add returns the draft with more online keys.
func (d Draft) Add(keys ...protocol.PublicKey) Draft {
	d.Online = sortOnline(append(slices.Clone(d.Online), Online(keys...)...))
	return d
}

// Revoke returns the draft at the next epoch without the online keys. lastGood is
// the last head of theirs to be trusted, nil if there is none. Without keys it
// only raises the epoch. Call it once.
func (d Draft) Revoke(lastGood *HeadRef, keys ...protocol.KeyID) Draft {
	d.Online = slices.DeleteFunc(slices.Clone(d.Online), func(k OnlineKey) bool { return slices.Contains(keys, k.ID) })
	d.Epoch++
	d.LastGood = lastGood
	return d
}

// Op completes the draft with the root keys that sign it and the commitment to
// those that sign the operation after it. Signers that the predecessor did not
// commit to (words of another brand, a wrong threshold) are an error.
func (d Draft) Op(signers Signers, next Commitment) (Op, error) {
	c, err := signers.Commitment()
	if err != nil {
		return Op{}, err
	}
	if c != d.Expect {
		return Op{}, protocol.Invalid("signers", "not the keys that operation %d committed to", d.N-1)
	}
	return Op{
		Version: Version, N: d.N, Prev: d.Prev, Signers: signers, Next: next, Online: d.Online,
		Epoch: d.Epoch, Domain: d.Domain, LastGood: d.LastGood, Merge: d.Merge, Time: d.Time,
	}, nil
}

// Sign encodes the operation and signs it with all the keys. Fewer keys than the
// threshold are an error; see Assemble for signatures made apart.
func (o Op) Sign(keys ...ed25519.PrivateKey) (protocol.Signed, error) {
	payload, err := o.Encode()
	if err != nil {
		return protocol.Signed{}, err
	}
	return Assemble(payload, protocol.Sign(protocol.ObjectIdentity, payload, keys...).Signatures...)
}

// SignPart makes one root key's signature over an operation's payload after
// checking that the key is one of its signers.
func SignPart(payload []byte, key ed25519.PrivateKey) (protocol.Signature, error) {
	o, err := DecodeOp(payload)
	if err != nil {
		return protocol.Signature{}, err
	}
	if !slices.Contains(o.Signers.Keys, protocol.PublicKeyOf(key)) {
		return protocol.Signature{}, protocol.Invalid("signers", "the key is not one of the operation's")
	}
	return protocol.Sign(protocol.ObjectIdentity, payload, key).Signatures[0], nil
}

// Assemble joins a payload with signatures made apart. Each must be valid and by
// one of the operation's signers, and there must be as many as their threshold.
func Assemble(payload []byte, signatures ...protocol.Signature) (protocol.Signed, error) {
	s := protocol.Signed{Payload: payload, Signatures: signatures}
	if _, err := open(s); err != nil {
		return protocol.Signed{}, err
	}
	return s, nil
}
