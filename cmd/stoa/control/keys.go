package control

import (
	"context"
	"errors"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
)

// KeyQuery asks for the draft of an identity operation.
type KeyQuery struct {
	Revoke   bool    // the online keys there are
	Distrust bool    // trust no head that they signed
	Since    *uint64 // the last head to be trusted; nil: the last that the node signed
}

// KeyResult says what became of a signed operation.
type KeyResult struct {
	Operation protocol.CID   `json:"operation"`
	N         uint64         `json:"n"`
	Epoch     uint64         `json:"epoch"`
	Key       protocol.KeyID `json:"key"`       // that signs from now on
	Head      *Tip           `json:"head"`      // signed under the operation; null while the identity is contested or an alarm lasts
	Contested bool           `json:"contested"` // the identity still has branches
	AlarmOver bool           `json:"alarmOver"` // an alarm there was is over
}

func (s server) keyRequest(ctx context.Context, q KeyQuery) (node.KeyRequest, error) {
	return s.n.RequestKey(ctx, node.KeyOptions{Revoke: q.Revoke, Distrust: q.Distrust, Since: q.Since})
}

func (s server) keyApply(ctx context.Context, signed node.SignedKey) (KeyResult, error) {
	a, err := s.n.ApplyKey(ctx, signed)
	out := KeyResult{Operation: a.Operation, N: a.N, Epoch: a.Epoch, Key: a.Key, Contested: a.Contested, AlarmOver: a.AlarmOver}
	if a.Head.CID.Defined() {
		t := tip(a.Head)
		out.Head = &t
	}
	return out, unapplied(err)
}

// unapplied says in words why an operation can't be taken.
func unapplied(err error) error {
	switch {
	case errors.Is(err, node.ErrOutdated):
		return &Failure{"the brand's identity has gone on since this was requested: begin anew with 'stoa key request'", err}
	case errors.Is(err, node.ErrNoKeyHere):
		return &Failure{"the key that this operation brings in is not in this home: was it requested in another one? --home names it. 'stoa key request' makes a new request here", err}
	}
	return err
}
