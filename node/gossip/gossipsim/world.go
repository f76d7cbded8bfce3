package gossipsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
)

// never is how long a packet across a partition is on its way.
const never = 10_000 * time.Hour

// Links says what the simulated network is like. The zero value: 25 ms one way,
// 20 Mbit/s in both directions.
type Links struct {
	Latency       time.Duration // one way
	BitsPerSecond int           // of each node, up and down
}

func (l *Links) fill() {
	if l.Latency == 0 {
		l.Latency = 25 * time.Millisecond
	}
	if l.BitsPerSecond == 0 {
		l.BitsPerSecond = 20_000_000
	}
}

// World is a number of hosts on a simulated network, with time of its own.
type World struct {
	Hosts []host.Host
	net   *simnet.Simnet
	side  map[string]int // of a partition, by address
	split atomic.Bool
	wait  sync.WaitGroup
	gone  map[int]bool
}

// InWorld runs f with hosts that know each other's addresses and are not yet
// connected. Time is virtual inside f: it passes when nobody has anything to do.
// When f returns, the world ends.
//
// A bubble of testing/synctest needs a test; an empty one serves, so that this
// works in programs, too.
func InWorld(hosts int, links Links, f func(context.Context, *World) error) (err error) {
	links.fill()
	synctest.Test(&testing.T{}, func(*testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		var w *World
		if w, err = newWorld(hosts, links); err == nil {
			err = f(ctx, w)
		}
		cancel()
		if w != nil {
			w.close()
		}
	})
	return err
}

func newWorld(hosts int, links Links) (*World, error) {
	w := &World{side: map[string]int{}, gone: map[int]bool{}}
	link := simnet.LinkSettings{BitsPerSecond: links.BitsPerSecond}
	sim, meta, err := simlibp2p.SimpleLibp2pNetwork(
		[]simlibp2p.NodeLinkSettingsAndCount{{LinkSettings: simnet.NodeBiDiLinkSettings{Downlink: link, Uplink: link}, Count: hosts}},
		func(p *simnet.Packet) time.Duration { return w.latency(p, links.Latency) },
		simlibp2p.NetworkSettings{UseBlankHost: true},
	)
	if err != nil {
		return nil, fmt.Errorf("simulated network: %w", err)
	}
	sim.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	w.net, w.Hosts = sim, meta.Nodes
	for _, h := range w.Hosts {
		for _, other := range w.Hosts {
			h.Peerstore().AddAddrs(other.ID(), other.Addrs(), never)
		}
	}
	sim.Start()
	return w, nil
}

func (w *World) latency(p *simnet.Packet, normal time.Duration) time.Duration {
	if w.split.Load() && w.side[hostOf(p.From)] != w.side[hostOf(p.To)] {
		return never
	}
	return normal
}

func hostOf(a net.Addr) string {
	if u, ok := a.(*net.UDPAddr); ok {
		return u.IP.String()
	}
	return a.String()
}

// Split parts the network: hosts from the n-th on and those before it don't reach
// each other until Heal. Call it once.
func (w *World) Split(n int) {
	for i := range w.Hosts {
		side := 0
		if i >= n {
			side = 1
		}
		w.side[simnet.IntToPublicIPv4(i).String()] = side
	}
	w.split.Store(true)
}

// Heal ends the partition. Connections that timed out stay closed.
func (w *World) Heal() { w.split.Store(false) }

// Go runs f until it returns; the world ends only then.
func (w *World) Go(f func()) { w.wait.Go(f) }

func (w *World) close() {
	w.wait.Wait()
	for i := range w.Hosts {
		w.Leave(i)
	}
	w.net.Close()
}

// Leave closes a host for good.
func (w *World) Leave(host int) {
	if !w.gone[host] {
		w.gone[host] = true
		_ = w.Hosts[host].Close()
	}
}

// Connect connects two hosts.
func (w *World) Connect(ctx context.Context, from, to int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := w.Hosts[from].Connect(ctx, peer.AddrInfo{ID: w.Hosts[to].ID(), Addrs: w.Hosts[to].Addrs()})
	if err != nil {
		return fmt.Errorf("connect %d to %d: %w", from, to, err)
	}
	return nil
}

// Edges returns a connected graph over n nodes: a ring and random chords until
// each node has about degree neighbours. It follows from seed.
func Edges(n, degree int, seed uint64) (edges [][2]int) {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	have := map[[2]int]bool{}
	add := func(a, b int) {
		e := [2]int{min(a, b), max(a, b)}
		if a != b && !have[e] {
			have[e], edges = true, append(edges, e)
		}
	}
	for i := range n {
		add(i, (i+1)%n)
	}
	for range n * max(0, degree-2) / 2 {
		add(r.IntN(n), r.IntN(n))
	}
	return edges
}

// ConnectAll connects along edges, at the same time.
func (w *World) ConnectAll(ctx context.Context, edges [][2]int) error {
	errs := make([]error, len(edges))
	var wg sync.WaitGroup
	for i, e := range edges {
		wg.Go(func() { errs[i] = w.Connect(ctx, e[0], e[1]) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
