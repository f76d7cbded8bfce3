package mailbox

import "github.com/prometheus/client_golang/prometheus"

// counts are the metrics of a relay.
type counts struct {
	taken   *prometheus.CounterVec // by kind
	refused *prometheus.CounterVec // by reason
	acked   *prometheus.CounterVec // by state
	put     *prometheus.CounterVec // by result
	expired prometheus.Counter
}

func newCounts(reg prometheus.Registerer, r *Relay) (*counts, error) {
	vec := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "stoa", Subsystem: "mail", Name: name, Help: help}, []string{label})
	}
	c := &counts{
		taken:   vec("taken_total", "Sealed items that were taken in for brands, by kind.", "kind"),
		refused: vec("refused_total", "Deposits that were refused, by reason.", "reason"),
		acked:   vec("acknowledged_total", "Items that brands acknowledged, by state.", "state"),
		put:     vec("put_total", "Items that brands left for shoppers, by result.", "result"),
		expired: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "stoa", Subsystem: "mail", Name: "expired_total", Help: "Items that ran out of date."}),
	}
	if reg == nil {
		return c, nil
	}
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "stoa", Subsystem: "mail", Name: name, Help: help}, f)
	}
	for _, m := range []prometheus.Collector{
		c.taken, c.refused, c.acked, c.put, c.expired,
		gauge("boxes", "Boxes of threads of other brands.", func() float64 { return float64(r.books.size()) }),
		gauge("weight_bytes", "What the boxes weigh.", func() float64 { return float64(r.books.weight()) }),
		gauge("brands_connected", "Brands that collect mail here now.", func() float64 { return float64(r.connected()) }),
	} {
		if err := reg.Register(m); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (b *books) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.boxes)
}

func (b *books) weight() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.total
}
