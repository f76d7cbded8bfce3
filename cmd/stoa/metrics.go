package main

import "github.com/prometheus/client_golang/prometheus"

// networkMetrics are what the node's parts have registered, as one collector of
// the owner's listener.
type networkMetrics struct{ *prometheus.Registry }

// Describe implements prometheus.Collector. It promises nothing: parts may
// register while the node runs.
func (networkMetrics) Describe(chan<- *prometheus.Desc) {}
