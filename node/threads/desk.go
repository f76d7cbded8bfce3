package threads

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Decider says what trading makes of entries. It is asked within the transaction that
// commits them, which may run again, by one goroutine at a time, and writes there what
// follows.
type Decider interface {
	// Decide judges an entry that is the next of its author: a shopper's, or, when
	// e.Brand is set, one that the brand is about to write. Refused, it must have
	// changed nothing.
	Decide(ctx context.Context, tx *store.TradeTxn, t *store.Thread, e thread.Opened) (thread.Verdict, error)
	// Adopt takes over an entry that was committed before the node was restored from a
	// backup, at the time given, without judging it again.
	Adopt(ctx context.Context, tx *store.TradeTxn, t *store.Thread, e thread.Opened, at protocol.Millis) error
	// Resynced returns what is to be said when a thread stands again as its shopper
	// knows it; the effects are written.
	Resynced(ctx context.Context, tx *store.TradeTxn, t *store.Thread) ([]thread.Draft, error)
}

// Options is what a Desk needs.
type Options struct {
	Brand   protocol.CID
	Store   *store.Store
	Key     func() ed25519.PrivateKey                       // the online key in force
	Keys    func(context.Context) (thread.BrandKeys, error) // that spoke for the brand, ever
	Decider Decider
	// Restored is since when the node is one that came from a backup; 0: it isn't.
	Restored protocol.Millis
	// Files is the folder of sealed files. It holds nothing but ciphertext.
	Files string
	Log   *slog.Logger
	Now   func() time.Time
	// Quiet reports that nobody of the brand's own is to be told of what comes; nil:
	// somebody is.
	Quiet func() bool
	// Stir is told of a thread after a batch with something new in it is durable;
	// Gone of one that was erased, with the envelopes that say so. Both may be nil and
	// must not wait.
	Stir func(id protocol.CID)
	Gone func(ctx context.Context, id protocol.CID, last [][]byte) error
	// Forgot is told that a shopper handed back what this brand has signed and doesn't
	// have: the node came from a backup, if that wasn't known. May be nil.
	Forgot func(ctx context.Context) error
}

// Desk answers the shoppers of one brand. Its methods may be called concurrently, and
// need Run.
type Desk struct {
	brand   protocol.CID
	store   *store.Store
	key     func() ed25519.PrivateKey
	keys    func(context.Context) (thread.BrandKeys, error)
	decider Decider
	files   folder
	log     *slog.Logger
	clock   func() time.Time
	stir    func(protocol.CID)
	quiet   func() bool
	gone    func(context.Context, protocol.CID, [][]byte) error
	forgot  func(context.Context) error

	queue   *queue
	half    *halfOpen
	recent  *recent
	hub     *hub
	early   *early // the committing goroutine's
	asked   asked  // likewise
	opened  chan task
	stopped chan struct{}
	prekeys prekeys
	since   atomic.Int64 // when the node was restored from a backup; 0: never
}

// New builds a desk.
func New(o Options) *Desk {
	d := &Desk{
		brand: o.Brand, store: o.Store, key: o.Key, keys: o.Keys, decider: o.Decider, files: folder{o.Files}, log: o.Log,
		clock: o.Now, stir: o.Stir, quiet: o.Quiet, gone: o.Gone, forgot: o.Forgot, queue: newQueue(maxWaiting, maxWaitingBytes), half: newHalfOpen(maxHalfOpen), recent: newRecent(),
		hub: newHub(), early: newEarly(), asked: asked{}, opened: make(chan task, maxBatch), stopped: make(chan struct{}),
	}
	d.Restored(o.Restored)
	return d
}

// Run opens, commits and forgets until ctx ends. It can be called once.
func (d *Desk) Run(ctx context.Context) error {
	defer close(d.stopped)
	if err := d.forgetRest(ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		all.Go(func() { d.work(ctx) })
	}
	all.Go(func() { d.commitAll(ctx) })
	<-ctx.Done()
	d.queue.close()
	all.Wait()
	d.drain()
	return nil
}

// drain ends what was opened and not committed.
func (d *Desk) drain() {
	for {
		select {
		case t := <-d.opened:
			t.end(context.Canceled)
		default:
			return
		}
	}
}

func (d *Desk) now() protocol.Millis { return protocol.MillisOf(d.clock()) }

// salt draws the 32 bytes that make a key or a commitment used once.
func (d *Desk) salt() (s [32]byte) {
	_, _ = rand.Read(s[:]) // never fails
	return s
}

// lookUp returns a thread, stored or begun, or wire.ErrUnknownThread. It must not be
// changed.
func (d *Desk) lookUp(ctx context.Context, id protocol.CID) (t *store.Thread, err error) {
	if m := d.recent.get(id); m != nil {
		return m.thread, nil
	}
	if t := d.half.get(id); t != nil {
		return t, nil
	}
	err = d.store.Desk(ctx, func(v *store.DeskView) error {
		t, err = v.Thread(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("thread %s: %w", id, wire.ErrUnknownThread)
	}
	return t, err
}

// living is lookUp for what needs a thread that wasn't erased.
func (d *Desk) living(ctx context.Context, id protocol.CID) (*store.Thread, error) {
	t, err := d.lookUp(ctx, id)
	if err == nil && t.Erased {
		err = fmt.Errorf("thread %s was erased: %w", id, wire.ErrUnknownThread)
	}
	return t, err
}
