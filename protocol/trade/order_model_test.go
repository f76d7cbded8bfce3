package trade

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
)

// ledger is the plain model of an order: what happened, in lists and sums, and rules
// written as sentences rather than as a table.
type ledger struct {
	ordered, shipped []int64
	digital          []bool
	total            int64
	in, out          int64
	off              State // cancelled or expired, or ""
	arrived          bool
	done             bool
	returns          []backing
}

type backing struct {
	id    string
	lines []LineQuantity
	state ReturnState
}

func (l *ledger) sent() (some, all bool) {
	all = true
	for i := range l.ordered {
		some = some || l.shipped[i] > 0
		all = all && l.shipped[i] == l.ordered[i]
	}
	return some, all
}

func (l *ledger) allDigital() bool {
	for _, d := range l.digital {
		if !d {
			return false
		}
	}
	return true
}

// fits reports whether the pieces can leave, or come back.
func (l *ledger) fits(lines []LineQuantity, digital bool, left func(int64) int64) bool {
	want := map[int64]int64{}
	for _, x := range lines {
		if x.Line < 0 || x.Line >= int64(len(l.ordered)) || x.Quantity < 1 || l.digital[x.Line] != digital {
			return false
		}
		if want[x.Line] += x.Quantity; want[x.Line] > left(x.Line) {
			return false
		}
	}
	return len(lines) > 0
}

func (l *ledger) back(line int64) int64 {
	n := l.shipped[line]
	for _, r := range l.returns {
		for _, x := range r.lines {
			if x.Line == line && r.state != ReturnRefused {
				n -= x.Quantity
			}
		}
	}
	return n
}

func (l *ledger) find(id string, state ReturnState) *backing {
	for i := range l.returns {
		if l.returns[i].id == id && (state == "" || l.returns[i].state == state) {
			return &l.returns[i]
		}
	}
	return nil
}

// allows says in sentences whether the event may happen.
func (l *ledger) allows(e Event, ret string) bool {
	some, all := l.sent()
	alive := l.off == "" && !l.done
	if e.Shopper != (e.Kind == EvReturn) && !(e.Shopper && e.Kind == EvCancel) {
		return false
	}
	left := func(i int64) int64 { return l.ordered[i] - l.shipped[i] }
	switch e.Kind {
	case EvPayment:
		return e.Amount > 0 && l.in+e.Amount <= MaxTotal
	case EvRefund:
		return e.Amount > 0 && e.Amount <= l.in-l.out
	case EvShipment, EvDelivery:
		return alive && l.fits(e.Lines, e.Kind == EvDelivery, left)
	case EvDelivered:
		return alive && all && !l.arrived && !l.allDigital()
	case EvCancel:
		return alive && !some
	case EvExpire:
		return alive && !some && l.in-l.out == 0 && l.in == 0 && l.total > 0
	case EvReturn:
		return l.off == "" && some && l.find(ret, "") == nil && len(l.returns) < MaxReturns && l.fits(e.Lines, false, l.back)
	case EvReturnAnswer:
		return l.off == "" && l.find(ret, ReturnRequested) != nil
	case EvReturnReceived:
		return l.off == "" && l.find(ret, ReturnAccepted) != nil
	}
	return false
}

func (l *ledger) happen(e Event, ret string) {
	switch e.Kind {
	case EvPayment:
		l.in += e.Amount
	case EvRefund:
		l.out += e.Amount
	case EvShipment, EvDelivery:
		for _, x := range e.Lines {
			l.shipped[x.Line] += x.Quantity
		}
	case EvDelivered:
		l.arrived = true
	case EvCancel:
		l.off = Cancelled
	case EvExpire:
		l.off = RanOut
	case EvReturn:
		l.returns = append(l.returns, backing{ret, e.Lines, ReturnRequested})
	case EvReturnAnswer:
		l.find(ret, ReturnRequested).state = map[bool]ReturnState{true: ReturnAccepted, false: ReturnRefused}[e.Accepted]
	case EvReturnReceived:
		l.find(ret, ReturnAccepted).state = ReturnReceived
	}
	if _, all := l.sent(); all && (l.arrived || l.allDigital()) && l.off == "" && (l.in-l.out >= l.total || l.out > 0) {
		l.done = true
	}
}

func (l *ledger) says() string {
	state := Placed
	switch {
	case l.off != "":
		state = l.off
	case l.done:
		state = Completed
	}
	return fmt.Sprint(state, " ", l.paid(), " ", l.gone(), " ", l.returning())
}

func (l *ledger) paid() Paid {
	has := l.in - l.out
	switch {
	case has > l.total:
		return Overpaid
	case has == l.total:
		return FullyPaid
	case l.out > 0 && has > 0:
		return PartlyRefunded
	case l.out > 0:
		return FullyRefunded
	case has > 0:
		return PartlyPaid
	}
	return Unpaid
}

func (l *ledger) gone() Fulfilment {
	some, all := l.sent()
	switch {
	case all && (l.arrived || l.allDigital()):
		return FullyDelivered
	case all:
		return FullyShipped
	case some:
		return PartlyShipped
	}
	return Unfulfilled
}

func (l *ledger) returning() ReturnState {
	for _, state := range []ReturnState{ReturnRequested, ReturnAccepted} {
		for _, r := range l.returns {
			if r.state == state {
				return state
			}
		}
	}
	if n := len(l.returns); n > 0 {
		return l.returns[n-1].state
	}
	return NoReturn
}

func drawOrder(r *rapid.T) (Order, *ledger) {
	l := &ledger{}
	o := Order{State: Placed, Fulfilment: Unfulfilled, Return: NoReturn, Placed: now}
	o.Quote.Digital = true
	for range rapid.IntRange(1, 3).Draw(r, "lines") {
		n, digital := rapid.Int64Range(1, 3).Draw(r, "ordered"), rapid.Bool().Draw(r, "digital")
		o.Quote.Lines = append(o.Quote.Lines, QuoteLine{Quantity: n, Digital: digital})
		o.Quote.Digital = o.Quote.Digital && digital
		l.ordered, l.digital = append(l.ordered, n), append(l.digital, digital)
	}
	l.total = rapid.Int64Range(0, 3).Draw(r, "total")
	l.shipped, o.Shipped, o.Quote.Total = make([]int64, len(l.ordered)), make([]int64, len(l.ordered)), l.total
	o.settle()
	return o, l
}

func drawEvent(r *rapid.T) (e Event, ret string) {
	kinds := []EventKind{
		EvPayment, EvPayment, EvRefund, EvShipment, EvShipment, EvDelivery, EvDelivery, EvDelivered, EvDelivered,
		EvCancel, EvExpire, EvReturn, EvReturn, EvReturnAnswer, EvReturnReceived,
	}
	e = Event{Kind: rapid.SampledFrom(kinds).Draw(r, "kind"), Time: now + 1}
	e.Shopper = e.Kind == EvReturn
	if rapid.IntRange(0, 9).Draw(r, "other side") == 0 {
		e.Shopper = !e.Shopper
	}
	e.Amount = rapid.SampledFrom([]int64{-1, 0, 1, 1, 2, 3, MaxTotal}).Draw(r, "amount")
	e.Accepted, e.Restock = rapid.Bool().Draw(r, "accepted"), rapid.Bool().Draw(r, "restock")
	ret = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "return")
	e.Return = protocol.Sum(protocol.DagCBOR, []byte(ret))
	for range rapid.IntRange(0, 2).Draw(r, "parts") {
		e.Lines = append(e.Lines, LineQuantity{rapid.Int64Range(-1, 3).Draw(r, "line"), rapid.Int64Range(0, 3).Draw(r, "pieces")})
	}
	return e, ret
}

func TestTheOrderMachineAgreesWithThePlainModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o, l := drawOrder(r)
		l.happen(Event{}, "")
		for range rapid.IntRange(1, 40).Draw(r, "events") {
			e, ret := drawEvent(r)
			next, err := o.Apply(e)
			if allowed := l.allows(e, ret); allowed != (err == nil) {
				r.Fatalf("%+v of %s: the model allows it: %v; the machine: %v", e, l.says(), allowed, err)
			}
			if err != nil {
				if ReasonOf(err) == "" {
					r.Fatalf("refused without a reason: %v", err)
				}
				continue
			}
			o = next
			l.happen(e, ret)
			if states(&o) != l.says() {
				r.Fatalf("after %+v: %s, the model says %s", e, states(&o), l.says())
			}
			if o.Due() < 0 || o.Owed() < 0 || o.Balance() < 0 {
				r.Fatalf("due %d, owed %d, balance %d", o.Due(), o.Owed(), o.Balance())
			}
		}
	})
}
