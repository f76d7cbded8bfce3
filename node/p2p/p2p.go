package p2p

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"golang.org/x/sync/errgroup"
)

// ErrClosed reports that the P2P was closed, or that its Run has run already.
var ErrClosed = errors.New("no longer in the network")

// P2P is a node's host and its peers. Its methods are safe for concurrent use.
type P2P struct {
	conf    config
	log     *slog.Logger
	host    host.Host
	ready   chan struct{} // closed when host is set, for what libp2p starts before
	blames  *blames
	keeper  *keeper
	lan     *lan
	watch   *watch
	table   *table // nil: no DHT
	told    *ration
	wants   *wants
	signed  *signed
	metrics *metrics
	budget  budget
	stop    context.CancelFunc
	stopped context.Context

	closing sync.WaitGroup // of connections that came in past the gate

	mu      sync.Mutex
	running chan struct{} // closed when Run has returned; nil: it wasn't called
	closed  bool
}

// New makes the host and listens. Peers are looked for only while Run runs; what
// others ask is answered at once.
func New(ctx context.Context, options Options) (*P2P, error) {
	conf, err := options.parse()
	if err != nil {
		return nil, fmt.Errorf("join the network: %w", err)
	}
	p := &P2P{
		conf: conf, log: conf.Log, ready: make(chan struct{}),
		blames: newBlames(), keeper: newKeeper(), lan: newLAN(), watch: newWatch(), told: newRation(), wants: newWants(), signed: newSigned(),
		metrics: newMetrics(),
	}
	p.stopped, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := p.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("join the network: %w", err), p.Close())
	}
	for _, info := range conf.peers {
		p.Keep(info)
	}
	return p, nil
}

func (p *P2P) open(ctx context.Context) (err error) {
	if p.host = p.conf.Host; p.host == nil {
		if p.host, err = p.build(); err != nil {
			return err
		}
	}
	close(p.ready)
	p.host.Network().Notify(p.watch.notifee(p))
	if err := p.signed.hear(p.host.EventBus()); err != nil {
		return err
	}
	p.host.SetStreamHandler(exchangeProtocol(p.conf.Network), p.tellPeers)
	if err := p.listen(); err != nil {
		return err
	}
	if p.conf.Host == nil {
		if p.table, err = p.join(ctx); err != nil {
			return err
		}
	}
	return p.metrics.register(p)
}

// listen opens every address that is asked for, or says which one it can't.
func (p *P2P) listen() error {
	if p.conf.Host != nil {
		return nil
	}
	for _, a := range p.conf.listen {
		if err := errors.Join(unshared(a), p.host.Network().Listen(a)); err != nil {
			return fmt.Errorf("listen on %s: %w", a, err)
		}
	}
	return nil
}

// unshared fails when somebody listens at a TCP address already: libp2p would take
// it together with another libp2p, and each would get half of the connections.
func unshared(a ma.Multiaddr) error {
	network, address, err := manet.DialArgs(a)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return nil // for libp2p to say
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	return l.Close()
}

// Host returns the libp2p host. It belongs to the P2P unless it was given to New.
func (p *P2P) Host() host.Host { return p.host }

// Run keeps peers, finds others and provides brands until ctx ends or Close is
// called. It can be called once.
func (p *P2P) Run(ctx context.Context) error {
	ended, err := p.begin()
	if err != nil {
		return err
	}
	defer close(ended)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.stopped, cancel)()
	g, ctx := errgroup.WithContext(ctx)
	for _, work := range []func(context.Context) error{
		p.stayConnected, p.tellOfConnections, p.askForPeers, p.lookAround, p.provideAll,
	} {
		g.Go(func() error { return work(ctx) })
	}
	return g.Wait()
}

func (p *P2P) begin() (ended chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.running != nil {
		return nil, ErrClosed
	}
	p.running = make(chan struct{})
	return p.running, nil
}

// Close ends Run and waits for it, and closes the host unless it was given to New.
func (p *P2P) Close() error {
	p.stop()
	p.mu.Lock()
	again, running := p.closed, p.running
	p.closed = true
	p.mu.Unlock()
	if running != nil {
		<-running
	}
	if again || p.host == nil {
		return nil
	}
	p.host.RemoveStreamHandler(exchangeProtocol(p.conf.Network))
	p.host.Network().StopNotify(p.watch.notifee(p))
	p.closing.Wait()
	p.metrics.unregister(p)
	return errors.Join(p.signed.close(), p.table.close(), p.closeHost())
}

func (p *P2P) closeHost() error {
	if p.conf.Host != nil {
		return nil
	}
	return p.host.Close()
}

// Connect dials hints that a stranger gave, unless their peer is connected: the
// first four, and of those none outside the public internet unless the node is
// Private. When they are of several peers, it is the first that can be reached. It
// wraps ErrRefused when none may be dialled.
func (p *P2P) Connect(ctx context.Context, hints ...string) (peer.ID, error) {
	infos, err := strangers(hints, p.conf.Private)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	var failed []error
	for _, info := range infos {
		err := p.approach(ctx, info)
		if err == nil {
			return info.ID, nil
		}
		failed = append(failed, fmt.Errorf("connect to %s: %w", info.ID, err))
	}
	return "", errors.Join(failed...)
}

func (p *P2P) approach(ctx context.Context, info peer.AddrInfo) error {
	if info.ID == p.host.ID() {
		return fmt.Errorf("it is this node: %w", ErrRefused)
	}
	if p.blames.gated(info.ID) {
		return fmt.Errorf("it is blamed: %w", ErrRefused)
	}
	return p.dial(ctx, info)
}

// Limited reports whether a peer is connected over a relay only, which carries
// little (128 KiB or 2 min by default).
func (p *P2P) Limited(id peer.ID) bool {
	return p.host.Network().Connectedness(id) == network.Limited
}
