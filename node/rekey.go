package node

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store"
)

// KeyOptions say what the next identity operation is to do beside giving the node a
// fresh online key.
type KeyOptions struct {
	// Revoke removes the online keys there are and raises the epoch.
	Revoke bool
	// Distrust trusts no head that the removed keys ever signed.
	Distrust bool
	// Since is the place in the present epoch of the last head to be trusted; nil is
	// the last one that this node signed.
	Since *uint64
}

// RequestKey drafts the next identity operation: a fresh online key, which waits in
// the home from now on and is not in use, and what the options say. While the identity
// is contested it drafts what leads towards one branch again: the merge of two, or,
// when none are of one length, an operation without a change on the shorter.
func (n *Node) RequestKey(ctx context.Context, o KeyOptions) (KeyRequest, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	log, err := n.store.Identity(ctx, n.brand)
	if err != nil {
		return KeyRequest{}, fmt.Errorf("request key: %w", err)
	}
	draft, lengthens, err := nextDraft(log, n.millis())
	if err != nil {
		return KeyRequest{}, fmt.Errorf("request key: %w", err)
	}
	if !lengthens {
		if draft, err = n.rekey(ctx, draft, o); err != nil {
			return KeyRequest{}, fmt.Errorf("request key: %w", err)
		}
	}
	return n.request(ctx, log, draft)
}

// nextDraft drafts what follows the log. lengthens says that it only lengthens a branch.
func nextDraft(log *identity.Log, now protocol.Millis) (d identity.Draft, lengthens bool, err error) {
	state := log.State()
	if !state.Contested {
		return state.Draft(now), false, nil
	}
	low, other := shortest(log, state.Tips)
	if other.Defined() {
		d, err = log.Merge(low, other, now)
		return d, false, err
	}
	d, err = log.Extend(low, now)
	return d, true, err
}

// shortest returns the end of the shortest branch and of another one as long, if there
// is one.
func shortest(log *identity.Log, tips []protocol.CID) (low, other protocol.CID) {
	var at uint64
	for i, id := range tips {
		o, _ := log.Op(id)
		switch {
		case i == 0 || o.N < at:
			low, other, at = id, protocol.CID{}, o.N
		case o.N == at:
			other = id
		}
	}
	return low, other
}

// rekey adds a fresh key to the draft and removes the others if they are to be revoked.
func (n *Node) rekey(ctx context.Context, d identity.Draft, o KeyOptions) (identity.Draft, error) {
	if o.Revoke {
		good, err := n.lastGood(ctx, o)
		if err != nil {
			return d, err
		}
		var gone []protocol.KeyID
		for _, k := range d.Online {
			gone = append(gone, k.ID)
		}
		d = d.Revoke(good, gone...)
	}
	if len(d.Online) >= identity.MaxOnline {
		return d, protocol.Invalid("online keys", "the brand has %d, the most there can be: --revoke removes them", len(d.Online))
	}
	key, err := keys.CreatePending(n.home, rand.Reader)
	if err != nil {
		return d, err
	}
	return d.Add(protocol.PublicKeyOf(key)), nil
}

// lastGood names the last head to be trusted of the keys that go, nil for none: the
// one of this node that was asked for, or its last one below that of an alarm.
func (n *Node) lastGood(ctx context.Context, o KeyOptions) (*identity.HeadRef, error) {
	current, err := n.head(ctx)
	if err != nil || current == nil || o.Distrust {
		return nil, err
	}
	below := current.Seq + 1
	alarm, err := n.Alarm(ctx)
	if err != nil {
		return nil, err
	}
	if alarm != nil && alarm.Epoch == current.Epoch {
		below = min(below, alarm.Seq)
	}
	if o.Since != nil {
		below = *o.Since + 1
	}
	last, err := n.store.SignedBefore(ctx, current.Epoch, below)
	if err != nil {
		return nil, err
	}
	if o.Since != nil && (last == nil || last.Seq != *o.Since) {
		return nil, protocol.Invalid("last good head", "this node signed no head %d: %d is the latest", *o.Since, current.Seq)
	}
	return last, nil
}

// request puts together what the signer needs.
func (n *Node) request(ctx context.Context, log *identity.Log, d identity.Draft) (KeyRequest, error) {
	r := KeyRequest{Kind: kindKeyRequest, Draft: d}
	payloads := map[protocol.CID]string{}
	for _, s := range log.Signed() {
		payloads[s.ID()] = hex.EncodeToString(s.Payload)
	}
	r.Parents = append(r.Parents, payloads[d.Prev])
	if d.Merge.Defined() {
		r.Parents = append(r.Parents, payloads[d.Merge])
	}
	err := n.store.View(ctx, n.brand, func(v *store.View) error {
		p, err := v.Profile()
		if err == nil {
			r.Name = p.Name
		}
		return orNotFound(err)
	})
	return r, err
}
