package api

import (
	"context"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// subscribe answers POST /api/events: the requests are checked now, the stream comes
// with the ticket. What happens in between waits in the subscription.
func (q asked) subscribe() error {
	var e wire.EventsRequest
	if err := q.decode(func(data []byte) error { return wire.DecodeThread(data, &e) }); err != nil {
		return err
	}
	requests := make([]protocol.Signed, len(e.Requests))
	for i, data := range e.Requests {
		var err error
		if requests[i], err = protocol.DecodeSigned(data); err != nil {
			return err
		}
	}
	name, err := q.watch(requests)
	if err != nil {
		return err
	}
	return q.answer(wire.EncodeThread(&wire.EventsAnswer{Ticket: name}))
}

func (q asked) watch(requests []protocol.Signed) (string, error) {
	if !q.tickets.entry.enter(q.who) {
		return "", wire.ErrBusy
	}
	ctx, cancel := context.WithCancel(q.ctx)
	events, err := q.threads.Watch(ctx, requests)
	if err != nil {
		cancel()
		q.tickets.entry.leave(q.who)
		return "", err
	}
	return q.tickets.open(q.who, events, cancel).name, nil
}
