package main

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// orderVectors makes the stories of specs/18-trade.md §8: an order, and the entries that
// were committed about it.
func orderVectors() (any, error) {
	var cases []vec
	for _, s := range orderStories() {
		cases = append(cases, s.vector())
	}
	return vecSet{"18-trade", "What becomes of orders, entry by entry; specs/18-trade.md §8 says what the fields are.", cases}, nil
}

// orderStory is an order of two pieces to ship, three more, and a digital one.
type orderStory struct {
	name  string
	free  bool
	steps []orderStep
}

type orderStep struct {
	kind    string
	body    any
	shopper bool
	id      string // of the entry, where a later one speaks of it
}

func orderStories() []orderStory {
	order := object("order")
	money := func(n int64) protocol.Money { return protocol.NewMoney(n, "EUR") }
	pay := func(n int64) orderStep {
		return orderStep{kind: thread.KindPayment, body: &thread.Payment{Order: order, Amount: money(n), Method: "bank"}}
	}
	refund := func(n int64) orderStep {
		return orderStep{kind: thread.KindRefund, body: &thread.Refund{Order: order, Amount: money(n)}}
	}
	ship := func(lineAndQuantity ...int64) orderStep {
		return orderStep{kind: thread.KindShipment, body: &thread.Shipment{Order: order, Lines: parts(lineAndQuantity)}}
	}
	hand := func(line int64) orderStep {
		return orderStep{kind: thread.KindDelivery, body: &thread.Delivery{Order: order, Line: line, Code: "CODE-1"}}
	}
	giveBack := func(id string, lineAndQuantity ...int64) orderStep {
		return orderStep{kind: thread.KindReturn, shopper: true, id: id, body: &thread.Return{Order: order, Lines: parts(lineAndQuantity), Withdrawal: true}}
	}
	answer := func(id string, yes bool) orderStep {
		return orderStep{kind: thread.KindReturnAnswer, body: &thread.ReturnAnswer{Order: order, Return: object(id), Accepted: yes}}
	}
	received := func(id string, restock bool) orderStep {
		return orderStep{kind: thread.KindReturnReceived, body: &thread.ReturnReceived{Order: order, Return: object(id), Restock: restock}}
	}
	arrived := orderStep{kind: thread.KindDelivered, body: &thread.Delivered{Order: order}}
	cancel := orderStep{kind: thread.KindCancel, body: &thread.Cancel{Order: order, Reason: "broken"}}
	byShopper := orderStep{kind: thread.KindCancel, shopper: true, body: &thread.Cancel{Order: order}}
	expire := orderStep{kind: thread.KindExpire, body: &thread.Expire{Order: order}}
	dollars := orderStep{kind: thread.KindPayment, body: &thread.Payment{Order: order, Amount: protocol.NewMoney(100, "USD")}}
	return []orderStory{
		{name: "paid, shipped, delivered", steps: []orderStep{pay(5500), ship(0, 2, 1, 3), hand(2), arrived, ship(0, 1), cancel}},
		{name: "paid on delivery", steps: []orderStep{hand(2), ship(0, 2, 1, 3), arrived, pay(5500)}},
		{name: "in parts", steps: []orderStep{pay(500), ship(0, 1), pay(5000), ship(1, 3), arrived, ship(0, 2), ship(0, 1), hand(2), hand(2), arrived}},
		{name: "too much was paid", steps: []orderStep{pay(5600), refund(100), refund(5501), refund(500), pay(500)}},
		{name: "amounts that aren't", steps: []orderStep{refund(1), dollars, pay(9_007_199_254_740_991), pay(1)}},
		{name: "lines that aren't", steps: []orderStep{ship(0, 3), ship(0, 1, 0, 2), ship(3, 1), ship(2, 1), hand(0), hand(9), ship(0, 1, 0, 1)}},
		{name: "cancelled by the shopper", steps: []orderStep{byShopper, byShopper, ship(0, 1), giveBack("r1", 0, 1), pay(5500), refund(5500)}},
		{name: "cancelled by the brand and refunded", steps: []orderStep{pay(5500), cancel, refund(5500), expire}},
		{name: "too late to cancel", steps: []orderStep{ship(0, 1), byShopper, cancel}},
		{name: "ran out, paid late", steps: []orderStep{expire, pay(5500), ship(0, 2), refund(5500)}},
		{name: "doesn't run out once something came", steps: []orderStep{pay(1), expire, refund(1), expire}},
		{name: "sides keep to their own", steps: []orderStep{
			{kind: thread.KindPayment, shopper: true, body: pay(5500).body}, {kind: thread.KindExpire, shopper: true, body: expire.body}, ship(0, 2),
			{kind: thread.KindReturn, id: "r1", body: giveBack("", 0, 1).body}, giveBack("r1", 0, 1), {kind: thread.KindReturnAnswer, shopper: true, body: answer("r1", true).body},
		}},
		{name: "given back in part", steps: []orderStep{
			pay(5500), giveBack("r0", 0, 1), ship(0, 2, 1, 3), hand(2), arrived, giveBack("r1", 0, 1, 1, 3), giveBack("r2", 0, 2), giveBack("r3", 2, 1), giveBack("r1", 0, 1),
			received("r1", true), answer("r1", true), answer("r1", false), giveBack("r4", 0, 1), received("r1", true), answer("r4", false), refund(4000), giveBack("r5", 0, 1),
		}},
		{name: "nothing to pay", free: true, steps: []orderStep{expire, ship(0, 2, 1, 3), hand(2), arrived}},
	}
}

func parts(lineAndQuantity []int64) (out []trade.LineQuantity) {
	for i := 0; i < len(lineAndQuantity); i += 2 {
		out = append(out, trade.LineQuantity{Line: lineAndQuantity[i], Quantity: lineAndQuantity[i+1]})
	}
	return out
}

func (s orderStory) vector() vec {
	terms := trade.DefaultTerms("EUR", "DE")
	prices := []int64{1000, 2, 1000, 3, 500, 1}
	if s.free {
		prices = []int64{0, 2, 0, 3, 0, 1}
	}
	q := sure(trade.Price(&terms, object("brand"), digitalTeas(teas("EUR", prices...), 2), askWith("", ""), priceTime))
	p := orderOf(&q)
	o := sure(trade.Place(q, p, priceTime))
	steps := []vec{}
	for i, step := range s.steps {
		var v vec
		o, v = step.take(o, priceTime+protocol.Millis(i+1)*1000)
		steps = append(steps, v)
	}
	return vec{
		"name": s.name, "kind": "order", "valid": true, "order": object("order"), "placed": int64(priceTime),
		"quote": hexed(sure(protocol.Marshal(q))), "placement": hexed(sure(protocol.Marshal(p))), "steps": steps, "begins": stateOf(placedAnew(q, p)),
	}
}

func placedAnew(q trade.Quote, p trade.Placement) trade.Order {
	return sure(trade.Place(q, p, priceTime))
}

// take applies an entry and says what stands then.
func (s orderStep) take(o trade.Order, at protocol.Millis) (trade.Order, vec) {
	entry := object("entry")
	if s.id != "" {
		entry = object(s.id)
	}
	v := vec{"kind": s.kind, "shopper": s.shopper, "entry": entry, "time": int64(at), "body": hexed(sure(thread.EncodeBody(s.kind, s.body)))}
	e, err := thread.OrderEvent(&o, thread.Opened{ID: entry, Kind: s.kind, Body: s.body, Brand: !s.shopper}, at)
	next := o
	if err == nil {
		next, err = o.Apply(e)
	}
	if err != nil {
		return o, v.with(vec{"error": trade.ReasonOf(err), "then": stateOf(o)})
	}
	return next, v.with(vec{"then": stateOf(next)})
}

func stateOf(o trade.Order) vec {
	returns := []vec{}
	for _, r := range o.Returns {
		returns = append(returns, vec{"id": r.ID, "state": r.State})
	}
	return vec{
		"state": o.State, "payment": o.Payment, "fulfilment": o.Fulfilment, "return": o.Return, "received": o.Received, "refunded": o.Refunded,
		"due": o.Due(), "owed": o.Owed(), "shipped": o.Shipped, "returns": returns,
	}
}
