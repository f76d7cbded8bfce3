package gossipsim

import (
	"context"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Arrival is one accepted announcement of a kept brand.
type Arrival struct {
	Seq    uint64
	Reason wire.Reason
	From   peer.ID
	At     time.Time
}

// Book keeps standings of brands in memory, as a node does on disk. It implements
// gossip.Brands.
type Book struct {
	mu     sync.Mutex
	brands map[protocol.CID]*page
}

type page struct {
	standing wire.Standing
	newest   wire.Announcement
	arrivals []Arrival
}

// NewBook keeps brands of which nothing is known.
func NewBook(brands ...protocol.CID) *Book {
	b := &Book{brands: map[protocol.CID]*page{}}
	for _, id := range brands {
		b.Keep(id)
	}
	return b
}

// Keep begins to keep a brand.
func (b *Book) Keep(id protocol.CID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.brands[id] == nil {
		b.brands[id] = &page{}
	}
}

// Know keeps a brand of which the log is known and no head.
func (b *Book) Know(log *identity.Log) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.brands[log.Brand()] = &page{standing: wire.Standing{Log: log}}
}

// Log returns what is known of the identity of a kept brand, nil if nothing is.
func (b *Book) Log(id protocol.CID) *identity.Log {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.brands[id]; p != nil {
		return p.standing.Log
	}
	return nil
}

// Drop ends that.
func (b *Book) Drop(id protocol.CID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.brands, id)
}

// Followed lists the brands that are kept.
func (b *Book) Followed() (all []protocol.CID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.brands {
		all = append(all, id)
	}
	return all
}

// Standing implements gossip.Brands.
func (b *Book) Standing(_ context.Context, id protocol.CID) (wire.Standing, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.brands[id]
	if p == nil {
		return wire.Standing{}, false, nil
	}
	return p.standing, true, nil
}

// Hear implements gossip.Brands.
func (b *Book) Hear(_ context.Context, j wire.Judgement, from peer.ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.brands[j.Announcement.Head.Brand]
	if p == nil {
		return nil
	}
	p.arrivals = append(p.arrivals, Arrival{j.Announcement.Head.Seq, j.Reason, from, time.Now()})
	return p.take(j.Announcement, j.Reason)
}

// Own takes an announcement of the node's own, which is accepted as it is.
func (b *Book) Own(a wire.Announcement) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &page{}
	if old := b.brands[a.Head.Brand]; old != nil {
		p.standing.Log = old.standing.Log
	}
	b.brands[a.Head.Brand] = p
	return p.take(a, wire.Newer)
}

func (p *page) take(a wire.Announcement, reason wire.Reason) error {
	log, err := p.extend(a)
	if err != nil {
		return err
	}
	p.standing.Log = log
	switch reason {
	case wire.Contested:
		p.standing.Contested = true
	default:
		p.standing.Highest, p.standing.Announced, p.newest = &a.Head, true, a
		p.standing.Contested = p.standing.Contested && reason == wire.Unpassed
	}
	return nil
}

// extend returns a log of its own, so that what Standing handed out stays as it is.
func (p *page) extend(a wire.Announcement) (*identity.Log, error) {
	if p.standing.Log != nil {
		l := *p.standing.Log // appending replaces what the copy holds
		_, err := l.AppendSigned(a.Identity...)
		return &l, err
	}
	var ops [][]byte
	for _, op := range a.Identity {
		data, err := op.Encode()
		if err != nil {
			return nil, err
		}
		ops = append(ops, data)
	}
	return identity.Load(a.Head.Brand, ops)
}

// Current returns the newest announcement of a kept brand.
func (b *Book) Current(_ context.Context, id protocol.CID) (wire.Announcement, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.brands[id]
	if p == nil || p.standing.Highest == nil {
		return wire.Announcement{}, false
	}
	return p.newest, true
}

// Arrivals lists what was heard of a kept brand, in order.
func (b *Book) Arrivals(id protocol.CID) []Arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.brands[id]; p != nil {
		return append([]Arrival(nil), p.arrivals...)
	}
	return nil
}

// Highest returns the seq of the highest head known of a kept brand, 0 if none.
func (b *Book) Highest(id protocol.CID) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.brands[id]; p != nil && p.standing.Highest != nil {
		return p.standing.Highest.Seq
	}
	return 0
}
