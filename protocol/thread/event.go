package thread

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// OrderOf returns the order that a body speaks of, false for a body that changes none.
func OrderOf(body any) (protocol.CID, bool) {
	switch b := body.(type) {
	case *Payment:
		return b.Order, true
	case *Shipment:
		return b.Order, true
	case *Delivered:
		return b.Order, true
	case *Delivery:
		return b.Order, true
	case *Refund:
		return b.Order, true
	case *Cancel:
		return b.Order, true
	case *Expire:
		return b.Order, true
	case *Return:
		return b.Order, true
	case *ReturnAnswer:
		return b.Order, true
	case *ReturnReceived:
		return b.Order, true
	}
	return protocol.CID{}, false
}

// OrderEvent returns what an entry does to the order it speaks of, at the time of its
// commit (specs/18-trade.md §7). Money in another currency than the order's is
// refused; the error is a *trade.Refused.
func OrderEvent(o *trade.Order, e Opened, at protocol.Millis) (trade.Event, error) {
	ev := trade.Event{Kind: trade.EventKind(e.Kind), Shopper: !e.Brand, Time: at}
	switch b := e.Body.(type) {
	case *Payment:
		return withAmount(ev, o, b.Amount)
	case *Refund:
		return withAmount(ev, o, b.Amount)
	case *Shipment:
		ev.Lines = b.Lines
	case *Delivery:
		ev.Lines = wholeLine(o, b.Line)
	case *Return:
		ev.Return, ev.Lines, ev.Reason, ev.Withdrawal = e.ID, b.Lines, b.Reason, b.Withdrawal
	case *ReturnAnswer:
		ev.Return, ev.Accepted = b.Return, b.Accepted
	case *ReturnReceived:
		ev.Return, ev.Restock = b.Return, b.Restock
	}
	return ev, nil
}

func withAmount(ev trade.Event, o *trade.Order, m protocol.Money) (trade.Event, error) {
	if m.Currency != o.Quote.Currency {
		return ev, trade.Refuse(trade.BadAmount, "%s for an order in %s", m, o.Quote.Currency)
	}
	ev.Amount = m.Minor
	return ev, nil
}

// wholeLine is all of a line that wasn't delivered yet.
func wholeLine(o *trade.Order, line int64) []trade.LineQuantity {
	if line < 0 || line >= int64(len(o.Quote.Lines)) {
		return nil
	}
	return []trade.LineQuantity{{Line: line, Quantity: o.Left(int(line))}}
}
