package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/node/threads"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// Conversation is a thread as stoa inbox lists it.
type Conversation struct {
	Thread  protocol.CID    `json:"thread"`
	Name    string          `json:"name"`    // as the shopper last gave it; "" when they never did
	Unread  uint32          `json:"unread"`  // entries of the shopper's since the owner last looked
	Touched protocol.Millis `json:"touched"` // when something was last said
	Last    *Message        `json:"last"`    // what was said last; null when nothing was
}

// Message is one entry of a thread.
type Message struct {
	Seq     uint64          `json:"seq"`
	Entry   protocol.CID    `json:"entry"`
	From    string          `json:"from"` // "shop" or "shopper"
	Kind    string          `json:"kind"`
	Time    protocol.Millis `json:"time"`
	Refused string          `json:"refused,omitempty"` // why it has no effect
	Erased  bool            `json:"erased,omitempty"`
	Body    any             `json:"body,omitempty"` // as specs/17-bodies.md says of the kind
}

// InboxQuery asks for the conversations, the newest first.
type InboxQuery struct {
	Unread bool // only those with something unread
	Limit  int
}

// maxInbox bounds one list.
const maxInbox = 500

func (s server) inbox(ctx context.Context, q InboxQuery) ([]Conversation, error) {
	out, after := []Conversation{}, store.ThreadCursor{}
	q.Limit = bounded(q.Limit, maxInbox)
	err := s.n.Store().Desk(ctx, func(d *store.DeskView) error {
		for {
			list, next, err := d.Threads(after, maxInbox)
			if err != nil {
				return err
			}
			for _, t := range list {
				if len(out) == q.Limit {
					return nil
				}
				if q.Unread && t.Unread == 0 {
					continue
				}
				c, err := conversation(d, t)
				if err != nil {
					return err
				}
				out = append(out, c)
			}
			if len(list) < maxInbox {
				return nil
			}
			after = next
		}
	})
	return out, err
}

func bounded(n, most int) int {
	if n <= 0 || n > most {
		return most
	}
	return n
}

func conversation(d *store.DeskView, t *store.Thread) (Conversation, error) {
	c := Conversation{Thread: t.ID, Name: t.Name, Unread: t.Unread, Touched: t.Touched}
	if t.Seq == 0 {
		return c, nil
	}
	e, err := d.Entry(t.ID, t.Seq)
	if errors.Is(err, store.ErrNotFound) {
		return c, nil // erased
	}
	if err == nil {
		m := message(e)
		c.Last = &m
	}
	return c, err
}

func message(e *store.ThreadEntry) Message {
	m := Message{Seq: e.Seq, Entry: e.ID, From: "shopper", Kind: e.Kind, Time: e.Time, Refused: e.Refused}
	if e.Mine {
		m.From = "shop"
	}
	if m.Erased = e.Body == nil; m.Erased {
		return m
	}
	if body, err := thread.DecodeBody(e.Kind, e.Body); err == nil {
		m.Body = body
	}
	return m
}

// ReadQuery asks for the messages of a thread behind a place in it.
type ReadQuery struct {
	Thread string // its identifier, or the number of an order in it
	After  uint64
	Peek   bool // leave them unread
}

// maxRead bounds one answer.
const maxRead = 500

func (s server) read(ctx context.Context, q ReadQuery) ([]Message, error) {
	id, err := s.threadOf(ctx, q.Thread)
	if err != nil {
		return nil, err
	}
	out := []Message{}
	err = s.n.Store().Desk(ctx, func(d *store.DeskView) error {
		if _, err := d.Thread(id); err != nil {
			return err
		}
		list, err := d.Entries(id, q.After, maxRead)
		for _, e := range list {
			out = append(out, message(e))
		}
		return err
	})
	if err == nil && !q.Peek {
		err = s.n.MarkRead(ctx, id)
	}
	return out, noThread(q.Thread, err)
}

// threadOf finds a thread by its identifier or by an order's number.
func (s server) threadOf(ctx context.Context, text string) (protocol.CID, error) {
	if id, err := protocol.ParseCID(text); err == nil {
		return id, nil
	}
	o, err := s.n.Sales().FindOrder(ctx, text)
	if err != nil {
		return protocol.CID{}, noThread(text, err)
	}
	return o.Thread, nil
}

func noThread(text string, err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound), err != nil && errors.Is(err, protocol.ErrInvalid):
		return &Failure{fmt.Sprintf("there is no conversation %.100s: 'stoa inbox' lists them", text), err}
	case errors.Is(err, threads.ErrErased):
		return &Failure{"the conversation was erased", err}
	case errors.Is(err, threads.ErrUnconfirmed):
		return &Failure{"this shop was restored from a backup: it can speak in this conversation again once the shopper has come by, so that nothing contradicts what was said before", err}
	}
	return err
}

// SayQuery is something the brand says: words, or a card of a product with words.
type SayQuery struct {
	Thread, Text string
	Product      protocol.Handle
	Variant      protocol.VariantID
}

// Said is what was committed.
type Said struct {
	Thread protocol.CID `json:"thread"`
	Entry  protocol.CID `json:"entry"`
	Seq    uint64       `json:"seq"`
}

func (s server) say(ctx context.Context, q SayQuery) (Said, error) {
	id, err := s.threadOf(ctx, q.Thread)
	if err != nil {
		return Said{}, err
	}
	draft := thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: q.Text}}
	if q.Product != "" {
		if err := s.shows(ctx, q.Product); err != nil {
			return Said{}, err
		}
		draft = thread.Draft{Kind: thread.KindCard, Body: &thread.Card{Product: q.Product, Variant: q.Variant, Text: q.Text}}
	}
	list, err := s.n.Say(ctx, id, draft)
	if err != nil {
		return Said{}, noThread(q.Thread, err)
	}
	return Said{id, list[0].ID, list[0].Seq}, nil
}

// shows reports a product that the shop doesn't show.
func (s server) shows(ctx context.Context, h protocol.Handle) error {
	err := s.n.Store().View(ctx, s.n.Brand(), func(v *store.View) error {
		_, _, err := v.Product(h)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return &Failure{fmt.Sprintf("the shop shows no product %s: 'stoa products' lists them", h), err}
	}
	return err
}

// EraseQuery names a conversation that is to be forgotten.
type EraseQuery struct{ Thread string }

func (s server) erase(ctx context.Context, q EraseQuery) (None, error) {
	id, err := s.threadOf(ctx, q.Thread)
	if err == nil {
		err = s.n.EraseThread(ctx, id)
	}
	return None{}, noThread(q.Thread, err)
}

// refused says in words why trade refused something that the owner asked for.
func refused(err error) error {
	var r *trade.Refused
	if !errors.As(err, &r) {
		return err
	}
	words, ok := refusals[r.Reason]
	if !ok {
		words = "it was refused: " + string(r.Reason)
	}
	if r.Detail != "" {
		words += " (" + r.Detail + ")"
	}
	return &Failure{words, protocol.ErrInvalid}
}

var refusals = map[trade.Reason]string{
	trade.NotNow:         "the order is past that, or not there yet",
	trade.BadAmount:      "the amount doesn't fit the order",
	trade.BadQuantity:    "the order has no so many pieces left",
	trade.OrderUnknown:   "there is no such order",
	trade.NotCancellable: "the order can't be cancelled any more",
	trade.NotReturnable:  "what was named can't be given back",
}
