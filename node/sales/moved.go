package sales

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

const (
	// looks is how often stock whose class moved is held to what the catalog says of it,
	// a second apart: the first time the transaction that moved it may not be through.
	looks = 3
	// sweepPage is of how many variants the stock is looked at, a second apart, when the
	// node begins: it may have stopped before it published the last change.
	sweepPage = 64
)

// moved notes of which variants the class of the stock moved.
type moved struct {
	mu   sync.Mutex
	left map[protocol.VariantID]int // looks to come
	wake chan struct{}
}

// note notes a variant whose stock was one and is another.
func (m *moved) note(id protocol.VariantID, was, is store.Stocked) {
	if Availability(was) != Availability(is) {
		m.noteAll([]protocol.VariantID{id})
	}
}

func (m *moved) noteAll(ids []protocol.VariantID) {
	if len(ids) == 0 {
		return
	}
	m.mu.Lock()
	if m.left == nil {
		m.left = map[protocol.VariantID]int{}
	}
	for _, id := range ids {
		m.left[id] = looks
	}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// look returns what is to be looked at now.
func (m *moved) look() []protocol.VariantID {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := make([]protocol.VariantID, 0, len(m.left))
	for id := range m.left {
		ids = append(ids, id)
		if m.left[id]--; m.left[id] <= 0 {
			delete(m.left, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (m *moved) any() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.left) > 0
}

// publishMoved tells of products whose availability changed until ctx ends.
func (d *Desk) publishMoved(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.moved.wake:
		}
		for d.moved.any() {
			if !sleep(ctx, time.Second) {
				return nil
			}
			d.publishRound(ctx)
		}
	}
}

// retryAfter is how long what couldn't be published waits.
const retryAfter = 30 * time.Second

func (d *Desk) publishRound(ctx context.Context) {
	ids := d.moved.look()
	list, err := d.stocksOf(ctx, ids)
	var products []protocol.Handle
	if err == nil {
		_, products, err = d.outdated(ctx, list)
	}
	if err == nil && len(products) > 0 {
		err = d.Changed(ctx, products)
	}
	if err != nil && ctx.Err() == nil {
		d.Log.Warn("the availability of products could not be published; trying again", "brand", d.Brand, "products", len(products), "error", err)
		d.moved.noteAll(ids)
		sleep(ctx, retryAfter)
	}
}

func (d *Desk) stocksOf(ctx context.Context, ids []protocol.VariantID) (list []store.VariantStock, err error) {
	err = d.Store.Desk(ctx, func(v *store.DeskView) error {
		list = list[:0]
		for _, id := range ids {
			s, err := v.Stock(id)
			if err != nil {
				return err
			}
			list = append(list, store.VariantStock{Variant: id, Stocked: s})
		}
		return nil
	})
	return list, err
}

// outdated lists the variants, and their products, of which the catalog says another
// availability than their stock has.
func (d *Desk) outdated(ctx context.Context, list []store.VariantStock) (ids []protocol.VariantID, products []protocol.Handle, err error) {
	err = d.Store.View(ctx, d.Brand, func(v *store.View) error {
		ids, products = nil, nil
		for _, s := range list {
			h, err := v.Variant(s.Variant)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			o, _, err := readRecord[*catalog.Offer](v, catalog.OfferPath(h, s.Variant))
			if err != nil {
				return err
			}
			if o == nil || o.Availability == Availability(s.Stocked) {
				continue
			}
			if ids = append(ids, s.Variant); !slices.Contains(products, h) {
				products = append(products, h)
			}
		}
		return nil
	})
	return ids, products, err
}

// sweep looks once at the stock of every variant, slowly.
func (d *Desk) sweep(ctx context.Context) error {
	for after := protocol.VariantID(""); ; {
		list, err := d.Stocks(ctx, after, sweepPage)
		if err == nil && len(list) > 0 {
			after = list[len(list)-1].Variant
			var ids []protocol.VariantID
			ids, _, err = d.outdated(ctx, list)
			d.moved.noteAll(ids)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("stock: %w", err)
		}
		if len(list) < sweepPage || !sleep(ctx, time.Second) {
			return nil
		}
	}
}

// sleep waits, and reports false when ctx ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
