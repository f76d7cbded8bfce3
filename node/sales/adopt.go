package sales

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// Adopt writes what follows from an entry that the brand had committed, without a
// refusal, before it forgot it, and that a shopper handed back. Entries come in the order of
// the chain, replies too, and stand in the store when Adopt is called. at is when the
// entry was committed. Nothing is decided anew: an order that was committed is an
// order, also when the stock doesn't bear it. It changes t.
func (d *Desk) Adopt(ctx context.Context, tx *store.TradeTxn, t *store.Thread, e thread.Opened, at protocol.Millis) error {
	j := judging{d: d, tx: tx, t: t, e: e, now: at}
	var err error
	switch body := e.Body.(type) {
	case *thread.OrderNumber:
		if err = j.adoptOrder(body.Order, body.Number); err == nil {
			err = tx.AdoptNumber(body.Number)
		}
	default:
		if _, ok := thread.OrderOf(body); ok {
			err = j.change()
		}
	}
	var refused *trade.Refused
	if errors.As(err, &refused) {
		d.Log.Warn("an entry handed back has no effect", "brand", d.Brand, "thread", t.ID, "entry", e.ID, "kind", e.Kind, "reason", refused)
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopt %s %s: %w", e.Kind, e.ID, err)
	}
	return nil
}

// adoptOrder makes the row of an order whose entry was handed back, with the number that
// it was given.
func (j *judging) adoptOrder(id protocol.CID, number uint64) error {
	if _, err := j.tx.Order(id); err == nil {
		return nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	placement, at, err := j.placement(id)
	if err != nil {
		return err
	}
	q, err := j.cited(placement.Quote)
	if err != nil {
		return err
	}
	placed, err := trade.Place(*q, *placement, at)
	if err != nil {
		return err
	}
	return j.place(&Order{ID: id, Thread: j.t.ID, Number: number, Order: placed})
}

// placement returns the body of an order's entry, and when it was committed.
func (j *judging) placement(id protocol.CID) (*trade.Placement, protocol.Millis, error) {
	e, err := j.tx.EntryByID(j.t.ID, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (e.Kind != thread.KindOrder || e.Refused != "" || e.Body == nil) {
		return nil, 0, trade.Refuse(trade.OrderUnknown, "%s", id)
	}
	if err != nil {
		return nil, 0, err
	}
	p := new(trade.Placement)
	return p, e.Time, protocol.Unmarshal(e.Body, p)
}

// Resynced gives numbers to the orders of a thread that were handed back without one,
// and returns what the brand has to say of it; the effects are written. It is called
// when a thread stands again as the shopper knows it.
func (d *Desk) Resynced(ctx context.Context, tx *store.TradeTxn, t *store.Thread) ([]thread.Draft, error) {
	j := judging{d: d, tx: tx, t: t, now: d.now()}
	var drafts []thread.Draft
	for after := uint64(0); ; {
		list, err := tx.Entries(t.ID, after, 100)
		if err != nil || len(list) == 0 {
			return drafts, err
		}
		for _, e := range list {
			draft, err := j.number(e)
			if err != nil {
				return nil, fmt.Errorf("number order %s: %w", e.ID, err)
			}
			drafts = append(drafts, draft...)
			after = e.Seq
		}
	}
}

// number gives a number to the order of an entry that has no row yet.
func (j *judging) number(e *store.ThreadEntry) ([]thread.Draft, error) {
	if e.Kind != thread.KindOrder || e.Refused != "" || e.Body == nil {
		return nil, nil
	}
	if _, err := j.tx.Order(e.ID); !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	n, err := j.tx.NextNumber()
	if err != nil {
		return nil, err
	}
	err = j.adoptOrder(e.ID, n)
	if trade.ReasonOf(err) != "" {
		return nil, nil
	}
	return say(thread.KindOrderNumber, &thread.OrderNumber{Order: e.ID, Number: n}), err
}
