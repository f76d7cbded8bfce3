package threads

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Read returns what stands in a thread behind a commit, for one of its devices. Errors:
// wire.ErrUnknownThread, wire.ErrClock, wire.ErrNotAllowed, and what wraps
// protocol.ErrInvalid.
func (d *Desk) Read(ctx context.Context, id protocol.CID, req protocol.Signed, after uint64) (wire.ThreadPage, error) {
	t, err := d.readable(ctx, id, req)
	if err != nil {
		return wire.ThreadPage{}, err
	}
	return d.page(ctx, t, after)
}

// readable returns the thread that a request of one of its devices is for.
func (d *Desk) readable(ctx context.Context, id protocol.CID, signed protocol.Signed) (*store.Thread, error) {
	req, err := thread.OpenRequest(signed)
	if err != nil {
		return nil, err
	}
	if now := d.now(); !req.Timely(now) {
		return nil, wire.ErrClock{Time: now}
	}
	if id.Defined() && req.Thread != id {
		return nil, fmt.Errorf("request for %s: %w", req.Thread, wire.ErrNotAllowed)
	}
	t, err := d.living(ctx, req.Thread)
	if err != nil {
		return nil, err
	}
	if device := deviceOf(t, [32]byte(req.Device.Bytes())); device == nil || device.Removed {
		return nil, fmt.Errorf("read %s: %w", req.Thread, wire.ErrNotAllowed)
	}
	return t, nil
}

// Find returns the thread of each identity, undefined where there is none.
func (d *Desk) Find(ctx context.Context, brand protocol.CID, identities [][32]byte) ([]protocol.CID, error) {
	if brand != d.brand {
		return nil, fmt.Errorf("threads with %s: %w", brand, wire.ErrUnknownBrand)
	}
	if len(identities) > wire.MaxFound {
		return nil, fmt.Errorf("%d identities: %w", len(identities), wire.ErrTooLarge)
	}
	return d.find(ctx, identities)
}

func (d *Desk) find(ctx context.Context, identities [][32]byte) (found []protocol.CID, err error) {
	err = d.store.Desk(ctx, func(v *store.DeskView) error {
		found = make([]protocol.CID, len(identities))
		for i, identity := range identities {
			id, err := v.ThreadByIdentity(identity)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			found[i] = id
		}
		return nil
	})
	return found, err
}

// Genesis returns the signed genesis of a thread, or wire.ErrUnknownThread.
func (d *Desk) Genesis(ctx context.Context, id protocol.CID) (genesis []byte, err error) {
	if t := d.half.get(id); t != nil {
		return t.Genesis, nil
	}
	err = d.store.Desk(ctx, func(v *store.DeskView) error {
		genesis, err = v.Genesis(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrErased) {
		return nil, fmt.Errorf("genesis of %s: %w", id, wire.ErrUnknownThread)
	}
	return genesis, err
}

// Watch tells what is committed in the threads of the requests, each signed by a
// device, until ctx ends or the reader is too slow: the channel is closed then. Errors
// are those of Read, and wire.ErrBusy.
func (d *Desk) Watch(ctx context.Context, reqs []protocol.Signed) (<-chan wire.ThreadEvent, error) {
	if len(reqs) > wire.MaxWatched {
		return nil, fmt.Errorf("%d threads: %w", len(reqs), wire.ErrTooLarge)
	}
	var ids []protocol.CID
	for _, req := range reqs {
		t, err := d.readable(ctx, protocol.CID{}, req)
		if err != nil {
			return nil, err
		}
		ids = append(ids, t.ID)
	}
	return d.hub.watch(ctx, ids)
}
