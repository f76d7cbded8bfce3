package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/node"
)

// networkMetrics are what the node's parts have registered, as one collector of
// the owner's listener.
type networkMetrics struct{ *prometheus.Registry }

// Describe implements prometheus.Collector. It promises nothing: parts may
// register while the node runs.
func (networkMetrics) Describe(chan<- *prometheus.Desc) {}

// alarmMetric says whether the node has stopped signing: worth waking somebody.
func alarmMetric(n *node.Node) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "stoa_alarm", Help: "1 while another node signs for the own brand, else 0.",
	}, func() float64 {
		if alarm, err := n.Alarm(context.Background()); err != nil || alarm == nil { // a setting of the store
			return 0
		}
		return 1
	})
}
