package gossip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Gossip takes part in the network's gossip. Make one with New; its methods are
// safe for concurrent use.
type Gossip struct {
	o       Options
	name    string // of the topic
	seeds   map[peer.ID]bool
	table   *table
	budgets *budgets
	judging chan struct{} // holds one for each announcement being judged
	outbox  *outbox
	scores  *scores
	metrics *metrics
	pusher  *pusher
	asker   *asker
	fetcher *fetcher

	topic  *pubsub.Topic
	ctx    context.Context // of all that judges; ends with Run
	cancel context.CancelFunc
	inside gate
}

// New joins the network's topic. From then on announcements are judged, passed on
// and handed to Brands; own ones are sent once Run runs. All ends with ctx, or
// with Run.
func New(ctx context.Context, o Options) (*Gossip, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	g := &Gossip{o: o, name: o.Network.Topic(), seeds: map[peer.ID]bool{}, table: newTable(), budgets: newBudgets(), judging: make(chan struct{}, judgedAtOnce), outbox: newOutbox(), scores: &scores{}}
	for _, id := range o.Seeds {
		g.seeds[id] = true
	}
	var err error
	if g.metrics, err = newMetrics(o.Registry, g); err != nil {
		return nil, err
	}
	g.pusher, g.asker, g.fetcher = newPusher(g), newAsker(g), newFetcher(g)
	g.ctx, g.cancel = context.WithCancel(ctx)
	if err := g.join(); err != nil {
		g.cancel()
		return nil, err
	}
	return g, nil
}

func (g *Gossip) join() error {
	ps, err := pubsub.NewGossipSub(g.ctx, g.o.Host, g.options()...)
	if err != nil {
		return fmt.Errorf("start gossipsub: %w", err)
	}
	err = ps.RegisterTopicValidator(g.name, g.validate, pubsub.WithValidatorConcurrency(queued))
	if err != nil {
		return fmt.Errorf("validate %s: %w", g.name, err)
	}
	if g.topic, err = ps.Join(g.name); err != nil {
		return fmt.Errorf("join %s: %w", g.name, err)
	}
	// A relay is in the mesh as a subscriber is. All that there is to do with an
	// announcement the validator has done.
	if _, err = g.topic.Relay(); err != nil {
		return fmt.Errorf("relay %s: %w", g.name, err)
	}
	return nil
}

// Run sends what is published, serves push streams and keeps those to the homes of
// followed brands until ctx ends. When it returns, nothing is judged any more.
func (g *Gossip) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(g.ctx, cancel)
	defer stop()
	workers, ctx := errgroup.WithContext(ctx)
	workers.Go(func() error { return g.send(ctx) })
	workers.Go(func() error { return g.watchPeers(ctx) })
	workers.Go(func() error { return g.pusher.run(ctx) })
	workers.Go(func() error { return g.asker.run(ctx) })
	workers.Go(func() error { return g.fetcher.run(ctx) })
	err := workers.Wait()
	g.cancel()
	g.inside.close()
	return err
}

// settle is how long a first peer, and who comes with it, has to find others before
// it is told what waited: many nodes start at the same time.
const settle = 2 * time.Second

// watchPeers tells the first peers that come what there was nobody to tell.
func (g *Gossip) watchPeers(ctx context.Context) error {
	events, err := g.topic.EventHandler()
	if err != nil {
		return fmt.Errorf("watch %s: %w", g.name, err)
	}
	defer events.Cancel()
	for {
		e, err := events.NextPeerEvent(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("watch %s: %w", g.name, err)
		case e.Type == pubsub.PeerJoin && g.outbox.hasParked():
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(settle):
				g.unpark(ctx)
			}
		}
	}
}

// passed marks what this node publishes: it has been judged.
type passed struct{}

func (g *Gossip) passedHere(from peer.ID, m *pubsub.Message) bool {
	_, is := m.ValidatorData.(passed)
	return is && from == g.o.Host.ID()
}

// validate gives the verdict on a message. What must be durable is, before anybody
// is told.
func (g *Gossip) validate(ctx context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
	if g.passedHere(from, m) {
		return pubsub.ValidationAccept
	}
	if !g.inside.enter() {
		return pubsub.ValidationIgnore
	}
	defer g.inside.leave()
	if !g.budgets.begin(from, g.o.Now()) {
		g.metrics.dropped(dropPeerShare, 1)
		return pubsub.ValidationIgnore
	}
	defer g.budgets.end(from)
	j := g.hear(ctx, m.GetData(), from, byGossip, nil)
	if j.Verdict == wire.Accept {
		g.pusher.offer(j.Announcement, m.GetData(), j.Reason == wire.Contested, from)
	}
	return resultOf(j.Verdict)
}

func resultOf(v wire.Verdict) pubsub.ValidationResult {
	switch v {
	case wire.Accept:
		return pubsub.ValidationAccept
	case wire.Reject:
		return pubsub.ValidationReject
	}
	return pubsub.ValidationIgnore
}

// toMesh publishes an encoded announcement that has been judged here.
func (g *Gossip) toMesh(ctx context.Context, brand protocol.CID, data []byte) {
	err := g.topic.Publish(ctx, data, pubsub.WithValidatorData(passed{}))
	if err != nil && !errors.Is(err, context.Canceled) {
		g.o.Log.Warn("announcement not published", "brand", brand, "err", err)
		return
	}
	g.metrics.published.Inc()
}

// Tips returns of how many brands that the node doesn't keep a tip is remembered,
// at most 10,000.
func (g *Gossip) Tips() int { tips, _ := g.table.count(); return tips }

// Tip returns the newest announcement heard of a brand that the node doesn't keep,
// if it is still remembered.
func (g *Gossip) Tip(brand protocol.CID) (wire.Announcement, bool) { return g.table.tip(brand) }

// Log returns a copy of the identity log of a brand that the node doesn't keep, if it
// is still remembered: for peers that ask, because this node passed announcements
// of the brand on.
func (g *Gossip) Log(id protocol.CID) (*identity.Log, bool) {
	b := g.table.take(id)
	defer g.table.release(b)
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, is := g.table.tip(id); !is || b.standing.Log == nil {
		return nil, false
	}
	log := *b.standing.Log // appending replaces what the copy holds
	return &log, true
}

// limited reports whether a peer is connected, but only over limited connections.
func limited(h host.Host, id peer.ID) bool { return h.Network().Connectedness(id) == network.Limited }

// gate counts who is inside and, once closed, lets nobody in.
type gate struct {
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.wg.Add(1)
	}
	return !g.closed
}

func (g *gate) leave() { g.wg.Done() }

// close returns when all have left.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.wg.Wait()
}
