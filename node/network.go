package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/node/catchup"
	"github.com/stoa-commerce/stoa/node/gossip"
	"github.com/stoa-commerce/stoa/node/mailbox"
	"github.com/stoa-commerce/stoa/node/p2p"
	"github.com/stoa-commerce/stoa/node/wellknown"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// NetOptions say how a node takes part in the network.
type NetOptions struct {
	// Network is whose announcements are heard; wire.MainNetwork for shops that sell.
	Network wire.Network
	// Listen are multiaddrs to listen on; none: the node only dials.
	Listen []string
	// Peers are multiaddrs with /p2p/ID to stay connected to.
	Peers []string
	// Seeds are URLs of gateways, or multiaddrs, through which others are found.
	Seeds []string
	// Relay lets peers that can't be reached be reached through this node.
	Relay bool
	// MDNS looks for peers on the local network.
	MDNS bool
	// Private lets loopback and private addresses be dialled that strangers name, and
	// be told to others: for tests, demonstrations and LANs.
	Private bool
	// Registry takes the metrics of this one run of the node; may be nil.
	Registry prometheus.Registerer
	// Host is a ready-made libp2p host, for simulations; its maker closes it. nil: one
	// is built, with the key of the home.
	Host host.Host
	// AntiEntropy is about how often peers are asked for heads that gossip may have
	// missed; 0: every 10 to 30 minutes.
	AntiEntropy time.Duration
	// Pictures is how many bytes of pictures of one followed brand are kept; 0: 512 MiB.
	Pictures int64
}

// peerKeyFile holds the peer's key, which is none of the brand's.
const peerKeyFile = "peer.key"

// net is the node's part in the network.
type net struct {
	NetOptions
	p2p       *p2p.P2P
	gossip    *gossip.Gossip
	server    *catchup.Server
	client    *catchup.Client
	queue     *queue // of brands that are behind
	pictures  *queue // of brands with pictures to fetch or to delete
	quota     int64
	greets    chan peer.ID // peers that have just connected
	claimed   chan claim
	followers *followers
	relay     *mailbox.Relay     // keeps mail for followed brands
	collector *mailbox.Collector // fetches the own brand's
	domains   reader             // for names that brands give
	gateways  reader             // for URLs that the owner typed
	stop      context.CancelFunc
	watch     *network.NotifyBundle
	ran       bool
}

// reader reads what stands at a gateway's base URL.
type reader func(ctx context.Context, base string) (wellknown.Document, error)

func (w *net) host() host.Host { return w.p2p.Host() }

// join makes the node part of the network. Nothing is asked or told before Run.
func (n *Node) join(ctx context.Context, o NetOptions) (err error) {
	w := &net{
		NetOptions: o, queue: newQueue(), pictures: newQueue(), quota: o.Pictures,
		greets: make(chan peer.ID, 256), claimed: make(chan claim, maxClaims), followers: newFollowers(), domains: wellknown.New().Read, gateways: wellknown.NewTrusting().Read,
	}
	if w.quota == 0 {
		w.quota = pictureQuota
	}
	ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	n.net = w
	w.p2p, err = p2p.New(ctx, p2p.Options{
		KeyFile: filepath.Join(n.home, peerKeyFile), Network: o.Network, Listen: o.Listen, Peers: o.Peers,
		RelayService: o.Relay, MDNS: o.MDNS, Private: o.Private, Log: n.log, Registry: o.Registry, Host: o.Host,
		Limits: []func(*rcmgr.ScalingLimitConfig){catchup.Limits{}.Register, mailbox.Register},
	})
	if err != nil {
		return err
	}
	w.client = catchup.NewClient(catchup.ClientOptions{
		Host: w.host(), Limited: w.p2p.Limited, Blame: w.p2p.Blame, Log: n.log, Registry: o.Registry, Now: n.millis,
	})
	if err := n.gossipWith(ctx); err != nil {
		return err
	}
	if err := n.serve(); err != nil {
		return err
	}
	if err := n.carryMail(ctx); err != nil {
		return err
	}
	if err := n.measure(); err != nil {
		return err
	}
	w.watch = &network.NotifyBundle{DisconnectedF: n.disconnected}
	w.host().Network().Notify(w.watch)
	w.p2p.OnConnected(w.greet)
	return nil
}

func (n *Node) serve() (err error) {
	n.net.server, err = catchup.Serve(catchup.Options{
		Host: n.net.host(), Store: n.store, Blobs: n.blobs, Serves: n.kept.has, Brands: n.keptBrands,
		Seen: n.seen, Remembers: n.net.gossip.Log, Log: n.log, Registry: n.net.Registry,
	})
	return err
}

func (n *Node) gossipWith(ctx context.Context) (err error) {
	var seeds []peer.ID
	for _, info := range addrInfos(append(append([]string{}, n.net.Peers...), n.net.Seeds...)) {
		seeds = append(seeds, info.ID)
	}
	n.net.gossip, err = gossip.New(ctx, gossip.Options{
		Host: n.net.host(), Network: n.net.Network, Brands: ear{n}, Log: n.log, Now: n.millis, Registry: n.net.Registry,
		Limited: n.net.p2p.Limited, Seeds: seeds, Followed: n.followedBrands, Homes: n.likelyPeers,
		Current: n.currentAnnouncement, Rival: n.rivalAnnouncement, Fetch: n.fetchLog, Blame: n.net.p2p.Blame,
	})
	return err
}

// fetchLog asks a peer for the identity log of a brand that it announced.
func (n *Node) fetchLog(ctx context.Context, brand protocol.CID, from peer.ID) ([][]byte, error) {
	return n.net.client.WholeIdentity(ctx, from, brand, gossip.MaxLog)
}

func (n *Node) keptBrands() []protocol.CID {
	var out []protocol.CID
	for _, m := range n.kept.all() {
		out = append(out, m.brand)
	}
	return out
}

func (n *Node) followedBrands() []protocol.CID {
	var out []protocol.CID
	for _, m := range n.kept.followed() {
		out = append(out, m.brand)
	}
	return out
}

func (n *Node) likelyPeers(brand protocol.CID) []peer.ID {
	if m := n.kept.get(brand); m != nil {
		return m.likely()
	}
	return nil
}

// greet has a peer asked that has just connected. It doesn't wait.
func (w *net) greet(id peer.ID) {
	select {
	case w.greets <- id:
	default: // so many come that the next round of questions does
	}
}

// disconnected notes which brands' own nodes are gone.
func (n *Node) disconnected(_ network.Network, c network.Conn) {
	id := c.RemotePeer()
	if n.connected(id) {
		return
	}
	for _, m := range n.kept.followed() {
		m.mu.Lock()
		m.heard.left(id, n.millis())
		m.mu.Unlock()
	}
}

// runNet takes part in the network until ctx ends.
func (n *Node) runNet(ctx context.Context) error {
	n.net.ran = true
	n.running.Store(true)
	defer n.running.Store(false)
	g, ctx := errgroup.WithContext(ctx)
	for _, m := range n.kept.followed() {
		n.keepHomes(m)
	}
	n.provide(ctx)
	for _, work := range []func(context.Context) error{
		n.net.p2p.Run, n.net.gossip.Run, n.bringAllUp, n.fetchPictures, n.greetAll, n.lookIntoClaims, n.askRegularly, n.askOwn,
		n.followSeeds, n.checkDomains, n.tellAddresses, n.writeHearsay, n.net.relay.Run, n.net.collector.Run,
	} {
		g.Go(func() error { return work(ctx) })
	}
	return g.Wait()
}

// provided is how many followed brands the network's table is told of, beside the own
// one.
const provided = 64

func (n *Node) provide(ctx context.Context) {
	for i, m := range n.kept.all() {
		if i <= provided {
			n.net.p2p.Provide(ctx, m.brand)
		}
	}
}

// leave ends the node's part in the network.
func (w *net) leave() error {
	var failed []error
	if w.gossip != nil && !w.ran {
		ended, end := context.WithCancel(context.Background())
		end()
		failed = append(failed, w.gossip.Run(ended)) // waits for what is being judged
	}
	w.stop()
	if w.watch != nil {
		w.host().Network().StopNotify(w.watch)
	}
	if w.server != nil {
		failed = append(failed, w.server.Close())
	}
	if w.p2p != nil {
		failed = append(failed, w.p2p.Close())
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("leave the network: %w", err)
	}
	return nil
}
