package thread

import (
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// Ledger is what became of the orders of a thread: a fold over its committed entries.
// The zero value is ready.
type Ledger struct {
	// Orders and Numbers are by the entry of the order.
	Orders  map[protocol.CID]*trade.Order
	Numbers map[protocol.CID]uint64

	quotes map[protocol.CID]*trade.Quote
}

// Take folds the next entry. An error wraps trade's refusal, or names a quote or an
// order that isn't there: the brand committed what it should have refused, or what is
// needed isn't shown. The ledger is then as before.
func (l *Ledger) Take(c Committed) error {
	if l.Orders == nil {
		l.Orders, l.Numbers, l.quotes = map[protocol.CID]*trade.Order{}, map[protocol.CID]uint64{}, map[protocol.CID]*trade.Quote{}
	}
	switch body := c.Value.(type) {
	case nil:
		return nil
	case *Quote:
		if body.Quote != nil {
			l.quotes[c.Entry.ID] = body.Quote
		}
		return nil
	case *trade.Placement:
		return l.place(c, body)
	case *OrderNumber:
		l.Numbers[body.Order] = body.Number
		return nil
	}
	return l.apply(c)
}

func (l *Ledger) place(c Committed, p *trade.Placement) error {
	q := l.quotes[p.Quote]
	if q == nil {
		return fmt.Errorf("order %s cites a quote that isn't there: %w", c.Entry.ID, ErrUnseen)
	}
	o, err := trade.Place(*q, *p, c.Commit.Time)
	if err != nil {
		return fmt.Errorf("order %s: %w", c.Entry.ID, err)
	}
	l.Orders[c.Entry.ID] = &o
	return nil
}

func (l *Ledger) apply(c Committed) error {
	id, concerns := OrderOf(c.Value)
	if !concerns {
		return nil
	}
	o := l.Orders[id]
	if o == nil {
		return fmt.Errorf("%s of order %s, which isn't there: %w", c.Entry.Kind, id, ErrUnseen)
	}
	ev, err := OrderEvent(o, c.Opened(), c.Commit.Time)
	if err != nil {
		return fmt.Errorf("%s of order %s: %w", c.Entry.Kind, id, err)
	}
	next, err := o.Apply(ev)
	if err != nil {
		return fmt.Errorf("%s of order %s: %w", c.Entry.Kind, id, err)
	}
	l.Orders[id] = &next
	return nil
}

// Opened returns the entry as whoever decides on it sees it.
func (c Committed) Opened() Opened {
	return Opened{ID: c.Entry.ID, Kind: c.Entry.Kind, Body: c.Value, Time: c.Entry.Time, Brand: c.Brand, Device: c.Entry.By}
}

// citedQuote returns the quote that an order cites.
func citedQuote(body any) protocol.CID {
	if p, is := body.(*trade.Placement); is {
		return p.Quote
	}
	return protocol.CID{}
}

// ordersOf returns the order that a body speaks of, its number included.
func ordersOf(body any) protocol.CID {
	if n, is := body.(*OrderNumber); is {
		return n.Order
	}
	id, _ := OrderOf(body)
	return id
}
