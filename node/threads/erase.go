package threads

import (
	"context"
	"errors"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Erase says in a thread that the conversation is erased, and forgets it: bodies, names,
// keys and files. Orders stay for the term of the books. What the shopper keeps on
// their own devices can't be taken back. Erasing again is no change.
func (d *Desk) Erase(ctx context.Context, id protocol.CID) error {
	_, err := d.Say(ctx, id, thread.Draft{Kind: thread.KindErased})
	if errors.Is(err, ErrErased) {
		return nil
	}
	if errors.Is(err, ErrUnconfirmed) { // nothing can be said there, but all can be forgotten
		err = d.act(ctx, &deed{thread: id, do: func(s *session) (error, error) {
			s.erase, s.touched = true, true
			return nil, nil
		}})
	}
	return err
}

// forget erases what is kept of a thread. Its files go first: nobody can open them
// without the keys, which go then.
func (d *Desk) forget(ctx context.Context, id protocol.CID) error {
	if err := d.files.forget(id); err != nil {
		return err
	}
	if err := d.store.Erase(ctx, id, d.now()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// forgetRest deletes the files of threads that are no more: what an interrupted erasure
// left. The store ends its own part when it is opened.
func (d *Desk) forgetRest(ctx context.Context) error {
	list, err := d.files.threads()
	if err != nil {
		return err
	}
	for _, id := range list {
		t, err := d.lookUp(ctx, id)
		if err == nil && !t.Erased {
			continue
		}
		if err != nil && !errors.Is(err, wire.ErrUnknownThread) {
			return err
		}
		if err := d.files.forget(id); err != nil {
			return err
		}
	}
	return nil
}
