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

// Decide says what the brand makes of an entry and writes what follows from it: for
// each kind of trade, whoever wrote it. The effects of the replies it gives are written
// already. It changes t; putting it into the store is the caller's. After an error
// the transaction must be given up.
func (d *Desk) Decide(ctx context.Context, tx *store.TradeTxn, t *store.Thread, e thread.Opened) (thread.Verdict, error) {
	j := judging{d: d, tx: tx, t: t, e: e, now: d.now()}
	var replies []thread.Draft
	var err error
	switch body := e.Body.(type) {
	case *thread.Ask:
		replies, err = j.ask(ctx, body)
	case *trade.Placement:
		replies, err = j.order(ctx, body)
	default:
		err = j.change()
	}
	return verdict(replies, err)
}

// verdict makes a verdict of a refusal.
func verdict(replies []thread.Draft, err error) (thread.Verdict, error) {
	var refused *trade.Refused
	if errors.As(err, &refused) {
		return thread.Verdict{Refused: string(refused.Reason)}, nil
	}
	return thread.Verdict{Replies: replies}, err
}

// judging is one decision.
type judging struct {
	d   *Desk
	tx  *store.TradeTxn
	t   *store.Thread
	e   thread.Opened
	now protocol.Millis
}

// ask answers with a quote, or with the reason why there is none.
func (j *judging) ask(ctx context.Context, a *thread.Ask) ([]thread.Draft, error) {
	q, err := j.quote(ctx, a)
	answer := &thread.Quote{Ask: j.e.ID}
	var refused *trade.Refused
	switch {
	case errors.As(err, &refused):
		answer.Refused = string(refused.Reason)
	case err != nil:
		return nil, err
	default:
		answer.Quote = &q
	}
	return []thread.Draft{{Kind: thread.KindQuote, Body: answer}}, nil
}

func (j *judging) quote(ctx context.Context, a *thread.Ask) (trade.Quote, error) {
	if j.d.Closed != nil && j.d.Closed() {
		return trade.Quote{}, trade.Refuse(trade.ShopClosed, "the brand sells nothing at the moment")
	}
	q, err := j.price(ctx, a.Lines, trade.Ask{
		Destination: trade.Destination{Country: a.Country, Region: a.Region, Postcode: a.Postcode},
		Code:        a.Code, Shipping: a.Shipping,
	})
	if err != nil {
		return q, err
	}
	return q, j.enough(orderedPieces(&q))
}

func orderedPieces(q *trade.Quote) *tally {
	return pieces(q.Lines, func(i int) int64 { return q.Lines[i].Quantity })
}

// price quotes a cart from the catalog at the head in force.
func (j *judging) price(ctx context.Context, lines []trade.CartLine, ask trade.Ask) (trade.Quote, error) {
	terms, err := j.d.terms(ctx, j.tx.DeskView)
	if err != nil {
		return trade.Quote{}, err
	}
	if len(lines) > trade.MaxLines {
		return trade.Quote{}, trade.Refuse(trade.BadQuantity, "%d lines", len(lines))
	}
	items := make([]trade.Item, len(lines))
	for i, l := range lines {
		if items[i], err = j.d.item(ctx, l); err != nil {
			return trade.Quote{}, err
		}
	}
	if code := terms.Discount(ask.Code); code != nil {
		used, err := j.tx.DiscountUses(trade.NormalCode(code.Code))
		if err != nil {
			return trade.Quote{}, err
		}
		ask.Used = int64(used)
	}
	return trade.Price(terms, j.d.Brand, items, ask, j.now)
}

// change applies what an entry says of an order.
func (j *judging) change() error {
	id, ok := thread.OrderOf(j.e.Body)
	if !ok {
		return trade.Refuse(trade.BadBody, "%s is nothing that sales decides on", j.e.Kind)
	}
	o, err := j.orderOf(id)
	if err != nil {
		return err
	}
	ev, err := thread.OrderEvent(&o.Order, j.e, j.now)
	if err != nil {
		return err
	}
	return j.apply(o, ev)
}

// orderOf returns an order of this thread.
func (j *judging) orderOf(id protocol.CID) (*Order, error) {
	row, err := j.tx.Order(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.Thread != j.t.ID {
		return nil, trade.Refuse(trade.OrderUnknown, "%s", id)
	}
	if err != nil {
		return nil, fmt.Errorf("decide: %w", err)
	}
	return decodeOrder(row)
}

// apply changes an order and what hangs on it: stock, hold, counts.
func (j *judging) apply(o *Order, ev trade.Event) error {
	after, err := o.Apply(ev)
	if err != nil {
		return err
	}
	before, ids := o.Order, orderedPieces(&o.Quote).ids
	o.Order = after
	was, err := j.stocks(ids)
	if err != nil {
		return err
	}
	steps := []func(o *Order, before *trade.Order) error{j.moveStock, j.moveHold, j.countUnpaid, j.giveCodeBack}
	for _, step := range steps {
		if err := step(o, &before); err != nil {
			return fmt.Errorf("%s of order %s: %w", ev.Kind, o.ID, err)
		}
	}
	is, err := j.stocks(ids)
	for i := range is {
		j.d.moved.note(ids[i], was[i], is[i])
	}
	if err != nil {
		return err
	}
	return j.d.putOrder(j.tx, o)
}

func (j *judging) stocks(ids []protocol.VariantID) (list []store.Stocked, err error) {
	for _, id := range ids {
		s, err := j.tx.Stock(id)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// countUnpaid keeps the thread's number of unpaid orders.
func (j *judging) countUnpaid(o *Order, before *trade.Order) error {
	if unpaid(before) && !unpaid(&o.Order) {
		j.t.Unpaid -= min(j.t.Unpaid, 1)
	}
	if !unpaid(before) && unpaid(&o.Order) {
		j.t.Unpaid++
	}
	return nil
}

// giveCodeBack lets a discount be used again when its order came to nothing.
func (j *judging) giveCodeBack(o *Order, before *trade.Order) error {
	off := o.Order.State == trade.Cancelled || o.Order.State == trade.RanOut
	if o.Quote.Discount == nil || before.State != trade.Placed || !off {
		return nil
	}
	return j.tx.AddDiscountUse(trade.NormalCode(o.Quote.Discount.Code), -1)
}
