package mailbox

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// CollectorOptions say for which brand mail is collected, and who gets it. Host, Store,
// Brand, Key and Desk are required.
type CollectorOptions struct {
	Host  host.Host
	Store *store.Store
	Brand protocol.CID
	Key   func() ed25519.PrivateKey // the online key that is in force
	Desk  Desk
	// Followers lists connected peers that follow the brand; it is asked every two
	// seconds. nil: none.
	Followers func() []peer.ID
	// Dial connects to a relay at the addresses that were remembered. nil: it isn't
	// dialled.
	Dial func(ctx context.Context, addrs ...string) (peer.ID, error)
	// Limited reports whether a peer is connected over a relay only. nil: no peer is.
	Limited func(peer.ID) bool
	// Blame is told of each peer that breaks the protocol. nil: nobody.
	Blame func(peer.ID, string)
	Log   *slog.Logger           // nil: none
	Now   func() protocol.Millis // nil: the system's clock
}

func (o *CollectorOptions) fill() {
	if o.Followers == nil {
		o.Followers = func() []peer.ID { return nil }
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
}

// Collector collects a brand's mail from the peers that relay for it, and leaves with
// them what goes to shoppers. Its methods are safe for concurrent use.
type Collector struct {
	CollectorOptions
	ledger *ledger
	writer *writer
	look   chan struct{}

	mu       sync.Mutex
	sessions map[peer.ID]*session
	resting  map[peer.ID]*rest
	dialled  map[peer.ID]*rest
}

// rest is how long a peer is left alone.
type rest struct {
	until time.Time
	tries int
}

const (
	// planRound is how often it is looked who follows.
	planRound = 2 * time.Second
	// shortRest is for a peer whose connection was lost, minRest for one that ended the
	// stream; they double up to maxRest. A stream that lived for goodLife makes that
	// forgotten.
	shortRest, minRest, maxRest, goodLife = 500 * time.Millisecond, 5 * time.Second, 10 * time.Minute, time.Minute
	// dialRest and maxDialRest are the same for relays that aren't connected.
	dialRest, maxDialRest = time.Minute, time.Hour
	openTime              = 10 * time.Second
	flushRound            = 250 * time.Millisecond
)

// NewCollector reads what is remembered of relays.
func NewCollector(ctx context.Context, o CollectorOptions) (*Collector, error) {
	if o.Host == nil || o.Store == nil || o.Key == nil || o.Desk == nil || !o.Brand.Defined() {
		return nil, errors.New("collect mail: host, store, brand, key or desk are missing")
	}
	o.fill()
	c := &Collector{
		CollectorOptions: o, writer: newWriter(o.Store, nil), look: make(chan struct{}, 1),
		sessions: map[peer.ID]*session{}, resting: map[peer.ID]*rest{}, dialled: map[peer.ID]*rest{},
	}
	var err error
	if c.ledger, err = loadLedger(ctx, o.Store); err != nil {
		return nil, fmt.Errorf("collect mail: %w", err)
	}
	return c, nil
}

// Look has it looked at once who follows. It doesn't wait.
func (c *Collector) Look() { signal(c.look) }

// Stir says that there is something new in a thread. It doesn't wait.
func (c *Collector) Stir(thread protocol.CID) {
	for _, id := range c.ledger.stir(thread) {
		if s := c.session(id); s != nil {
			signal(s.more)
		}
	}
}

// Erase has all relays that hold a box of a thread delete what is in it, and leaves last,
// the brand's last envelopes, there. It returns when that will survive a crash; relays
// that aren't connected are told when they are.
func (c *Collector) Erase(ctx context.Context, thread protocol.CID, last [][]byte) error {
	peers, rows := c.ledger.erase(thread, last)
	if err := c.write(ctx, rows); err != nil {
		return fmt.Errorf("erase mail of %s: %w", thread, err)
	}
	for _, id := range peers {
		if s := c.session(id); s != nil {
			signal(s.more)
		}
	}
	return nil
}

// Relays lists the relays that are known, and whether mail is collected there now.
func (c *Collector) Relays() map[peer.ID]bool {
	out := map[peer.ID]bool{}
	for id := range c.ledger.known() {
		out[id] = c.session(id) != nil
	}
	return out
}

func (c *Collector) session(id peer.ID) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sessions[id]
}

func (c *Collector) write(ctx context.Context, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	return c.writer.write(ctx, 256*len(rows), func(tx *store.BoxTxn) error {
		for _, r := range rows {
			if err := r.put(tx); err != nil {
				return err
			}
		}
		return nil
	}, nil)
}

// Run collects mail until ctx ends. It can be called once.
func (c *Collector) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.stay(ctx) })
	g.Go(func() error { return c.flush(ctx) })
	g.Go(func() error { return c.dial(ctx) })
	return g.Wait()
}

// flush writes now and then how far relays were given what. What a crash loses of that
// is given once more. The writer ends last.
func (c *Collector) flush(ctx context.Context) error {
	writing, end := context.WithCancel(context.WithoutCancel(ctx))
	var g errgroup.Group
	g.Go(func() error { return c.writer.run(writing) })
	defer func() {
		end()
		_ = g.Wait()
	}()
	round := time.NewTicker(flushRound)
	defer round.Stop()
	for {
		select {
		case <-ctx.Done():
			return c.flushNow(writing)
		case <-round.C:
			if err := c.flushNow(writing); err != nil {
				c.Log.Error("what relays were given was not noted", "reason", err)
			}
		}
	}
}

func (c *Collector) flushNow(ctx context.Context) error {
	for some := range slices.Chunk(c.ledger.changed(), 500) {
		if err := c.write(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// stay keeps a stream to each connected peer that follows the brand or is remembered.
func (c *Collector) stay(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	round := time.NewTicker(planRound)
	defer round.Stop()
	for {
		c.plan(ctx, &running)
		select {
		case <-ctx.Done():
			return nil
		case <-round.C:
		case <-c.look:
		}
	}
}

func (c *Collector) plan(ctx context.Context, running *sync.WaitGroup) {
	wanted := map[peer.ID]bool{}
	for _, id := range c.Followers() {
		wanted[id] = true
	}
	for id := range c.ledger.known() {
		wanted[id] = true
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range wanted {
		r := c.resting[id]
		if len(c.sessions) < maxStreams && c.sessions[id] == nil && (r == nil || now.After(r.until)) && c.connected(id) {
			c.begin(ctx, id, running)
		}
	}
	for id, r := range c.resting {
		if now.Sub(r.until) > maxRest {
			delete(c.resting, id)
		}
	}
}

func (c *Collector) connected(id peer.ID) bool {
	return id != c.Host.ID() && c.Host.Network().Connectedness(id) != network.NotConnected
}

// begin starts a session. c.mu is held.
func (c *Collector) begin(ctx context.Context, id peer.ID, running *sync.WaitGroup) {
	ctx, cancel := context.WithCancel(ctx)
	s := newSession(ctx, cancel, c, id)
	c.sessions[id] = s
	running.Go(func() {
		defer cancel()
		started := time.Now()
		err := s.run()
		if errors.Is(err, protocol.ErrInvalid) {
			c.Blame(id, "mail: "+err.Error())
		}
		c.Log.Debug("mail stream ends", "side", "brand", "brand", c.Brand, "peer", id, "reason", err)
		c.ended(id, time.Since(started), err)
	})
}

func (c *Collector) ended(id peer.ID, lived time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sessions, id)
	r := c.resting[id]
	if r == nil || lived >= goodLife {
		r = &rest{}
		c.resting[id] = r
	}
	base := minRest
	if !c.connected(id) || lived >= goodLife {
		base = shortRest
	}
	var b bye
	if errors.As(err, &b) {
		base = time.Minute // it isn't a matter of seconds
	}
	r.wait(base, maxRest)
}

// wait makes a rest longer each time, and of another length for everybody.
func (r *rest) wait(base, limit time.Duration) {
	d := min(base<<min(r.tries, 16), limit)
	r.until = time.Now().Add(d + rand.N(d/2))
	r.tries++
}
