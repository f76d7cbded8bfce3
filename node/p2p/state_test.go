package p2p

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetricsTellOfConnectionsAndPeers(t *testing.T) {
	registry := prometheus.NewRegistry()
	hub := start(t)
	leaf, stop := startable(t, func(o *Options) {
		o.Registry = registry
		o.Peers = append(hub.Listening()[:1], "/ip4/127.0.0.1/tcp/1/p2p/"+missing)
	})
	eventually(t, "connected", func() bool { return leaf.direct(hub.id()) })
	leaf.Blame(numbered(1), "lie")
	want := `# HELP stoa_p2p_connections Open connections, by transport and direction.
# TYPE stoa_p2p_connections gauge
stoa_p2p_connections{direction="in",transport="quic"} 0
stoa_p2p_connections{direction="in",transport="relay"} 0
stoa_p2p_connections{direction="in",transport="tcp"} 0
stoa_p2p_connections{direction="out",transport="quic"} 0
stoa_p2p_connections{direction="out",transport="relay"} 0
stoa_p2p_connections{direction="out",transport="tcp"} 1
# HELP stoa_p2p_connections_opened_total Connections opened, by transport and direction.
# TYPE stoa_p2p_connections_opened_total counter
stoa_p2p_connections_opened_total{direction="out",transport="tcp"} 1
# HELP stoa_p2p_gated Peers that are kept out because they are blamed.
# TYPE stoa_p2p_gated gauge
stoa_p2p_gated 1
# HELP stoa_p2p_kept_down Kept peers that are not connected.
# TYPE stoa_p2p_kept_down gauge
stoa_p2p_kept_down 1
# HELP stoa_p2p_kept_up Kept peers that are connected.
# TYPE stoa_p2p_kept_up gauge
stoa_p2p_kept_up 1
# HELP stoa_p2p_strikes_total Times that a peer was blamed.
# TYPE stoa_p2p_strikes_total counter
stoa_p2p_strikes_total 1
`
	var names []string
	for _, line := range strings.Split(want, "\n") {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			names = append(names, strings.Fields(name)[0])
		}
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "libp2p_swarm_connections_opened_total"); err != nil || n == 0 {
		t.Error("libp2p's own metrics are missing:", n, err)
	}
	stop()
	if n, err := testutil.GatherAndCount(registry, names...); err != nil || n > 0 {
		t.Error("metrics are left behind:", n, err)
	}
}

func TestASimulatedHostKeepsItsPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts, stop := simulated(t, 3)
		defer stop()
		var nodes []*P2P
		for _, h := range hosts {
			p, err := New(t.Context(), Options{Network: "test", Host: h, Private: true, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			nodes = append(nodes, p)
			ran := make(chan error, 1)
			go func() { ran <- p.Run(t.Context()) }()
			defer func() {
				if err := p.Close(); err != nil || <-ran != nil {
					t.Error("end:", err)
				}
			}()
		}
		nodes[1].Keep(info(nodes[0]))
		connect(t, nodes[2], nodes[1])
		time.Sleep(time.Minute)
		for _, pair := range [][2]int{{0, 1}, {1, 2}} {
			if !nodes[pair[0]].direct(nodes[pair[1]].id()) {
				t.Error(pair, "are not connected")
			}
		}
		if err := hosts[0].Network().ClosePeer(hosts[1].ID()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		time.Sleep(10 * time.Second)
		if !nodes[1].direct(nodes[0].id()) {
			t.Error("a kept peer didn't come back")
		}
	})
}

// simulated makes hosts on an in-memory network.
func simulated(t *testing.T, n int) (hosts []host.Host, stop func()) {
	t.Helper()
	net, meta, err := simlibp2p.SimpleLibp2pNetwork([]simlibp2p.NodeLinkSettingsAndCount{{
		LinkSettings: simnet.NodeBiDiLinkSettings{
			Downlink: simnet.LinkSettings{BitsPerSecond: 20 * simlibp2p.OneMbps},
			Uplink:   simnet.LinkSettings{BitsPerSecond: 20 * simlibp2p.OneMbps},
		}, Count: n,
	}}, simnet.StaticLatency(25*time.Millisecond), simlibp2p.NetworkSettings{UseBlankHost: true})
	if err != nil {
		t.Fatal(err)
	}
	net.Start()
	return meta.Nodes, func() {
		for _, h := range meta.Nodes {
			h.Close()
		}
		net.Close()
	}
}
