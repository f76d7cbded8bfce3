package sales

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// enough refuses pieces that aren't there, and tracked ones while stock is in review.
func (j *judging) enough(want *tally) error {
	for _, id := range want.ids {
		s, err := j.tx.Stock(id)
		if err != nil {
			return err
		}
		if !s.Tracked {
			continue
		}
		if j.d.review.asksFor(id) {
			return trade.Refuse(trade.StockInReview, "%s", id)
		}
		if !s.Oversell && s.Available() < want.n[id] {
			return trade.Refuse(trade.OutOfStock, "%d of %s, of which there are %d", want.n[id], id, s.Available())
		}
	}
	return nil
}

// takeHold holds what is tracked of an order, for the time of its way to pay.
func (j *judging) takeHold(o *Order) error {
	h := &store.Hold{Order: o.ID}
	if unpaid(&o.Order) {
		h.Until = o.HoldUntil()
	}
	want := orderedPieces(&o.Quote)
	for _, id := range want.ids {
		s, err := j.tx.Stock(id)
		if err != nil {
			return err
		}
		if s.Tracked {
			h.Lines = append(h.Lines, store.HoldLine{Variant: id, Quantity: want.n[id]})
			is := s
			is.Held += want.n[id]
			j.d.moved.note(id, s, is)
		}
	}
	if err := j.tx.PutHold(h); err != nil {
		return err
	}
	return j.countStranger(o, want, 1)
}

// moveStock takes what was shipped off the shelf and puts back what came back to it.
func (j *judging) moveStock(o *Order, before *trade.Order) error {
	gone := pieces(o.Quote.Lines, func(i int) int64 { return o.Shipped[i] - before.Shipped[i] })
	for _, r := range restocked(&o.Order, before) {
		gone.add(o.Quote.Lines[r.Line].Variant, -r.Quantity)
	}
	for _, id := range gone.ids {
		s, err := j.tx.Stock(id)
		if err != nil {
			return err
		}
		if !s.Tracked {
			continue
		}
		s.OnHand -= gone.n[id]
		if err := j.tx.PutStock(id, s.Stock); err != nil {
			return err
		}
	}
	return nil
}

// restocked lists what a return brought back to the shelf.
func restocked(o, before *trade.Order) (lines []trade.LineQuantity) {
	for i, r := range o.Returns {
		if r.Restocked && (i >= len(before.Returns) || !before.Returns[i].Restocked) {
			lines = append(lines, r.Lines...)
		}
	}
	return lines
}

// moveHold brings the hold to what the order still needs: nothing when it came to
// nothing, what isn't shipped yet otherwise, and without end once money came.
func (j *judging) moveHold(o *Order, before *trade.Order) error {
	h, err := j.tx.Hold(o.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if unpaid(before) && (o.Received > 0 || !unpaid(&o.Order)) {
		h.Until = 0
		if err := j.noStranger(o); err != nil {
			return err
		}
	}
	over := o.Order.State != trade.Placed || o.Fulfilment == trade.FullyShipped || o.Fulfilment == trade.FullyDelivered
	if over {
		return j.tx.DeleteHold(o.ID)
	}
	left := pieces(o.Quote.Lines, o.Left)
	lines := h.Lines[:0]
	for _, l := range h.Lines {
		if l.Quantity = min(l.Quantity, left.n[l.Variant]); l.Quantity > 0 {
			lines = append(lines, l)
		}
	}
	h.Lines = lines
	return j.tx.PutHold(h)
}

// underCeiling bounds the share of a variant's stock that unpaid orders of strangers
// hold; at least one piece is always theirs.
func (j *judging) underCeiling(ctx context.Context, o *Order, want *tally) error {
	if !o.Stranger {
		return nil
	}
	terms, err := j.d.terms(ctx, j.tx.DeskView)
	if err != nil {
		return err
	}
	for _, id := range want.ids {
		s, err := j.tx.Stock(id)
		if err != nil {
			return err
		}
		held, err := j.strangersHold(id)
		if err != nil {
			return err
		}
		if allowed := max(1, s.OnHand/100*terms.Ceiling+s.OnHand%100*terms.Ceiling/100); s.Tracked && held+want.n[id] > allowed {
			return trade.Refuse(trade.OverCeiling, "strangers hold %d of %s, allowed are %d", held, id, allowed)
		}
	}
	return nil
}

func settingStrangers(id protocol.VariantID) string { return "strangers/" + string(id) }

// strangersHold returns how many pieces of a variant unpaid orders of strangers hold.
func (j *judging) strangersHold(id protocol.VariantID) (int64, error) {
	raw, err := j.tx.Setting(settingStrangers(id))
	if err != nil || raw == nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("what strangers hold of %s: %w", id, err)
	}
	return n, nil
}

// countStranger notes what a stranger's order holds, or gives back.
func (j *judging) countStranger(o *Order, want *tally, sign int64) error {
	if !o.Stranger {
		return nil
	}
	for _, id := range want.ids {
		held, err := j.strangersHold(id)
		if err != nil {
			return err
		}
		held = max(0, held+sign*want.n[id])
		if held == 0 {
			err = j.tx.DeleteSetting(settingStrangers(id))
		} else {
			err = j.tx.PutSetting(settingStrangers(id), strconv.AppendInt(nil, held, 10))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// noStranger ends that an order counts towards the ceiling.
func (j *judging) noStranger(o *Order) error {
	err := j.countStranger(o, orderedPieces(&o.Quote), -1)
	o.Stranger = false
	return err
}
