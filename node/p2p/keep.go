package p2p

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
)

const (
	// keepTag marks kept peers for the connection manager.
	keepTag = "kept"
	// maxKept bounds the peers that a node stays connected to, beside the mark to which
	// the connection manager trims: it may not trim them.
	maxKept = 256
	// maxKeptAddrs bounds the addresses that are remembered of one.
	maxKeptAddrs = 16
	// firstRetry doubles up to lastRetry; half of either is left to chance.
	firstRetry = time.Second
	lastRetry  = time.Minute
	// dialTime is how long one attempt may take, dialsAtOnce how many there may be.
	dialTime    = 15 * time.Second
	dialsAtOnce = 8
)

// keeper knows the peers to stay connected to and when each is to be tried again.
type keeper struct {
	mu    sync.Mutex
	limit int
	peers map[peer.ID]*kept
	wake  chan struct{} // buffered by one: something may be due
}

type kept struct {
	info     peer.AddrInfo
	trusted  bool // the owner named it: it may be dialled wherever it is
	failures int  // in a row, counting connections that didn't last
	next     time.Time
	since    time.Time // when it was last connected
	dialling bool
}

func newKeeper() *keeper {
	return &keeper{limit: maxKept, peers: map[peer.ID]*kept{}, wake: make(chan struct{}, 1)}
}

// add keeps a peer; false if there are too many. Who is kept twice has the
// addresses given last. A peer that the owner named takes the place of one that a
// stranger did, which is returned.
func (k *keeper) add(info peer.AddrInfo, trusted bool) (ok bool, instead peer.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.peers[info.ID]
	if e == nil {
		if ok, instead = k.makeRoom(trusted); !ok {
			return false, ""
		}
		e = &kept{}
		k.peers[info.ID] = e
	}
	if len(info.Addrs) > 0 || e.info.ID == "" {
		e.info = peer.AddrInfo{ID: info.ID, Addrs: info.Addrs[:min(len(info.Addrs), maxKeptAddrs)]}
	}
	e.trusted, e.failures, e.next = e.trusted || trusted, 0, time.Time{}
	k.stir()
	return true, instead
}

func (k *keeper) makeRoom(trusted bool) (ok bool, instead peer.ID) {
	if len(k.peers) < k.limit {
		return true, ""
	}
	for id, e := range k.peers {
		if trusted && !e.trusted {
			delete(k.peers, id)
			return true, id
		}
	}
	return false, ""
}

func (k *keeper) drop(id peer.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.peers, id)
}

func (k *keeper) has(id peer.ID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.peers[id] != nil
}

func (k *keeper) trusts(id peer.ID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.peers[id]
	return e != nil && e.trusted
}

func (k *keeper) ids() []peer.ID {
	k.mu.Lock()
	defer k.mu.Unlock()
	ids := make([]peer.ID, 0, len(k.peers))
	for id := range k.peers {
		ids = append(ids, id)
	}
	return ids
}

// stir wakes whoever waits for what is due.
func (k *keeper) stir() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// came notes a new connection.
func (k *keeper) came(id peer.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.peers[id]; e != nil {
		e.since = time.Now()
	}
}

// lost makes a peer due soon, after its connection broke; later and later if its
// connections don't last.
func (k *keeper) lost(id peer.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.peers[id]
	if e == nil {
		return
	}
	if time.Since(e.since) > lastRetry {
		e.failures = 0
	}
	e.again()
	k.stir()
}

// again sets when it is tried next.
func (e *kept) again() {
	e.next = time.Now().Add(jitter(min(lastRetry, firstRetry<<min(e.failures, 10))))
	e.failures++
}

// due takes at most limit peers that are to be dialled now, and says how long it is
// until the next one is.
func (k *keeper) due(now time.Time, limit int, connected func(peer.ID) bool) (take []peer.AddrInfo, wait time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	wait = lastRetry
	for id, e := range k.peers {
		if e.dialling || connected(id) {
			continue
		}
		if until := e.next.Sub(now); until > 0 {
			wait = min(wait, until)
		} else if len(take) < limit {
			e.dialling = true
			take = append(take, e.info)
		}
	}
	return take, wait
}

// done notes how a dial ended, which is tried again later if it failed.
func (k *keeper) done(id peer.ID, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.peers[id]
	if e == nil {
		return
	}
	e.dialling = false
	if err != nil {
		e.again()
	}
	k.stir()
}

// jitter returns something between half of d and one and a half.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// Keep stays connected to a peer, protected, until Drop; at most 256 peers, and half
// as many as there may be connections (specs/14-discovery.md §8). The addresses are
// the owner's word and are dialled wherever they lead: for what a stranger said there
// is KeepHints. Without addresses, those that became known otherwise are tried.
func (p *P2P) Keep(info peer.AddrInfo) { p.keep(info, true) }

// KeepHints is Keep for hints of a stranger, of which it takes what Connect does, of
// their first peer.
func (p *P2P) KeepHints(hints ...string) (peer.ID, error) {
	infos, err := strangers(hints, p.conf.Private)
	if err != nil {
		return "", fmt.Errorf("keep: %w", err)
	}
	p.keep(infos[0], false)
	return infos[0].ID, nil
}

func (p *P2P) keep(info peer.AddrInfo, trusted bool) {
	if info.ID == p.host.ID() || info.ID == "" {
		return
	}
	ok, instead := p.keeper.add(info, trusted)
	if !ok {
		p.log.Warn("peer is not kept: there are too many", "peer", info.ID, "limit", p.keeper.limit)
		return
	}
	if instead != "" {
		p.host.ConnManager().Unprotect(instead, keepTag)
	}
	p.host.ConnManager().Protect(info.ID, keepTag)
}

// Drop ends Keep. A connection that stands is left to the connection manager.
func (p *P2P) Drop(id peer.ID) {
	p.keeper.drop(id)
	p.host.ConnManager().Unprotect(id, keepTag)
}

// stayConnected dials kept peers that aren't connected, until ctx ends.
func (p *P2P) stayConnected(ctx context.Context) error {
	var dials sync.WaitGroup
	defer dials.Wait()
	free := make(chan struct{}, dialsAtOnce)
	for {
		take, wait := p.keeper.due(time.Now(), dialsAtOnce-len(free), p.direct)
		for _, info := range take {
			free <- struct{}{}
			dials.Go(func() {
				defer func() { <-free }()
				p.redial(ctx, info)
			})
		}
		if !sleep(ctx, wait, p.keeper.wake) {
			return nil
		}
	}
}

func (p *P2P) redial(ctx context.Context, info peer.AddrInfo) {
	err := p.dial(ctx, info)
	p.keeper.done(info.ID, err)
	if err != nil && ctx.Err() == nil {
		p.log.Debug("kept peer could not be reached", "peer", info.ID, "err", err)
	}
}

// dial connects to a peer by a direct connection or a relayed one. To a peer that
// is connected over a relay, it looks for a direct one.
func (p *P2P) dial(ctx context.Context, info peer.AddrInfo) error {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if s, ok := p.host.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(info.ID)
	}
	p.host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.TempAddrTTL)
	if p.host.Network().Connectedness(info.ID) == network.Limited {
		return p.host.Connect(network.WithForceDirectDial(ctx, keepTag), info)
	}
	return p.host.Connect(network.WithAllowLimitedConn(ctx, keepTag), info)
}

// direct reports whether there is a connection that no relay carries.
func (p *P2P) direct(id peer.ID) bool { return p.host.Network().Connectedness(id) == network.Connected }

// sleep waits for a time or a wake-up, whichever is first; false when ctx ended.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-wake:
	}
	return ctx.Err() == nil
}
