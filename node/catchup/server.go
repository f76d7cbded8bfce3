package catchup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/blob"
)

// Options say what a Server serves and how far it goes.
type Options struct {
	Host  host.Host
	Store *store.Store
	// Blobs holds the pictures of the brands served; nil: there are none.
	Blobs *blob.Store
	// Serves says whether peers may have a brand's catalog: it is the node's own, or
	// followed. For all others the answer is not-found.
	Serves func(brand protocol.CID) bool
	// Remembers returns the identity log of a brand that isn't served, if the node passed
	// announcements of it on and remembers it: of such a brand peers may have the
	// identity and nothing else (specs/11-announcement.md §5); nil: none.
	Remembers func(brand protocol.CID) (*identity.Log, bool)
	// Brands lists the brands served, the node's own first; nil: none.
	Brands func() []protocol.CID
	// Seen is told which head a peer claims to hold the whole catalog of; may be nil.
	// It must not block.
	Seen     func(brand protocol.CID, p peer.ID, have identity.HeadRef)
	Log      *slog.Logger
	Registry prometheus.Registerer // may be nil
	Limits   Limits
}

// Server answers catch-up requests. Each answer comes from one view of the store.
type Server struct {
	Options
	door    *door
	metrics serverMetrics
	ctx     context.Context
	stop    context.CancelFunc

	mu     sync.Mutex
	closed bool
	active sync.WaitGroup
}

// Serve answers requests on the host until Close.
func Serve(o Options) (*Server, error) {
	if o.Host == nil || o.Store == nil || o.Serves == nil {
		return nil, errors.New("serve catch-up: host, store or the brands to serve are missing")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits = o.Limits.withDefaults()
	metrics, err := newServerMetrics(o.Registry)
	if err != nil {
		return nil, fmt.Errorf("serve catch-up: %w", err)
	}
	s := &Server{Options: o, door: newDoor(o.Limits), metrics: metrics}
	s.ctx, s.stop = context.WithCancel(context.Background())
	o.Host.SetStreamHandler(wire.CatchUpProtocol, s.handle)
	return s, nil
}

// Close stops serving and returns when no answer is under way.
func (s *Server) Close() error {
	s.Host.RemoveStreamHandler(wire.CatchUpProtocol)
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.active.Wait()
	return nil
}

// begin counts an answer in, unless the server is closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.active.Add(1)
	}
	return !s.closed
}

// handle takes one stream. Whatever goes wrong costs that stream and nothing else.
func (s *Server) handle(stream network.Stream) {
	if !s.begin() {
		stream.Reset()
		return
	}
	defer s.active.Done()
	defer s.recover(stream)
	if err := stream.Scope().SetService(Service); err != nil {
		stream.ResetWithError(network.StreamResourceLimitExceeded)
		return
	}
	a := &answer{server: s, stream: stream, peer: stream.Conn().RemotePeer(), max: wire.MaxPage, pages: maxPages}
	if a.relayed = relayed(stream.Conn()); a.relayed {
		a.max, a.pages = wire.MaxRelayedPage, 1
	}
	if err := s.serve(a); err != nil {
		stream.ResetWithError(network.StreamProtocolViolation)
		s.Log.Debug("catch-up answer cut off", "peer", a.peer, "brand", a.brand, "kind", a.kind, "reason", err)
		return
	}
	stream.Close()
}

func (s *Server) recover(stream network.Stream) {
	if fault := recover(); fault != nil {
		stream.Reset()
		s.metrics.answered("", "panic")
		s.Log.Error("catch-up answer panicked", "peer", stream.Conn().RemotePeer(), "reason", fault, "stack", string(debug.Stack()))
	}
}

// serve admits, reads and answers the request of one stream.
func (s *Server) serve(a *answer) error {
	ctx, cancel := context.WithTimeout(s.ctx, s.Limits.Answer)
	defer cancel()
	defer context.AfterFunc(ctx, func() { a.stream.Reset() })()
	leave, wait := s.door.enter(a.stream.Conn())
	if wait > 0 {
		return a.busy(wait)
	}
	defer leave()
	s.metrics.active.Inc()
	defer s.metrics.active.Dec()
	request, err := a.read()
	switch {
	case errors.Is(err, wire.ErrUnsupported):
		return a.refuse(wire.Unsupported)
	case errors.Is(err, protocol.ErrInvalid):
		return a.refuse(wire.Malformed)
	case err != nil:
		return err
	}
	if wait := s.door.surcharge(a.stream.Conn(), weight(request)); wait > 0 {
		return a.busy(wait)
	}
	scope, memory := a.stream.Scope(), answerMemory(a.max)
	if err := scope.ReserveMemory(memory, network.ReservationPriorityMedium); err != nil {
		return a.busy(time.Second)
	}
	defer scope.ReleaseMemory(memory)
	return a.give(ctx, request)
}

// weight says how many requests one counts for, beside itself: a question below
// the stored levels of the trie reads all leaves of a bucket.
func weight(r wire.Request) int {
	switch r := r.(type) {
	case *wire.DescendRequest:
		return len(r.Asks) / 16
	case *wire.LeavesRequest:
		return len(r.Asks) / 16
	case *wire.RecordsRequest:
		return len(r.Keys) / 16
	}
	return 0
}
