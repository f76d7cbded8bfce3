package gossip

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// maxPeers is how many peers' spending is remembered.
	maxPeers = 4096
	// restored is the time after which a peer that delivered nothing has all its
	// budgets back, so that there is nothing to remember.
	restored protocol.Millis = 60_000
	// perPeer is how many announcements of one peer are judged or wait for that at a
	// time.
	perPeer = 256
)

// messageRate bounds what one peer may deliver at all, copies of what others
// deliver included. It lies above what an honest peer of a busy network passes on
// (facts: 167 a second with a hundred thousand brands) and keeps what libp2p
// remembers of each message it saw within bounds.
func messageRate() wire.Rate { return wire.Rate{Burst: 1_000, Every: 4} }

// wrongRate is how many announcements that are provably wrong a peer may deliver
// before nothing of it is looked at any more. The transport's score comes to the
// same for peers that it keeps a score of: not for one that lets nobody talk to it.
func wrongRate() wire.Rate { return wire.Rate{Burst: 3, Every: 20 * 60_000} }

// spending is what one peer has used up. strange is for announcements of brands
// that the node doesn't keep. idle is for those of others that led to nothing:
// hints aren't signed, so anybody can make any number of valid copies of an old
// announcement. wrong is for what is rejected, messages counts all.
type spending struct {
	strange, idle, wrong, messages wire.Budget
	judging                        int
	last, lied                     protocol.Millis
}

// budgets holds the spending of peers. Who is forgotten starts anew.
type budgets struct {
	mu    sync.Mutex
	peers map[peer.ID]*spending
}

func newBudgets() *budgets { return &budgets{peers: map[peer.ID]*spending{}} }

// of returns the spending of a peer. The caller holds the lock.
func (b *budgets) of(id peer.ID, now protocol.Millis) *spending {
	s := b.peers[id]
	if s == nil {
		b.makeRoom(now)
		s = &spending{}
		b.peers[id] = s
	}
	s.last = now
	return s
}

func (b *budgets) makeRoom(now protocol.Millis) {
	if len(b.peers) < maxPeers {
		return
	}
	for id, s := range b.peers {
		if s.judging == 0 && now-s.last > restored && now-s.lied > wrongRate().Every*protocol.Millis(wrongRate().Burst) {
			delete(b.peers, id)
		}
	}
	for id := range b.peers {
		if len(b.peers) < maxPeers {
			return
		}
		delete(b.peers, id)
	}
}

// messages returns how many of n messages the peer may deliver now.
func (b *budgets) messages(id peer.ID, n int, now protocol.Millis) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(id, now)
	if s.wrong.Wait(wrongRate(), now) > 0 {
		return 0
	}
	for i := range n {
		if !s.messages.Spend(messageRate(), now) {
			return i
		}
	}
	return n
}

// lied charges a peer for what was rejected.
func (b *budgets) lied(id peer.ID, now protocol.Millis) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(id, now)
	s.lied = now
	s.wrong.Spend(wrongRate(), now)
}

// begin reports whether one more announcement of the peer may be judged, or wait for
// that; end says that it was.
func (b *budgets) begin(id peer.ID, now protocol.Millis) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(id, now)
	if s.judging >= perPeer || s.wrong.Wait(wrongRate(), now) > 0 {
		return false
	}
	s.judging++
	return true
}

func (b *budgets) end(id peer.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.peers[id]; s != nil && s.judging > 0 {
		s.judging--
	}
}

// strange charges the peer for an announcement of a brand that the node doesn't
// keep, or that is beyond its own budget already, and reports whether it may.
func (b *budgets) strange(id peer.ID, now protocol.Millis) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of(id, now).strange.Spend(wire.PeerRate(), now)
}

// mayIdle reports whether the peer may still deliver what may lead to nothing;
// idled charges it for that.
func (b *budgets) mayIdle(id peer.ID, now protocol.Millis) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of(id, now).idle.Wait(wire.PeerRate(), now) == 0
}

func (b *budgets) idled(id peer.ID, now protocol.Millis) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(id, now).idle.Spend(wire.PeerRate(), now)
}
