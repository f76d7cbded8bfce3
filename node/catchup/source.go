package catchup

import (
	"net"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"golang.org/x/time/rate"
)

// maxSources is how many addresses the door remembers at a time. One more than
// these shares its budget with all other newcomers.
const maxSources = 4096

// door admits requests: so many at a time, in all, for each peer and for each
// source, and so many a second for each source. It is safe for concurrent use.
type door struct {
	limits Limits
	mu     sync.Mutex
	all    int
	peers  map[peer.ID]int // those with answers under way, so at most Streams
	known  map[string]*source
	rest   *source // of everyone who finds no room in known
	swept  time.Time
}

// source is where requests come from: an address, or a peer behind a relay.
type source struct {
	tokens *rate.Limiter
	active int
}

func newDoor(l Limits) *door {
	d := &door{limits: l, peers: map[peer.ID]int{}, known: map[string]*source{}}
	d.rest = d.newSource()
	return d
}

func (d *door) newSource() *source {
	return &source{tokens: rate.NewLimiter(rate.Limit(d.limits.Rate), d.limits.Burst)}
}

// enter admits one request, or says after what time another may be: then leave
// must not be called.
func (d *door) enter(c network.Conn) (leave func(), wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, from := c.RemotePeer(), d.source(sourceOf(c))
	if wait := from.charge(1); wait > 0 {
		return nil, wait
	}
	if d.all >= d.limits.Streams || d.peers[id] >= d.limits.PeerStreams || from.active >= d.limits.SourceStreams {
		return nil, time.Second
	}
	d.all, d.peers[id], from.active = d.all+1, d.peers[id]+1, from.active+1
	return func() { d.leave(id, from) }, 0
}

func (d *door) leave(id peer.ID, from *source) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	from.active--
	if d.peers[id]--; d.peers[id] == 0 {
		delete(d.peers, id)
	}
}

// charge takes tokens, or returns when there will be enough.
func (s *source) charge(n int) time.Duration {
	r := s.tokens.ReserveN(time.Now(), n)
	if !r.OK() {
		return time.Minute
	}
	wait := r.Delay()
	if wait > 0 {
		r.Cancel()
	}
	return wait
}

// surcharge takes tokens for a request that costs more than others.
func (d *door) surcharge(c network.Conn, n int) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.source(sourceOf(c)).charge(n)
}

func (d *door) source(name string) *source {
	s := d.known[name]
	if s != nil {
		return s
	}
	if len(d.known) >= maxSources {
		d.sweep()
	}
	if len(d.known) >= maxSources {
		return d.rest
	}
	s = d.newSource()
	d.known[name] = s
	return s
}

// sweep forgets, once a second at most, those who have their whole budget.
func (d *door) sweep() {
	now := time.Now()
	if now.Sub(d.swept) < time.Second {
		return
	}
	d.swept = now
	for name, s := range d.known {
		if s.active == 0 && s.tokens.TokensAt(now) >= float64(d.limits.Burst) {
			delete(d.known, name)
		}
	}
}

// sourceOf names where a connection comes from.
func sourceOf(c network.Conn) string {
	if ip, err := manet.ToIP(c.RemoteMultiaddr()); err == nil && !relayed(c) {
		if v4 := ip.To4(); v4 != nil {
			return v4.String()
		}
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return string(c.RemotePeer())
}

// relayed reports whether a connection leads over a relay.
func relayed(c network.Conn) bool {
	if c.Stat().Limited {
		return true
	}
	addr := c.RemoteMultiaddr()
	if addr == nil {
		return false
	}
	_, err := addr.ValueForProtocol(ma.P_CIRCUIT)
	return err == nil
}
