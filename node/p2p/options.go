package p2p

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/autorelay"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Options say what a P2P is to be. Network is always needed; KeyFile unless Host is
// given.
type Options struct {
	// KeyFile holds the peer's Ed25519 key, which is none of the brand's. It is made
	// when absent, readable only by its owner.
	KeyFile string
	// Network is the network whose peers are looked for.
	Network wire.Network
	// Listen are multiaddrs to listen on, TCP ("/ip4/0.0.0.0/tcp/4001") and QUIC
	// ("/ip4/0.0.0.0/udp/4001/quic-v1"). Each must work. None: dial only, and be
	// reached through relays.
	Listen []string
	// Peers are multiaddrs with /p2p/ID, the owner's choice, to stay connected to.
	Peers []string
	// RelayService lets peers that cannot be reached be reached through this one, as
	// soon as this one is found to be public.
	RelayService bool
	// MDNS looks for peers on the local network and shows itself there.
	MDNS bool
	// Memory is what libp2p may use, in bytes; it also decides how many connections
	// there may be. 0 is an eighth of the machine's, 64 MiB to 1 GiB.
	Memory uint64
	// Private lets addresses that aren't of the public internet be dialled when
	// strangers name them, and such peers be told of: for tests, demonstrations and
	// networks that live on a LAN. DHT and relay service then don't wait until the
	// node is found to be public.
	Private bool
	// Limits add those of stream protocols that others of the node serve to what
	// libp2p has by default. A figure that stays 0 blocks all.
	Limits []func(*rcmgr.ScalingLimitConfig)
	// Log may be nil.
	Log *slog.Logger
	// Registry takes the metrics, those of libp2p among them. May be nil.
	Registry prometheus.Registerer
	// Host is a ready-made one, for simulations; it stays its maker's to close. No
	// listening, port mapping, relays, DHT and mDNS then. nil: one is built.
	Host host.Host

	tests tuning
}

// tuning is what tests need otherwise than nodes.
type tuning struct {
	relayFinder []autorelay.Option
	files       int           // that may be open; 0: as many as the system lets
	grace       time.Duration // of a new connection; 0: graceOfConnection
}

// config is what Options say, parsed.
type config struct {
	Options
	listen []ma.Multiaddr
	peers  []peer.AddrInfo
}

func (o Options) parse() (config, error) {
	c := config{Options: o}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	network, err := wire.ParseNetwork(string(o.Network))
	if err != nil {
		return c, err
	}
	c.Network = network
	for _, s := range o.Listen {
		a, listenErr := ma.NewMultiaddr(s)
		if listenErr != nil {
			err = errors.Join(err, fmt.Errorf("listen on %q: %w", s, listenErr))
		} else if !ma.Contains(c.listen, a) {
			c.listen = append(c.listen, a)
		}
	}
	peers, peersErr := ownersPeers(o.Peers)
	c.peers = peers
	return c, errors.Join(err, peersErr)
}

// ownersPeers reads addresses that the owner named, those of one peer together.
func ownersPeers(addresses []string) ([]peer.AddrInfo, error) {
	var addrs []ma.Multiaddr
	for _, s := range addresses {
		a, err := ma.NewMultiaddr(s)
		if err != nil {
			return nil, fmt.Errorf("peer %q: %w", s, err)
		}
		if _, err := peer.AddrInfoFromP2pAddr(a); err != nil {
			return nil, fmt.Errorf("peer %q must end in /p2p/ and the peer's ID: %w", s, err)
		}
		addrs = append(addrs, a)
	}
	return peer.AddrInfosFromP2pAddrs(addrs...)
}
