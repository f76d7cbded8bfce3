package p2p

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"
)

// wants remembers whom the node asked for peers, and when.
type wants struct {
	asked map[peer.ID]time.Time // of askForPeers alone
	wake  chan struct{}         // buffered by one: somebody was connected
}

func newWants() *wants {
	return &wants{asked: map[peer.ID]time.Time{}, wake: make(chan struct{}, 1)}
}

func (w *wants) stir() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// askForPeers asks those that are connected for others, one after the other, as
// long as there are few connections.
func (p *P2P) askForPeers(ctx context.Context) error {
	for sleep(ctx, jitter(time.Minute), p.wants.wake) && sleep(ctx, jitter(time.Second), nil) {
		id, ok := p.someoneToAsk(time.Now())
		if !ok {
			continue
		}
		found, err := p.ask(ctx, id)
		if err != nil {
			p.log.Debug("no peers were told", "peer", id, "err", err)
		}
		p.tryOut(ctx, found)
		p.wants.stir() // there may be another to ask
	}
	return nil
}

// someoneToAsk picks a peer that speaks the protocol and wasn't asked for a while.
func (p *P2P) someoneToAsk(now time.Time) (peer.ID, bool) {
	for id, at := range p.wants.asked {
		if now.Sub(at) >= askAgain {
			delete(p.wants.asked, id)
		}
	}
	var all []peer.ID
	connected := 0
	for _, id := range p.host.Network().Peers() {
		if !p.direct(id) {
			continue
		}
		connected++
		speaks, err := p.host.Peerstore().SupportsProtocols(id, exchangeProtocol(p.conf.Network))
		if _, asked := p.wants.asked[id]; err == nil && len(speaks) > 0 && !asked {
			all = append(all, id)
		}
	}
	if connected >= wantedPeers || len(all) == 0 || len(p.wants.asked) >= maxPending {
		return "", false
	}
	id := all[rand.N(len(all))]
	p.wants.asked[id] = now
	return id, true
}

// tryOut dials some of the peers that were told of and aren't connected.
func (p *P2P) tryOut(ctx context.Context, found []peer.AddrInfo) {
	var dials sync.WaitGroup
	defer dials.Wait()
	tried := 0
	for _, info := range found {
		if tried == triedAtOnce || p.host.Network().Connectedness(info.ID) != network.NotConnected {
			continue
		}
		tried++
		dials.Go(func() {
			if err := p.dial(ctx, info); err != nil {
				p.log.Debug("peer that was told of can't be reached", "peer", info.ID, "err", err)
			}
		})
	}
}

const (
	// maxRationed bounds the peers whose requests are counted.
	maxRationed = 1024
	// askBurst requests of one peer are answered at once, then one each askEvery; of
	// all together askAll in a second.
	askBurst = 3
	askEvery = time.Minute
	askAll   = 20
)

// ration counts what peers ask.
type ration struct {
	mu    sync.Mutex
	all   *rate.Limiter
	peers map[peer.ID]*rate.Limiter
}

func newRation() *ration {
	return &ration{all: rate.NewLimiter(askAll, askAll), peers: map[peer.ID]*rate.Limiter{}}
}

func (r *ration) allow(id peer.ID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.peers[id]
	if l == nil {
		r.shrink(now)
		l = rate.NewLimiter(rate.Every(askEvery), askBurst)
		r.peers[id] = l
	}
	return l.AllowN(now, 1) && r.all.AllowN(now, 1)
}

// shrink forgets those who have spent nothing, or else anybody.
func (r *ration) shrink(now time.Time) {
	if len(r.peers) < maxRationed {
		return
	}
	for id, l := range r.peers {
		if l.TokensAt(now) >= askBurst {
			delete(r.peers, id)
		}
	}
	for id := range r.peers {
		if len(r.peers) < maxRationed {
			return
		}
		delete(r.peers, id)
	}
}
