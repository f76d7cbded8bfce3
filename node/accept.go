package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// accept is the one door to the store: it checks who signed the head, that it
// comes after the one in force, and that it commits to the prepared records, and
// then makes the change. Form is checked, meaning isn't: records that this node
// can't read are kept. The prepared change has ended when accept returns.
func (n *Node) accept(ctx context.Context, head catalog.SignedHead, p *store.Prepared, also ...func(*store.OwnTxn) error) error {
	defer p.Discard()
	log, err := n.store.Identity(ctx, head.Brand)
	if err != nil {
		return err
	}
	state := log.State()
	if err := catalog.VerifyHead(head, state); err != nil {
		return fmt.Errorf("accept head: %w", err)
	}
	current, err := n.head(ctx)
	if err != nil {
		return err
	}
	if verdict := catalog.Check(head, current, n.millis()); verdict != catalog.Newer {
		return fmt.Errorf("accept head %d: it is %s: %w", head.Seq, verdict, protocol.ErrInvalid)
	}
	raw, err := head.Encode()
	if err != nil {
		return err
	}
	return n.store.Apply(ctx, p, raw, also...)
}

// Notice takes a head of the node's own brand that came from outside. When it is
// genuine and this node didn't sign it, somebody else has the online key: most
// often a copied home or a restored snapshot. The node then stops signing, keeps
// the evidence durably, says so loudly and returns ErrAlarm.
func (n *Node) Notice(ctx context.Context, head catalog.SignedHead) error {
	if head.Brand != n.brand {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	log, err := n.store.Identity(ctx, n.brand)
	if err != nil {
		return err
	}
	if err := catalog.VerifyHead(head, log.State()); err != nil {
		return fmt.Errorf("head of own brand: %w", err)
	}
	known, err := n.signedHere(ctx, head)
	if err == nil && !known {
		known, err = n.silenced(ctx, head)
	}
	if err != nil || known {
		return err
	}
	return n.raise(ctx, head)
}

// raise keeps the highest head that was signed elsewhere as evidence.
func (n *Node) raise(ctx context.Context, head catalog.SignedHead) error {
	before, err := n.Alarm(ctx)
	if err != nil {
		return err
	}
	if before != nil && before.Compare(head.Head) >= 0 {
		return ErrAlarm
	}
	raw, err := head.Encode()
	if err != nil {
		return err
	}
	if err := n.store.UpdateOwn(ctx, func(o *store.OwnTxn) error { return o.PutSetting(settingAlarm, raw) }); err != nil {
		return err
	}
	n.log.Error("a head of this brand was signed elsewhere: nothing more is signed here until you decide",
		"brand", n.brand, "seq", head.Seq, "head", head.CID)
	return ErrAlarm
}

// signedHere reports whether this node signed the head.
func (n *Node) signedHere(ctx context.Context, head catalog.SignedHead) (bool, error) {
	return n.store.Signed(ctx, head.Epoch, head.Seq, head.CID)
}

// silenced reports whether the head is not above one whose alarm was ended.
func (n *Node) silenced(ctx context.Context, head catalog.SignedHead) (bool, error) {
	raw, err := n.store.Setting(ctx, settingSilenced)
	if err != nil || raw == nil {
		return false, err
	}
	last, err := catalog.DecodeHead(raw)
	if err != nil {
		return false, fmt.Errorf("stored end of alarm: %w", err)
	}
	return head.Compare(last.Head) <= 0, nil
}

// Alarm returns the head that was signed elsewhere, nil if there is none.
func (n *Node) Alarm(ctx context.Context) (*catalog.SignedHead, error) {
	raw, err := n.store.Setting(ctx, settingAlarm)
	if err != nil || raw == nil {
		return nil, err
	}
	head, err := catalog.DecodeHead(raw)
	if err != nil {
		return nil, fmt.Errorf("stored alarm: %w", err)
	}
	return &head, nil
}

// Silence ends an alarm: the owner has made sure that the other node is stopped.
// The next head stands above the other's and, where both signed at one place,
// heals the contest. One so far ahead of its time that every peer refuses it is
// not followed there.
func (n *Node) Silence(ctx context.Context) (catalog.SignedHead, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	other, err := n.Alarm(ctx)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	if other == nil {
		return catalog.SignedHead{}, errors.New("there is no alarm")
	}
	raw, err := other.Encode()
	if err != nil {
		return catalog.SignedHead{}, err
	}
	reachable := other.Seq < uint64(n.millis()+catalog.MaxSeqAhead)
	return n.sign(ctx, nothing, func(h catalog.Head, own *catalog.SignedHead) catalog.Head {
		if reachable {
			h.Seq = max(h.Seq, other.Seq+1)
		}
		if own == nil {
			return h
		}
		return h.Healing(own.CID, other.CID)
	}, func(o *store.OwnTxn) error {
		if reachable {
			if err := o.PutSetting(settingSilenced, raw); err != nil {
				return err
			}
		}
		return o.DeleteSetting(settingAlarm)
	})
}
