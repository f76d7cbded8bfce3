package p2p

import (
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// gateTime is how long a blamed peer stays out, and how long strikes count.
	gateTime = time.Hour
	// maxStrikes are as many as lead to the gate.
	maxStrikes = 3
	// maxBlamed bounds the peers that are remembered.
	maxBlamed = 4096
	// graveReason begins the reason of what is grave by itself.
	graveReason = "lie"
)

// blames remembers who did what, for an hour.
type blames struct {
	mu    sync.Mutex
	now   func() time.Time
	peers map[peer.ID]*strikes
}

type strikes struct {
	at    []time.Time // those of the last hour, at most maxStrikes
	until time.Time   // the gate is closed before
}

func newBlames() *blames { return &blames{now: time.Now, peers: map[peer.ID]*strikes{}} }

// add counts a strike and reports whether it closes the gate.
func (b *blames) add(id peer.ID, grave bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	s := b.of(id, now)
	s.forget(now)
	s.at = append(s.at, now)
	if !grave && len(s.at) < maxStrikes {
		return false
	}
	s.at, s.until = nil, now.Add(gateTime)
	return true
}

// of returns the entry of a peer. A new one may take the place of the one that
// would be forgotten soonest.
func (b *blames) of(id peer.ID, now time.Time) *strikes {
	if s := b.peers[id]; s != nil {
		return s
	}
	if len(b.peers) >= maxBlamed {
		b.shrink(now)
	}
	b.peers[id] = &strikes{}
	return b.peers[id]
}

func (b *blames) shrink(now time.Time) {
	var oldest peer.ID
	var soonest time.Time
	for id, s := range b.peers {
		end := s.ends()
		if !end.After(now) {
			delete(b.peers, id)
		} else if oldest == "" || end.Before(soonest) {
			oldest, soonest = id, end
		}
	}
	if len(b.peers) >= maxBlamed {
		delete(b.peers, oldest)
	}
}

// ends is when nothing of it counts any more.
func (s *strikes) ends() time.Time {
	end := s.until
	if n := len(s.at); n > 0 && s.at[n-1].Add(gateTime).After(end) {
		end = s.at[n-1].Add(gateTime)
	}
	return end
}

func (s *strikes) forget(now time.Time) {
	for len(s.at) > 0 && now.Sub(s.at[0]) >= gateTime {
		s.at = s.at[1:]
	}
}

func (b *blames) gated(id peer.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.peers[id]
	return s != nil && b.now().Before(s.until)
}

// count returns how many peers are kept out.
func (b *blames) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, now := 0, b.now()
	for _, s := range b.peers {
		if now.Before(s.until) {
			n++
		}
	}
	return n
}

// Blame notes that a peer provably did wrong. The third time within an hour, or at
// once when the reason begins with "lie", the peer is disconnected and kept out for
// an hour, whoever it is. The reason goes to the log.
func (p *P2P) Blame(id peer.ID, reason string) {
	closed := p.blames.add(id, strings.HasPrefix(reason, graveReason))
	p.metrics.strikes.Inc()
	p.log.Warn("peer is blamed", "peer", id, "reason", reason, "gated", closed)
	if !closed {
		return
	}
	if err := p.host.Network().ClosePeer(id); err != nil {
		p.log.Debug("blamed peer could not be disconnected", "peer", id, "err", err)
	}
}
