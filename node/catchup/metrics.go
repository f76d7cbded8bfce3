package catchup

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

type serverMetrics struct {
	answers *prometheus.CounterVec
	bytes   prometheus.Counter
	active  prometheus.Gauge
}

func newServerMetrics(r prometheus.Registerer) (m serverMetrics, err error) {
	m.answers = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "stoa_catchup_answers_total", Help: "Catch-up requests of peers by kind and how they were answered.",
	}, []string{"kind", "status"})
	m.bytes = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "stoa_catchup_sent_bytes_total", Help: "Bytes of catch-up answers sent to peers.",
	})
	m.active = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "stoa_catchup_answers_active", Help: "Catch-up answers under way.",
	})
	return m, errors.Join(register(r, &m.answers), register(r, &m.bytes), register(r, &m.active))
}

func (m serverMetrics) answered(kind string, code wire.Code) {
	m.answers.WithLabelValues(kind, string(code)).Inc()
}

type clientMetrics struct {
	requests *prometheus.CounterVec
	bytes    prometheus.Counter
	syncs    *prometheus.CounterVec
}

func newClientMetrics(r prometheus.Registerer) (clientMetrics, error) {
	m := clientMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stoa_catchup_requests_total", Help: "Catch-up requests to peers by what came of them.",
		}, []string{"result"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "stoa_catchup_received_bytes_total", Help: "Bytes of catch-up answers received from peers.",
		}),
		syncs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stoa_catchup_syncs_total", Help: "Catalogs fetched by the way they came and what came of it.",
		}, []string{"way", "result"}),
	}
	return m, errors.Join(register(r, &m.requests), register(r, &m.bytes), register(r, &m.syncs))
}

// register adds a collector to a registry, if there is one; a node that starts
// again in one process counts on in the one that is there.
func register[C prometheus.Collector](r prometheus.Registerer, c *C) error {
	if r == nil {
		return nil
	}
	err := r.Register(*c)
	var before prometheus.AlreadyRegisteredError
	if errors.As(err, &before) {
		if same, ok := before.ExistingCollector.(C); ok {
			*c, err = same, nil
		}
	}
	return err
}
