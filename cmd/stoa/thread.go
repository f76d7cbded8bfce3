package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// threadOptions are what a shopper does in a conversation, beside buying.
type threadOptions struct {
	shopping
	say, about, order    string
	erase, read          bool
	code, link           bool
	recover, open, email string
}

func (a *app) threadCommand() *cobra.Command {
	var o threadOptions
	cmd := &cobra.Command{
		Use:   "thread --gateway URL --brand ID --shopper DIR [--say TEXT | --read]",
		Short: "Talk with a brand as a shopper, without a browser",
		Long: `Says something in the shopper's sealed conversation with a brand, or shows it. Every
use sends what the brand hasn't answered yet and fetches what it said. The folder
keeps the keys: --code shows what recovers all of the shopper's conversations,
--link what opens this one in any browser; --recover and --open take them.`,
		Example: `  stoa thread --gateway https://tea.example --brand bafyrei… --shopper me --say "Is it spring tea?"
  stoa thread --gateway https://tea.example --brand bafyrei… --shopper me --read --json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.one(); err != nil {
				return usageError{err}
			}
			fn := func(ctx context.Context, who *shopper.Shopper, c *shopper.Conversation) error {
				return a.converse(ctx, &o, who, c)
			}
			return a.outcome(o.talk(cmd.Context(), fn, fn))
		},
	}
	o.shopping.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.say, "say", "", "what to say")
	f.StringVar(&o.about, "about", "", "with --say: handle of the product that it is about")
	f.BoolVar(&o.read, "read", false, "show the conversation")
	f.StringVar(&o.order, "cancel", "", "cancel an order that isn't shipped yet")
	f.StringVar(&o.email, "email", "", "have the brand call back by e-mail on commits, replies and shipments; none ends it")
	f.BoolVar(&o.erase, "erase", false, "have the brand erase the conversation")
	f.BoolVar(&o.code, "code", false, "show the recovery code")
	f.BoolVar(&o.link, "link", false, "show the private link of the conversation")
	f.StringVar(&o.recover, "recover", "", "continue the conversation of a recovery code in this folder")
	f.StringVar(&o.open, "open", "", "continue the conversation of a private link in this folder")
	return cmd
}

// one checks that exactly one thing is to be done.
func (o *threadOptions) one() error {
	n := 0
	for _, asked := range []bool{o.say != "", o.read, o.order != "", o.email != "", o.erase, o.code, o.link, o.recover != "", o.open != ""} {
		if asked {
			n++
		}
	}
	if n != 1 {
		return errors.New("thread does one thing at a time: --say TEXT, --read, --cancel ORDER, --email ADDRESS, --erase, --code, --link, --recover CODE or --open LINK")
	}
	if o.about != "" && o.say == "" {
		return errors.New("--about belongs to --say")
	}
	return nil
}

func (a *app) converse(ctx context.Context, o *threadOptions, who *shopper.Shopper, c *shopper.Conversation) error {
	switch {
	case o.say != "":
		e, err := c.Say(ctx, thread.KindText, &thread.Text{Text: o.say, About: protocol.Handle(o.about)})
		return a.said(c, e, err)
	case o.order != "":
		return a.cancelOrder(ctx, c, o.order)
	case o.email != "":
		return a.callBack(ctx, c, o.email)
	case o.erase:
		e, err := c.Say(ctx, thread.KindErase, nil)
		return a.said(c, e, err)
	case o.code:
		return a.tell(map[string]string{"code": who.Code().String()}, "%s\nIt recovers all conversations of this folder: keep it where nobody else looks.", who.Code())
	case o.link:
		return a.showLink(o.gateway, c)
	case o.recover != "", o.open != "":
		if err := enter(ctx, o, who, c); err != nil {
			return err
		}
	}
	return a.show(ctx, c)
}

// tell prints a result as JSON or in words.
func (a *app) tell(result any, format string, args ...any) error {
	if a.json {
		return a.printJSON(result)
	}
	a.say(format, args...)
	return nil
}

func (a *app) said(c *shopper.Conversation, e shopper.Entry, err error) error {
	if err != nil {
		return err
	}
	return a.tell(map[string]any{"thread": c.Thread(), "entry": e.ID, "seq": e.Seq}, "The brand has it: number %d of the conversation.", e.Seq)
}

func (a *app) cancelOrder(ctx context.Context, c *shopper.Conversation, text string) error {
	order, err := protocol.ParseCID(text)
	if err != nil {
		return usageError{fmt.Errorf("--cancel: %w", err)}
	}
	e, err := c.Say(ctx, thread.KindCancel, &thread.Cancel{Order: order})
	return a.said(c, e, err)
}

func (a *app) callBack(ctx context.Context, c *shopper.Conversation, email string) error {
	b := thread.Callback{Email: email, On: []string{"commit", "reply", "shipment"}}
	if email == "none" {
		b = thread.Callback{}
	}
	e, err := c.Callback(ctx, b)
	return a.said(c, e, err)
}

func (a *app) showLink(gateway string, c *shopper.Conversation) error {
	l, err := c.Link()
	if err != nil {
		return err
	}
	url := l.URL(gateway, c.Brand().ID.String())
	return a.tell(map[string]string{"link": url}, "%s\nWhoever has it can read and write in this conversation.", url)
}

// enter continues a conversation of another device in the folder.
func enter(ctx context.Context, o *threadOptions, who *shopper.Shopper, c *shopper.Conversation) error {
	if o.open != "" {
		l, err := thread.ParseLink(o.open)
		if err != nil {
			return usageError{err}
		}
		return c.Follow(ctx, l)
	}
	code, err := thread.ParseCode(o.recover)
	if err != nil {
		return usageError{err}
	}
	if err := who.SetCode(code); err != nil {
		return err
	}
	return c.Recover(ctx)
}

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

func entriesOf(c *shopper.Conversation) []shownEntry {
	out := []shownEntry{}
	for _, e := range c.Entries() {
		s := shownEntry{Seq: e.Seq, Entry: e.ID, From: "brand", Kind: e.Kind, Time: e.Time, State: "committed", Refused: e.Refused, Body: e.Body}
		if e.Mine {
			s.From = "me"
		}
		if e.Refused != "" {
			s.State = "refused"
		}
		out = append(out, s)
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
	return fmt.Sprintf("%5s  %s", e.From, words)
}
