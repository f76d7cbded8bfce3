package p2p

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2pprotocol "github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-multihash"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// maxProvided bounds the brands that a node says it serves.
	maxProvided = 256
	// provideEvery is how often it says so, with jitter; records live 48 h.
	provideEvery = 12 * time.Hour
	// provideAgain doubles up to an hour after a failure.
	provideAgain = 10 * time.Second
	// provideTime and findTime are how long one walk through the network may take.
	provideTime = time.Minute
	findTime    = 30 * time.Second
	// maxFinds bounds the peers that Find returns.
	maxFinds = 16
)

// ErrNoDHT reports that the node has no distributed table of peers, because its
// host was given to New.
var ErrNoDHT = errors.New("no distributed table of peers")

// table is the node's part of the network's own Kademlia table, which maps brands
// to peers and nothing else.
type table struct {
	dht    *dht.IpfsDHT
	mu     sync.Mutex
	brands map[protocol.CID]*provision
	wake   chan struct{} // buffered by one
}

// provision is when a brand is to be provided next.
type provision struct {
	next     time.Time
	failures int
}

// dhtPrefix keeps the network apart from all others that run the same protocol.
func dhtPrefix(n wire.Network) libp2pprotocol.ID { return libp2pprotocol.ID("/stoa/" + string(n)) }

// brandKey is what a brand's peers are found under.
func brandKey(brand protocol.CID) (cid.Cid, error) {
	digest := sha256.Sum256(append([]byte("stoa/provider/v1\x00"), brand.Bytes()...))
	mh, err := multihash.Encode(digest[:], multihash.SHA2_256)
	if err != nil {
		return cid.Undef, fmt.Errorf("key of brand: %w", err)
	}
	return cid.NewCidV1(cid.Raw, mh), nil
}

// join takes part in the table: answering for others only when the node is found
// to be public, or is Private.
func (p *P2P) join(ctx context.Context) (*table, error) {
	mode := dht.ModeAuto
	if p.conf.Private {
		mode = dht.ModeServer
	}
	options := []dht.Option{
		dht.ProtocolPrefix(dhtPrefix(p.conf.Network)), dht.Mode(mode), dht.DisableValues(),
		dht.Datastore(newProviders()),
		dht.AddressFilter(func(addrs []ma.Multiaddr) []ma.Multiaddr {
			return dialable(addrs, p.conf.Private, maxPeerAddrs)
		}),
		dht.RoutingTableFilter(func(_ any, id peer.ID) bool { return len(p.publicAddrs(id)) > 0 }),
	}
	if !p.conf.Private {
		options = append(options, dht.RoutingTablePeerDiversityFilter(dht.NewRTPeerDiversityFilter(p.host, 3, 12)))
	}
	d, err := dht.New(p.host, options...)
	if err != nil {
		return nil, fmt.Errorf("join the distributed table: %w", err)
	}
	if err := d.Bootstrap(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("join the distributed table: %w", err), d.Close())
	}
	return &table{dht: d, brands: map[protocol.CID]*provision{}, wake: make(chan struct{}, 1)}, nil
}

func (t *table) close() error {
	if t == nil {
		return nil
	}
	return t.dht.Close()
}

// Provide has the node say, from Run on, that it serves a brand; at most 256 of
// them. Without a DHT it does nothing.
func (p *P2P) Provide(_ context.Context, brand protocol.CID) {
	if p.table == nil {
		return
	}
	if !p.table.add(brand) {
		p.log.Warn("brand is not provided: there are too many", "brand", brand, "limit", maxProvided)
	}
}

// Withdraw ends Provide. What was said is forgotten within 48 h.
func (p *P2P) Withdraw(brand protocol.CID) {
	if p.table == nil {
		return
	}
	p.table.mu.Lock()
	defer p.table.mu.Unlock()
	delete(p.table.brands, brand)
}

func (t *table) add(brand protocol.CID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.brands[brand] == nil {
		if len(t.brands) >= maxProvided {
			return false
		}
		t.brands[brand] = &provision{}
	}
	select {
	case t.wake <- struct{}{}:
	default:
	}
	return true
}

// provideAll says what is due, one brand after the other, until ctx ends.
func (p *P2P) provideAll(ctx context.Context) error {
	if p.table == nil {
		return nil
	}
	for {
		brand, wait := p.table.due(time.Now())
		if brand.Defined() {
			p.provide(ctx, brand)
		} else if !sleep(ctx, wait, p.table.wake) {
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// due returns a brand whose turn it is, or how long that will be.
func (t *table) due(now time.Time) (protocol.CID, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	wait := provideEvery
	for brand, e := range t.brands {
		if until := e.next.Sub(now); until > 0 {
			wait = min(wait, until)
		} else {
			return brand, 0
		}
	}
	return protocol.CID{}, wait
}

func (p *P2P) provide(ctx context.Context, brand protocol.CID) {
	err := p.provideOnce(ctx, brand)
	if err != nil && ctx.Err() == nil {
		p.log.Debug("brand could not be provided", "brand", brand, "err", err)
	}
	p.table.done(brand, err)
}

func (p *P2P) provideOnce(ctx context.Context, brand protocol.CID) error {
	key, err := brandKey(brand)
	if err != nil {
		return err
	}
	if p.table.dht.RoutingTable().Size() == 0 {
		return errors.New("nobody is known who would remember it")
	}
	ctx, cancel := context.WithTimeout(ctx, provideTime)
	defer cancel()
	return p.table.dht.Provide(ctx, key, true)
}

func (t *table) done(brand protocol.CID, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.brands[brand]
	if e == nil {
		return
	}
	wait := provideEvery
	if err == nil {
		e.failures = 0
	} else {
		wait = min(time.Hour, provideAgain<<min(e.failures, 10))
		e.failures++
	}
	e.next = time.Now().Add(jitter(wait))
}

// Find looks for peers that say they serve a brand, at most 16, with at most 8
// addresses each, none that a stranger may not name. It takes at most 30 s, and
// what they say is to be checked.
func (p *P2P) Find(ctx context.Context, brand protocol.CID) ([]peer.AddrInfo, error) {
	if p.table == nil {
		return nil, fmt.Errorf("find peers of %s: %w", brand, ErrNoDHT)
	}
	key, err := brandKey(brand)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	var out []peer.AddrInfo
	for info := range p.table.dht.FindProvidersAsync(ctx, key, maxFinds) {
		info.Addrs = dialable(info.Addrs, p.conf.Private, maxPeerAddrs)
		if info.ID != p.host.ID() && len(info.Addrs) > 0 && !p.blames.gated(info.ID) {
			out = append(out, info)
		}
	}
	return out, nil
}
