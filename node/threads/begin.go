package threads

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// beginWait is how long Begin waits for commits.
const beginWait = 10 * time.Second

// Begin begins a thread, or goes on as Post with the one that there is. A thread in
// which nothing was committed is kept in memory only. Errors are those of Post, and
// wire.ErrExists, wire.ErrUnknownEpoch for a prekey that is gone.
func (d *Desk) Begin(ctx context.Context, depositor string, write [32]byte, b wire.ThreadBegin) (wire.ThreadAnswer, error) {
	signed, err := protocol.DecodeSigned(b.Genesis)
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	post := wire.ThreadPost{Envelopes: b.Envelopes, After: b.After}
	if id := signed.ID(); d.recent.get(id) != nil {
		return d.Post(ctx, depositor, id, write, post, beginWait)
	}
	dep, err := deposited(depositor, signed.ID(), post)
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	dep.size += len(b.Genesis)
	dep.first = func(ctx context.Context) error { return d.begin(ctx, depositor, write, b.Genesis) }
	d.queue.put(dep)
	d.await(ctx, dep, beginWait)
	a, err := d.answer(ctx, dep)
	if errors.Is(err, wire.ErrUnknownThread) && !dep.over() {
		err = fmt.Errorf("begin: its turn didn't come: %w", wire.ErrBusy)
	}
	return a, err
}

// begin keeps a thread half open, unless it is known. Opening what it is sealed to is
// the dearest thing that a stranger can ask for: it waits in the queue like the rest.
func (d *Desk) begin(ctx context.Context, depositor string, write [32]byte, genesis []byte) error {
	g, err := thread.OpenGenesis(genesis)
	if errors.Is(err, thread.ErrUnsupported) {
		err = fmt.Errorf("%w: %w", err, protocol.ErrInvalid)
	}
	if err == nil && g.Brand != d.brand {
		err = fmt.Errorf("thread with %s: %w", g.Brand, wire.ErrUnknownBrand)
	}
	if err != nil {
		return err
	}
	if known, err := d.known(ctx, g); known || err != nil {
		return errors.Join(err, d.allowed(ctx, g.Thread, write))
	}
	roots, err := d.decapsulate(ctx, g.Prekey, g.Enc)
	if errors.Is(err, thread.ErrPrekey) {
		return fmt.Errorf("begin: %w: %w", err, wire.ErrUnknownEpoch)
	}
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(roots.Write[:], write[:]) != 1 {
		return fmt.Errorf("begin: the capability is not that of the thread: %w", wire.ErrNotAllowed)
	}
	d.half.put(depositor, d.newThread(g, genesis, roots))
	return nil
}

// allowed checks the capability of a thread that is known.
func (d *Desk) allowed(ctx context.Context, id protocol.CID, write [32]byte) error {
	_, err := d.writable(ctx, id, write)
	return err
}

// known reports whether a thread was begun before. A second thread of one shopper is
// wire.ErrExists.
func (d *Desk) known(ctx context.Context, g thread.OpenedGenesis) (known bool, err error) {
	if d.recent.get(g.Thread) != nil || d.half.get(g.Thread) != nil {
		return true, nil
	}
	err = d.store.Desk(ctx, func(v *store.DeskView) error {
		other, err := v.ThreadByIdentity([32]byte(g.Identity.Bytes()))
		switch {
		case err == nil && other != g.Thread:
			return wire.ErrExists{Thread: other}
		case err == nil:
			known = true
			return nil
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		_, err = v.Thread(g.Thread) // erased ones have no identity any more
		known = err == nil
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return known, err
}

func (d *Desk) newThread(g thread.OpenedGenesis, genesis []byte, roots thread.Roots) *store.Thread {
	device, now := [32]byte(g.Device.Bytes()), d.now()
	return &store.Thread{
		ID: g.Thread, Brand: g.Brand, Home: g.Home, Genesis: genesis, Identity: [32]byte(g.Identity.Bytes()), Device: device,
		Write: roots.Write, Devices: []store.ThreadDevice{{Key: device, FirstSeen: now}},
		Secrets: []store.EpochSecret{{Secret: thread.FirstEpoch(roots.Root, g.Thread)}},
		Created: now, Touched: now, Confirmed: now, Rekeyed: now,
	}
}

// Post takes envelopes, at most wire.MaxPosted, and waits until all are committed or
// refused, at most wait: what isn't by then is received, and its commit comes later.
// The same envelopes have the same answer each time. Errors: wire.ErrUnknownThread,
// wire.ErrNotAllowed, wire.ErrUnknownEpoch (nothing was taken then), wire.ErrBusy, and
// what wraps protocol.ErrInvalid.
func (d *Desk) Post(ctx context.Context, depositor string, id protocol.CID, write [32]byte, p wire.ThreadPost, wait time.Duration) (wire.ThreadAnswer, error) {
	t, err := d.writable(ctx, id, write)
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	dep, err := deposited(depositor, id, p)
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	if len(p.Envelopes) > 0 && !t.Erased {
		d.queue.put(dep)
		d.await(ctx, dep, wait)
	} else if t.Erased {
		for i := range p.Envelopes {
			dep.settle(i, refused(thread.RefusedErased))
		}
	}
	return d.answer(ctx, dep)
}

// deposited is what a post brings.
func deposited(depositor string, id protocol.CID, p wire.ThreadPost) (*deposit, error) {
	if len(p.Envelopes) > wire.MaxPosted {
		return nil, fmt.Errorf("%d envelopes: %w", len(p.Envelopes), wire.ErrTooLarge)
	}
	return newDeposit(depositor, id, p.Envelopes, p.After), nil
}

// writable returns a thread whose capability is shown. An erased one has none any more.
func (d *Desk) writable(ctx context.Context, id protocol.CID, write [32]byte) (*store.Thread, error) {
	t, err := d.lookUp(ctx, id)
	if err == nil && !t.Erased && subtle.ConstantTimeCompare(t.Write[:], write[:]) != 1 {
		err = fmt.Errorf("deposit in %s: %w", id, wire.ErrNotAllowed)
	}
	return t, err
}

func (d *Desk) await(ctx context.Context, dep *deposit, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-dep.done:
	case <-timer.C:
	case <-ctx.Done():
	case <-d.stopped:
	}
}

// answer says what became of a deposit, with what stands behind its After.
func (d *Desk) answer(ctx context.Context, dep *deposit) (wire.ThreadAnswer, error) {
	results, page, err := dep.present()
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	a := wire.ThreadAnswer{Thread: dep.thread, Results: results}
	if page != nil {
		a.ThreadPage = *page
		return a, nil
	}
	t, err := d.lookUp(ctx, dep.thread)
	if err == nil && !t.Erased {
		a.ThreadPage, err = d.page(ctx, t, dep.after)
	}
	return a, err
}
