package sales

import (
	"context"
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// Order returns an order, or store.ErrNotFound.
func (d *Desk) Order(ctx context.Context, id protocol.CID) (*Order, error) {
	return d.read(ctx, func(v *store.DeskView) (*store.Order, error) { return v.Order(id) })
}

// FindOrder returns an order by what a person writes: its number, with or without # in
// front, or its identifier.
func (d *Desk) FindOrder(ctx context.Context, ref string) (*Order, error) {
	if n, err := strconv.ParseUint(strings.TrimPrefix(ref, "#"), 10, 64); err == nil {
		return d.read(ctx, func(v *store.DeskView) (*store.Order, error) { return v.OrderByNumber(n) })
	}
	id, err := protocol.ParseCID(ref)
	if err != nil {
		return nil, protocol.Invalid("order", "%.80q is neither a number nor an identifier", ref)
	}
	return d.Order(ctx, id)
}

func (d *Desk) read(ctx context.Context, get func(*store.DeskView) (*store.Order, error)) (o *Order, err error) {
	err = d.Store.Desk(ctx, func(v *store.DeskView) error {
		row, err := get(v)
		if err != nil {
			return err
		}
		o, err = decodeOrder(row)
		return err
	})
	return o, err
}

// Orders lists up to limit orders with numbers below before, the newest first; before 0
// begins with the newest.
func (d *Desk) Orders(ctx context.Context, f store.OrderFilter, before uint64, limit int) (list []*Order, err error) {
	return d.list(ctx, func(v *store.DeskView) ([]*store.Order, error) { return v.Orders(f, before, limit) })
}

// OrdersOf lists the orders of a thread, the first one first.
func (d *Desk) OrdersOf(ctx context.Context, thread protocol.CID) ([]*Order, error) {
	return d.list(ctx, func(v *store.DeskView) ([]*store.Order, error) { return v.OrdersOf(thread) })
}

func (d *Desk) list(ctx context.Context, get func(*store.DeskView) ([]*store.Order, error)) (list []*Order, err error) {
	err = d.Store.Desk(ctx, func(v *store.DeskView) error {
		list = nil
		rows, err := get(v)
		if err != nil {
			return err
		}
		for _, row := range rows {
			o, err := decodeOrder(row)
			if err != nil {
				return err
			}
			list = append(list, o)
		}
		return nil
	})
	return list, err
}
