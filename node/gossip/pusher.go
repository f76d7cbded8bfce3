package gossip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2p "github.com/libp2p/go-libp2p/core/protocol"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Service names push streams to the resource manager of libp2p.
const Service = "stoa.push"

const (
	// maxFollowers is how many push streams are served, one a peer.
	maxFollowers = 1024
	// maxNamed is how many brands all of them may name together.
	maxNamed = 131_072
	// nameCost is the memory that is reserved for each of them in bytes.
	nameCost = 256
	// firstFrame is how long an asker may take to say what it follows.
	firstFrame = 5 * time.Second
	// writeTime is how long a frame may take to be written.
	writeTime = 10 * time.Second
)

var errTooMany = errors.New("more push streams or brands than are served")

// pusher tells followers of new heads over push streams.
type pusher struct {
	g      *Gossip
	inside gate

	mu        sync.Mutex
	followers map[peer.ID]*follower
	readers   map[protocol.CID]map[*follower]bool
	named     int
}

func newPusher(g *Gossip) *pusher {
	return &pusher{g: g, followers: map[peer.ID]*follower{}, readers: map[protocol.CID]map[*follower]bool{}}
}

// run serves streams until ctx ends and then ends them all.
func (p *pusher) run(ctx context.Context) error {
	h := p.g.o.Host
	h.SetStreamHandler(libp2p.ID(wire.PushProtocol), func(s network.Stream) {
		if !p.inside.enter() {
			_ = s.Reset()
			return
		}
		defer p.inside.leave()
		p.serve(ctx, s)
	})
	<-ctx.Done()
	h.RemoveStreamHandler(libp2p.ID(wire.PushProtocol))
	p.inside.close()
	return nil
}

// serve writes to one follower until it leaves, is too slow, or ctx ends.
func (p *pusher) serve(ctx context.Context, s network.Stream) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := &follower{id: s.Conn().RemotePeer(), stream: s, cancel: cancel, named: map[protocol.CID]*pending{}, wake: make(chan struct{}, 1)}
	err := p.admit(f)
	if err == nil {
		p.g.metrics.streams.WithLabelValues("serve").Inc()
		err = p.exchange(ctx, f)
		p.g.metrics.streams.WithLabelValues("serve").Dec()
		p.leave(f)
	}
	p.g.o.Log.Debug("push stream ends", "peer", f.id, "side", "serve", "err", err)
	if errors.Is(err, protocol.ErrInvalid) {
		p.g.o.Blame(f.id, "push: "+err.Error())
	}
	_ = s.Reset()
}

func (p *pusher) admit(f *follower) error {
	if err := f.stream.Scope().SetService(Service); err != nil {
		return fmt.Errorf("push stream: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.followers[f.id]; old != nil {
		old.cancel() // the second stream of a peer takes the place of the first
		p.forget(old)
	}
	if len(p.followers) >= maxFollowers {
		return errTooMany
	}
	p.followers[f.id] = f
	return nil
}

func (p *pusher) leave(f *follower) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(f)
}

// forget takes a follower out, once. The caller holds the lock.
func (p *pusher) forget(f *follower) {
	if f.gone {
		return
	}
	f.gone = true
	if p.followers[f.id] == f {
		delete(p.followers, f.id)
	}
	for brand := range f.named {
		delete(p.readers[brand], f)
		if len(p.readers[brand]) == 0 {
			delete(p.readers, brand)
		}
	}
	p.named -= len(f.named)
}

// exchange reads what is followed and writes at the same time. It returns why the
// stream ended.
func (p *pusher) exchange(ctx context.Context, f *follower) error {
	stop := context.AfterFunc(ctx, func() { _ = f.stream.Reset() }) // wakes whoever reads or writes
	defer stop()
	written := make(chan error, 1)
	go func() { written <- p.write(ctx, f) }()
	err := p.readFollows(f)
	if err != nil {
		f.cancel()
	}
	return errors.Join(err, <-written)
}

// readFollows returns nil when the asker closed its side.
func (p *pusher) readFollows(f *follower) error {
	r := bufio.NewReaderSize(f.stream, 1024)
	_ = f.stream.SetReadDeadline(time.Now().Add(firstFrame))
	for n := 0; ; n++ {
		data, err := wire.ReadFrame(r, wire.MaxAnnouncement)
		if err == io.EOF && n > 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what is followed: %w", err)
		}
		if n == wire.MaxFollows {
			return protocol.Invalid("follow", "more than %d frames", wire.MaxFollows)
		}
		brands, err := wire.DecodeFollow(data)
		if err != nil {
			return err
		}
		if err := p.follow(f, brands); err != nil {
			return err
		}
		_ = f.stream.SetReadDeadline(time.Time{})
	}
}

// follow adds brands to what the follower is told of, beginning with their present
// announcements.
func (p *pusher) follow(f *follower, brands []protocol.CID) error {
	if err := f.stream.Scope().ReserveMemory(nameCost*len(brands), network.ReservationPriorityMedium); err != nil {
		return fmt.Errorf("follow %d brands: %w", len(brands), err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.named+len(brands) > maxNamed || f.gone {
		return errTooMany
	}
	for _, brand := range brands {
		if f.named[brand] != nil {
			continue
		}
		f.named[brand] = &pending{}
		p.named++
		if p.readers[brand] == nil {
			p.readers[brand] = map[*follower]bool{}
		}
		p.readers[brand][f] = true
		f.line(brand).current = true
	}
	f.signal()
	return nil
}

// offer queues an announcement for everybody who follows the brand but one.
func (p *pusher) offer(a wire.Announcement, data []byte, evidence bool, but peer.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for f := range p.readers[a.Head.Brand] {
		if f.id == but {
			continue
		}
		if f.line(a.Head.Brand).put(a, data, evidence) {
			p.g.metrics.dropped(dropPushQueue, 1)
		}
		f.signal()
	}
}

// Pushed lists who asked to be told of which brands: connected followers.
func (g *Gossip) Pushed() map[peer.ID][]protocol.CID {
	g.pusher.mu.Lock()
	defer g.pusher.mu.Unlock()
	all := map[peer.ID][]protocol.CID{}
	for id, f := range g.pusher.followers {
		for brand := range f.named {
			all[id] = append(all[id], brand)
		}
		slices.SortFunc(all[id], compareBrands)
	}
	return all
}
