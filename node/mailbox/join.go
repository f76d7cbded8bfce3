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

// Join hands a device's request for the secret of a thread to the brand. The answer
// comes as an envelope later. A device with certificates of the identity may read the
// box at once; one whose chain the relay can't follow when the brand has taken it.
func (r *Relay) Join(ctx context.Context, depositor string, id protocol.CID, j wire.JoinRequest) (wire.JoinAnswer, error) {
	x, err := r.box(ctx, id)
	if err != nil {
		return wire.JoinAnswer{}, err
	}
	device, proven, err := joiner(x, id, j)
	if err != nil {
		return wire.JoinAnswer{}, err
	}
	data, err := wire.EncodeThread(&j)
	if err != nil {
		return wire.JoinAnswer{}, err
	}
	i := store.BoxItem{Thread: id, Direction: store.Up, Kind: string(wire.MailJoin), ID: protocol.Sum(protocol.Raw, data), Bytes: data}
	err = r.change(ctx, len(data), func(tx *store.BoxTxn) error { return r.admit(tx, i, device, proven) }, func() { r.wake(x.Brand) })
	if err != nil {
		r.count.refused.WithLabelValues(reasonOf(err)).Inc()
		return wire.JoinAnswer{}, fmt.Errorf("join %s: %w", id, err)
	}
	return wire.JoinAnswer{}, nil
}

// joiner returns the device that asks, and whether the box shows that it may.
func joiner(x *store.Box, id protocol.CID, j wire.JoinRequest) (device [32]byte, proven bool, err error) {
	join, err := thread.OpenJoin(j.Join)
	if err != nil {
		return device, false, err
	}
	if join.Thread != id || len(j.Certs) > thread.MaxChain {
		return device, false, protocol.Invalid("join", "it is of another thread, or has too many certificates")
	}
	device = [32]byte(join.Device.Bytes())
	if slices.Contains(x.Devices, device) {
		return device, true, nil
	}
	g, err := thread.OpenGenesis(x.Genesis)
	if err != nil {
		return device, false, err
	}
	c, err := thread.OpenCertificates(id, g.Identity, j.Certs)
	return device, err == nil && c.Key == join.Device, nil
}

// admit leaves a request in its box. There is room for few: anybody who knows the
// thread's name may leave one.
func (r *Relay) admit(tx *store.BoxTxn, i store.BoxItem, device [32]byte, proven bool) error {
	x, err := tx.Box(i.Thread)
	if errors.Is(err, store.ErrNotFound) || err == nil && x.Closed {
		return refuse(wire.ErrUnknownThread)
	}
	if err != nil {
		return err
	}
	if _, err := tx.ItemByID(i.Thread, store.Up, i.ID); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	n, err := joins(tx, i.Thread)
	if err != nil {
		return err
	}
	if n >= maxJoins {
		return refuse(wire.ErrQuota)
	}
	if proven {
		add(x, device)
	}
	return r.add(tx, x, []store.BoxItem{i})
}

func joins(tx *store.BoxTxn, id protocol.CID) (n int, err error) {
	items, err := tx.Items(id, store.Up, 0, maxBoxItems)
	for _, i := range items {
		if i.Kind == string(wire.MailJoin) {
			n++
		}
	}
	return n, err
}

// add lets a device read a box, if there aren't too many.
func add(x *store.Box, device [32]byte) {
	if !slices.Contains(x.Devices, device) && len(x.Devices) < thread.MaxDevices {
		x.Devices = append(x.Devices, device)
	}
}

// Find returns the threads that identities have with a brand, undefined where there is
// none: those that have a box here, and those that the brand itself knows, if it is
// connected. Boxes are opened for the latter.
func (r *Relay) Find(ctx context.Context, brand protocol.CID, identities [][32]byte) ([]protocol.CID, error) {
	if !r.Follows(brand) {
		return nil, fmt.Errorf("find threads of %s: %w", brand, wire.ErrUnknownBrand)
	}
	if len(identities) > wire.MaxFound {
		return nil, fmt.Errorf("find %d identities: %w", len(identities), wire.ErrTooLarge)
	}
	missing := r.missing(brand, identities)
	if line := r.line(brand); line != nil && len(missing) > 0 {
		ctx, cancel := context.WithTimeout(ctx, findTime)
		defer cancel()
		for some := range slices.Chunk(missing, wire.MaxMailFind) {
			if err := line.find(ctx, some); err != nil {
				r.Log.Debug("brand wasn't asked for threads", "brand", brand, "reason", err)
				break
			}
		}
	}
	out := make([]protocol.CID, len(identities))
	for n, key := range identities {
		out[n], _ = r.books.thread(identity{brand, key})
	}
	return out, nil
}

func (r *Relay) missing(brand protocol.CID, identities [][32]byte) (missing [][32]byte) {
	for _, key := range identities {
		if _, is := r.books.thread(identity{brand, key}); !is {
			missing = append(missing, key)
		}
	}
	return missing
}

// attach opens a box for a thread that the brand knows and this relay didn't.
func (r *Relay) attach(ctx context.Context, brand protocol.CID, asked [][32]byte, k wire.MailKnown) error {
	g, err := thread.OpenGenesis(k.Genesis)
	if err != nil {
		return err
	}
	who := identity{g.Brand, [32]byte(g.Identity.Bytes())}
	if g.Brand != brand || !slices.Contains(asked, who.key) {
		return protocol.Invalid("found", "a thread that wasn't asked for")
	}
	return r.change(ctx, 0, func(tx *store.BoxTxn) error {
		if _, err := tx.Box(g.Thread); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := r.books.opens(who, "", boxCost); err != nil {
			return refuse(err)
		}
		now := r.Now()
		x := &store.Box{
			Thread: g.Thread, Brand: brand, WriteHash: k.Write, Genesis: k.Genesis,
			Devices: [][32]byte{[32]byte(g.Device.Bytes())}, Created: now, Touched: now, Until: now + boxLife,
		}
		if err := tx.PutBox(x); err != nil {
			return err
		}
		r.books.put(x, who, "")
		return nil
	}, nil)
}
