package gossipsim

import (
	"context"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Everybody who follows hears of every head, although one in twenty does.
func TestAnnouncementsReachAllFollowersAmongMostlyStrangers(t *testing.T) {
	for name, push := range map[string]bool{"gossip": false, "gossip and push": true} {
		t.Run(name, func(t *testing.T) {
			r, err := Run(Config{Nodes: 50, Followers: 3, Degree: 8, Heads: 10, Push: push, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			if r.Arrived != r.Expected || r.Reached != 1 {
				t.Errorf("%d of %d arrived", r.Arrived, r.Expected)
			}
		})
	}
}

// The comparison that the design rests on: passing on is not storing.
func TestIfOnlyFollowersPassedOnHardlyAnybodyWouldHear(t *testing.T) {
	c := Config{Variant: Picky, Nodes: 50, Followers: 3, Degree: 6, Heads: 5, Seed: 2}
	r, err := Run(c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Reached == 1 {
		t.Error("all heard; the topology is too easy")
	}
	c.Variant = Raw
	if r, err = Run(c); err != nil || r.Reached != 1 {
		t.Errorf("plain GossipSub reaches %v: %v", r.Reached, err)
	}
	c.Variant = Stoa
	if r, err = Run(c); err != nil || r.Reached != 1 {
		t.Errorf("Stoa reaches %v: %v", r.Reached, err)
	}
}

func TestRunsThatCannotBeAreRefused(t *testing.T) {
	for _, c := range []Config{{Nodes: 1, Followers: 1}, {Nodes: 5, Followers: 5}, {Nodes: 5}} {
		if _, err := Run(c); err == nil {
			t.Errorf("%+v ran", c)
		}
	}
}

// town is a world of nodes that all keep one brand; the first one is its own.
type town struct {
	*World
	t     *testing.T
	owner *Owner
	nodes []*Node
}

// inTown runs f with n nodes of which only those before connected are connected.
func inTown(t *testing.T, n, connected, homes int, f func(ctx context.Context, v *town)) {
	t.Helper()
	err := InWorld(n, Links{}, func(ctx context.Context, w *World) error {
		v := &town{World: w, t: t}
		var err error
		if v.owner, err = NewOwner("brand", protocol.MillisOf(time.Now())); err != nil {
			return err
		}
		if err := w.ConnectAll(ctx, Edges(connected, 8, 7)); err != nil {
			return err
		}
		var ids []peer.ID
		for _, h := range w.Hosts[:homes] {
			ids = append(ids, h.ID())
		}
		for i := range n {
			one, err := w.Start(ctx, i, ids, v.owner.Brand())
			if err != nil {
				return err
			}
			v.nodes = append(v.nodes, one)
		}
		time.Sleep(warm)
		f(ctx, v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// announce publishes the brand's next head and gives it time to travel.
func (v *town) announce() wire.Announcement {
	a, err := v.owner.Next(protocol.MillisOf(time.Now()))
	if err == nil {
		err = v.nodes[0].Announce(a)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	return a
}

// know fails unless exactly the nodes from one to below another know the head.
func (v *town) know(what string, a wire.Announcement, from, to int) {
	v.t.Helper()
	for i, n := range v.nodes {
		want := i >= from && i < to
		if got := n.Book.Highest(v.owner.Brand()) == a.Head.Seq; got != want {
			v.t.Errorf("%s: node %d knows the head: %v", what, i, got)
		}
	}
}

func TestAfterAPartitionTheNextHeadReachesAll(t *testing.T) {
	inTown(t, 20, 20, 0, func(ctx context.Context, v *town) {
		v.know("whole", v.announce(), 0, 20)
		v.Split(12)
		time.Sleep(2 * time.Minute) // connections across time out
		v.know("parted", v.announce(), 0, 12)
		v.Heal()
		if err := v.reconnect(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(warm)
		v.know("healed", v.announce(), 0, 20)
	})
}

// reconnect restores what timed out, as node/p2p does for the peers it keeps.
func (v *town) reconnect(ctx context.Context) error {
	var lost [][2]int
	for _, e := range Edges(len(v.Hosts), 8, 7) {
		if v.Hosts[e[0]].Network().Connectedness(v.Hosts[e[1]].ID()) != network.Connected {
			lost = append(lost, e)
		}
	}
	return v.ConnectAll(ctx, lost)
}

// A packet lost on the way is made up for by gossip's own history: the head comes
// with the next heartbeats.
func TestAShortPartitionIsMadeUpForByGossipsHistory(t *testing.T) {
	inTown(t, 20, 20, 0, func(ctx context.Context, v *town) {
		v.announce()
		v.Split(12)
		a, err := v.owner.Next(protocol.MillisOf(time.Now()))
		if err == nil {
			err = v.nodes[0].Announce(a)
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		v.Heal()
		time.Sleep(20 * time.Second)
		v.know("healed", a, 0, 20)
	})
}

func TestALateJoinerIsToldByPushAndThenByGossip(t *testing.T) {
	inTown(t, 21, 20, 1, func(ctx context.Context, v *town) {
		first := v.announce()
		v.know("before", first, 0, 20)
		for _, other := range []int{0, 5, 9} {
			if err := v.Connect(ctx, 20, other); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Second)
		v.know("joined", first, 0, 21)
		v.know("next", v.announce(), 0, 21)
	})
}

// A third of the nodes leaves and others come while the brand goes on.
func TestHeadsArriveWhileNodesComeAndGo(t *testing.T) {
	inTown(t, 40, 30, 0, func(ctx context.Context, v *town) {
		for i := range 10 {
			leaves, comes := 29-i, 30+i
			v.nodes[leaves].Stop()
			v.Leave(leaves)
			for _, other := range []int{i, i + 3, i + 7} {
				if err := v.Connect(ctx, comes, other); err != nil {
					t.Fatal(err)
				}
			}
			v.announce()
		}
		time.Sleep(warm)
		a := v.announce()
		for i, n := range v.nodes {
			if (i < 20 || i >= 30) && n.Book.Highest(v.owner.Brand()) != a.Head.Seq {
				t.Errorf("node %d doesn't know the last head", i)
			}
		}
	})
}

// A hundred edits in a second cost the network what the budget allows, and the last
// one arrives.
func TestManyEditsAreGatheredAndTheLastOneArrives(t *testing.T) {
	inTown(t, 10, 10, 0, func(_ context.Context, v *town) {
		var last wire.Announcement
		for range 100 {
			var err error
			if last, err = v.owner.Next(protocol.MillisOf(time.Now())); err == nil {
				err = v.nodes[0].Announce(last)
			}
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		v.know("last", last, 0, 10)
		if n := len(v.nodes[9].Book.Arrivals(v.owner.Brand())); n > 22 || n < 17 {
			t.Errorf("%d announcements arrived", n)
		}
	})
}

// A push stream whose other side vanished is given up, and asked for anew when the
// peer is back.
func TestPushStreamsComeBackAfterAPartition(t *testing.T) {
	inTown(t, 2, 2, 1, func(ctx context.Context, v *town) {
		v.know("connected", v.announce(), 0, 2)
		if n := len(v.nodes[0].Pushed()); n != 1 {
			t.Fatalf("%d followers", n)
		}
		v.Split(1)
		time.Sleep(5 * time.Minute)
		if n := len(v.nodes[0].Pushed()); n != 0 {
			t.Errorf("%d followers of whom nothing is heard", n)
		}
		a := v.announce()
		v.know("parted", a, 0, 1)
		v.Heal()
		if err := v.reconnect(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		v.know("back", a, 0, 2)
	})
}

// A quiet stream lives on beats: nobody takes it for dead.
func TestAQuietPushStreamLives(t *testing.T) {
	inTown(t, 2, 2, 1, func(_ context.Context, v *town) {
		time.Sleep(time.Hour)
		if n := len(v.nodes[0].Pushed()); n != 1 {
			t.Errorf("%d followers after an hour", n)
		}
		v.know("an hour later", v.announce(), 0, 2)
	})
}
