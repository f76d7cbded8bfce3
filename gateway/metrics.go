package gateway

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts requests by route and class of status. The counters of all
// combinations exist from the start, so that counting looks nothing up.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	byRoute  map[string]*routeMetrics
	pages    *cache
}

type routeMetrics struct {
	classes [6]prometheus.Counter // 0 is "nothing was sent"
	seconds prometheus.Observer
}

var routes = []string{"page", "asset", "picture", "proof", "well-known", "thread", "events"}

func newMetrics(pages *cache) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "stoa_http_requests_total", Help: "Requests by route and class of status."}, []string{"route", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "stoa_http_request_seconds", Help: "How long requests took.", Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5},
		}, []string{"route"}),
		byRoute: map[string]*routeMetrics{},
		pages:   pages,
	}
	for _, route := range routes {
		r := &routeMetrics{seconds: m.seconds.WithLabelValues(route)}
		for class := range r.classes {
			r.classes[class] = m.requests.WithLabelValues(route, strconv.Itoa(class)+"xx")
		}
		m.byRoute[route] = r
	}
	return m
}

func (m *metrics) observe(route string, status int, took time.Duration) {
	r := m.byRoute[route]
	r.classes[min(status/100, len(r.classes)-1)].Inc()
	r.seconds.Observe(took.Seconds())
}

var (
	cacheBytes = prometheus.NewDesc("stoa_page_cache_bytes", "Memory that rendered pages take.", nil, nil)
	cachePages = prometheus.NewDesc("stoa_page_cache_pages", "Rendered pages in memory.", nil, nil)
	cacheHits  = prometheus.NewDesc("stoa_page_cache_hits_total", "Pages answered from memory.", nil, nil)
	cacheMiss  = prometheus.NewDesc("stoa_page_cache_misses_total", "Pages that were rendered.", nil, nil)
)

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	m.requests.Describe(ch)
	m.seconds.Describe(ch)
	for _, d := range []*prometheus.Desc{cacheBytes, cachePages, cacheHits, cacheMiss} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	m.requests.Collect(ch)
	m.seconds.Collect(ch)
	used, pages, hits, misses := m.pages.stats()
	ch <- prometheus.MustNewConstMetric(cacheBytes, prometheus.GaugeValue, float64(used))
	ch <- prometheus.MustNewConstMetric(cachePages, prometheus.GaugeValue, float64(pages))
	ch <- prometheus.MustNewConstMetric(cacheHits, prometheus.CounterValue, float64(hits))
	ch <- prometheus.MustNewConstMetric(cacheMiss, prometheus.CounterValue, float64(misses))
}

// Collector shows the gateway to a Prometheus registry.
func (g *Gateway) Collector() prometheus.Collector { return g.metrics }
