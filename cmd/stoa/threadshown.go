package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// shownEntry is an entry as stoa thread prints it.
type shownEntry struct {
	Seq     uint64          `json:"seq,omitempty"` // absent before the commit
	Entry   protocol.CID    `json:"entry"`
	From    string          `json:"from"` // me or brand
	Kind    string          `json:"kind"`
	Time    protocol.Millis `json:"time,omitzero"`
	State   string          `json:"state"` // sending, stored, received, committed or refused
	Refused string          `json:"refused,omitempty"`
	Body    any             `json:"body,omitempty"` // absent when it was erased, or isn't committed yet
}

// heldOrder is an order as stoa thread prints it.
type heldOrder struct {
	Order      protocol.CID      `json:"order"`
	Number     uint64            `json:"number,omitempty"`
	State      trade.State       `json:"state"`
	Payment    trade.Paid        `json:"payment"`
	Fulfilment trade.Fulfilment  `json:"fulfilment"`
	Return     trade.ReturnState `json:"return"`
	Total      string            `json:"total"`
	Currency   protocol.Currency `json:"currency"`
}

// shownThread is what stoa thread --read prints.
type shownThread struct {
	Thread  protocol.CID `json:"thread"`
	Brand   protocol.CID `json:"brand"`
	Entries []shownEntry `json:"entries"`
	Orders  []heldOrder  `json:"orders"`
}

// show fetches what is new and prints the conversation. What is kept is shown also
// when the gateway is out of reach.
func (a *app) show(ctx context.Context, c *shopper.Conversation) error {
	err := c.Sync(ctx)
	var refused *shopper.Refused
	switch {
	case errors.Is(err, shopper.ErrUnreachable):
		a.warn("This is what was here before: %s", err)
	case errors.As(err, &refused):
		a.warn("This is what was here before: %s", refusalWords(refused))
	case err != nil:
		return err
	}
	t := shownThread{Thread: c.Thread(), Brand: c.Brand().ID, Entries: entriesOf(c), Orders: ordersOf(c)}
	if a.json {
		return a.printJSON(t)
	}
	if len(t.Entries) == 0 {
		a.say("Nothing was said yet.")
	}
	for _, e := range t.Entries {
		a.say("%s", line(e))
	}
	for _, o := range t.Orders {
		a.say("Order %d, %s %s: %s, %s, %s", o.Number, o.Total, o.Currency, o.State, o.Payment, o.Fulfilment)
	}
	return nil
}

// listen shows the conversation and then each entry as it comes, in JSON one a line,
// until ctx ends.
func (a *app) listen(ctx context.Context, c *shopper.Conversation) error {
	tell := func(entries []shopper.Entry) error {
		for _, e := range entries {
			if !a.json {
				a.say("%s", line(shownOf(e)))
			} else if err := json.NewEncoder(a.out).Encode(shownOf(e)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := tell(c.Entries()); err != nil {
		return err
	}
	err := c.Listen(ctx, tell)
	if ctx.Err() != nil {
		return nil // it was to go on until then
	}
	return err
}

func shownOf(e shopper.Entry) shownEntry {
	s := shownEntry{Seq: e.Seq, Entry: e.ID, From: "brand", Kind: e.Kind, Time: e.Time, State: "committed", Refused: e.Refused, Body: e.Body}
	if e.Mine {
		s.From = "me"
	}
	if e.Refused != "" {
		s.State = "refused"
	}
	return s
}

func entriesOf(c *shopper.Conversation) []shownEntry {
	out := []shownEntry{}
	for _, e := range c.Entries() {
		out = append(out, shownOf(e))
	}
	for _, p := range c.Outbox() {
		out = append(out, shownEntry{Entry: p.ID, From: "me", Kind: p.Kind, State: p.State, Refused: p.Reason})
	}
	return out
}

func ordersOf(c *shopper.Conversation) []heldOrder {
	out := []heldOrder{}
	orders := c.Orders()
	for _, e := range c.Entries() {
		if o := orders[e.ID]; o != nil {
			out = append(out, heldOrder{
				Order: e.ID, Number: c.Number(e.ID), State: o.State, Payment: o.Payment, Fulfilment: o.Fulfilment, Return: o.Return,
				Total: protocol.NewMoney(o.Quote.Total, o.Quote.Currency).Decimal(), Currency: o.Quote.Currency,
			})
		}
	}
	return out
}

// line says an entry in one line.
func line(e shownEntry) string {
	words := e.Kind
	switch b := e.Body.(type) {
	case *thread.Text:
		words = strings.ReplaceAll(b.Text, "\n", "\n      ")
	case *thread.Card:
		words = "[" + string(b.Product) + "] " + b.Text
	case *thread.Quote:
		if b.Quote != nil {
			words = "quote: " + protocol.NewMoney(b.Quote.Total, b.Quote.Currency).String()
		}
	case *thread.Delivery:
		words = "delivery: " + b.Code
	}
	if e.Refused != "" {
		words += " (refused: " + e.Refused + ")"
	} else if e.State != "committed" {
		words += " (" + e.State + ")"
	}
	return fmt.Sprintf("%5s  %s", e.From, strings.Map(unturned, words))
}

// unturned drops the characters that turn the direction of text: in a terminal they
// make words look like others.
func unturned(r rune) rune {
	if r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c {
		return -1
	}
	return r
}
