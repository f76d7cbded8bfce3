package sales

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// looks is how often stock that moved is held to what the catalog says of it, a
// second apart: the first time the transaction that moved it may not be through yet.
const looks = 3

// moved notes of which variants the stock moved.
type moved struct {
	mu   sync.Mutex
	left map[protocol.VariantID]int // looks to come
	wake chan struct{}
}

func (m *moved) note(ids []protocol.VariantID) {
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
	if err := d.noteAll(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("stock: %w", err)
	}
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
	products, err := d.outdated(ctx, ids)
	if err == nil && len(products) > 0 {
		err = d.Changed(ctx, products)
	}
	if err != nil && ctx.Err() == nil {
		d.Log.Warn("the availability of products could not be published; trying again", "brand", d.Brand, "products", len(products), "error", err)
		d.moved.note(ids)
		sleep(ctx, retryAfter)
	}
}

// outdated lists the products whose catalog says another availability than the stock
// of their variants has.
func (d *Desk) outdated(ctx context.Context, ids []protocol.VariantID) (products []protocol.Handle, err error) {
	for _, id := range ids {
		s, err := d.stockOf(ctx, id)
		if err != nil {
			return nil, err
		}
		h, err := d.handleOf(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		at, err := d.stall(ctx, h)
		if err != nil {
			return nil, err
		}
		if at != nil && at.offers[id].Offer != nil && at.offers[id].Availability != Availability(s) && !slices.Contains(products, h) {
			products = append(products, h)
		}
	}
	return products, nil
}

func (d *Desk) stockOf(ctx context.Context, id protocol.VariantID) (s store.Stocked, err error) {
	err = d.Store.Desk(ctx, func(v *store.DeskView) error {
		s, err = v.Stock(id)
		return err
	})
	return s, err
}

// noteAll notes every variant of which the stock is known: the node may have stopped
// before it published the last change.
func (d *Desk) noteAll(ctx context.Context) error {
	for after := protocol.VariantID(""); ; {
		list, err := d.Stocks(ctx, after, 1000)
		if err != nil || len(list) == 0 {
			return err
		}
		ids := make([]protocol.VariantID, len(list))
		for i, s := range list {
			ids[i] = s.Variant
		}
		d.moved.note(ids)
		after = ids[len(ids)-1]
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
