package gateway

import (
	"net/http"
	"time"
)

// MaxPageBody is the largest body in bytes that is taken along with a request whose
// handler reads none.
const MaxPageBody = 64 << 10

// NewServer returns a server for a handler of this package, with bounds on what a
// client may send and how long it may take. The caller sets Addr or a listener,
// and TLS. Where more is taken, or a connection stays open, the handler sets bounds
// of its own (gateway/api). When the server shuts down, a Gateway is closed.
func NewServer(h http.Handler) *http.Server {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	if g, ok := h.(*Gateway); ok {
		s.RegisterOnShutdown(g.Close)
	} else {
		s.Handler = http.MaxBytesHandler(h, MaxPageBody)
	}
	return s
}
