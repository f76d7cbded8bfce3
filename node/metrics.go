package node

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// brandMetrics shows how the brands stand that the node keeps. It is asked when metrics
// are read and reads no disk.
type brandMetrics struct {
	n         *Node
	brands    *prometheus.Desc
	behind    *prometheus.Desc
	pictures  *prometheus.Desc
	followers *prometheus.Desc
}

func newBrandMetrics(n *Node) *brandMetrics {
	return &brandMetrics{
		n:         n,
		brands:    prometheus.NewDesc("stoa_brands", "Followed brands by state.", []string{"state"}, nil),
		behind:    prometheus.NewDesc("stoa_brands_behind", "Followed brands of which a newer head is known than is here.", nil, nil),
		pictures:  prometheus.NewDesc("stoa_pictures_unavailable", "Pictures of followed brands that nobody gave when they were last asked for.", nil, nil),
		followers: prometheus.NewDesc("stoa_followers", "Peers that follow the node's own brand, as far as they said so.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (b *brandMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.brands, b.behind, b.pictures, b.followers} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (b *brandMetrics) Collect(out chan<- prometheus.Metric) {
	states := map[State]int{Current: 0, Stale: 0, Expired: 0, Contested: 0}
	behind, unhad := 0, 0
	for _, m := range b.n.kept.followed() {
		st := m.status(b.n.millis(), "")
		states[st.State]++
		if st.Behind {
			behind++
		}
		m.mu.Lock()
		unhad += len(m.media.unhad)
		m.mu.Unlock()
	}
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	for state, count := range states {
		gauge(b.brands, count, string(state))
	}
	gauge(b.behind, behind)
	gauge(b.pictures, unhad)
	gauge(b.followers, len(b.n.Followers()))
}

// measure registers the metrics. A registry is for one node.
func (n *Node) measure() error {
	if n.net.Registry == nil {
		return nil
	}
	if err := n.net.Registry.Register(newBrandMetrics(n)); err != nil {
		return fmt.Errorf("metrics of brands: %w", err)
	}
	return nil
}
