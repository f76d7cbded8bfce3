package sales

import (
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// Order is an order as the desk keeps it.
type Order struct {
	ID     protocol.CID
	Thread protocol.CID
	Number uint64
	trade.Order
	// Stranger says that it counts towards the ceiling: it is unpaid, and whoever
	// placed it had paid for nothing before.
	Stranger bool
}

// record is the form in which the state of an order stands in its row. It reads as a
// trade.Order too.
type record struct {
	trade.Order
	Stranger bool `cbor:"stranger,omitempty"`
}

func decodeOrder(row *store.Order) (*Order, error) {
	var r record
	if err := protocol.Unmarshal(row.State, &r); err != nil {
		return nil, fmt.Errorf("order %s: %w", row.ID, err)
	}
	return &Order{ID: row.ID, Thread: row.Thread, Number: row.Number, Order: r.Order, Stranger: r.Stranger}, nil
}

func (o *Order) row() (*store.Order, error) {
	state, err := protocol.Marshal(record{o.Order, o.Stranger})
	if err != nil {
		return nil, fmt.Errorf("order %s: %w", o.ID, err)
	}
	return &store.Order{
		ID: o.ID, Thread: o.Thread, Number: o.Number, Placed: o.Placed, State: state, Open: o.Open(),
		Total: protocol.NewMoney(o.Quote.Total, o.Quote.Currency), Status: string(o.Order.State),
	}, nil
}

func (d *Desk) putOrder(tx *store.TradeTxn, o *Order) error {
	row, err := o.row()
	if err != nil {
		return err
	}
	return tx.PutOrder(row)
}

// unpaid reports whether an order still holds stock on the promise to pay.
func unpaid(o *trade.Order) bool {
	return o.State == trade.Placed && (o.Payment == trade.Unpaid || o.Payment == trade.PartlyPaid)
}

// pieces sums up the quantities of an order's lines by variant: two lines may be of one.
func pieces(lines []trade.QuoteLine, quantity func(line int) int64) *tally {
	t := &tally{n: map[protocol.VariantID]int64{}}
	for i, l := range lines {
		t.add(l.Variant, quantity(i))
	}
	return t
}

// tally counts pieces of variants, in the order in which they came up.
type tally struct {
	ids []protocol.VariantID
	n   map[protocol.VariantID]int64
}

func (t *tally) add(id protocol.VariantID, n int64) {
	if n == 0 {
		return
	}
	if _, known := t.n[id]; !known {
		t.ids = append(t.ids, id)
	}
	t.n[id] += n
}
