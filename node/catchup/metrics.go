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
	return m, register(r, m.answers, m.bytes, m.active)
}

func (m serverMetrics) answered(kind string, code wire.Code) {
	m.answers.WithLabelValues(kind, string(code)).Inc()
}

type clientMetrics struct {
	requests *prometheus.CounterVec
	bytes    prometheus.Counter
	syncs    *prometheus.CounterVec
}

func newClientMetrics() clientMetrics {
	return clientMetrics{
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
}

// register adds collectors to a registry, if there is one.
func register(r prometheus.Registerer, all ...prometheus.Collector) error {
	if r == nil {
		return nil
	}
	var errs []error
	for _, c := range all {
		errs = append(errs, r.Register(c))
	}
	return errors.Join(errs...)
}
