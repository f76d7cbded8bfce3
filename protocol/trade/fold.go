package trade

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// Place returns the order that a placement makes of a quote. Whether the quote is the
// brand's, unused and in time is the caller's to know.
func Place(q Quote, p Placement, now protocol.Millis) (Order, error) {
	if err := p.fits(&q, now); err != nil {
		return Order{}, err
	}
	o := Order{
		Quote: q, Placement: p, Placed: now, Changed: now,
		State: Placed, Fulfilment: Unfulfilled, Return: NoReturn, Shipped: make([]int64, len(q.Lines)),
	}
	o.settle()
	return o, nil
}

// Apply returns the order after an event, or a *Refused when the order doesn't allow
// it. The order itself stays as it is.
func (o Order) Apply(e Event) (Order, error) {
	t, known := transitions[e.Kind]
	if !known {
		return o, Refuse(BadBody, "%.40q is no event of an order", string(e.Kind))
	}
	if err := t.allows(&o, &e); err != nil {
		return o, err
	}
	o.Shipped, o.Returns = slices.Clone(o.Shipped), slices.Clone(o.Returns)
	if err := t.then(&o, &e); err != nil {
		return o, err
	}
	o.Changed = e.Time
	o.settle()
	return o, nil
}

// Balance is what the brand has received and not refunded.
func (o *Order) Balance() int64 { return o.Received - o.Refunded }

// Due is what the shopper still owes.
func (o *Order) Due() int64 {
	if o.State == Cancelled || o.State == RanOut || o.Refunded > 0 {
		return 0
	}
	return max(0, o.Quote.Total-o.Received)
}

// Owed is what the brand owes the shopper: all it has of an order that is off, and
// otherwise what is beyond the total.
func (o *Order) Owed() int64 {
	if o.State == Cancelled || o.State == RanOut {
		return o.Balance()
	}
	return max(0, o.Balance()-o.Quote.Total)
}

// Open reports whether the order still expects money, goods or an answer.
func (o *Order) Open() bool {
	return o.State == Placed || o.Owed() > 0 || o.Return == ReturnRequested || o.Return == ReturnAccepted
}

// Method returns the way to pay that the shopper chose.
func (o *Order) Method() *Payment {
	i := slices.IndexFunc(o.Quote.Payments, func(p Payment) bool { return p.ID == o.Placement.Method })
	if i < 0 {
		return nil
	}
	return &o.Quote.Payments[i]
}

// HoldUntil returns when the hold of an unpaid order runs out, 0 for never.
func (o *Order) HoldUntil() protocol.Millis {
	m := o.Method()
	if m == nil || m.HoldFor == 0 {
		return 0
	}
	return o.Placed + protocol.Millis(m.HoldFor)
}

// Left returns how many pieces of a line are not shipped yet.
func (o *Order) Left(line int) int64 { return o.Quote.Lines[line].Quantity - o.Shipped[line] }

// Returnable returns how many pieces of a line can be given back: those shipped, but
// for digital ones and for those in a return that wasn't refused.
func (o *Order) Returnable(line int) int64 {
	if o.Quote.Lines[line].Digital {
		return 0
	}
	n := o.Shipped[line]
	for _, r := range o.Returns {
		if r.State == ReturnRefused {
			continue
		}
		for _, l := range r.Lines {
			if l.Line == int64(line) {
				n -= l.Quantity
			}
		}
	}
	return n
}

// settle derives the states from the sums.
func (o *Order) settle() {
	o.Payment = o.payment()
	o.Fulfilment = o.fulfilment()
	o.Return = o.returning()
	paid := o.Payment != Unpaid && o.Payment != PartlyPaid
	if o.State == Placed && o.Fulfilment == FullyDelivered && paid {
		o.State = Completed
	}
}

func (o *Order) payment() Paid {
	has, total := o.Balance(), o.Quote.Total
	switch {
	case has > total:
		return Overpaid
	case has == total:
		return FullyPaid
	case o.Refunded == 0 && has == 0:
		return Unpaid
	case o.Refunded == 0:
		return PartlyPaid
	case has == 0:
		return FullyRefunded
	}
	return PartlyRefunded
}

func (o *Order) fulfilment() Fulfilment {
	some, all := false, true
	for i := range o.Shipped {
		some = some || o.Shipped[i] > 0
		all = all && o.Left(i) == 0
	}
	switch {
	case all && (o.Delivered != 0 || o.Quote.Digital):
		return FullyDelivered
	case all:
		return FullyShipped
	case some:
		return PartlyShipped
	}
	return Unfulfilled
}

// returning is the state of the return that waits for most; of those that wait for
// nothing, of the last.
func (o *Order) returning() ReturnState {
	state := NoReturn
	for _, r := range o.Returns {
		if state != ReturnRequested && (state != ReturnAccepted || r.State == ReturnRequested) {
			state = r.State
		}
	}
	return state
}
