package p2p

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/x/rate"
	"github.com/pbnjay/memory"
)

const (
	minMemory = 64 << 20
	maxMemory = 1 << 30
	// graceOfConnection is how long a new connection is not trimmed.
	graceOfConnection = 20 * time.Second
)

// budget is how much of the machine libp2p may use. The connection manager begins
// to trim at high and stops at low, both below what the resource manager refuses:
// so a full node lets go of a peer it doesn't need before it turns a new one away.
type budget struct {
	memory   int64 // bytes
	conns    int   // connections at once
	inbound  int   // of them, opened by others
	outbound int   // of them, opened by this node
	high     int
	low      int
}

// budgetFor divides memory in bytes, of a process that may open so many files: 96
// connections and one more for each 4 MiB, but no more than a quarter of the
// files. An eighth of the connections is kept for those the node opens itself.
func budgetFor(memory uint64, files int) budget {
	conns := 96 + int(memory>>22)
	if files > 0 {
		conns = max(16, min(conns, files/4))
	}
	return budget{
		memory: int64(memory), conns: conns,
		inbound: conns - conns/8, outbound: conns,
		high: conns * 3 / 4, low: conns / 2,
	}
}

// memoryFor returns what is asked for, or an eighth of the machine's within bounds.
func memoryFor(asked, machine uint64) uint64 {
	if asked > 0 {
		return max(asked, minMemory/2)
	}
	return min(max(machine/8, minMemory), maxMemory)
}

func (c config) budget() budget {
	return budgetFor(memoryFor(c.Memory, memory.TotalMemory()), cmp.Or(c.tests.files, openFiles()))
}

// openFiles asks libp2p's scaling how many files the process may open: where its
// limit is a fraction of one, it gives half of them. 0 is unknown.
func openFiles() int {
	probe := rcmgr.ScalingLimitConfig{SystemLimitIncrease: rcmgr.BaseLimitIncrease{FDFraction: 1}}
	probed := probe.AutoScale().ToPartialLimitConfig()
	return 2 * max(0, int(probed.System.FD))
}

// limits are those of the resource manager: libp2p's own for services and streams,
// scaled to the memory; those that are added; ours for what is counted in
// connections and bytes.
func (b budget) limits(add ...func(*rcmgr.ScalingLimitConfig)) rcmgr.ConcreteLimitConfig {
	base := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&base)
	for _, f := range add {
		f(&base)
	}
	wanted := rcmgr.PartialLimitConfig{
		System:      b.share(1, 1),
		Transient:   b.share(1, 2),
		PeerDefault: rcmgr.ResourceLimits{Memory: rcmgr.LimitVal64(b.memory / 4)},
	}
	return wanted.Build(base.Scale(b.memory, 0))
}

// share is a part of the connections, and the square of that part of the memory:
// half of the one and a quarter of the other.
func (b budget) share(n, of int) rcmgr.ResourceLimits {
	return rcmgr.ResourceLimits{
		Conns: rcmgr.LimitVal(b.conns * n / of), FD: rcmgr.LimitVal(b.conns * n / of),
		ConnsInbound: rcmgr.LimitVal(b.inbound * n / of), ConnsOutbound: rcmgr.LimitVal(b.outbound * n / of),
		Memory: rcmgr.LimitVal64(b.memory * int64(n*n) / int64(of*of)),
	}
}

// resources builds the resource manager. Private ranges are free of the limits by
// address: behind a container's bridge or a port proxy all peers come from one.
func (b budget) resources(metrics bool, add ...func(*rcmgr.ScalingLimitConfig)) (network.ResourceManager, error) {
	var v4, v6 []rcmgr.NetworkPrefixLimit
	var rates []rate.PrefixLimit
	for _, p := range neighbours {
		limit := rcmgr.NetworkPrefixLimit{Network: p, ConnCount: 2 * b.conns}
		if p.Addr().Is4() {
			v4 = append(v4, limit)
		} else {
			v6 = append(v6, limit)
		}
		rates = append(rates, rate.PrefixLimit{Prefix: p})
	}
	opts := []rcmgr.Option{rcmgr.WithNetworkPrefixLimit(v4, v6), rcmgr.WithConnRateLimiters(connRates(rates))}
	if !metrics {
		opts = append(opts, rcmgr.WithMetricsDisabled())
	}
	m, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(b.limits(add...)), opts...)
	if err != nil {
		return nil, fmt.Errorf("build resource manager: %w", err)
	}
	return m, nil
}

// connRates lets one address open 16 connections at once and then one each 5 s, as
// many as libp2p does by default.
func connRates(free []rate.PrefixLimit) *rate.Limiter {
	return &rate.Limiter{
		NetworkPrefixLimits: free,
		SubnetRateLimiter: rate.SubnetLimiter{
			IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: rate.Limit{RPS: 0.2, Burst: 16}}},
			IPv6SubnetLimits: []rate.SubnetLimit{
				{PrefixLength: 56, Limit: rate.Limit{RPS: 0.2, Burst: 16}},
				{PrefixLength: 48, Limit: rate.Limit{RPS: 0.5, Burst: 80}},
			},
			GracePeriod: time.Minute,
		},
	}
}

// trimmer builds the connection manager, which leaves new connections alone for a
// while.
func (b budget) trimmer(grace time.Duration) (*connmgr.BasicConnMgr, error) {
	if b.high >= b.conns || b.low >= b.high {
		return nil, errors.New("marks of the connection manager contradict the limits")
	}
	m, err := connmgr.NewConnManager(b.low, b.high, connmgr.WithGracePeriod(grace))
	if err != nil {
		return nil, fmt.Errorf("build connection manager: %w", err)
	}
	return m, nil
}

// neighbours are the ranges of this machine and of local networks.
var neighbours = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
}
