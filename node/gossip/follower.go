package gossip

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// follower is one push stream that is served. The pusher's lock guards what
// changes.
type follower struct {
	id     peer.ID
	stream network.Stream
	cancel context.CancelFunc
	wake   chan struct{}

	gone  bool
	named map[protocol.CID]*pending
	queue []protocol.CID // named brands with something pending, each once
}

// pending is what is yet to be written of a brand: no more than the newest
// announcement and the evidence of a contest.
type pending struct {
	queued   bool
	current  bool // ask for the present announcement
	head     catalog.Head
	newest   []byte
	evidence []byte
}

// line returns what is pending of a named brand, for something to be added.
func (f *follower) line(brand protocol.CID) *pending {
	p := f.named[brand]
	if !p.queued {
		p.queued = true
		f.queue = append(f.queue, brand)
	}
	return p
}

func (f *follower) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// put adds an announcement and reports whether one was overtaken by it.
func (p *pending) put(a wire.Announcement, data []byte, evidence bool) bool {
	order := -1
	if p.newest != nil {
		order = p.head.Compare(a.Head.Head)
	}
	switch {
	case evidence || order == 0 && !bytes.Equal(p.newest, data):
		p.evidence = data
		return false
	case order > 0:
		return true
	}
	overtaken := order < 0 && p.newest != nil
	p.head, p.newest = a.Head.Head, data
	return overtaken
}

// next takes what is pending of the brand that has waited longest.
func (p *pusher) next(f *follower) (brand protocol.CID, what pending, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(f.queue) == 0 {
		return brand, what, false
	}
	brand, f.queue = f.queue[0], f.queue[1:]
	what = *f.named[brand]
	*f.named[brand] = pending{}
	return brand, what, true
}

// write works off the queue and beats when there is nothing, until ctx ends or a
// frame isn't taken in time.
func (p *pusher) write(ctx context.Context, f *follower) error {
	beat := time.NewTimer(time.Duration(wire.PushBeat) * time.Millisecond)
	defer beat.Stop()
	defer f.cancel()
	for {
		wrote, err := p.writeQueue(ctx, f)
		if err != nil {
			return err
		}
		if wrote {
			beat.Reset(time.Duration(wire.PushBeat) * time.Millisecond)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.wake:
		case <-beat.C:
			if err := f.frame(wire.PushFrame{}.Encode()); err != nil {
				return err
			}
			beat.Reset(time.Duration(wire.PushBeat) * time.Millisecond)
		}
	}
}

func (p *pusher) writeQueue(ctx context.Context, f *follower) (wrote bool, err error) {
	for ctx.Err() == nil {
		brand, what, ok := p.next(f)
		if !ok {
			return wrote, nil
		}
		for _, data := range p.frames(ctx, brand, what) {
			if err := f.frame(data); err != nil {
				return wrote, fmt.Errorf("push %s: %w", brand, err)
			}
			wrote = true
			p.g.metrics.pushes.WithLabelValues("out").Inc()
		}
	}
	return wrote, ctx.Err()
}

// frames returns the announcements to write: the newest one first, so that what
// contests it is understood.
func (p *pusher) frames(ctx context.Context, brand protocol.CID, what pending) (all [][]byte) {
	if what.current {
		for _, ask := range []func(context.Context, protocol.CID) (wire.Announcement, bool){p.g.o.Current, p.g.o.Rival} {
			if data := p.ask(ctx, brand, ask); data != nil {
				all = append(all, data)
			}
		}
	}
	for _, data := range [][]byte{what.newest, what.evidence} {
		if data != nil && !contains(all, data) {
			all = append(all, data)
		}
	}
	return all
}

func (p *pusher) ask(ctx context.Context, brand protocol.CID, ask func(context.Context, protocol.CID) (wire.Announcement, bool)) []byte {
	a, ok := ask(ctx, brand)
	if !ok {
		return nil
	}
	data, err := a.Encode()
	if err != nil {
		p.g.o.Log.Error("present announcement can't be sent", "brand", brand, "err", err)
		return nil
	}
	return data
}

func contains(all [][]byte, data []byte) bool {
	for _, one := range all {
		if bytes.Equal(one, data) {
			return true
		}
	}
	return false
}

func (f *follower) frame(data []byte) error {
	_ = f.stream.SetWriteDeadline(time.Now().Add(writeTime))
	return wire.WriteFrame(f.stream, data, wire.MaxAnnouncement)
}

func compareBrands(a, b protocol.CID) int { return bytes.Compare(a.Bytes(), b.Bytes()) }
