package catchup

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/protocol"
)

const (
	openPatience   = 15 * time.Second // until a stream is open and the request is out
	framePatience  = 30 * time.Second // without a frame; the rule is at most 2 minutes
	answerPatience = 2 * time.Minute  // for a whole answer, of which a server gives 60 s
	// peerStreams is how many requests to one peer are under way at a time, whoever
	// makes them: fewer than its server allows.
	peerStreams = 6
	// maxPieces is how many pieces of catalogs are fetched at a time, for all jobs
	// together: each has up to segmentBytes in memory.
	maxPieces = 24
)

// ClientOptions say with what a Client asks.
type ClientOptions struct {
	Host host.Host
	// Limited says whether a peer is connected over a relay that bounds what goes
	// through it; nil: nobody is.
	Limited func(peer.ID) bool
	// Blame is told of peers that provably lied; may be nil.
	Blame    func(p peer.ID, reason string)
	Log      *slog.Logger
	Registry prometheus.Registerer // may be nil
	// Now is the clock that reports are made with; nil: the machine's.
	Now func() protocol.Millis
	// Patience is how long to wait for a frame; 0: 30 seconds.
	Patience time.Duration
}

// Client asks peers. It is safe for concurrent use.
type Client struct {
	ClientOptions
	metrics clientMetrics
	lines   lines
	pieces  chan struct{} // those that are fetched now
	aside   aside
	grace   time.Duration // paceGrace, except in tests
}

// NewClient returns a client that asks over the host.
func NewClient(o ClientOptions) *Client {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Limited == nil {
		o.Limited = func(peer.ID) bool { return false }
	}
	if o.Now == nil {
		o.Now = func() protocol.Millis { return protocol.MillisOf(time.Now()) }
	}
	o.Patience = cmp.Or(o.Patience, framePatience)
	metrics, err := newClientMetrics(o.Registry)
	if err != nil {
		o.Log.Warn("catch-up is not measured", "reason", err)
	}
	return &Client{
		ClientOptions: o, metrics: metrics, lines: newLines(peerStreams), pieces: make(chan struct{}, maxPieces),
		grace: paceGrace,
	}
}

// blame tells of a peer that lied, if err says so, and returns err.
func (c *Client) blame(p peer.ID, brand protocol.CID, err error) error {
	if err == nil || !isLie(err) {
		return err
	}
	c.Log.Warn("peer lied in catch-up", "peer", p, "brand", brand, "reason", err)
	if c.Blame != nil {
		c.Blame(p, "catch-up: "+err.Error())
	}
	return err
}
