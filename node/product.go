package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// ErrUnknownVariant means that no product of the brand has the variant.
var ErrUnknownVariant = fmt.Errorf("no such variant: %w", store.ErrNotFound)

// SetPrice publishes a new price of a variant. amount is a decimal in the
// currency the variant is priced in.
func (n *Node) SetPrice(ctx context.Context, id protocol.VariantID, amount string) (catalog.SignedHead, error) {
	return n.editVariant(ctx, id, func(v *store.OwnVariant) error {
		price, err := protocol.ParseMoney(amount, v.Price.Currency)
		if err == nil && price.Minor < 0 {
			err = protocol.Invalid("amount", "%q is negative", amount)
		}
		v.Price = price
		return err
	})
}

func (n *Node) editVariant(ctx context.Context, id protocol.VariantID, edit func(*store.OwnVariant) error) (catalog.SignedHead, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	was, i, err := n.findVariant(ctx, id)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	is := *was
	is.Variants = append([]store.OwnVariant(nil), was.Variants...)
	if err := edit(&is.Variants[i]); err != nil {
		return catalog.SignedHead{}, err
	}
	return n.saveVariant(ctx, &is, i)
}

// saveVariant publishes the offer of a product's i-th variant and keeps the
// product. n.mu is held.
func (n *Node) saveVariant(ctx context.Context, is *store.OwnProduct, i int) (catalog.SignedHead, error) {
	c, err := set(offer(&is.Product, is.Variants[i])) // a draft's, too, must be one that can be published
	if err != nil {
		return catalog.SignedHead{}, err
	}
	var records []store.Change
	if is.Status == store.Active {
		records = append(records, c)
	}
	return n.publish(ctx, all(records), func(o *store.OwnTxn) error { return o.PutProduct(is) })
}

func all(list []store.Change) changes {
	return func(yield func(store.Change, error) bool) {
		for _, c := range list {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// findVariant returns the product with a variant, and the variant's place in it.
func (n *Node) findVariant(ctx context.Context, id protocol.VariantID) (*store.OwnProduct, int, error) {
	owner, err := n.store.VariantOwner(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	p, err := n.store.OwnProduct(ctx, owner.Product)
	if errors.Is(err, store.ErrNotFound) {
		return nil, 0, fmt.Errorf("%q: %w", id, ErrUnknownVariant)
	}
	if err != nil {
		return nil, 0, err
	}
	for i, v := range p.Variants {
		if v.ID == id {
			return p, i, nil
		}
	}
	return nil, 0, fmt.Errorf("%q: %w", id, ErrUnknownVariant)
}

// putRecord publishes one record.
func (n *Node) putRecord(ctx context.Context, r catalog.Record) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	c, err := set(r)
	if err != nil {
		return err
	}
	_, err = n.publish(ctx, all([]store.Change{c}))
	return err
}
