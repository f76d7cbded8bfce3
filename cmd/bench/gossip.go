package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/node/gossip/gossipsim"
)

// gossipFollowers is what part of the nodes follows the brand: 5 %.
const gossipFollowers = 20

// gossip lets announcements spread over simulated nodes with our gossip and with
// GossipSub as it comes, over the same links (25 ms, 20 Mbit/s) in the same topology.
// Time there is virtual: what a node computes takes none of it. Nobody is pushed to.
func gossip(ctx context.Context, l *lab) ([]row, error) {
	c := gossipsim.Config{Nodes: l.scale.nodes, Followers: max(l.scale.nodes/gossipFollowers, 2), Heads: l.scale.heads, Seed: 20}
	var results []gossipsim.Result
	for _, variant := range []gossipsim.Variant{gossipsim.Stoa, gossipsim.Raw} {
		c.Variant = variant
		r, err := gossipsim.Run(c)
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, fmt.Errorf("%s: %w", variant, err)
		}
		l.say("gossip: %s took %.1f s of real time", variant, r.Wall.Seconds())
		results = append(results, r)
	}
	ours, theirs := results[0], results[1]
	among := fmt.Sprintf("%d simulated nodes of which %d follow", c.Nodes, c.Followers)
	return []row{
		beside("99th percentile until a follower has an announcement, "+among+", virtual time, beside plain GossipSub",
			milliseconds(ours.P99), milliseconds(theirs.P99), "ms", lower, 1.2),
		absolute("share of announcements that reach the followers, "+among, float64(ours.Arrived)/float64(ours.Expected), "of 1", higher, 1),
		absolute("share of followers that hear of the last head, "+among, ours.Reached, "of 1", higher, 1),
	}, nil
}
