package threads

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// deed is a change of a thread that is no entry: a device that is let in to read, a
// file. It goes through the batches like everything else, so that one goroutine knows
// how each thread stands.
type deed struct {
	thread protocol.CID
	begun  *store.Thread // taken when there is no row yet; may be nil
	// do makes the change. refusal is what to tell; err is the node's own trouble.
	do   func(s *session) (refusal, err error)
	done chan error // holds one
}

// act has a deed done and returns when it is durable.
func (d *Desk) act(ctx context.Context, what *deed) error {
	what.done = make(chan error, 1)
	select {
	case d.opened <- task{deed: what}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-what.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-d.stopped:
		return context.Canceled
	}
}

func (b *batch) act(what *deed) error {
	s, err := b.session(what.thread, what.begun)
	if exists := (wire.ErrExists{}); errors.As(err, &exists) || errors.Is(err, wire.ErrUnknownThread) {
		b.done[what] = err
		return nil
	}
	if err != nil {
		return err
	}
	if s.t.Erased || s.erase {
		b.done[what] = fmt.Errorf("thread %s was erased: %w", what.thread, wire.ErrUnknownThread)
		return nil
	}
	refusal, err := what.do(s)
	b.done[what] = refusal
	return err
}

// stored has the thread's row written before anything that stands behind it.
func (s *session) stored() error {
	if !s.fresh {
		return nil
	}
	if err := s.b.tx.PutThread(s.t); err != nil {
		return err
	}
	s.fresh, s.t.Genesis = false, nil
	return nil
}

// MarkRead says that the owner has seen what stands in a thread; store.ErrNotFound when
// there is no such thread.
func (d *Desk) MarkRead(ctx context.Context, id protocol.CID) error {
	err := d.act(ctx, &deed{thread: id, do: func(s *session) (error, error) {
		s.touched = s.touched || s.t.Unread > 0
		s.t.Unread = 0
		return nil, nil
	}})
	if errors.Is(err, wire.ErrUnknownThread) {
		err = fmt.Errorf("%w: %w", err, store.ErrNotFound)
	}
	return err
}
