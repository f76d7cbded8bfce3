package shopper

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Write puts an entry into the outbox, durably, and returns its name. Sync, or any
// verb, sends it.
func (c *Conversation) Write(kind string, body any) (protocol.CID, error) {
	if err := c.Prepare(); err != nil {
		return protocol.CID{}, err
	}
	if err := c.renew(kind); err != nil {
		return protocol.CID{}, err
	}
	return c.write(kind, body, nil)
}

func (c *Conversation) write(kind string, body any, root []byte) (protocol.CID, error) {
	pen := thread.Pen{Key: c.state.device(), Thread: c.state.Thread, DSeq: c.state.DSeq, Last: c.state.DPrev}
	w, err := pen.Write(thread.Draft{Kind: kind, Body: body}, c.last(), secret(), c.now())
	if err != nil {
		return protocol.CID{}, err
	}
	entry, err := w.Encode()
	if err != nil {
		return protocol.CID{}, err
	}
	c.state.DSeq, c.state.DPrev = pen.DSeq, pen.Last
	c.state.Outbox = append(c.state.Outbox, pending{Entry: entry, ID: w.ID, Kind: kind, Salt: w.Salt[:], Body: w.Body, State: stateSending, Root: root})
	return w.ID, c.save()
}

// renew begins a new epoch before an entry when one is due and none is on its way.
func (c *Conversation) renew(kind string) error {
	old := c.fresh >= thread.RekeyEntries || c.began > 0 && c.now() >= c.began+thread.RekeyAge
	if kind == thread.KindErase || c.brand.Prekey == nil || !old && !c.due {
		return nil
	}
	if _, _, coming := c.coming(protocol.CID{}); coming {
		return nil
	}
	return c.rekey()
}

// rekey writes the entry that begins a new epoch.
func (c *Conversation) rekey() error {
	if err := c.sealable(); err != nil {
		return err
	}
	enc, roots, err := thread.Encapsulate(c.brand.ID, c.brand.PrekeyID, c.brand.Prekey.Key)
	if err != nil {
		return err
	}
	_, err = c.write(thread.KindRekey, &thread.Rekey{Prekey: c.brand.PrekeyID, Enc: enc}, roots.Root[:])
	return err
}

// Sync sends what is pending and reads what has come, without waiting for commits.
func (c *Conversation) Sync(ctx context.Context) error {
	if c.state == nil || !c.state.Begun && len(c.state.Outbox) == 0 && len(c.entries) == 0 {
		return nil
	}
	return c.exchange(ctx, 0)
}

// Say writes an entry and waits until the brand has committed it. Errors: *Refused,
// *Pending when ctx ends before, protocol.ErrInvalid for a body that breaks a rule.
func (c *Conversation) Say(ctx context.Context, kind string, body any) (Entry, error) {
	id, err := c.Write(kind, body)
	if err != nil {
		return Entry{}, err
	}
	return c.Await(ctx, id)
}

// Await waits until the brand has committed an entry of the outbox. Errors are those
// of Say.
func (c *Conversation) Await(ctx context.Context, id protocol.CID) (e Entry, err error) {
	err = c.until(ctx, func() (bool, error) {
		var ok bool
		if e, ok = c.Entry(id); ok {
			return true, nil
		}
		if p := c.pending(id); p != nil && p.State == wire.StateRefused {
			return false, &Refused{Reason: p.Reason}
		}
		return false, nil
	})
	if err == nil && e.Refused != "" {
		err = &Refused{Reason: e.Refused}
	}
	return e, err
}

// Ask asks what a cart costs and waits for the quote. Errors are those of Say; the
// reason of a quote that the brand refuses is that of trade.
func (c *Conversation) Ask(ctx context.Context, ask thread.Ask) (quote Entry, err error) {
	id, err := c.Write(thread.KindAsk, &ask)
	if err != nil {
		return quote, err
	}
	if _, err := c.Await(ctx, id); err != nil {
		return quote, err
	}
	err = c.until(ctx, func() (bool, error) {
		var ok bool
		quote, ok = c.quoteFor(id)
		return ok, nil
	})
	if err != nil {
		return quote, err
	}
	if b := quote.Body.(*thread.Quote); b.Quote == nil {
		return quote, &Refused{Reason: b.Refused, Detail: b.Text}
	}
	return quote, nil
}

// quoteFor finds the brand's answer to an ask.
func (c *Conversation) quoteFor(ask protocol.CID) (Entry, bool) {
	for i := c.at[ask]; i < len(c.entries); i++ {
		e := c.entries[i]
		if b, ok := e.Body.(*thread.Quote); ok && !e.Mine && e.Refused == "" && b.Ask == ask {
			return e, true
		}
	}
	return Entry{}, false
}

// ErrNotAsked says that a quote isn't one for what was asked.
var ErrNotAsked = errors.New("the brand's quote is not for what was asked")

// Check compares a quote with what it is for: the brand may decide on prices, not on
// what is bought.
func Check(q *trade.Quote, brand protocol.CID, ask thread.Ask) error {
	if q.Brand != brand || len(q.Lines) != len(ask.Lines) {
		return ErrNotAsked
	}
	for i, l := range q.Lines {
		if a := ask.Lines[i]; l.Product != a.Product || l.Variant != a.Variant || l.Quantity != a.Quantity {
			return fmt.Errorf("%w: line %d", ErrNotAsked, i+1)
		}
	}
	return nil
}

// Placement is the order for a quote, as it stands: contact, address and method are
// still to be filled in. until is the last moment at which it may be committed.
func Placement(quote Entry, until protocol.Millis) (*trade.Placement, error) {
	b, ok := quote.Body.(*thread.Quote)
	if !ok || b.Quote == nil {
		return nil, protocol.Invalid("order", "not of a quote")
	}
	p := &trade.Placement{Quote: quote.ID, MaxTotal: protocol.NewMoney(b.Quote.Total, b.Quote.Currency), Until: until}
	for _, l := range b.Quote.Lines {
		p.Records = append(p.Records, l.Offer)
	}
	return p, nil
}

// Order places an order and waits until the brand has committed it. Errors are those
// of Say.
func (c *Conversation) Order(ctx context.Context, p *trade.Placement) (Entry, error) {
	return c.Say(ctx, thread.KindOrder, p)
}

// Outgoing is an entry that the brand hasn't committed yet.
type Outgoing struct {
	ID     protocol.CID
	Kind   string
	State  string // sending, stored, received or refused
	Reason string
}

// Outbox returns what is pending, in order.
func (c *Conversation) Outbox() []Outgoing {
	if c.state == nil {
		return nil
	}
	out := make([]Outgoing, len(c.state.Outbox))
	for i, p := range c.state.Outbox {
		out[i] = Outgoing{p.ID, p.Kind, p.State, p.Reason}
	}
	return out
}
