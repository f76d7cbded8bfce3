package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// network says how a node that serves meets others. The zero value is no network.
type network struct {
	listen []string // multiaddrs
	peers  []string // multiaddrs with /p2p/ID to stay connected to
	seeds  []string // URLs of gateways whose nodes are asked first
	relay  bool     // carry connections of nodes that can't be reached
	name   string   // "" is the main network
}

// p2pPort is where nodes listen unless told otherwise.
const p2pPort = 4001

// noNetwork is what --listen says for a shop that meets nobody.
const noNetwork = "none"

func (n *network) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&n.listen, "listen", nil, "multiaddr other nodes reach this one at, given once for each; 'none': meet nobody (default TCP and QUIC on port 4001)")
	f.StringArrayVar(&n.peers, "peer", nil, "multiaddr with /p2p/ID of a node to stay connected to, given once for each")
	f.StringArrayVar(&n.seeds, "seed", nil, "web address of a shop whose node knows others, given once for each")
	f.BoolVar(&n.relay, "relay", false, "carry connections of nodes behind routers; needs a public address")
	f.StringVar(&n.name, "network", string(wire.MainNetwork), "name of the network; nodes of another one are not met")
}

// check says what is wrong with what was asked for, before anything starts.
func (n *network) check() error {
	if _, err := wire.ParseNetwork(n.name); err != nil {
		return fmt.Errorf("--network: %w", err)
	}
	for _, s := range n.seeds {
		if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("--seed %q is no web address such as https://shop.example", s)
		}
	}
	for _, p := range n.peers {
		if !strings.HasPrefix(p, "/") || !strings.Contains(p, "/p2p/") {
			return fmt.Errorf("--peer %q is no address of a node such as /ip4/203.0.113.7/tcp/4001/p2p/12D3KooW…", p)
		}
	}
	for _, l := range n.listen {
		if l == noNetwork && (len(n.listen) > 1 || len(n.peers)+len(n.seeds) > 0 || n.relay) {
			return errors.New("--listen none meets nobody: it goes with no other --listen, --peer, --seed or --relay")
		}
		if l != noNetwork && !strings.HasPrefix(l, "/") {
			return fmt.Errorf("--listen %q is no multiaddr such as /ip4/0.0.0.0/tcp/4001", l)
		}
	}
	return nil
}

// settle decides where to listen when nothing was said. The notice, if any, is
// for the owner.
func (n *network) settle() (notice string) {
	switch {
	case len(n.listen) == 1 && n.listen[0] == noNetwork:
		n.listen = nil
	case len(n.listen) == 0:
		port := p2pPort
		if !free(port) {
			port = freePort()
			notice = fmt.Sprintf("Port %d is taken by another program, so other shops reach this one at port %d, until it closes. --listen chooses another for good.", p2pPort, port)
		}
		n.listen = everywhere(port)
	}
	return notice
}

// everywhere is TCP and QUIC at one port of all addresses.
func everywhere(port int) []string {
	return []string{
		fmt.Sprintf("/ip4/0.0.0.0/tcp/%d", port), fmt.Sprintf("/ip4/0.0.0.0/udp/%d/quic-v1", port),
		fmt.Sprintf("/ip6/::/tcp/%d", port), fmt.Sprintf("/ip6/::/udp/%d/quic-v1", port),
	}
}

// free reports whether a port can be listened at for TCP and QUIC.
func free(port int) bool {
	addr := ":" + strconv.Itoa(port)
	tcp, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	udp.Close()
	return true
}

// freePort finds a port that is free for both; 0, which lets the system choose
// one for each, when that fails.
func freePort() int {
	for range 20 {
		l, err := net.Listen("tcp", ":0")
		if err != nil {
			return 0
		}
		port := l.Addr().(*net.TCPAddr).Port // of a TCP listener
		l.Close()
		if free(port) {
			return port
		}
	}
	return 0
}

// options are those of the node, nil for no network. A node that listens at
// loopback alone is one among others on this machine: it may dial those, and
// doesn't call out into the local network.
func (n *network) options(registry prometheus.Registerer) *node.NetOptions {
	if len(n.listen) == 0 {
		return nil
	}
	local := true
	for _, l := range n.listen {
		local = local && loopback(l)
	}
	return &node.NetOptions{
		Network: wire.Network(n.name), Listen: n.listen, Peers: n.peers, Seeds: n.seeds,
		Relay: n.relay, MDNS: !local, Private: local, Registry: registry,
	}
}

// loopback reports whether a multiaddr is one of this machine alone.
func loopback(addr string) bool {
	parts := strings.Split(addr, "/")
	return len(parts) > 2 && isLoopback(parts[2])
}
