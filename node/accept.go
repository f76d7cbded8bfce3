package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// accept is the one door to the store, for heads of the own brand as for those of
// followed ones: it checks who signed the head, that it comes after the one in force,
// that no contest keeps it from taking effect, and that it commits to the prepared
// records, and then makes the change. Form is checked, meaning isn't: records that
// this node can't read are kept. The prepared change has ended when accept returns.
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
	current, err := n.headOf(ctx, head.Brand)
	if err != nil {
		return err
	}
	if verdict := catalog.Check(head, current, n.millis()); verdict != catalog.Newer {
		return fmt.Errorf("accept head %d: it is %s: %w", head.Seq, verdict, protocol.ErrInvalid)
	}
	if m := n.kept.get(head.Brand); m != nil && !m.own && !m.present().contests.allows(head) {
		return fmt.Errorf("accept head %d: %w", head.Seq, ErrContested)
	}
	raw, err := head.Encode()
	if err != nil {
		return err
	}
	if err := n.store.Apply(ctx, p, raw, also...); err != nil {
		return err
	}
	return n.applied(ctx, head)
}

// applied brings what is known in memory up to a head that has just taken effect.
func (n *Node) applied(ctx context.Context, head catalog.SignedHead) error {
	m := n.kept.get(head.Brand)
	if m == nil {
		return nil // the brand is being founded
	}
	return n.look(ctx, m)
}

// headOf returns the head that a brand's catalog is at, nil before the first.
func (n *Node) headOf(ctx context.Context, brand protocol.CID) (*catalog.SignedHead, error) {
	var head catalog.SignedHead
	err := n.store.View(ctx, brand, func(v *store.View) error {
		head = v.Head()
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &head, err
}

// head returns the own brand's current head, nil before the first.
func (n *Node) head(ctx context.Context) (*catalog.SignedHead, error) {
	return n.headOf(ctx, n.brand)
}
