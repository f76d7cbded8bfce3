package mailbox

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// deposit is what one post leaves in a box.
type deposit struct {
	thread    protocol.CID
	depositor string
	write     [32]byte // the hash of the capability
	after     uint64   // what the shopper has
	items     []store.BoxItem
	results   []wire.EnvelopeResult // set by do
}

// Begin opens a box for a thread of a followed brand and leaves the first envelopes in
// it. A thread that has a box already is posted to; ErrExists names the thread of the
// same identity, if it has another one.
func (r *Relay) Begin(ctx context.Context, depositor string, write [32]byte, b wire.ThreadBegin) (wire.ThreadAnswer, error) {
	g, err := thread.OpenGenesis(b.Genesis)
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	if !r.Follows(g.Brand) {
		return wire.ThreadAnswer{}, fmt.Errorf("begin %s: %w", g.Thread, wire.ErrUnknownBrand)
	}
	d, err := r.deposit(g.Thread, depositor, write, b.Envelopes)
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	d.after = b.After
	open := func(tx *store.BoxTxn) error { return r.open(tx, g, b.Genesis, d) }
	return r.leave(ctx, g.Brand, d, open, brandTime)
}

// Post leaves envelopes in a box and returns what waits for the shopper there. While
// the brand is connected it waits for its answer, at most wait.
func (r *Relay) Post(ctx context.Context, depositor string, id protocol.CID, write [32]byte, p wire.ThreadPost, wait time.Duration) (wire.ThreadAnswer, error) {
	x, err := r.box(ctx, id)
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	d, err := r.deposit(id, depositor, write, p.Envelopes)
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	d.after = p.After
	return r.leave(ctx, x.Brand, d, nil, wait)
}

// box reads a box.
func (r *Relay) box(ctx context.Context, id protocol.CID) (x *store.Box, err error) {
	err = r.Store.ReadBoxes(ctx, func(v *store.BoxView) (err error) {
		x, err = v.Box(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("box of %s: %w", id, wire.ErrUnknownThread)
	}
	return x, err
}

// deposit checks the form of envelopes.
func (r *Relay) deposit(id protocol.CID, depositor string, write [32]byte, envelopes [][]byte) (*deposit, error) {
	if len(envelopes) > maxEnvelopes {
		return nil, fmt.Errorf("%d envelopes, allowed are %d: %w", len(envelopes), maxEnvelopes, wire.ErrTooLarge)
	}
	d := &deposit{thread: id, depositor: named(depositor), write: sha256.Sum256(write[:])}
	for _, data := range envelopes {
		e, err := thread.DecodeEnvelope(data)
		if err != nil {
			return nil, err
		}
		if e.Thread != id || e.Dir != thread.Up {
			return nil, protocol.Invalid("envelope", "it is of another thread or goes the other way")
		}
		d.items = append(d.items, store.BoxItem{Thread: id, Direction: store.Up, Kind: string(wire.MailEnvelope), ID: thread.EnvelopeID(data), Bytes: data})
	}
	return d, nil
}

// named returns a depositor that isn't the one of boxes from before the node started.
func named(depositor string) string { return "@" + depositor }

// leave makes a deposit durable, has the brand told and waits for its answer.
func (r *Relay) leave(ctx context.Context, brand protocol.CID, d *deposit, open func(*store.BoxTxn) error, wait time.Duration) (wire.ThreadAnswer, error) {
	ear := r.hub.listen(earRoom, d.thread)
	defer r.hub.leave(ear)
	err := r.change(ctx, int(cost(d.items...)), func(tx *store.BoxTxn) error {
		if open != nil {
			if err := open(tx); err != nil {
				return err
			}
		}
		return r.store(tx, d)
	}, func() {
		r.wake(brand)
		if d.after > 0 {
			r.readOn(brand, d.thread)
		}
	})
	if err != nil {
		r.count.refused.WithLabelValues(reasonOf(err)).Inc()
		return wire.ThreadAnswer{}, fmt.Errorf("deposit in %s: %w", d.thread, err)
	}
	if err := r.receipts(d); err != nil {
		return wire.ThreadAnswer{}, err
	}
	r.await(ctx, brand, d, ear, wait)
	page, err := r.page(ctx, d.thread, d.after)
	return wire.ThreadAnswer{Thread: d.thread, Results: d.results, ThreadPage: page}, err
}

func reasonOf(err error) string {
	for word, is := range map[string]error{"busy": wire.ErrBusy, "quota": wire.ErrQuota, "capability": wire.ErrNotAllowed, "closed": ErrClosed} {
		if errors.Is(err, is) {
			return word
		}
	}
	return "other"
}

// open makes the box of a thread, or finds it.
func (r *Relay) open(tx *store.BoxTxn, g thread.OpenedGenesis, signed []byte, d *deposit) error {
	_, err := tx.Box(g.Thread)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	who := identity{g.Brand, [32]byte(g.Identity.Bytes())}
	if other, is := r.books.thread(who); is {
		return refuse(wire.ErrExists{Thread: other})
	}
	begin := store.BoxItem{Thread: g.Thread, Direction: store.Up, Kind: string(wire.MailBegin), ID: g.Thread, Bytes: signed}
	if err := fits(&store.Box{First: true}, append([]store.BoxItem{begin}, d.items...)); err != nil {
		return err
	}
	if err := r.books.opens(who, d.depositor, boxCost+cost(begin)+cost(d.items...)); err != nil {
		return refuse(err)
	}
	now := r.Now()
	x := &store.Box{
		Thread: g.Thread, Brand: g.Brand, WriteHash: d.write, Genesis: signed, First: true,
		Devices: [][32]byte{[32]byte(g.Device.Bytes())}, Created: now, Touched: now, Until: now + newLife,
	}
	if err := tx.PutBox(x); err != nil {
		return err
	}
	r.books.put(x, who, d.depositor)
	return r.append(tx, x, begin)
}

// append puts an item that was found to fit.
func (r *Relay) append(tx *store.BoxTxn, x *store.Box, i store.BoxItem) error {
	i.Time, i.Until = r.Now(), r.Now()+lifeOf(x)
	if err := tx.Append(&i); err != nil {
		return err
	}
	r.count.taken.WithLabelValues(i.Kind).Inc()
	return r.recount(tx, x.Thread)
}

func lifeOf(x *store.Box) protocol.Millis {
	if x.First {
		return newLife
	}
	return boxLife
}

func cost(items ...store.BoxItem) (sum int64) {
	for _, i := range items {
		sum += itemCost + int64(len(i.Bytes))
	}
	return sum
}

// fits refuses items for which a box has no room on their way.
func fits(x *store.Box, items []store.BoxItem) error {
	if len(items) == 0 {
		return nil
	}
	side := x.Up
	if items[0].Direction == store.Down {
		side = x.Down
	}
	for _, i := range items {
		side.Items++
		side.Bytes += int64(len(i.Bytes))
	}
	count, bytes := maxBoxItems, int64(maxBoxBytes)
	if x.First {
		count, bytes = maxNewItems+1, maxNewBytes // and the genesis
	}
	if side.Items > count || side.Bytes > bytes {
		return refuse(wire.ErrQuota)
	}
	return nil
}

// store leaves what is new of a deposit in its box, all or nothing.
func (r *Relay) store(tx *store.BoxTxn, d *deposit) error {
	x, err := r.writable(tx, d.thread, d.write)
	if err != nil {
		return err
	}
	if d.after > x.Read && d.after <= x.Down.Last {
		x.Read = d.after
		if err := r.touch(tx, x); err != nil {
			return err
		}
	}
	d.results = make([]wire.EnvelopeResult, len(d.items))
	var fresh []store.BoxItem
	for n, i := range d.items {
		was, known, err := r.known(tx, i)
		switch {
		case err != nil:
			return err
		case known:
			d.results[n] = was
		case x.Closed:
			d.results[n] = wire.EnvelopeResult{State: wire.StateRefused, Reason: "thread_erased"}
		default:
			d.results[n] = wire.EnvelopeResult{State: wire.StateStored}
			fresh = append(fresh, i)
		}
	}
	return r.add(tx, x, fresh)
}

// add appends items to a box if there is room for all of them.
func (r *Relay) add(tx *store.BoxTxn, x *store.Box, items []store.BoxItem) error {
	if len(items) == 0 {
		return nil
	}
	if err := fits(x, items); err != nil {
		return err
	}
	if err := r.books.grows(x.Thread, cost(items...)); err != nil {
		return refuse(err)
	}
	if err := r.touch(tx, x); err != nil {
		return err
	}
	for _, i := range items {
		if err := r.append(tx, x, i); err != nil {
			return err
		}
	}
	return nil
}

// touch has a box live on.
func (r *Relay) touch(tx *store.BoxTxn, x *store.Box) error {
	x.Touched = r.Now()
	x.Until = max(x.Until, x.Touched+lifeOf(x))
	return tx.PutBox(x)
}

// writable returns the box if the capability is the one that it was opened with.
func (r *Relay) writable(tx *store.BoxTxn, id protocol.CID, write [32]byte) (*store.Box, error) {
	x, err := tx.Box(id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, refuse(wire.ErrUnknownThread)
	case err != nil:
		return nil, err
	case subtle.ConstantTimeCompare(x.WriteHash[:], write[:]) != 1:
		return nil, refuse(wire.ErrNotAllowed)
	}
	return x, nil
}

// known returns what became of an envelope that came before.
func (r *Relay) known(tx *store.BoxTxn, i store.BoxItem) (wire.EnvelopeResult, bool, error) {
	if was, is := r.recent.get(i.ID); is {
		return was, true, nil
	}
	_, err := tx.ItemByID(i.Thread, i.Direction, i.ID)
	if errors.Is(err, store.ErrNotFound) {
		return wire.EnvelopeResult{}, false, nil
	}
	return wire.EnvelopeResult{State: wire.StateStored}, err == nil, err
}

// receipts signs for what is stored.
func (r *Relay) receipts(d *deposit) error {
	for n := range d.results {
		if d.results[n].State != wire.StateStored {
			continue
		}
		receipt, err := r.receipt(d.thread, d.items[n].ID, "up")
		if err != nil {
			return err
		}
		d.results[n].Receipt = receipt
	}
	return nil
}

// receipt says until when an envelope is kept at least.
func (r *Relay) receipt(id, envelope protocol.CID, dir string) ([]byte, error) {
	now := r.Now()
	payload, err := wire.DepositReceipt{Relay: r.Brand, Thread: id, Envelope: envelope, Dir: dir, Time: now, Until: now + newLife}.Encode()
	if err != nil {
		return nil, err
	}
	return protocol.Sign(protocol.ObjectDeposit, payload, r.Key()).Encode()
}
