package gossip

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// metrics counts what goes on. No label comes from outside.
type metrics struct {
	announcements *prometheus.CounterVec // way, verdict, reason
	drops         *prometheus.CounterVec // cause
	bytes         *prometheus.CounterVec // direction
	pushes        *prometheus.CounterVec // direction
	fetches       *prometheus.CounterVec // outcome
	duplicates    prometheus.Counter
	published     prometheus.Counter
	peers, mesh   prometheus.Gauge
	streams       *prometheus.GaugeVec // side
}

// Causes of messages that were dropped unjudged.
const (
	dropPeerShare  = "peer-share" // beyond what one peer may deliver
	dropValidation = "validation" // more came in than is judged in time
	dropSendQueue  = "send-queue" // a peer takes less than there is to tell
	dropPushQueue  = "push-queue" // replaced by a newer one before it was sent
	dropGated      = "gated"      // of a peer whose announcements lead to little
)

func newMetrics(registry prometheus.Registerer, g *Gossip) (*metrics, error) {
	m := &metrics{
		announcements: vector("announcements_total", "Announcements judged, by how they came, verdict and reason.", "way", "verdict", "reason"),
		drops:         vector("dropped_total", "Messages dropped without being judged or sent, by cause.", "cause"),
		bytes:         vector("bytes_total", "Bytes of gossip, control messages included.", "direction"),
		pushes:        vector("pushes_total", "Announcements over push streams.", "direction"),
		fetches:       vector("fetches_total", "Peers asked for identity operations that an announcement lacks, by outcome.", "outcome"),
		duplicates:    prometheus.NewCounter(prometheus.CounterOpts(about("duplicates_total", "Copies of messages seen before."))),
		published:     prometheus.NewCounter(prometheus.CounterOpts(about("published_total", "Announcements put into the mesh by this node."))),
		peers:         prometheus.NewGauge(prometheus.GaugeOpts(about("peers", "Peers that gossip goes to."))),
		mesh:          prometheus.NewGauge(prometheus.GaugeOpts(about("mesh_peers", "Peers in the mesh of the topic."))),
		streams:       prometheus.NewGaugeVec(prometheus.GaugeOpts(about("push_streams", "Open push streams, by side.")), []string{"side"}),
	}
	tips := prometheus.NewGaugeFunc(prometheus.GaugeOpts(about("tips", "Brands that the node doesn't keep and remembers.")),
		func() float64 { return float64(g.Tips()) })
	tipBytes := prometheus.NewGaugeFunc(prometheus.GaugeOpts(about("tip_bytes", "Estimated memory of what is remembered of them.")),
		func() float64 { _, bytes := g.table.count(); return float64(bytes) })
	for _, c := range []prometheus.Collector{m.announcements, m.drops, m.bytes, m.pushes, m.fetches, m.duplicates, m.published, m.peers, m.mesh, m.streams, tips, tipBytes} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of gossip: %w", err)
		}
	}
	return m, nil
}

func about(name, help string) prometheus.Opts {
	return prometheus.Opts{Namespace: "stoa", Subsystem: "gossip", Name: name, Help: help}
}

func vector(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts(about(name, help)), labels)
}

func (m *metrics) judged(way string, j wire.Judgement) {
	m.announcements.WithLabelValues(way, string(j.Verdict), string(j.Reason)).Inc()
}

func (m *metrics) dropped(cause string, n int) {
	if n > 0 {
		m.drops.WithLabelValues(cause).Add(float64(n))
	}
}

func (m *metrics) fetched(err error) {
	outcome := "good"
	switch {
	case errors.Is(err, errTooLong):
		outcome = "too-long"
	case errors.Is(err, protocol.ErrInvalid):
		outcome = "wrong"
	case err != nil:
		outcome = "none"
	}
	m.fetches.WithLabelValues(outcome).Inc()
}
