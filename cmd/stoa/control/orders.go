package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/node/sales"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// Order is an order as stoa orders lists it. Amounts are decimals in major units.
type Order struct {
	Order      protocol.CID      `json:"order"`
	Number     uint64            `json:"number"`
	Thread     protocol.CID      `json:"thread"`
	Placed     protocol.Millis   `json:"placed"`
	State      trade.State       `json:"state"`
	Payment    trade.Paid        `json:"payment"`
	Fulfilment trade.Fulfilment  `json:"fulfilment"`
	Return     trade.ReturnState `json:"return"`
	Total      string            `json:"total"`
	Received   string            `json:"received"`
	Refunded   string            `json:"refunded"`
	Currency   protocol.Currency `json:"currency"`
	Method     string            `json:"method"`
	Lines      []OrderLine       `json:"lines"`
	Contact    trade.Contact     `json:"contact"`
	Address    *trade.Address    `json:"address,omitempty"`
	Note       string            `json:"note,omitempty"`
	Returns    []trade.Return    `json:"returns,omitempty"`
}

// OrderLine is one line of an order.
type OrderLine struct {
	Product  protocol.Handle    `json:"product"`
	Variant  protocol.VariantID `json:"variant"`
	Title    string             `json:"title"`
	Options  []string           `json:"options,omitempty"`
	Quantity int64              `json:"quantity"`
	Shipped  int64              `json:"shipped"`
	Total    string             `json:"total"`
}

func order(o *sales.Order) Order {
	money := func(minor int64) string { return protocol.NewMoney(minor, o.Quote.Currency).Decimal() }
	out := Order{
		Order: o.ID, Number: o.Number, Thread: o.Thread, Placed: o.Placed, State: o.State, Payment: o.Payment, Fulfilment: o.Fulfilment,
		Return: o.Return, Total: money(o.Quote.Total), Received: money(o.Received), Refunded: money(o.Refunded), Currency: o.Quote.Currency,
		Method: o.Placement.Method, Contact: o.Placement.Contact, Address: o.Placement.Address, Note: o.Placement.Note, Returns: o.Returns, Lines: []OrderLine{},
	}
	for i, l := range o.Quote.Lines {
		out.Lines = append(out.Lines, OrderLine{l.Product, l.Variant, l.Title, l.Options, l.Quantity, o.Shipped[i], money(l.Total)})
	}
	return out
}

// OrdersQuery asks for orders, the newest first.
type OrdersQuery struct {
	Open  bool // only those with something left to do
	Limit int
}

// maxOrders bounds one list.
const maxOrders = 1000

func (s server) orders(ctx context.Context, q OrdersQuery) ([]Order, error) {
	list, err := s.n.Sales().Orders(ctx, store.OrderFilter{Open: q.Open}, 0, bounded(q.Limit, maxOrders))
	out := []Order{}
	for _, o := range list {
		out = append(out, order(o))
	}
	return out, err
}

// OrderVerb is what is done to an order; "" only looks at it.
type OrderVerb string

// The verbs of an order.
const (
	MarkPaid      OrderVerb = "mark-paid"
	Ship          OrderVerb = "ship"
	Deliver       OrderVerb = "deliver"
	HandOver      OrderVerb = "hand-over"
	CancelOrder   OrderVerb = "cancel"
	Refund        OrderVerb = "refund"
	AcceptReturn  OrderVerb = "accept-return"
	RefuseReturn  OrderVerb = "refuse-return"
	ReceiveReturn OrderVerb = "receive-return"
)

// OrderQuery names an order by number or identifier, and what is done to it.
type OrderQuery struct {
	Order string
	Do    OrderVerb
	// Amount is a decimal in major units, "" is all that is due or owed.
	Amount    string
	Reference string // of a payment
	Text      string // a reason, an answer, or a code that is handed over
	Line      int64  // from 1, of a code
	Carrier   string
	Tracking  string
	URL       string
	Restock   bool
}

func (s server) order(ctx context.Context, q OrderQuery) (Order, error) {
	o, err := s.n.Sales().FindOrder(ctx, q.Order)
	if err != nil {
		return Order{}, noOrder(q.Order, err)
	}
	after, err := s.do(ctx, o, q)
	if err != nil {
		return Order{}, refused(noThread(o.Thread.String(), err))
	}
	return order(after), nil
}

func noOrder(text string, err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, protocol.ErrInvalid) {
		return &Failure{fmt.Sprintf("there is no order %.100s: 'stoa orders' lists them", text), err}
	}
	return err
}

func (s server) do(ctx context.Context, o *sales.Order, q OrderQuery) (*sales.Order, error) {
	desk := s.n.Sales()
	switch q.Do {
	case "":
		return o, nil
	case Ship:
		return desk.Ship(ctx, o.ID, sales.Parcel{Carrier: q.Carrier, Tracking: q.Tracking, URL: q.URL})
	case Deliver:
		return desk.Arrived(ctx, o.ID)
	case HandOver:
		return desk.HandOver(ctx, o.ID, q.Line-1, q.Text, nil)
	case CancelOrder:
		return desk.Cancel(ctx, o.ID, q.Text)
	case MarkPaid, Refund:
		return s.money(ctx, o, q)
	}
	return s.giveBack(ctx, o, q)
}

func (s server) money(ctx context.Context, o *sales.Order, q OrderQuery) (*sales.Order, error) {
	var amount int64
	if q.Amount != "" {
		m, err := protocol.ParseMoney(q.Amount, o.Quote.Currency)
		if err != nil {
			return nil, err
		}
		if amount = m.Minor; amount <= 0 {
			return nil, trade.Refuse(trade.BadAmount, "%s", q.Amount)
		}
	}
	if q.Do == Refund {
		return s.n.Sales().Refund(ctx, o.ID, amount, q.Text)
	}
	return s.n.Sales().MarkPaid(ctx, o.ID, amount, o.Placement.Method, q.Reference)
}

// giveBack answers or takes the order's last return that waits for it.
func (s server) giveBack(ctx context.Context, o *sales.Order, q OrderQuery) (*sales.Order, error) {
	wanted := trade.ReturnRequested
	if q.Do == ReceiveReturn {
		wanted = trade.ReturnAccepted
	}
	for i := len(o.Returns) - 1; i >= 0; i-- {
		if o.Returns[i].State != wanted {
			continue
		}
		if q.Do == ReceiveReturn {
			return s.n.Sales().ReceiveReturn(ctx, o.ID, o.Returns[i].ID, q.Restock)
		}
		return s.n.Sales().AnswerReturn(ctx, o.ID, o.Returns[i].ID, q.Do == AcceptReturn, q.Text)
	}
	return nil, &Failure{"no return of this order waits for that", protocol.ErrInvalid}
}

// Stock is what there is of a variant. Without Tracked the numbers say nothing.
type Stock struct {
	Variant   protocol.VariantID `json:"variant"`
	Tracked   bool               `json:"tracked"`
	OnHand    int64              `json:"onHand"`
	Held      int64              `json:"held"` // by orders that aren't shipped
	Available int64              `json:"available"`
	Oversell  bool               `json:"oversell"`
	Review    bool               `json:"review,omitempty"` // after a restore: not sold until the owner has looked
}

// StockQuery names a variant, and what its stock becomes if Set or Untracked is there.
type StockQuery struct {
	Variant   protocol.VariantID
	Set       *int64
	Untracked bool
}

func (s server) stock(ctx context.Context, q StockQuery) (Stock, error) {
	desk := s.n.Sales()
	read := func() (store.Stocked, error) { return desk.Stock(ctx, q.Variant) }
	switch {
	case q.Set != nil:
		read = func() (store.Stocked, error) { return desk.SetStock(ctx, q.Variant, *q.Set) }
	case q.Untracked:
		read = func() (store.Stocked, error) { return desk.Untrack(ctx, q.Variant) }
	}
	st, err := read()
	if errors.Is(err, sales.ErrNoVariant) || errors.Is(err, store.ErrNotFound) {
		return Stock{}, &Failure{fmt.Sprintf("there is no variant %s: 'stoa products' lists them", q.Variant), err}
	}
	return stock(q.Variant, st, desk.InReview()), err
}

func stock(id protocol.VariantID, s store.Stocked, review bool) Stock {
	return Stock{Variant: id, Tracked: s.Tracked, OnHand: s.OnHand, Held: s.Held, Available: s.Available(), Oversell: s.Oversell, Review: review && s.Tracked}
}

// StocksQuery asks for all stock that is tracked. Reviewed ends the review after a
// restore first.
type StocksQuery struct{ Reviewed bool }

func (s server) stocks(ctx context.Context, q StocksQuery) ([]Stock, error) {
	desk := s.n.Sales()
	if q.Reviewed {
		if err := desk.EndReview(ctx); err != nil {
			return nil, err
		}
	}
	out, after := []Stock{}, protocol.VariantID("")
	for {
		list, err := desk.Stocks(ctx, after, maxOrders)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			if after = v.Variant; v.Tracked {
				out = append(out, stock(v.Variant, v.Stocked, desk.InReview()))
			}
		}
		if len(list) < maxOrders {
			return out, nil
		}
	}
}
