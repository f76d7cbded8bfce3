package node

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// How prekeys come and go (specs/16-thread.md §3).
const (
	prekeyRenewal = 7 * 24 * time.Hour  // a new one is published
	prekeyLife    = 14 * 24 * time.Hour // it is offered
	prekeyGrace   = 30 * 24 * time.Hour // its private half is kept after that, for what waits at relays
)

// renewPrekeys publishes a prekey and renews it every week, and deletes private halves
// that nothing waits for any more.
func (n *Node) renewPrekeys(ctx context.Context) error {
	for {
		wait, err := n.renewPrekey(ctx)
		if err == nil {
			err = n.dropPrekeys(ctx)
		}
		if err != nil && ctx.Err() == nil {
			n.log.Error("the prekey could not be renewed; trying again", "brand", n.brand, "error", err)
			wait = time.Minute
		}
		select {
		case <-ctx.Done():
			return nil
		case <-n.prekeyDue:
		case <-time.After(min(wait, time.Hour)):
		}
	}
}

// renewPrekey publishes a new prekey if it is time, and returns how long it is until
// the next.
func (n *Node) renewPrekey(ctx context.Context) (time.Duration, error) {
	if alarm, err := n.Alarm(ctx); err != nil || alarm != nil {
		return time.Hour, err
	}
	restored, err := n.noteRestore(ctx)
	if err != nil {
		return 0, err
	}
	present, err := n.presentPrekey(ctx)
	if err != nil {
		return 0, err
	}
	if present != nil && present.From >= restored && n.offers(present) {
		if left := present.From.Time().Add(prekeyRenewal).Sub(n.now()); left > 0 && left <= prekeyRenewal {
			return left, nil
		}
	}
	return prekeyRenewal, n.publishPrekey(ctx, restored)
}

// offers reports whether a prekey says how the brand calls back now.
func (n *Node) offers(p *catalog.Prekey) bool {
	return bytes.Equal(p.Push, n.PushKey()) && p.Mail == n.CanMail()
}

// presentPrekey returns the prekey in force, nil when there is none of which the private
// half is here.
func (n *Node) presentPrekey(ctx context.Context) (*catalog.Prekey, error) {
	var raw []byte
	err := n.store.View(ctx, n.brand, func(v *store.View) (err error) {
		raw, err = v.Record(catalog.PrekeyPath)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := n.prekeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.ID != protocol.Sum(protocol.DagCBOR, raw) {
			continue
		}
		r, err := catalog.Decode(catalog.PrekeyPath, raw)
		if err != nil {
			return nil, err
		}
		return r.(*catalog.Prekey), nil
	}
	return nil, nil
}

func (n *Node) prekeys(ctx context.Context) (list []store.Prekey, err error) {
	err = n.store.Desk(ctx, func(v *store.DeskView) error {
		list, err = v.Prekeys()
		return err
	})
	return list, err
}

// publishPrekey draws a prekey, keeps its private half durably and then publishes it.
func (n *Node) publishPrekey(ctx context.Context, restored protocol.Millis) error {
	p := store.Prekey{From: n.millis(), Until: n.millis() + protocol.Millis(prekeyLife.Milliseconds())}
	_, _ = rand.Read(p.Seed[:]) // never fails
	secret, err := thread.PrekeyOf(p.Seed)
	if err != nil {
		return err
	}
	record := &catalog.Prekey{
		Header: header(catalog.TypePrekey), Suite: catalog.PrekeySuite, Key: secret.Public(), From: p.From, Until: p.Until, ResealBefore: restored,
		Push: n.PushKey(), Mail: n.CanMail(),
	}
	if p.Record, err = catalog.Encode(record); err != nil {
		return err
	}
	p.ID = protocol.Sum(protocol.DagCBOR, p.Record)
	if err := n.store.Trade(ctx, func(tx *store.TradeTxn) error { return tx.PutPrekey(p) }); err != nil {
		return err
	}
	return n.putRecord(ctx, record)
}

// dropPrekeys deletes private halves for good that were retired long enough ago.
func (n *Node) dropPrekeys(ctx context.Context) error {
	list, err := n.prekeys(ctx)
	if err != nil {
		return err
	}
	for _, p := range list {
		if n.now().Before(p.Until.Time().Add(prekeyGrace)) {
			continue
		}
		if err := n.store.DeletePrekey(ctx, p.ID, n.millis()); err != nil {
			return err
		}
		n.threads.ForgetPrekeys()
	}
	return nil
}
