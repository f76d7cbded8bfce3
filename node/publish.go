package node

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// changes is a set of record changes, read once or twice.
type changes = iter.Seq2[store.Change, error]

func nothing(func(store.Change, error) bool) {}

// publish signs and accepts the catalog after the changes, together with what
// also writes to the private tables. When no record changes nothing is signed and
// the private writes are made alone. The head in force is returned. n.mu is held.
func (n *Node) publish(ctx context.Context, records changes, also ...func(*store.OwnTxn) error) (catalog.SignedHead, error) {
	alarm, err := n.Alarm(ctx)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	if alarm != nil {
		return catalog.SignedHead{}, fmt.Errorf("publish: %w", ErrAlarm)
	}
	tidy := n.newTidy()
	p, current, err := n.prepare(ctx, tidy.follow(ctx, records))
	if err != nil {
		return catalog.SignedHead{}, err
	}
	if p.Changed() == 0 && current != nil {
		p.Discard()
		return *current, n.updateOwn(ctx, also)
	}
	head, err := n.signPrepared(ctx, p, current, keepHead, plain(also)...)
	if err == nil {
		tidy.removeFiles(ctx)
	}
	return head, err
}

// prepare computes a change and returns it with the head in force, nil before the
// first.
func (n *Node) prepare(ctx context.Context, records changes) (*store.Prepared, *catalog.SignedHead, error) {
	p, err := n.store.Prepare(ctx, n.brand, records)
	if err != nil {
		return nil, nil, err
	}
	current, err := n.head(ctx)
	if err != nil {
		p.Discard()
		return nil, nil, err
	}
	return p, current, nil
}

func (n *Node) updateOwn(ctx context.Context, also []func(*store.OwnTxn) error) error {
	if len(also) == 0 {
		return nil
	}
	return n.store.UpdateOwn(ctx, func(o *store.OwnTxn) error {
		for _, fn := range also {
			if err := fn(o); err != nil {
				return err
			}
		}
		return nil
	})
}

// adjust changes a head before it is signed. own is the head in force.
type adjust func(h catalog.Head, own *catalog.SignedHead) catalog.Head

func keepHead(h catalog.Head, _ *catalog.SignedHead) catalog.Head { return h }

// alongside is what is written to the private tables in the step that moves the
// catalog to a head. It may run several times.
type alongside func(head catalog.SignedHead, o *store.OwnTxn) error

func plain(list []func(*store.OwnTxn) error) []alongside {
	var out []alongside
	for _, fn := range list {
		out = append(out, func(_ catalog.SignedHead, o *store.OwnTxn) error { return fn(o) })
	}
	return out
}

// sign signs a head over the changes whether or not there are any.
func (n *Node) sign(ctx context.Context, records changes, fn adjust, also ...alongside) (catalog.SignedHead, error) {
	p, current, err := n.prepare(ctx, records)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	return n.signPrepared(ctx, p, current, fn, also...)
}

func (n *Node) signPrepared(ctx context.Context, p *store.Prepared, current *catalog.SignedHead, fn adjust, also ...alongside) (catalog.SignedHead, error) {
	defer p.Discard()
	log, err := n.store.Identity(ctx, n.brand)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	state := log.State()
	h, err := catalog.Next(current, state.Epoch, n.millis())
	if err != nil {
		return catalog.SignedHead{}, err
	}
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = n.brand, state.Governing, p.Root, p.Count, p.Bytes
	again, err := n.healed(ctx, h.Epoch)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	head, err := catalog.SignHead(fn(h.Healing(again...), current), n.key)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	if err := n.accept(ctx, head, p, writes(head, also)...); err != nil {
		return catalog.SignedHead{}, err
	}
	n.announce(ctx, head)
	n.log.Info("published", "brand", n.brand, "epoch", head.Epoch, "seq", head.Seq, "records", head.Count)
	return head, nil
}

// writes are the private writes of a head that this node signs.
func writes(head catalog.SignedHead, also []alongside) []func(*store.OwnTxn) error {
	out := []func(*store.OwnTxn) error{func(o *store.OwnTxn) error { return o.PutSigned(head.Epoch, head.Seq, head.CID) }}
	for _, fn := range also {
		out = append(out, func(o *store.OwnTxn) error { return fn(head, o) })
	}
	return out
}

// resignEvery is how often a head is signed anew without changes. Heads expire
// after 72 hours, so two missed times are no harm.
const resignEvery = 24 * time.Hour

// resignDaily keeps the head fresh.
func (n *Node) resignDaily(ctx context.Context) error {
	for {
		wait, err := n.resignIfDue(ctx)
		if err != nil && ctx.Err() == nil {
			n.log.Error("the head could not be signed anew; trying again in an hour", "error", err)
			wait = time.Hour
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// resignIfDue signs the head anew when it is a day old, or dated in the future, and
// returns how long to wait for the next look.
func (n *Node) resignIfDue(ctx context.Context) (time.Duration, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	head, err := n.head(ctx)
	if err != nil || head == nil {
		return time.Hour, err
	}
	wrong := head.Time > n.millis()+catalog.MaxAhead // the clock went back: peers refuse this head
	if due := head.Time.Time().Add(resignEvery).Sub(n.now()); due > 0 && !wrong {
		return min(due, time.Hour), nil
	}
	if alarm, err := n.Alarm(ctx); err != nil || alarm != nil {
		return time.Hour, err
	}
	_, err = n.sign(ctx, nothing, keepHead)
	return time.Hour, err
}

// Resign signs the head in force anew, now.
func (n *Node) Resign(ctx context.Context) (catalog.SignedHead, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if alarm, err := n.Alarm(ctx); err != nil || alarm != nil {
		return catalog.SignedHead{}, fmt.Errorf("sign anew: %w", orAlarm(err))
	}
	return n.sign(ctx, nothing, keepHead)
}

func orAlarm(err error) error {
	if err != nil {
		return err
	}
	return ErrAlarm
}
