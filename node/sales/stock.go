package sales

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// ErrNoVariant means that the brand has no variant of this name.
var ErrNoVariant = errors.New("no such variant")

// MaxStock is the largest number of pieces that can be said to be there.
const MaxStock = 1_000_000_000

// lowStock is the quantity from which on shoppers read that little is left.
const lowStock = 3

// Availability returns the class that shoppers see of a stock.
func Availability(s store.Stocked) catalog.Availability {
	switch {
	case !s.Tracked || s.Available() > lowStock:
		return catalog.InStock
	case s.Available() > 0:
		return catalog.LowStock
	case s.Oversell:
		return catalog.BackOrder
	}
	return catalog.OutOfStock
}

// SetStock says that there are n pieces of a variant, those that orders hold among
// them, and that they are counted from now on.
func (d *Desk) SetStock(ctx context.Context, id protocol.VariantID, n int64) (store.Stocked, error) {
	if n < 0 || n > MaxStock {
		return store.Stocked{}, protocol.Invalid("stock", "is %d, allowed are 0 to %d", n, int64(MaxStock))
	}
	return d.changeStock(ctx, id, func(s *store.Stock) { s.Tracked, s.OnHand = true, n })
}

// Untrack says that a variant isn't counted: it can always be sold.
func (d *Desk) Untrack(ctx context.Context, id protocol.VariantID) (store.Stocked, error) {
	return d.changeStock(ctx, id, func(s *store.Stock) { s.Tracked, s.OnHand = false, 0 })
}

// changeStock writes a variant's stock, and ends that it waits for the owner's word.
func (d *Desk) changeStock(ctx context.Context, id protocol.VariantID, fn func(*store.Stock)) (s store.Stocked, err error) {
	if err := d.known(ctx, id); err != nil {
		return s, err
	}
	err = d.changeReview(ctx, func(tx *store.TradeTxn, r *reviewed) error {
		if s, err = tx.Stock(id); err != nil {
			return err
		}
		was := s
		fn(&s.Stock)
		d.moved.note(id, was, s)
		if err := tx.PutStock(id, s.Stock); err != nil {
			return err
		}
		return r.count(id)
	})
	if err != nil {
		return s, fmt.Errorf("stock of %s: %w", id, err)
	}
	return s, nil
}

// Stock returns what there is of a variant, or ErrNoVariant.
func (d *Desk) Stock(ctx context.Context, id protocol.VariantID) (s store.Stocked, err error) {
	if err := d.known(ctx, id); err != nil {
		return s, err
	}
	err = d.Store.Desk(ctx, func(v *store.DeskView) error {
		s, err = v.Stock(id)
		return err
	})
	return s, err
}

// Stocks lists what there is of up to limit variants after an identifier, of those of
// which anything was ever said.
func (d *Desk) Stocks(ctx context.Context, after protocol.VariantID, limit int) (list []store.VariantStock, err error) {
	err = d.Store.Desk(ctx, func(v *store.DeskView) error {
		list, err = v.Stocks(after, limit)
		return err
	})
	return list, err
}

// known reports whether the brand has the variant: in its catalog, or among the
// products that it doesn't show.
func (d *Desk) known(ctx context.Context, id protocol.VariantID) error {
	_, err := d.handleOf(ctx, id)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for p, err := range d.Store.OwnProducts(ctx, "") {
		if err != nil {
			return err
		}
		for _, v := range p.Variants {
			if v.ID == id {
				return nil
			}
		}
	}
	return fmt.Errorf("%s: %w", id, ErrNoVariant)
}

// handleOf returns the product of a variant in the catalog, or store.ErrNotFound.
func (d *Desk) handleOf(ctx context.Context, id protocol.VariantID) (h protocol.Handle, err error) {
	err = d.Store.View(ctx, d.Brand, func(v *store.View) error {
		h, err = v.Variant(id)
		return err
	})
	return h, err
}
