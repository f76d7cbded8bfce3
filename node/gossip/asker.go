package gossip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// homes is how many peers are asked for pushes of one brand.
	homes = 3
	// maxAsked is how many brands one stream can name.
	maxAsked = wire.MaxFollow * wire.MaxFollows
	// rest is how long a peer that ended a stream isn't asked again; it doubles each
	// time up to longRest. A stream that lived for goodLife makes that forgotten:
	// those over limited relays end every two minutes.
	rest, longRest, goodLife = 30 * time.Second, 15 * time.Minute, time.Minute
	// shortRest is the same for a peer whose connection was lost and is back.
	shortRest = time.Second
	// lookRound is how often the plan is made anew without any event.
	lookRound = time.Minute
)

// asker keeps push streams to the homes of followed brands.
type asker struct {
	g       *Gossip
	refresh chan struct{}

	mu       sync.Mutex
	sessions map[peer.ID]*session
	resting  map[peer.ID]*pause
}

// pause is how long a peer is left alone.
type pause struct {
	until time.Time
	tries int
}

func newAsker(g *Gossip) *asker {
	return &asker{g: g, refresh: make(chan struct{}, 1), sessions: map[peer.ID]*session{}, resting: map[peer.ID]*pause{}}
}

// Refollow says that Followed or Homes changed: push streams are opened and closed
// accordingly. It returns at once.
func (g *Gossip) Refollow() { g.asker.signal() }

func (a *asker) signal() {
	select {
	case a.refresh <- struct{}{}:
	default:
	}
}

// run makes a plan whenever something changed and carries it out.
func (a *asker) run(ctx context.Context) error {
	events, err := a.g.o.Host.EventBus().Subscribe(new(event.EvtPeerConnectednessChanged), eventbus.BufSize(256))
	if err != nil {
		return fmt.Errorf("watch connections: %w", err)
	}
	defer events.Close()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	round := time.NewTicker(lookRound)
	defer round.Stop()
	for {
		a.carryOut(ctx, a.plan(time.Now()), &sessions)
		soon, cancel := a.soonest()
		select {
		case <-ctx.Done():
			cancel()
			return nil
		case <-a.refresh:
		case <-events.Out():
		case <-round.C:
		case <-soon:
		}
		cancel()
	}
}

// soonest fires when the first rest is over.
func (a *asker) soonest() (<-chan time.Time, func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var first time.Time
	now := time.Now()
	for _, p := range a.resting {
		if p.until.After(now) && (first.IsZero() || p.until.Before(first)) {
			first = p.until
		}
	}
	if first.IsZero() {
		return nil, func() {}
	}
	t := time.NewTimer(first.Sub(now))
	return t.C, func() { t.Stop() }
}

// plan says which peer is asked for which brands.
func (a *asker) plan(now time.Time) map[peer.ID][]protocol.CID {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forgetRested(now)
	plan := map[peer.ID][]protocol.CID{}
	for _, brand := range a.g.o.Followed() {
		for _, id := range a.choose(brand, now) {
			if len(plan[id]) < maxAsked {
				plan[id] = append(plan[id], brand)
			}
		}
	}
	return plan
}

// choose returns up to three connected homes of a brand: its own node, then those
// that are asked already, then others.
func (a *asker) choose(brand protocol.CID, now time.Time) []peer.ID {
	all := a.g.o.Homes(brand)
	var asked, others []peer.ID
	for i, id := range all {
		s := a.sessions[id]
		switch {
		case !a.reachable(id, now) || slices.Contains(all[:i], id):
		case i == 0 || s != nil && s.asks(brand):
			asked = append(asked, id)
		default:
			others = append(others, id)
		}
	}
	chosen := append(asked, others...)
	return chosen[:min(homes, len(chosen))]
}

func (a *asker) reachable(id peer.ID, now time.Time) bool {
	h := a.g.o.Host
	if id == h.ID() || a.resting[id] != nil && a.resting[id].until.After(now) {
		return false
	}
	return h.Network().Connectedness(id) == network.Connected || a.g.o.Limited(id)
}

// forgetRested drops what is long over. The caller holds the lock.
func (a *asker) forgetRested(now time.Time) {
	for id, p := range a.resting {
		if now.Sub(p.until) > longRest && a.sessions[id] == nil {
			delete(a.resting, id)
		}
	}
}

// carryOut ends, extends and begins sessions.
func (a *asker) carryOut(ctx context.Context, plan map[peer.ID][]protocol.CID, running *sync.WaitGroup) {
	followed := map[protocol.CID]bool{}
	for _, brand := range a.g.o.Followed() {
		followed[brand] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, s := range a.sessions {
		if plan[id] == nil || !s.still(followed) || !s.extend(plan[id]) {
			s.stop()
		}
	}
	for id, brands := range plan {
		if a.sessions[id] == nil {
			a.begin(ctx, id, brands, running)
		}
	}
}

// begin starts a session. One that was stopped is replaced when it has ended.
func (a *asker) begin(ctx context.Context, id peer.ID, brands []protocol.CID, running *sync.WaitGroup) {
	ctx, cancel := context.WithCancel(ctx)
	s := newSession(a.g, id, brands, cancel)
	a.sessions[id] = s
	running.Go(func() {
		defer cancel()
		started := time.Now()
		err := s.run(ctx)
		a.g.o.Log.Debug("push stream ends", "peer", id, "side", "ask", "err", err)
		a.ended(id, time.Since(started), ctx.Err() == nil)
	})
}

// ended lets the peer rest, unless the session was stopped from here.
func (a *asker) ended(id peer.ID, lived time.Duration, rests bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sessions, id)
	if rests {
		p := a.resting[id]
		if p == nil || lived >= goodLife {
			p = &pause{}
			a.resting[id] = p
		}
		p.until = time.Now().Add(a.restOf(id, p.tries))
		p.tries++
	}
	a.signal()
}

func (a *asker) restOf(id peer.ID, tries int) time.Duration {
	base := rest
	if a.g.o.Host.Network().Connectedness(id) == network.NotConnected {
		base = shortRest
	}
	base = min(base<<min(tries, 16), longRest)
	return base + rand.N(base/2)
}
