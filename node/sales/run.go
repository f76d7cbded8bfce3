package sales

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

const (
	expireEvery = 15 * time.Second
	expireBatch = 500 // holds in one look
)

// Run lets holds run out and publishes what moved, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.publishMoved(ctx) })
	g.Go(func() error { return d.sweep(ctx) })
	g.Go(func() error { return d.expireAlways(ctx) })
	return g.Wait()
}

func (d *Desk) expireAlways(ctx context.Context) error {
	for {
		if _, err := d.Expire(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("unpaid orders could not run out", "brand", d.Brand, "error", err)
		}
		if !sleep(ctx, expireEvery) {
			return nil
		}
	}
}

// Expire ends the unpaid orders whose holds ran out, and returns how many it ended. One
// that can't be ended, because its thread waits to be handed back, is tried again the
// next time.
func (d *Desk) Expire(ctx context.Context) (ended int, err error) {
	var over []*store.Hold
	err = d.Store.Desk(ctx, func(v *store.DeskView) error {
		over, err = v.ExpiredHolds(d.now(), expireBatch)
		return err
	})
	if err != nil {
		return 0, err
	}
	var failed error
	for _, h := range over {
		switch err := d.expire(ctx, h); {
		case err == nil:
			ended++
		case ctx.Err() != nil:
			return ended, ctx.Err()
		default:
			failed = fmt.Errorf("order %s: %w", h.Order, err)
		}
	}
	if failed != nil {
		d.Log.Warn("unpaid orders could not run out; trying again", "brand", d.Brand, "orders", len(over)-ended, "error", failed)
	}
	return ended, nil
}

// expire says that an order ran out. One that was paid or ended meanwhile has no hold
// that could run out any more.
func (d *Desk) expire(ctx context.Context, h *store.Hold) error {
	_, err := d.tell(ctx, h.Order, func(*Order) ([]thread.Draft, error) {
		return say(thread.KindExpire, &thread.Expire{Order: h.Order}), nil
	})
	var refused *trade.Refused
	if errors.As(err, &refused) {
		return d.unlimit(ctx, h)
	}
	return err
}

// unlimit ends that a hold runs out, when its order no longer does.
func (d *Desk) unlimit(ctx context.Context, h *store.Hold) error {
	return d.Store.Trade(ctx, func(tx *store.TradeTxn) error {
		row, err := tx.Order(h.Order)
		if err != nil {
			return err
		}
		o, err := decodeOrder(row)
		if err != nil || unpaid(&o.Order) && o.Received == 0 && o.Fulfilment == trade.Unfulfilled {
			return err
		}
		now, err := tx.Hold(h.Order)
		if err != nil {
			return err
		}
		now.Until = 0
		return tx.PutHold(now)
	})
}
