package gossipsim

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// plain is the crowd of hosts with GossipSub as it comes.
type plain struct {
	topic *pubsub.Topic // of the first host
	size  int
	mu    sync.Mutex
	at    map[int]map[int]time.Time // by follower and number
}

func (c Config) startPlain(ctx context.Context, w *World) (crowd, error) {
	owner, err := NewOwner("brand", protocol.MillisOf(time.Now()))
	if err != nil {
		return nil, err
	}
	var a wire.Announcement
	for range 2 { // the second one is as large as all that follow
		if a, err = owner.Next(protocol.MillisOf(time.Now())); err != nil {
			return nil, err
		}
	}
	data, err := a.Encode()
	if err != nil {
		return nil, err
	}
	p := &plain{size: len(data), at: map[int]map[int]time.Time{}}
	followers := c.Chosen()
	for i := range w.Hosts {
		_, follows := slices.BinarySearch(followers, i)
		if err := p.start(ctx, w, i, follows, c.Variant == Picky); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *plain) start(ctx context.Context, w *World, host int, follows, picky bool) error {
	ps, err := pubsub.NewGossipSub(ctx, w.Hosts[host])
	if err != nil {
		return err
	}
	if picky && !follows && host > 0 {
		ignore := func(context.Context, peer.ID, *pubsub.Message) pubsub.ValidationResult {
			return pubsub.ValidationIgnore
		}
		if err := ps.RegisterTopicValidator(Network.Topic(), ignore); err != nil {
			return err
		}
	}
	topic, err := ps.Join(Network.Topic())
	if err != nil {
		return err
	}
	if host == 0 {
		p.topic = topic
	}
	sub, err := topic.Subscribe()
	if err == nil {
		w.Go(func() { p.listen(ctx, host, sub) })
	}
	return err
}

func (p *plain) listen(ctx context.Context, host int, sub *pubsub.Subscription) {
	defer sub.Cancel()
	for {
		m, err := sub.Next(ctx)
		if err != nil {
			return
		}
		n := int(binary.BigEndian.Uint64(m.Data))
		p.mu.Lock()
		if p.at[host] == nil {
			p.at[host] = map[int]time.Time{}
		}
		p.at[host][n] = time.Now()
		p.mu.Unlock()
	}
}

func (p *plain) announce(i int) (int, error) {
	data := make([]byte, p.size)
	binary.BigEndian.PutUint64(data, uint64(i))
	return p.size, p.topic.Publish(context.Background(), data)
}

func (p *plain) arrivals(follower int) map[int]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.at[follower])
}
