package gateway_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/gateway"
)

func TestTheOwnersListenerTellsHowItIs(t *testing.T) {
	b := newBrand(t)
	nasty(b)
	g, err := gateway.New(gateway.Options{Store: b.store, Blobs: b.blobs, Brand: b.id, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var missing error
	admin, err := gateway.Admin(gateway.AdminOptions{Ready: func(context.Context) error { return missing }, Collectors: []prometheus.Collector{g.Collector()}})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(admin)
	defer s.Close()
	g.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/p/viele", nil))
	for path, want := range map[string]string{"/healthz": "alive", "/readyz": "ready", "/metrics": `stoa_http_requests_total{class="2xx",route="page"} 1`} {
		if resp, body := get(t, s, path); resp.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.200s", path, resp.StatusCode, body)
		}
	}
	missing = errors.New("the store is being opened")
	if resp, body := get(t, s, "/readyz"); resp.StatusCode != 503 || !strings.Contains(body, "being opened") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestAPanicBecomesTheErrorPage(t *testing.T) {
	b := newBrand(t)
	nasty(b)
	calls := 0
	g, err := gateway.New(gateway.Options{
		Store: b.store, Blobs: b.blobs, Brand: b.id, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Origin: func(*http.Request) string {
			if calls++; calls == 1 {
				panic("boom")
			}
			return "https://shop.example"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/p/viele", nil))
	if w.Code != 500 || !strings.Contains(w.Body.String(), "Das hat nicht geklappt") || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}
