package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Read returns what waits for the shopper behind a number; a device of the thread asks.
func (r *Relay) Read(ctx context.Context, id protocol.CID, req protocol.Signed, after uint64) (wire.ThreadPage, error) {
	x, err := r.readable(ctx, id, req)
	if err != nil {
		return wire.ThreadPage{}, err
	}
	if after > x.Read && after <= x.Down.Last {
		if err := r.seen(ctx, x, after); err != nil {
			return wire.ThreadPage{}, err
		}
	}
	return r.page(ctx, id, after)
}

// seen notes that a device has what stands up to a number: it may make room.
func (r *Relay) seen(ctx context.Context, x *store.Box, n uint64) error {
	id := x.Thread
	return r.change(ctx, 0, func(tx *store.BoxTxn) error {
		x, err := tx.Box(id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		x.Read = max(x.Read, n)
		return r.touch(tx, x)
	}, func() { r.readOn(x.Brand, id) })
}

// hasRead reports whether a box holds something that a device has read.
func (r *Relay) hasRead(ctx context.Context, id protocol.CID) (has bool, err error) {
	err = r.Store.ReadBoxes(ctx, func(v *store.BoxView) error {
		x, err := v.Box(id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		oldest, err := v.Items(id, store.Down, 0, 1)
		has = len(oldest) > 0 && oldest[0].N <= x.Read
		return err
	})
	return has, err
}

// readable returns a box if the request is of one of its devices, of now.
func (r *Relay) readable(ctx context.Context, id protocol.CID, signed protocol.Signed) (*store.Box, error) {
	req, err := thread.OpenRequest(signed)
	if err != nil {
		return nil, err
	}
	if now := r.Now(); !req.Timely(now) {
		return nil, wire.ErrClock{Time: now}
	}
	x, err := r.box(ctx, id)
	if err != nil {
		return nil, err
	}
	if req.Thread != id || !slices.Contains(x.Devices, [32]byte(req.Device.Bytes())) {
		return nil, fmt.Errorf("read %s: %w", id, wire.ErrNotAllowed)
	}
	return x, nil
}

// page reads envelopes for the shopper.
func (r *Relay) page(ctx context.Context, id protocol.CID, after uint64) (wire.ThreadPage, error) {
	p := wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{}, Next: after}
	err := r.Store.ReadBoxes(ctx, func(v *store.BoxView) error {
		p.Envelopes, p.Next, p.More = p.Envelopes[:0], after, false
		items, err := v.Items(id, store.Down, after, pageItems)
		if err != nil {
			return err
		}
		size := 0
		for _, i := range items {
			if size += len(i.Bytes); size > pageBytes && len(p.Envelopes) > 0 {
				p.More = true
				return nil
			}
			if i.Kind == string(wire.MailEnvelope) {
				p.Envelopes = append(p.Envelopes, wire.NumberedEnvelope{N: i.N, Bytes: i.Bytes})
			}
			p.Next = i.N
		}
		p.More = len(items) == pageItems
		return nil
	})
	return p, err
}

// Genesis returns the signed genesis of a thread.
func (r *Relay) Genesis(ctx context.Context, id protocol.CID) ([]byte, error) {
	x, err := r.box(ctx, id)
	if err != nil {
		return nil, err
	}
	return x.Genesis, nil
}

// PutBlob leaves a sealed file in a box and returns its name.
func (r *Relay) PutBlob(ctx context.Context, depositor string, id protocol.CID, write [32]byte, blob []byte) (protocol.CID, error) {
	if len(blob) == 0 || len(blob) > wire.MaxMailBlob {
		return protocol.CID{}, fmt.Errorf("a file of %d bytes: %w", len(blob), wire.ErrTooLarge)
	}
	name := protocol.Sum(protocol.Raw, blob)
	d, err := r.deposit(id, depositor, write, nil)
	if err != nil {
		return protocol.CID{}, err
	}
	d.items = []store.BoxItem{{Thread: id, Direction: store.Up, Kind: string(wire.MailBlob), ID: name, Bytes: blob}}
	var brand protocol.CID
	err = r.change(ctx, len(blob), func(tx *store.BoxTxn) error {
		x, err := tx.Box(id)
		if err == nil {
			brand = x.Brand
		}
		return r.store(tx, d)
	}, func() { r.wake(brand) })
	if err != nil {
		r.count.refused.WithLabelValues(reasonOf(err)).Inc()
		return protocol.CID{}, fmt.Errorf("leave a file in %s: %w", id, err)
	}
	if d.results[0].State == wire.StateRefused {
		return protocol.CID{}, fmt.Errorf("leave a file in %s: it is closed: %w", id, wire.ErrNotAllowed)
	}
	return name, nil
}

// Blob returns a sealed file that either side left.
func (r *Relay) Blob(ctx context.Context, id protocol.CID, req protocol.Signed, name protocol.CID) ([]byte, error) {
	if _, err := r.readable(ctx, id, req); err != nil {
		return nil, err
	}
	var data []byte
	err := r.Store.ReadBoxes(ctx, func(v *store.BoxView) error {
		i, err := v.ItemByID(id, store.Down, name)
		if errors.Is(err, store.ErrNotFound) {
			i, err = v.ItemByID(id, store.Up, name)
		}
		if err == nil && i.Kind == string(wire.MailBlob) {
			data = i.Bytes
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && data == nil {
		return nil, fmt.Errorf("file %s of %s: %w", name, id, wire.ErrUnknownThread)
	}
	return data, err
}

// Watch returns what happens in threads from now on, for devices of them. The channel
// is closed when ctx ends, and when it isn't emptied in time: then read again.
func (r *Relay) Watch(ctx context.Context, reqs []protocol.Signed) (<-chan wire.ThreadEvent, error) {
	if len(reqs) == 0 || len(reqs) > wire.MaxWatched {
		return nil, fmt.Errorf("watch %d threads, allowed are 1 to %d: %w", len(reqs), wire.MaxWatched, wire.ErrTooLarge)
	}
	var threads []protocol.CID
	for _, signed := range reqs {
		req, err := thread.OpenRequest(signed)
		if err != nil {
			return nil, err
		}
		if _, err := r.readable(ctx, req.Thread, signed); err != nil {
			return nil, err
		}
		threads = append(threads, req.Thread)
	}
	e := r.hub.listen(earRoom, threads...)
	context.AfterFunc(ctx, func() { r.hub.leave(e) })
	return e.out, nil
}
