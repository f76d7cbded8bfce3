package gossipsim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
)

// Variant says what runs on the hosts.
type Variant string

// The variants. Stoa is this project's gossip. Raw is GossipSub with its defaults,
// signing and all, for messages of the same bytes that nobody checks. Picky is Raw
// where each node passes on only what it follows itself.
const (
	Stoa  Variant = "stoa"
	Raw   Variant = "raw"
	Picky Variant = "picky"
)

// Config describes a run: one brand announces heads, some nodes follow it.
type Config struct {
	Variant   Variant
	Nodes     int           // at least 2; the first one is the brand's own
	Followers int           // of the others, chosen by Seed
	Degree    int           // connections of a node, about; 0: 10
	Heads     int           // announcements; 0: 20
	Every     time.Duration // between them; 0: a second
	Links     Links
	Push      bool   // followers next to the brand's node ask it for pushes; Stoa only
	Seed      uint64 // of topology and followers
}

func (c *Config) fill() error {
	if c.Degree == 0 {
		c.Degree = 10
	}
	if c.Heads == 0 {
		c.Heads = 20
	}
	if c.Every == 0 {
		c.Every = time.Second
	}
	if c.Variant == "" {
		c.Variant = Stoa
	}
	if c.Nodes < 2 || c.Followers < 1 || c.Followers > c.Nodes-1 {
		return fmt.Errorf("simulate: %d followers among %d nodes", c.Followers, c.Nodes)
	}
	return nil
}

// Result is what came of a run. Times are virtual, from publishing to when a
// follower has accepted the announcement.
type Result struct {
	P50, P99, Max time.Duration
	Expected      int     // announcements times followers
	Arrived       int     // of those, in the end
	Reached       float64 // share of followers that heard of the last head
	Size          int     // bytes of an announcement
	Wall          time.Duration
}

// crowd is what both sides of the comparison offer.
type crowd interface {
	// announce publishes the i-th head and returns its size in bytes.
	announce(i int) (int, error)
	// arrivals returns for a follower when each head arrived, by number.
	arrivals(follower int) map[int]time.Time
}

// warm is how long meshes have to form before the first head.
const warm = 10 * time.Second

// Run simulates. It takes about a second of wall time for each 20 nodes and a
// megabyte of memory for each.
func Run(c Config) (Result, error) {
	if err := c.fill(); err != nil {
		return Result{}, err
	}
	started := time.Now()
	var r Result
	err := InWorld(c.Nodes, c.Links, func(ctx context.Context, w *World) (err error) {
		r, err = c.run(ctx, w)
		return err
	})
	r.Wall = time.Since(started)
	return r, err
}

// Chosen returns the followers of a run.
func (c Config) Chosen() []int {
	r := rand.New(rand.NewPCG(c.Seed, 1))
	chosen := r.Perm(c.Nodes - 1)[:c.Followers]
	for i := range chosen {
		chosen[i]++
	}
	slices.Sort(chosen)
	return chosen
}

func (c Config) run(ctx context.Context, w *World) (Result, error) {
	if err := w.ConnectAll(ctx, Edges(c.Nodes, c.Degree, c.Seed)); err != nil {
		return Result{}, err
	}
	ours, err := c.crowd(ctx, w)
	if err != nil {
		return Result{}, err
	}
	time.Sleep(warm)
	r := Result{Expected: c.Heads * c.Followers}
	sent := make([]time.Time, c.Heads)
	for i := range sent {
		sent[i] = time.Now()
		if r.Size, err = ours.announce(i); err != nil {
			return Result{}, err
		}
		time.Sleep(c.Every)
	}
	time.Sleep(warm)
	r.weigh(c, ours, sent)
	return r, nil
}

func (c Config) crowd(ctx context.Context, w *World) (crowd, error) {
	if c.Variant == Stoa {
		return c.startNodes(ctx, w)
	}
	return c.startPlain(ctx, w)
}

func (r *Result) weigh(c Config, ours crowd, sent []time.Time) {
	var took []time.Duration
	last := 0
	for _, f := range c.Chosen() {
		arrived := ours.arrivals(f)
		for i, at := range arrived {
			took = append(took, at.Sub(sent[i]))
		}
		if _, ok := arrived[c.Heads-1]; ok {
			last++
		}
	}
	r.Arrived, r.Reached = len(took), float64(last)/float64(c.Followers)
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	r.P50, r.P99, r.Max = took[len(took)/2], took[(len(took)-1)*99/100], took[len(took)-1]
}

// nodes is the crowd of this project's nodes.
type nodes struct {
	owner *Owner
	all   []*Node
	seqs  map[uint64]int // number of a head by its seq
}

func (c Config) startNodes(ctx context.Context, w *World) (crowd, error) {
	owner, err := NewOwner("brand", protocol.MillisOf(time.Now()))
	if err != nil {
		return nil, err
	}
	n := &nodes{owner: owner, seqs: map[uint64]int{}}
	var homes []peer.ID
	if c.Push {
		homes = []peer.ID{w.Hosts[0].ID()}
	}
	followers := c.Chosen()
	for i := range w.Hosts {
		var brands []protocol.CID
		if _, follows := slices.BinarySearch(followers, i); follows {
			brands = append(brands, owner.Brand())
		}
		one, err := w.Start(ctx, i, homes, brands...)
		if err != nil {
			return nil, err
		}
		n.all = append(n.all, one)
	}
	return n, nil
}

func (n *nodes) announce(i int) (int, error) {
	a, err := n.owner.Next(protocol.MillisOf(time.Now()))
	if err != nil {
		return 0, err
	}
	n.seqs[a.Head.Seq] = i
	data, err := a.Encode()
	if err != nil {
		return 0, err
	}
	return len(data), n.all[0].Announce(a)
}

func (n *nodes) arrivals(follower int) map[int]time.Time {
	all := map[int]time.Time{}
	for _, a := range n.all[follower].Book.Arrivals(n.owner.Brand()) {
		all[n.seqs[a.Seq]] = a.At
	}
	return all
}
