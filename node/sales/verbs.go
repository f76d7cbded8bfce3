package sales

import (
	"context"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// The owner's verbs say something of an order in its thread and return the order after
// it. An error that wraps *trade.Refused means that the order doesn't allow it; then
// nothing was said.

// MarkPaid says that money came. amount 0 is all that is due; method "" is the one the
// shopper chose.
func (d *Desk) MarkPaid(ctx context.Context, id protocol.CID, amount int64, method, reference string) (*Order, error) {
	return d.tell(ctx, id, func(o *Order) ([]thread.Draft, error) {
		if amount == 0 {
			amount = o.Due()
		}
		if amount <= 0 {
			return nil, trade.Refuse(trade.BadAmount, "nothing is due")
		}
		if method == "" {
			method = o.Placement.Method
		}
		return say(thread.KindPayment, &thread.Payment{Order: id, Amount: o.money(amount), Method: method, Reference: reference}), nil
	})
}

func (o *Order) money(minor int64) protocol.Money { return protocol.NewMoney(minor, o.Quote.Currency) }

func say(kind string, body any) []thread.Draft { return []thread.Draft{{Kind: kind, Body: body}} }

// Parcel is what was sent and how.
type Parcel struct {
	Lines                  []trade.LineQuantity // none: all that isn't shipped yet
	Carrier, Tracking, URL string
}

// Ship says that goods left, or lie ready to be picked up.
func (d *Desk) Ship(ctx context.Context, id protocol.CID, p Parcel) (*Order, error) {
	return d.tell(ctx, id, func(o *Order) ([]thread.Draft, error) {
		lines := p.Lines
		if len(lines) == 0 {
			lines = o.unshipped()
		}
		if len(lines) == 0 {
			return nil, trade.Refuse(trade.NotNow, "nothing is left to ship")
		}
		return say(thread.KindShipment, &thread.Shipment{Order: id, Lines: lines, Carrier: p.Carrier, Tracking: p.Tracking, URL: p.URL}), nil
	})
}

// unshipped lists the goods that still have to leave.
func (o *Order) unshipped() (lines []trade.LineQuantity) {
	for i, l := range o.Quote.Lines {
		if left := o.Left(i); left > 0 && !l.Digital {
			lines = append(lines, trade.LineQuantity{Line: int64(i), Quantity: left})
		}
	}
	return lines
}

// Arrived says that everything was delivered.
func (d *Desk) Arrived(ctx context.Context, id protocol.CID) (*Order, error) {
	return d.tell(ctx, id, func(*Order) ([]thread.Draft, error) {
		return say(thread.KindDelivered, &thread.Delivered{Order: id}), nil
	})
}

// HandOver delivers a digital line in the thread: a code, or a sealed file that the
// thread has.
func (d *Desk) HandOver(ctx context.Context, id protocol.CID, line int64, code string, file *thread.File) (*Order, error) {
	return d.tell(ctx, id, func(*Order) ([]thread.Draft, error) {
		return say(thread.KindDelivery, &thread.Delivery{Order: id, Line: line, Code: code, File: file}), nil
	})
}

// Cancel ends an order of which nothing was shipped. What was paid is refunded in full.
func (d *Desk) Cancel(ctx context.Context, id protocol.CID, reason string) (*Order, error) {
	return d.tell(ctx, id, func(o *Order) ([]thread.Draft, error) {
		drafts := say(thread.KindCancel, &thread.Cancel{Order: id, Reason: reason})
		if back := o.Balance(); back > 0 {
			drafts = append(drafts, thread.Draft{Kind: thread.KindRefund, Body: &thread.Refund{Order: id, Amount: o.money(back), Reason: reason}})
		}
		return drafts, nil
	})
}

// Refund says that money went back. amount 0 is all that the brand owes.
func (d *Desk) Refund(ctx context.Context, id protocol.CID, amount int64, reason string) (*Order, error) {
	return d.tell(ctx, id, func(o *Order) ([]thread.Draft, error) {
		if amount == 0 {
			amount = o.Owed()
		}
		if amount <= 0 {
			return nil, trade.Refuse(trade.BadAmount, "nothing is owed")
		}
		return say(thread.KindRefund, &thread.Refund{Order: id, Amount: o.money(amount), Reason: reason}), nil
	})
}

// AnswerReturn accepts a return or refuses it.
func (d *Desk) AnswerReturn(ctx context.Context, id, ret protocol.CID, accepted bool, text string) (*Order, error) {
	return d.tell(ctx, id, func(*Order) ([]thread.Draft, error) {
		return say(thread.KindReturnAnswer, &thread.ReturnAnswer{Order: id, Return: ret, Accepted: accepted, Text: text}), nil
	})
}

// ReceiveReturn says that the goods came back; restock puts them back on sale.
func (d *Desk) ReceiveReturn(ctx context.Context, id, ret protocol.CID, restock bool) (*Order, error) {
	return d.tell(ctx, id, func(*Order) ([]thread.Draft, error) {
		return say(thread.KindReturnReceived, &thread.ReturnReceived{Order: id, Return: ret, Restock: restock}), nil
	})
}

// tell says what draft makes of an order.
func (d *Desk) tell(ctx context.Context, id protocol.CID, draft func(*Order) ([]thread.Draft, error)) (*Order, error) {
	o, err := d.Order(ctx, id)
	if err != nil {
		return nil, err
	}
	drafts, err := draft(o)
	if err == nil {
		err = d.rehearse(o, drafts)
	}
	if err == nil {
		err = d.utter(ctx, o, drafts)
	}
	if err != nil {
		return nil, fmt.Errorf("order %d: %w", o.Number, err)
	}
	return d.Order(ctx, id)
}

// rehearse refuses what the order doesn't allow before anything is said.
func (d *Desk) rehearse(o *Order, drafts []thread.Draft) error {
	state := o.Order
	for _, draft := range drafts {
		ev, err := thread.OrderEvent(&state, opened(draft), d.now())
		if err != nil {
			return err
		}
		if state, err = state.Apply(ev); err != nil {
			return err
		}
	}
	return nil
}

func opened(draft thread.Draft) thread.Opened {
	return thread.Opened{Kind: draft.Kind, Body: draft.Body, Brand: true}
}

// utter says it in the thread. Where the shopper has erased the conversation, nobody is
// left to say it to: then it is only written down.
func (d *Desk) utter(ctx context.Context, o *Order, drafts []thread.Draft) error {
	var t *store.Thread
	err := d.Store.Desk(ctx, func(v *store.DeskView) (err error) {
		t, err = v.Thread(o.Thread)
		return err
	})
	if err != nil {
		return err
	}
	if !t.Erased {
		return d.Say(ctx, o.Thread, drafts...)
	}
	return d.Store.Trade(ctx, func(tx *store.TradeTxn) error {
		for _, draft := range drafts {
			j := judging{d: d, tx: tx, t: t, e: opened(draft), now: d.now()}
			if err := j.change(); err != nil {
				return err
			}
		}
		return nil
	})
}
