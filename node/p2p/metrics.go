package p2p

import (
	"fmt"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the node counts of its peers. Those that stand for a state are
// read when they are asked for.
type metrics struct {
	opened  *prometheus.CounterVec
	strikes prometheus.Counter
	state   []prometheus.Collector // once registered
}

func newMetrics() *metrics {
	return &metrics{
		opened: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stoa_p2p_connections_opened_total", Help: "Connections opened, by transport and direction.",
		}, []string{"transport", "direction"}),
		strikes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "stoa_p2p_strikes_total", Help: "Times that a peer was blamed.",
		}),
	}
}

func (m *metrics) count(c network.Conn) {
	m.opened.WithLabelValues(transport(c.RemoteMultiaddr()), direction(c.Stat().Direction)).Inc()
}

func direction(d network.Direction) string {
	if d == network.DirInbound {
		return "in"
	}
	return "out"
}

func gauge(name, help string, value func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
		func() float64 { return float64(value()) })
}

// register gives the metrics to the registry, all or none.
func (m *metrics) register(p *P2P) error {
	if p.conf.Registry == nil {
		return nil
	}
	for _, c := range []prometheus.Collector{
		m.opened, m.strikes, connections{p},
		gauge("stoa_p2p_peers", "Peers that are connected.", func() int { return len(p.host.Network().Peers()) }),
		gauge("stoa_p2p_gated", "Peers that are kept out because they are blamed.", p.blames.count),
		gauge("stoa_p2p_kept_up", "Kept peers that are connected.", func() int { up, _ := p.keptPeers(); return up }),
		gauge("stoa_p2p_kept_down", "Kept peers that are not connected.", func() int { _, down := p.keptPeers(); return down }),
		gauge("stoa_p2p_connections_limit", "Connections that the resource manager allows.", func() int { return p.budget.conns }),
	} {
		if err := p.conf.Registry.Register(c); err != nil {
			m.unregister(p)
			return fmt.Errorf("register metrics: %w", err)
		}
		m.state = append(m.state, c)
	}
	return nil
}

func (m *metrics) unregister(p *P2P) {
	for _, c := range m.state {
		p.conf.Registry.Unregister(c)
	}
	m.state = nil
}

func (p *P2P) keptPeers() (up, down int) {
	for _, id := range p.keeper.ids() {
		if p.host.Network().Connectedness(id) == network.NotConnected {
			down++
		} else {
			up++
		}
	}
	return up, down
}

// connections counts those that are open.
type connections struct{ p *P2P }

func (connections) desc() *prometheus.Desc {
	return prometheus.NewDesc("stoa_p2p_connections", "Open connections, by transport and direction.",
		[]string{"transport", "direction"}, nil)
}

// Describe implements prometheus.Collector.
func (c connections) Describe(out chan<- *prometheus.Desc) { out <- c.desc() }

// Collect implements prometheus.Collector.
func (c connections) Collect(out chan<- prometheus.Metric) {
	type kind struct{ transport, direction string }
	open := map[kind]int{}
	for _, t := range []string{"tcp", "quic", "relay"} {
		open[kind{t, "in"}], open[kind{t, "out"}] = 0, 0
	}
	for _, conn := range c.p.host.Network().Conns() {
		open[kind{transport(conn.RemoteMultiaddr()), direction(conn.Stat().Direction)}]++
	}
	for k, n := range open {
		out <- prometheus.MustNewConstMetric(c.desc(), prometheus.GaugeValue, float64(n), k.transport, k.direction)
	}
}
