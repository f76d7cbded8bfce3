package trade

import "slices"

// transition says when an event may happen to an order and what it does. A nil list
// allows every state.
type transition struct {
	shopper, brand bool // who may say it
	states         []State
	payments       []Paid
	fulfilments    []Fulfilment
	refusal        Reason // why not, in another state
	then           func(*Order, *Event) error
}

// transitions is the table of all that may happen to an order (specs/18-trade.md §6).
var transitions = map[EventKind]transition{
	EvPayment:        {brand: true, refusal: NotNow, then: (*Order).pay},
	EvRefund:         {brand: true, refusal: BadAmount, payments: []Paid{PartlyPaid, FullyPaid, Overpaid, PartlyRefunded}, then: (*Order).refund},
	EvShipment:       {brand: true, refusal: NotNow, states: []State{Placed}, fulfilments: []Fulfilment{Unfulfilled, PartlyShipped}, then: (*Order).ship},
	EvDelivery:       {brand: true, refusal: NotNow, states: []State{Placed}, fulfilments: []Fulfilment{Unfulfilled, PartlyShipped, FullyShipped}, then: (*Order).deliver},
	EvDelivered:      {brand: true, refusal: NotNow, states: []State{Placed}, fulfilments: []Fulfilment{FullyShipped}, then: (*Order).arrive},
	EvCancel:         {shopper: true, brand: true, refusal: NotCancellable, states: []State{Placed}, fulfilments: []Fulfilment{Unfulfilled}, then: (*Order).cancel},
	EvExpire:         {brand: true, refusal: NotNow, states: []State{Placed}, payments: []Paid{Unpaid}, fulfilments: []Fulfilment{Unfulfilled}, then: (*Order).expire},
	EvReturn:         {shopper: true, refusal: NotReturnable, states: []State{Placed, Completed}, fulfilments: []Fulfilment{PartlyShipped, FullyShipped, FullyDelivered}, then: (*Order).giveBack},
	EvReturnAnswer:   {brand: true, refusal: NotNow, states: []State{Placed, Completed}, then: (*Order).answerReturn},
	EvReturnReceived: {brand: true, refusal: NotNow, states: []State{Placed, Completed}, then: (*Order).receiveReturn},
}

func (t *transition) allows(o *Order, e *Event) error {
	if e.Shopper && !t.shopper || !e.Shopper && !t.brand {
		return Refuse(NotNow, "%s isn't for this side to say", e.Kind)
	}
	if !allowed(t.states, o.State) || !allowed(t.payments, o.Payment) || !allowed(t.fulfilments, o.Fulfilment) {
		return Refuse(t.refusal, "%s of an order that is %s, %s and %s", e.Kind, o.State, o.Payment, o.Fulfilment)
	}
	return nil
}

func allowed[S comparable](list []S, s S) bool { return list == nil || slices.Contains(list, s) }

func (o *Order) pay(e *Event) error {
	if e.Amount < 1 || e.Amount > MaxTotal-o.Received {
		return Refuse(BadAmount, "payment of %d", e.Amount)
	}
	o.Received += e.Amount
	return nil
}

func (o *Order) refund(e *Event) error {
	if e.Amount < 1 || e.Amount > o.Balance() {
		return Refuse(BadAmount, "refund of %d, the brand has %d", e.Amount, o.Balance())
	}
	o.Refunded += e.Amount
	return nil
}

func (o *Order) ship(e *Event) error { return o.send(e, false) }

func (o *Order) deliver(e *Event) error { return o.send(e, true) }

// send notes pieces as shipped or, digital ones, as delivered.
func (o *Order) send(e *Event, digital bool) error {
	return o.eachLine(e, func(l LineQuantity) error {
		if o.Quote.Lines[l.Line].Digital != digital {
			return Refuse(BadBody, "line %d of a %s", l.Line, e.Kind)
		}
		if l.Quantity > o.Left(int(l.Line)) {
			return Refuse(BadQuantity, "%d of line %d, of which %d are left", l.Quantity, l.Line, o.Left(int(l.Line)))
		}
		o.Shipped[l.Line] += l.Quantity
		return nil
	})
}

// eachLine calls fn for the lines of an event, which must be lines of the order.
func (o *Order) eachLine(e *Event, fn func(LineQuantity) error) error {
	if len(e.Lines) == 0 || len(e.Lines) > MaxLines {
		return Refuse(BadQuantity, "%d lines", len(e.Lines))
	}
	for _, l := range e.Lines {
		if l.Line < 0 || l.Line >= int64(len(o.Quote.Lines)) || l.Quantity < 1 {
			return Refuse(BadQuantity, "%d of line %d", l.Quantity, l.Line)
		}
		if err := fn(l); err != nil {
			return err
		}
	}
	return nil
}

func (o *Order) arrive(e *Event) error {
	o.Delivered = e.Time
	return nil
}

func (o *Order) cancel(*Event) error {
	o.State = Cancelled
	return nil
}

func (o *Order) expire(*Event) error {
	o.State = RanOut
	return nil
}

func (o *Order) giveBack(e *Event) error {
	if len(o.Returns) >= MaxReturns || o.findReturn(e) != nil {
		return Refuse(NotReturnable, "%d returns", len(o.Returns))
	}
	r := Return{ID: e.Return, Lines: slices.Clone(e.Lines), Reason: e.Reason, Withdrawal: e.Withdrawal, State: ReturnRequested}
	wanted := make([]int64, len(o.Quote.Lines))
	err := o.eachLine(e, func(l LineQuantity) error {
		left := o.Returnable(int(l.Line)) - wanted[l.Line]
		if l.Quantity > left {
			return Refuse(NotReturnable, "%d of line %d, of which %d can be", l.Quantity, l.Line, left)
		}
		wanted[l.Line] += l.Quantity
		return nil
	})
	if err != nil {
		return err
	}
	o.Returns = append(o.Returns, r)
	return nil
}

func (o *Order) findReturn(e *Event) *Return {
	for i := range o.Returns {
		if o.Returns[i].ID == e.Return {
			return &o.Returns[i]
		}
	}
	return nil
}

func (o *Order) answerReturn(e *Event) error {
	r := o.findReturn(e)
	if r == nil || r.State != ReturnRequested {
		return Refuse(NotNow, "no return %s waits for an answer", e.Return)
	}
	r.State = ReturnRefused
	if e.Accepted {
		r.State = ReturnAccepted
	}
	return nil
}

func (o *Order) receiveReturn(e *Event) error {
	r := o.findReturn(e)
	if r == nil || r.State != ReturnAccepted {
		return Refuse(NotNow, "no return %s was accepted and is on its way", e.Return)
	}
	r.State, r.Restocked = ReturnReceived, e.Restock
	return nil
}
