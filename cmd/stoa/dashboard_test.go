package main

import (
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/node"
)

// A name of ours in a query, and the full name in a description of a metric.
var (
	metricName = regexp.MustCompile(`\b(?:stoa|go|process)_[a-z0-9_]+`)
	fullName   = regexp.MustCompile(`fqName: "([^"]+)"`)
)

// registered returns the names of all metrics of a node that serves.
func registered(t *testing.T) []string {
	t.Helper()
	o, registry := (&app{home: newHome(t, "Corner Tea")}).options(io.Discard), prometheus.NewRegistry()
	o.Net = (&network{listen: []string{"/ip4/127.0.0.1/tcp/0"}, name: "test"}).options(registry)
	n, err := node.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	shop, err := gateway.New(gateway.Options{Store: n.Store(), Blobs: n.Blobs(), Brand: n.Brand(), Log: o.Log})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for desc := range described(registry, shop.Collector(), alarmMetric(n)) {
		names = append(names, fullName.FindStringSubmatch(desc.String())[1])
	}
	return names
}

func described(all ...prometheus.Collector) chan *prometheus.Desc {
	out := make(chan *prometheus.Desc)
	go func() { // ends when all are read
		for _, c := range all {
			c.Describe(out)
		}
		close(out)
	}()
	return out
}

func TestTheDashboardShowsMetricsThatThereAre(t *testing.T) {
	raw, err := os.ReadFile("../../dashboards/stoa.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &dashboard); err != nil {
		t.Fatal(err)
	}
	names, shown := registered(t), map[string]bool{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			for _, name := range metricName.FindAllString(target.Expr, -1) {
				if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
					continue // of the client library
				}
				name = strings.TrimSuffix(name, "_bucket")
				shown[strings.Join(strings.SplitN(name, "_", 3)[:2], "_")] = true
				if !slices.Contains(names, name) {
					t.Errorf("%s: there is no metric %s", p.Title, name)
				}
			}
		}
	}
	for _, part := range []string{"stoa_http", "stoa_p2p", "stoa_gossip", "stoa_catchup", "stoa_brands", "stoa_followers", "stoa_alarm"} {
		if !shown[part] {
			t.Errorf("nothing of %s_* is shown", part)
		}
	}
}
