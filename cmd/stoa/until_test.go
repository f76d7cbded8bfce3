package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
)

func TestNoHandlerRunsOnceServingHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		here, there := net.Pipe()
		l := &oneConn{conn: here, closed: make(chan struct{})}
		inside, left := make(chan struct{}), false
		server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(inside)
			<-r.Context().Done()
			left = true
		})}
		ended := make(chan error)
		go func() { ended <- serveUntil(ctx, server, l) }()
		go func() { _, _ = there.Write([]byte("GET / HTTP/1.1\r\nHost: shop\r\n\r\n")) }()
		<-inside
		stop()
		if err := <-ended; err != nil || !left {
			t.Errorf("%v; the handler had left: %t", err, left)
		}
		there.Close()
	})
}

// oneConn is a listener that one client comes to.
type oneConn struct {
	conn   net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	close(l.closed)
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

func TestTheOwnersListenerAnswersThisMachineOnly(t *testing.T) {
	h := toLoopback(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for host, status := range map[string]int{
		"localhost:8081": 200, "localhost": 200, "127.0.0.1:8081": 200, "[::1]:8081": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:8081": 421, "localhost.evil.example": 421, "192.168.1.1:8081": 421, "": 421,
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%q: %d, want %d", host, w.Code, status)
		}
	}
}
