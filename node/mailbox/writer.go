package mailbox

import (
	"context"
	"errors"

	"github.com/stoa-commerce/stoa/store"
)

// writtenAtOnce is how many changes go into one durable step.
const writtenAtOnce = 128

// change is one change of the boxes. do checks first and writes then; it may run
// again. What it refuses it returns as a refusal, and nothing of it is written; with
// another error nothing of the whole step is. then runs when it is durable, in the
// order of the changes.
type change struct {
	size int // of what do writes, about, in bytes
	do   func(*store.BoxTxn) error
	then func()
	err  error
	done chan error
}

// refusal is an error of a change that others of the step don't suffer from.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

func refuse(err error) error { return refusal{err} }

// writer makes changes one after the other, as many as wait in one durable step: the
// boxes of a brand share counters, and a disk sync is dear.
type writer struct {
	boxes func(context.Context, func(*store.BoxTxn) error) error
	begin func() // before each run of a step; may be nil
	in    chan *change
	ended chan struct{}
}

func newWriter(s *store.Store, begin func()) *writer {
	if begin == nil {
		begin = func() {}
	}
	return &writer{boxes: s.Boxes, begin: begin, in: make(chan *change, 2*writtenAtOnce), ended: make(chan struct{})}
}

// run makes changes until ctx ends.
func (w *writer) run(ctx context.Context) error {
	defer close(w.ended)
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-w.in:
			w.step(ctx, w.gather(c))
		}
	}
}

func (w *writer) gather(first *change) []*change {
	step := []*change{first}
	for len(step) < writtenAtOnce {
		select {
		case c := <-w.in:
			step = append(step, c)
		default:
			return step
		}
	}
	return step
}

// step makes the changes together, as far as they go into one transaction, or each by
// itself when that fails.
func (w *writer) step(ctx context.Context, step []*change) {
	fits := len(step)
	err := w.boxes(ctx, func(tx *store.BoxTxn) error {
		w.begin()
		fits = len(step)
		for n, c := range step {
			if n > 0 && tx.Room() < c.size+besides {
				fits = n
				return nil
			}
			c.err = c.do(tx)
			var r refusal
			if c.err != nil && !errors.As(c.err, &r) {
				return c.err
			}
		}
		return nil
	})
	if err != nil && len(step) > 1 {
		for _, c := range step {
			w.step(ctx, []*change{c})
		}
		return
	}
	for _, c := range step[:fits] {
		if err == nil && c.err == nil && c.then != nil {
			c.then()
		}
		c.done <- errors.Join(err, unrefused(err, c.err))
	}
	if fits < len(step) {
		w.step(ctx, step[fits:])
	}
}

// besides is what a change writes beside what it says, at most, in bytes.
const besides = 128 << 10

// unrefused returns a refusal's error; what failed the whole step is told by that.
func unrefused(step, err error) error {
	var r refusal
	if step == nil && errors.As(err, &r) {
		return r.error
	}
	return nil
}

// write makes one change and returns when it is durable, or why it isn't. When ctx
// ends earlier, the change may be made nevertheless.
func (w *writer) write(ctx context.Context, size int, do func(*store.BoxTxn) error, then func()) error {
	c := &change{size: size, do: do, then: then, done: make(chan error, 1)}
	select {
	case w.in <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ended:
		return ErrClosed
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ended:
		return ErrClosed
	}
}
