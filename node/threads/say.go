package threads

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Errors of Say that a caller decides on.
var (
	// ErrUnconfirmed means that the node came from a backup and the thread's shopper
	// hasn't been here since: whatever the brand said now might contradict what it
	// said before.
	ErrUnconfirmed = errors.New("the shopper has to come by first: the node was restored from a backup")
	// ErrErased means that the conversation was erased.
	ErrErased = errors.New("the conversation was erased")
)

// Said is an entry of the brand's that was committed.
type Said struct {
	ID   protocol.CID
	Kind string
	Seq  uint64
}

// saying is something that the brand says, all of it or nothing.
type saying struct {
	thread protocol.CID
	drafts []thread.Draft
	size   int
	done   chan outcome // holds one
}

type outcome struct {
	list []Said
	err  error
}

func (s *saying) end(list []Said, err error) { s.done <- outcome{list, err} }

// Say commits entries of the brand's own, in order and in one step with what they
// effect, and returns when they are durable. It returns store.ErrNotFound for a thread
// that there isn't, ErrErased, ErrUnconfirmed, *trade.Refused, or an error that wraps
// protocol.ErrInvalid for a body that breaks a rule.
func (d *Desk) Say(ctx context.Context, id protocol.CID, drafts ...thread.Draft) ([]Said, error) {
	s := &saying{thread: id, drafts: drafts, done: make(chan outcome, 1)}
	for _, draft := range drafts {
		body, err := thread.EncodeBody(draft.Kind, draft.Body)
		if err != nil {
			return nil, err
		}
		if !thread.May(draft.Kind, true) {
			return nil, protocol.Invalid("entry", "a brand doesn't write %s", draft.Kind)
		}
		s.size += len(body)
	}
	select {
	case d.opened <- task{saying: s}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case o := <-s.done:
		return o.list, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-d.stopped:
		return nil, context.Canceled
	}
}

// say commits what the brand says. What it refuses itself is no trouble of the batch.
func (b *batch) say(what *saying) error {
	s, err := b.session(what.thread, nil)
	switch {
	case errors.Is(err, wire.ErrUnknownThread):
		b.said[what] = outcome{err: fmt.Errorf("thread %s: %w", what.thread, store.ErrNotFound)}
		return nil
	case err != nil:
		return err
	case s.t.Erased || s.erase:
		b.said[what] = outcome{err: ErrErased}
		return nil
	case s.t.Resync || b.d.unconfirmed(s.t):
		b.said[what] = outcome{err: ErrUnconfirmed}
		return nil
	}
	return b.sayIn(s, what)
}

func refusing(draft thread.Draft, reason string) error {
	return trade.Refuse(trade.Reason(reason), "%s can't be said now", draft.Kind)
}

func (b *batch) sayIn(s *session, what *saying) error {
	var out outcome
	for i, draft := range what.drafts {
		said, refusal, err := s.sayOne(draft)
		if refusal != "" && i == 0 {
			b.said[what] = outcome{err: refusing(draft, refusal)}
			return nil
		}
		if refusal != "" {
			err = refusing(draft, refusal) // half of it is done: the batch is made again without it
		}
		if err != nil {
			return err
		}
		out.list = append(out.list, said...)
	}
	b.said[what] = out
	return nil
}

// sayOne commits one draft, what it effects and what trading adds to it.
func (s *session) sayOne(draft thread.Draft) (list []Said, refusal string, err error) {
	w, err := s.draw(draft)
	if err != nil {
		return nil, "", err
	}
	replies, refusal, err := s.decideOwn(draft, w.ID)
	if refusal != "" || err != nil {
		return nil, refusal, err
	}
	e, err := s.put(w)
	if err != nil {
		return nil, "", err
	}
	list = append(list, Said{e.ID, e.Kind, e.Seq})
	for _, r := range replies {
		e, err := s.write(r)
		if err != nil {
			return nil, "", err
		}
		list = append(list, Said{e.ID, e.Kind, e.Seq})
	}
	return list, "", nil
}

// decideOwn asks trading about what the brand says of an order.
func (s *session) decideOwn(draft thread.Draft, id protocol.CID) ([]thread.Draft, string, error) {
	switch draft.Kind {
	case thread.KindText, thread.KindPhoto, thread.KindCard, thread.KindRekeyPlease:
		s.t.Unread = 0 // who answers has read
		return nil, "", nil
	case thread.KindErased:
		s.erase = true
		return nil, "", nil
	}
	v, err := s.decide(thread.Opened{ID: id, Kind: draft.Kind, Body: draft.Body, Time: s.b.now, Brand: true, Device: s.ownKey()})
	return v.Replies, v.Refused, err
}

func (s *session) ownKey() [32]byte { return [32]byte(s.b.key[32:]) }
