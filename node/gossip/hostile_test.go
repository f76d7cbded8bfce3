package gossip_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p-pubsub/pb"
	"google.golang.org/protobuf/proto"

	"github.com/stoa-commerce/stoa/node/gossip"
	"github.com/stoa-commerce/stoa/node/gossip/gossipsim"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// stage is a small honest network under attack: home publishes a brand, relay
// follows nothing and is attacked, follower hears of the brand through relay only.
type stage struct {
	owner                 *gossipsim.Owner
	home, relay, follower *node
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{owner: must(gossipsim.NewOwner("tea", now()))}
	all := line(t, 3, s.owner.Brand())
	s.home, s.relay, s.follower = all[0], all[1], all[2]
	return s
}

// works announces a head and waits for it to arrive.
func (s *stage) works(t *testing.T) {
	t.Helper()
	a := s.home.announce(s.owner)
	eventually(t, "the honest brand's head arrives", func() bool { return s.follower.book.Highest(s.owner.Brand()) == a.Head.Seq })
}

func (s *stage) current() wire.Announcement {
	a, _ := s.follower.book.Current(context.Background(), s.owner.Brand())
	return a
}

// heap returns the memory in use after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestWhatIsProvablyWrongIsRejectedAndItsPeerIsNotListenedTo(t *testing.T) {
	s := newStage(t)
	s.works(t)
	good := encode(s.owner.Next(now()))
	forged := encode(s.owner.Forge(1))
	hinted := must(s.owner.Next(now()))
	hinted.Dial = []wire.Hint{"/nowhere"}
	cases := map[string][]byte{
		"hint-form":      encode(hinted, nil),
		"cbor":           append(append([]byte{}, good...), 0),
		"head-signature": forged,
		"too-large":      make([]byte, wire.MaxAnnouncement+1),
	}
	for reason, data := range cases {
		thief := newStranger(t, s.relay)
		for i := range 5 {
			data[len(data)-1] ^= byte(i) // of a signature or none: another identifier each time
			_ = thief.publish(data)
		}
		eventually(t, reason+" is rejected", func() bool { return s.relay.counted("announcements_total", "reject", reason) >= 1 })
		eventually(t, "its peer is blamed", func() bool { return s.relay.blamed(thief.host.ID()) >= 1 })
		eventually(t, "its peer is not listened to", func() bool { return s.relay.Score(thief.host.ID()) < -2500 })
		before := s.relay.counted("announcements_total", "reject")
		_ = thief.publish(append(append([]byte{}, good...), 1, 2))
		s.works(t)
		if after := s.relay.counted("announcements_total", "reject"); after != before {
			t.Errorf("%s: still judged", reason)
		}
	}
	if n := s.follower.counted("announcements_total", "reject"); n != 0 {
		t.Errorf("%v wrong announcements were passed on", n)
	}
}

// A peer that takes no stream from anybody has no score; it isn't listened to all
// the same.
func TestAPeerThatOnlyTalksIsNotListenedToEither(t *testing.T) {
	s := newStage(t)
	s.works(t)
	thief := newStranger(t, s.relay, mute)
	for i := range 5 {
		_ = thief.publish(encode(s.owner.Forge(uint64(i))))
	}
	eventually(t, "the first are rejected", func() bool { return s.relay.counted("announcements_total", "reject") >= 3 })
	for i := range 20 {
		_ = thief.publish(encode(s.owner.Forge(uint64(100 + i))))
	}
	eventually(t, "the others are not looked at", func() bool { return s.relay.counted("dropped_total", "peer-share") >= 20 })
	if n := s.relay.counted("announcements_total", "reject"); n > 5 {
		t.Errorf("%v are judged", n)
	}
	s.works(t)
}

func TestForgeriesDoNotSpendABrandsBudget(t *testing.T) {
	s := newStage(t)
	s.works(t)
	for i := range 4 {
		thief := newStranger(t, s.relay)
		for j := range 20 {
			_ = thief.publish(encode(s.owner.Forge(uint64(100*i + j))))
		}
		eventually(t, "forgeries are rejected", func() bool { return s.relay.blamed(thief.host.ID()) >= 2 })
	}
	for range 25 { // with the first one within the burst of 30
		s.works(t)
	}
	if n := s.relay.counted("announcements_total", string(gossip.BrandBudget)); n != 0 {
		t.Errorf("%v honest announcements exceeded the budget", n)
	}
}

func TestReplaysAreIgnoredAndNobodyIsPunished(t *testing.T) {
	s := newStage(t)
	old := encode(s.owner.Next(now()))
	s.works(t)
	peer := newStranger(t, s.relay)
	_ = peer.publish(old, encode(s.owner.Next(now())))
	eventually(t, "the old head is ignored", func() bool { return s.relay.counted("announcements_total", "ignore", "stale") == 1 })
	if s.relay.blamed(peer.host.ID()) != 0 || s.relay.Score(peer.host.ID()) < 0 {
		t.Error("punished")
	}
	s.works(t)
}

// One brand signs thousands of heads a second, and the peer next to it delivers
// them all.
func TestAFloodOfOneBrandDoesNotStopOthers(t *testing.T) {
	s := newStage(t)
	s.works(t)
	loud := must(gossipsim.NewOwner("loud", now()))
	s.follower.book.Keep(loud.Brand())
	thief := newStranger(t, s.relay)
	for range 100 {
		var batch [][]byte
		for range 20 {
			batch = append(batch, encode(loud.Next(now())))
		}
		_ = thief.publish(batch...)
	}
	s.works(t)
	s.works(t)
	accepted := s.relay.counted("announcements_total", "accept") - s.relay.counted("announcements_total", "accept", "unpassed") - 3
	if accepted > 40 {
		t.Errorf("%v announcements of the loud brand were passed on", accepted)
	}
	eventually(t, "the highest of them arrives", func() bool {
		tip, ok := s.relay.Tip(loud.Brand())
		return ok && s.follower.book.Highest(loud.Brand()) == tip.Head.Seq
	})
	if got := len(s.follower.book.Arrivals(loud.Brand())); got > 40 {
		t.Errorf("%d of them arrived", got)
	}
}

func TestTheLastOfManyEditsArrives(t *testing.T) {
	s := newStage(t)
	busy := must(gossipsim.NewOwner("busy", now()))
	s.follower.book.Keep(busy.Brand())
	peer := newStranger(t, s.relay)
	var last wire.Announcement
	for range 60 {
		last = must(busy.Next(now()))
		_ = peer.publish(encode(last, nil))
		time.Sleep(5 * time.Millisecond)
	}
	eventually(t, "the last one arrives", func() bool { return s.follower.book.Highest(busy.Brand()) == last.Head.Seq })
	if n := s.relay.counted("announcements_total", "later", "accept"); n < 1 {
		t.Errorf("%v were passed on later", n)
	}
	if got := len(s.follower.book.Arrivals(busy.Brand())); got > 35 {
		t.Errorf("%d of 60 arrived", got)
	}
}

// Brands cost nothing to make: ten thousand of them come from one peer.
func TestAFloodOfFreshBrandsIsBoundedInMemoryAndDoesNotStopOthers(t *testing.T) {
	s := newStage(t)
	s.works(t)
	var flood [][]byte
	brands := 10_000
	if testing.Short() {
		brands = 2_500
	}
	for i := range brands {
		fresh := must(gossipsim.NewOwner(fmt.Sprint("fresh", i), now()))
		flood = append(flood, encode(fresh.Next(now())))
	}
	before := heap()
	thief := newStranger(t, s.relay)
	for i := 0; i < len(flood); i += 20 {
		_ = thief.publish(flood[i : i+20]...)
	}
	s.works(t)
	eventually(t, "the peer's budget is spent", func() bool {
		return s.relay.counted("announcements_total", string(gossip.PeerBudget))+s.relay.counted("dropped_total", "peer-share") > 1000
	})
	s.works(t)
	if tips := s.relay.Tips(); tips < 500 || tips > 2000 {
		t.Errorf("%d tips", tips)
	}
	grown := int64(heap()) - int64(before)
	t.Logf("%d brands from one peer: %d KiB more in use, %d tips", brands, grown>>10, s.relay.Tips())
	if grown > 48<<20 {
		t.Errorf("%d MiB more in use", grown>>20)
	}
}

func TestSubscriptionsToOtherTopicsCostNothing(t *testing.T) {
	s := newStage(t)
	s.works(t)
	before := heap()
	thief := newStranger(t, s.relay)
	for i := range 100 {
		rpc := &pubsub_pb.RPC{}
		for j := range 100 {
			rpc.Subscriptions = append(rpc.Subscriptions, &pubsub_pb.RPC_SubOpts{Subscribe: proto.Bool(true), Topicid: proto.String(fmt.Sprintf("/stoa/test/heads/1/%d-%d", i, j))})
		}
		_ = thief.send(rpc)
	}
	s.works(t)
	if grown := int64(heap()) - int64(before); grown > 8<<20 {
		t.Errorf("%d MiB more in use", grown>>20)
	}
}

func TestAMessageBeyondTheTransportsLimitEndsTheStream(t *testing.T) {
	s := newStage(t)
	s.works(t)
	thief := newStranger(t, s.relay)
	_ = thief.publish(make([]byte, 1<<20))
	eventually(t, "the stream is reset", func() bool { return thief.publish([]byte{1}) != nil })
	s.works(t)
}

// Hints aren't signed: anybody can make copies of a good announcement without end.
func TestCopiesWithOtherHintsArePassedOnOnce(t *testing.T) {
	s := newStage(t)
	s.works(t)
	a := s.current()
	thief := newStranger(t, s.relay)
	for i := range 2000 {
		a.Dial = []wire.Hint{wire.Hint(fmt.Sprintf("/ip4/192.0.2.7/udp/%d/quic-v1/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo", i+1))}
		_ = thief.publish(encode(a, nil))
	}
	s.works(t)
	eventually(t, "all are dealt with", func() bool {
		return s.relay.counted("announcements_total", "ignore")+s.relay.counted("dropped_total", "peer-share") >= 2000
	})
	if got := len(s.follower.book.Arrivals(s.owner.Brand())); got != 2 {
		t.Errorf("%d announcements arrived", got)
	}
}

// A node that keeps a brand verifies copies only up to the delivering peer's share.
func TestCopiesCostTheirPeerWhereTheBrandIsKept(t *testing.T) {
	s := newStage(t)
	s.works(t)
	a := s.current()
	thief, begun := newStranger(t, s.follower), time.Now()
	for i := range 2000 {
		a.Dial = []wire.Hint{wire.Hint(fmt.Sprintf("/ip4/192.0.2.7/udp/%d/quic-v1/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo", i+1))}
		_ = thief.publish(encode(a, nil))
	}
	eventually(t, "all are dealt with", func() bool {
		return s.follower.counted("announcements_total")+s.follower.counted("dropped_total", "peer-share") >= 2000
	})
	most := float64(wire.PeerRate().Burst) + time.Since(begun).Seconds()*1000/float64(wire.PeerRate().Every) + 1
	if n := s.follower.counted("announcements_total", "known"); n > most {
		t.Errorf("%v are verified, at most %v should be", n, most)
	}
	s.works(t)
}
