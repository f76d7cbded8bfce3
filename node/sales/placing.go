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

// maxUnpaid is how many unpaid orders a thread may have that has paid before.
const maxUnpaid = 20

// order commits an order: it takes the stock, the quote and a number, or says why not.
func (j *judging) order(ctx context.Context, p *trade.Placement) ([]thread.Draft, error) {
	if j.d.Closed != nil && j.d.Closed() {
		return nil, trade.Refuse(trade.ShopClosed, "the brand sells nothing at the moment")
	}
	q, err := j.cited(p.Quote)
	if err != nil {
		return nil, err
	}
	placed, err := trade.Place(*q, *p, j.now)
	if err != nil {
		return nil, err
	}
	o := &Order{ID: j.e.ID, Thread: j.t.ID, Order: placed}
	for _, check := range []func(context.Context, *Order) error{j.inTime, j.inPlace, j.codeLeft, j.credit, j.inStock} {
		if err := check(ctx, o); err != nil {
			return nil, err
		}
	}
	if o.Number, err = j.tx.NextNumber(); err != nil {
		return nil, fmt.Errorf("number of order %s: %w", o.ID, err)
	}
	if err := j.place(o); err != nil {
		return nil, fmt.Errorf("place order %s: %w", o.ID, err)
	}
	return []thread.Draft{{Kind: thread.KindOrderNumber, Body: &thread.OrderNumber{Order: o.ID, Number: o.Number, Instructions: instructions(o)}}}, nil
}

func instructions(o *Order) string {
	if m := o.Method(); m != nil && o.Due() > 0 {
		return m.Instructions
	}
	return ""
}

// cited returns the quote that an order cites: one that the brand gave in this very
// thread and that no order used yet.
func (j *judging) cited(id protocol.CID) (*trade.Quote, error) {
	e, err := j.tx.EntryByID(j.t.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, trade.Refuse(trade.QuoteUnknown, "%s", id)
	}
	if err != nil {
		return nil, fmt.Errorf("quote %s: %w", id, err)
	}
	if !e.Mine || e.Kind != thread.KindQuote || e.Refused != "" || e.Body == nil {
		return nil, trade.Refuse(trade.QuoteUnknown, "%s is no quote", id)
	}
	body := new(thread.Quote)
	if err := protocol.Unmarshal(e.Body, body); err != nil {
		return nil, fmt.Errorf("quote %s: %w", id, err)
	}
	if body.Quote == nil {
		return nil, trade.Refuse(trade.QuoteUnknown, "%s says that there is no quote", id)
	}
	used, err := j.tx.QuoteUse(j.t.ID, id)
	if err == nil && used.Defined() {
		err = trade.Refuse(trade.QuoteUsed, "by %s", used)
	}
	return body.Quote, err
}

// inTime lets an order pass whose quote is in force. One that was written in time and
// comes late passes when its quote would be the same now.
func (j *judging) inTime(ctx context.Context, o *Order) error {
	if j.now < o.Quote.Until {
		return nil
	}
	expired := trade.Refuse(trade.QuoteExpired, "at %s", o.Quote.Until)
	if j.e.Time >= o.Quote.Until {
		return expired
	}
	again, err := j.again(ctx, &o.Quote)
	if trade.ReasonOf(err) != "" || err == nil && !again.SamePrice(&o.Quote) {
		return expired
	}
	return err
}

// again prices a quote's cart as of now.
func (j *judging) again(ctx context.Context, q *trade.Quote) (trade.Quote, error) {
	lines := make([]trade.CartLine, len(q.Lines))
	for i, l := range q.Lines {
		lines[i] = trade.CartLine{Product: l.Product, Variant: l.Variant, Quantity: l.Quantity}
	}
	ask := trade.Ask{Destination: q.Destination}
	if q.Discount != nil {
		ask.Code = q.Discount.Code
	}
	if q.Shipping != nil {
		ask.Shipping = q.Shipping.ID
	}
	return j.price(ctx, lines, ask)
}

// inPlace holds the address to the destination that the quote was reckoned for.
func (j *judging) inPlace(ctx context.Context, o *Order) error {
	if !o.Quote.NeedsAddress() {
		return nil
	}
	terms, err := j.d.terms(ctx, j.tx.DeskView)
	if err != nil {
		return err
	}
	if !terms.SamePlace(o.Placement.Address.Destination(), o.Quote.Destination) {
		return trade.Refuse(trade.PriceChanged, "shipping or tax differ at the address")
	}
	return nil
}

// codeLeft refuses when the discount was used up since the quote was given.
func (j *judging) codeLeft(ctx context.Context, o *Order) error {
	if o.Quote.Discount == nil {
		return nil
	}
	terms, err := j.d.terms(ctx, j.tx.DeskView)
	if err != nil {
		return err
	}
	code := trade.NormalCode(o.Quote.Discount.Code)
	used, err := j.tx.DiscountUses(code)
	if err != nil {
		return err
	}
	if dis := terms.Discount(code); dis != nil && dis.Uses != 0 && int64(used) >= dis.Uses {
		return trade.Refuse(trade.PriceChanged, "the code was used up")
	}
	return nil
}

// credit allows one unpaid order to who has paid for none, and some to others. It notes
// whether a stranger's order counts towards a ceiling. Who has nothing unpaid isn't
// looked up without need.
func (j *judging) credit(ctx context.Context, o *Order) error {
	if !unpaid(&o.Order) {
		return nil
	}
	terms, err := j.d.terms(ctx, j.tx.DeskView)
	if err != nil || j.t.Unpaid == 0 && terms.Ceiling == 0 {
		return err
	}
	stranger, err := j.stranger()
	if err != nil {
		return err
	}
	o.Stranger = stranger && terms.Ceiling > 0
	if stranger && j.t.Unpaid >= 1 || j.t.Unpaid >= maxUnpaid {
		return trade.Refuse(trade.TooManyUnpaid, "%d", j.t.Unpaid)
	}
	return nil
}

// stranger reports whether no order of the thread was ever paid for.
func (j *judging) stranger() (bool, error) {
	rows, err := j.tx.OrdersOf(j.t.ID)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		o, err := decodeOrder(row)
		if err != nil || o.Received > 0 {
			return false, err
		}
	}
	return true, nil
}

// inStock refuses what isn't there, all or nothing.
func (j *judging) inStock(ctx context.Context, o *Order) error {
	want := orderedPieces(&o.Quote)
	if err := j.enough(want); err != nil {
		return err
	}
	return j.underCeiling(ctx, o, want)
}

// place writes an order that was allowed.
func (j *judging) place(o *Order) error {
	if err := j.tx.UseQuote(j.t.ID, o.Placement.Quote, o.ID); err != nil {
		return err
	}
	if err := j.takeHold(o); err != nil {
		return err
	}
	if o.Quote.Discount != nil {
		if err := j.tx.AddDiscountUse(trade.NormalCode(o.Quote.Discount.Code), 1); err != nil {
			return err
		}
	}
	if unpaid(&o.Order) {
		j.t.Unpaid++
	}
	j.t.Name = o.Placement.Contact.Name
	return j.d.putOrder(j.tx, o)
}
