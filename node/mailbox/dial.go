package mailbox

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// dial connects to remembered relays that aren't connected: they may hold mail.
func (c *Collector) dial(ctx context.Context) error {
	if c.Dial == nil {
		return nil
	}
	round := time.NewTicker(dialRest / 4)
	defer round.Stop()
	for {
		for id, addrs := range c.ledger.known() {
			if ctx.Err() == nil && c.mayDial(id) && len(addrs) > 0 {
				c.reach(ctx, id, addrs)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-round.C:
		}
	}
}

func (c *Collector) mayDial(id peer.ID) bool {
	if c.connected(id) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.dialled[id]
	if r == nil {
		r = &rest{}
		c.dialled[id] = r
	}
	if time.Now().Before(r.until) {
		return false
	}
	r.wait(dialRest, maxDialRest)
	return true
}

func (c *Collector) reach(ctx context.Context, id peer.ID, addrs []string) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if _, err := c.Dial(ctx, addrs...); err != nil {
		c.Log.Debug("relay was not reached", "peer", id, "reason", err)
		return
	}
	c.mu.Lock()
	delete(c.dialled, id)
	c.mu.Unlock()
	c.Look()
}
