package mailbox

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// ErrClosed says that the Relay or Collector doesn't run, or no more.
var ErrClosed = errors.New("mail is not carried now")

// RelayOptions say for whom a Relay keeps mail. Host, Store, Brand, Key and Follows are
// required.
type RelayOptions struct {
	Host  host.Host
	Store *store.Store
	// Brand is the gateway's own brand, which signs receipts with Key: the online key
	// that is in force.
	Brand protocol.CID
	Key   func() ed25519.PrivateKey
	// Follows reports whether the node follows a brand; Followed lists those it does.
	Follows  func(brand protocol.CID) bool
	Followed func() []protocol.CID
	// Limited reports whether a peer is connected over a relay only. nil: no peer is.
	Limited func(peer.ID) bool
	// Blame is told of each peer that breaks the protocol. nil: nobody.
	Blame    func(peer.ID, string)
	Log      *slog.Logger           // nil: none
	Now      func() protocol.Millis // nil: the system's clock
	Registry prometheus.Registerer  // may be nil
	Ceilings Ceilings
}

// Relay keeps boxes for the threads of followed brands. Its methods are safe for
// concurrent use and return ErrClosed unless Run runs.
type Relay struct {
	RelayOptions
	writer *writer
	books  *books
	hub    *hub[wire.ThreadEvent]
	recent *recent
	count  *counts

	mu    sync.Mutex
	lines map[protocol.CID]*line // to brands, by brand
}

// NewRelay reads which boxes there are.
func NewRelay(ctx context.Context, o RelayOptions) (*Relay, error) {
	if o.Host == nil || o.Store == nil || o.Key == nil || o.Follows == nil || !o.Brand.Defined() {
		return nil, errors.New("relay mail: host, store, brand, key or the brands followed are missing")
	}
	o.fill()
	r := &Relay{RelayOptions: o, books: newBooks(o.Ceilings), hub: newHub[wire.ThreadEvent](), recent: newRecent(), lines: map[protocol.CID]*line{}}
	r.writer = newWriter(o.Store, r.books.begin)
	for _, brand := range o.Followed() {
		if err := r.load(ctx, brand); err != nil {
			return nil, fmt.Errorf("relay mail of %s: %w", brand, err)
		}
	}
	var err error
	r.count, err = newCounts(o.Registry, r)
	return r, err
}

func (o *RelayOptions) fill() {
	if o.Followed == nil {
		o.Followed = func() []protocol.CID { return nil }
	}
	if o.Limited == nil {
		o.Limited = func(peer.ID) bool { return false }
	}
	if o.Blame == nil {
		o.Blame = func(peer.ID, string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = func() protocol.Millis { return protocol.MillisOf(time.Now()) }
	}
	if o.Ceilings.New == 0 {
		o.Ceilings.New = 64 << 20
	}
	if o.Ceilings.All == 0 {
		o.Ceilings.All = 1 << 30
	}
}

const loadedAtOnce = 256

// load counts the boxes of a brand.
func (r *Relay) load(ctx context.Context, brand protocol.CID) error {
	var after protocol.CID
	for {
		var boxes []*store.Box
		err := r.Store.ReadBoxes(ctx, func(v *store.BoxView) (err error) {
			boxes, err = v.Boxes(brand, after, loadedAtOnce)
			return err
		})
		if err != nil || len(boxes) == 0 {
			r.books.keep()
			return err
		}
		for _, x := range boxes {
			if g, err := thread.OpenGenesis(x.Genesis); err == nil {
				r.books.put(x, identity{brand, [32]byte(g.Identity.Bytes())}, "")
			}
			after = x.Thread
		}
	}
}

// Run keeps boxes and serves brands until ctx ends. It can be called once.
func (r *Relay) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, work := range []func(context.Context) error{r.writer.run, r.serve, r.expire} {
		g.Go(func() error { return work(ctx) })
	}
	return g.Wait()
}

const (
	expireRound  = 10 * time.Minute
	expireAtOnce = 32
)

// expire deletes what is out of date.
func (r *Relay) expire(ctx context.Context) error {
	round := time.NewTicker(expireRound)
	defer round.Stop()
	for {
		if err := r.expireNow(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("mail out of date was not deleted", "reason", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-round.C:
		}
	}
}

func (r *Relay) expireNow(ctx context.Context) error {
	for {
		gone := 0
		err := r.change(ctx, 0, func(tx *store.BoxTxn) error {
			items, err := tx.Expire(r.Now(), expireAtOnce)
			gone = len(items)
			for _, i := range items {
				if err := r.recount(tx, i.Thread); err != nil {
					return err
				}
			}
			return err
		}, nil)
		if err != nil || gone == 0 {
			return err
		}
		r.count.expired.Add(float64(gone))
	}
}

// change is a change of the boxes whose counts are kept with it.
func (r *Relay) change(ctx context.Context, size int, do func(*store.BoxTxn) error, then func()) error {
	return r.writer.write(ctx, size, do, func() {
		r.books.keep()
		if then != nil {
			then()
		}
	})
}

// recount counts a box as it is in the transaction.
func (r *Relay) recount(tx *store.BoxTxn, id protocol.CID) error {
	x, err := tx.Box(id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		r.books.drop(id)
		return nil
	case err != nil:
		return err
	}
	r.books.again(x)
	return nil
}

// Forget deletes the boxes of a brand that is no longer followed.
func (r *Relay) Forget(ctx context.Context, brand protocol.CID) error {
	r.hangUp(brand)
	for {
		left := 0
		err := r.change(ctx, 0, func(tx *store.BoxTxn) error {
			boxes, err := tx.Boxes(brand, protocol.CID{}, 2)
			left = len(boxes)
			for _, x := range boxes {
				err = errors.Join(err, tx.DeleteBox(x.Thread))
				r.books.drop(x.Thread)
			}
			return err
		}, nil)
		if err != nil {
			return fmt.Errorf("forget mail of %s: %w", brand, err)
		}
		if left == 0 {
			return nil
		}
	}
}
