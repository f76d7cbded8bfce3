package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// drain is how long requests under way may take when the node stops.
const drain = 10 * time.Second

// serveUntil serves until ctx ends and lets the requests under way finish; those
// that take longer than drain are cut. When it returns no handler runs any more:
// the node they work on may be closed.
func serveUntil(ctx context.Context, server *http.Server, l net.Listener) error {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var handlers door
	server.BaseContext = func(net.Listener) context.Context { return requests }
	server.Handler = handlers.guard(server.Handler)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		err := server.Shutdown(end)
		if err != nil {
			cut()
			err = server.Close()
		}
		handlers.shut()
		return err
	})
	return g.Wait()
}

// door lets requests in until it is shut.
type door struct{ mu sync.RWMutex }

func (d *door) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.mu.TryRLock() {
			panic(http.ErrAbortHandler) // too late
		}
		defer d.mu.RUnlock()
		h.ServeHTTP(w, r)
	})
}

// shut waits until everybody who is in has left, and lets nobody in.
func (d *door) shut() { d.mu.Lock() }
