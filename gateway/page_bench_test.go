package gateway_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// BenchmarkPage requests product pages over 32 connections, rendered already and
// not yet, beside a bare handler that sends the same bytes.
func BenchmarkPage(b *testing.B) {
	br := newBrand(b)
	nasty(br)
	const products = 2000
	var records []catalog.Record
	for i := range products {
		records = append(records, simple(fmt.Sprintf("stueck-%d", i), fmt.Sprintf("Stück %d", i), 100)...)
	}
	br.publish(records...)
	g, err := gateway.New(gateway.Options{Store: br.store, Blobs: br.blobs, Brand: br.id, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/p/viele", nil))
	body := w.Body.Bytes()
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	b.Run("bare", func(b *testing.B) { hammer(b, bare, func(int) string { return "/p/viele" }) })
	b.Run("warm", func(b *testing.B) { hammer(b, g, func(int) string { return "/p/viele" }) })
	b.Run("cold", func(b *testing.B) {
		hammer(b, g, func(i int) string { return fmt.Sprintf("/p/stueck-%d?variant=v%d", i%products, i) })
	})
	b.Run("cold-variants", func(b *testing.B) { hammer(b, g, func(i int) string { return fmt.Sprintf("/p/viele?variant=v%d", i) }) })
}

func hammer(b *testing.B, h http.Handler, path func(int) string) {
	s := httptest.NewServer(h)
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true}}
	work := make(chan int, 1024)
	b.ResetTimer()
	go func() {
		for i := range b.N {
			work <- i
		}
		close(work)
	}()
	done := make(chan struct{})
	for range 32 {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range work {
				resp, err := client.Get(s.URL + path(i))
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}()
	}
	for range 32 {
		<-done
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}
