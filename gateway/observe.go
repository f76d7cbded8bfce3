package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// errPanicked stands for a page whose rendering panicked.
var errPanicked = errors.New("rendering panicked")

// recorder notes what was sent.
type recorder struct {
	http.ResponseWriter
	route  string
	status int
	bytes  int
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// finish turns a panic into the error page, then counts and logs the request:
// what was asked for and how it went, nothing about who asked.
func (g *Gateway) finish(w *recorder, r *http.Request, start time.Time) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		g.log.Error("handler panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
		if w.status == 0 {
			g.fail(w, r, g.own(), http.StatusInternalServerError)
		}
	}
	took := time.Since(start)
	g.metrics.observe(w.route, w.status, took)
	if g.log.Enabled(context.Background(), slog.LevelDebug) {
		g.log.LogAttrs(context.Background(), slog.LevelDebug, "request", slog.String("method", r.Method), slog.String("route", w.route),
			slog.String("path", r.URL.Path), slog.Int("status", w.status), slog.Int("bytes", w.bytes), slog.Duration("took", took))
	}
}
