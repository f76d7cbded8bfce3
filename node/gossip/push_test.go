package gossip_test

import (
	"bufio"
	"context"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2pprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/multiformats/go-multiaddr"

	"github.com/stoa-commerce/stoa/node/gossip"
	"github.com/stoa-commerce/stoa/node/gossip/gossipsim"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const push = libp2pprotocol.ID(wire.PushProtocol)

func homesAre(ids ...peer.ID) func(*gossip.Options) {
	return func(o *gossip.Options) { o.Homes = func(protocol.CID) []peer.ID { return ids } }
}

// pushStream is an asker by hand.
type pushStream struct {
	t *testing.T
	network.Stream
	r *bufio.Reader
}

func openPush(t *testing.T, from host.Host, to *node, brands ...protocol.CID) *pushStream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	s := must(from.NewStream(ctx, to.host.ID(), push))
	p := &pushStream{t, s, bufio.NewReader(s)}
	p.ask(brands...)
	return p
}

func (p *pushStream) ask(brands ...protocol.CID) {
	for some := range slices.Chunk(brands, wire.MaxFollow) {
		if err := wire.WriteFrame(p, must(wire.EncodeFollow(some)), wire.MaxAnnouncement); err != nil {
			p.t.Fatal(err)
		}
	}
}

// next returns the next announcement.
func (p *pushStream) next() wire.Announcement {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(soon))
	for {
		f := must(wire.DecodePush(must(wire.ReadFrame(p.r, wire.MaxAnnouncement))))
		if !f.IsBeat() {
			return must(wire.DecodeAnnouncement(f.Announcement))
		}
	}
}

// ends waits until the other side ended the stream.
func (p *pushStream) ends() {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(soon))
	_, err := io.Copy(io.Discard, p.r)
	if e, ok := err.(interface{ Timeout() bool }); err == nil || ok && e.Timeout() {
		p.t.Fatalf("the stream doesn't end: %v", err)
	}
}

func TestAFollowerIsToldTheCurrentHeadAtOnceAndEachOneAfter(t *testing.T) {
	owner := must(gossipsim.NewOwner("tea", now()))
	home := startNode(t, newHost(t), gossipsim.NewBook(), nil)
	first := home.announce(owner)
	reader := newHost(t)
	connect(t, reader, home.host)
	s := openPush(t, reader, home, owner.Brand())
	if got := s.next(); got.Head.CID != first.Head.CID {
		t.Error("not the current head")
	}
	for range 3 {
		a := home.announce(owner)
		if got := s.next(); got.Head.CID != a.Head.CID {
			t.Error("not the new head")
		}
	}
	if got := home.Pushed()[reader.ID()]; !slices.Equal(got, []protocol.CID{owner.Brand()}) {
		t.Errorf("pushed to %v", got)
	}
	_ = s.Reset()
	eventually(t, "the follower is gone", func() bool { return len(home.Pushed()) == 0 })
}

func TestFollowersHearWithoutGossip(t *testing.T) {
	owner := must(gossipsim.NewOwner("tea", now()))
	home := startNode(t, newHost(t), gossipsim.NewBook(), nil)
	first := home.announce(owner)
	reader := startNode(t, newHost(t), gossipsim.NewBook(owner.Brand()), homesAre(home.host.ID()))
	connect(t, reader.host, home.host)
	eventually(t, "the first head arrives", func() bool { return reader.book.Highest(owner.Brand()) == first.Head.Seq })
	if n := reader.counted("announcements_total", "push", "accept"); n+reader.counted("announcements_total", "gossip", "accept") != 1 {
		t.Errorf("%v accepted by push", n)
	}
	if got := home.Pushed()[reader.host.ID()]; len(got) != 1 {
		t.Errorf("followers %v", got)
	}
}

// What a follower hears by push it passes on: its own peers may hear of it nowhere
// else.
func TestWhatCameByPushGoesOnByGossip(t *testing.T) {
	owner := must(gossipsim.NewOwner("tea", now()))
	h := newHost(t)
	var pushed atomic.Pointer[[]byte]
	h.SetStreamHandler(push, func(s network.Stream) { // no gossip on this host
		must(wire.ReadFrame(s, wire.MaxAnnouncement))
		_ = wire.WriteFrame(s, *pushed.Load(), wire.MaxAnnouncement)
	})
	data := encode(owner.Next(now()))
	pushed.Store(&data)
	reader := startNode(t, newHost(t), gossipsim.NewBook(owner.Brand()), homesAre(h.ID()))
	other := startNode(t, newHost(t), gossipsim.NewBook(owner.Brand()), nil)
	connect(t, reader.host, other.host)
	connect(t, reader.host, h)
	eventually(t, "it is passed on", func() bool { return other.book.Highest(owner.Brand()) != 0 })
	if n := reader.counted("announcements_total", "push", "accept"); n != 1 {
		t.Errorf("%v accepted by push", n)
	}
}

func TestAnAskerLeavesAPeerThatPushesWhatIsWrongOrUnasked(t *testing.T) {
	owner, other := must(gossipsim.NewOwner("tea", now())), must(gossipsim.NewOwner("coffee", now()))
	must(owner.Next(now()))
	for name, c := range map[string]struct {
		data  []byte
		blame int
	}{
		"forged":   {encode(owner.Forge(1)), 1},
		"no CBOR":  {[]byte{0xff, 0xff}, 1},
		"unasked":  {encode(other.Next(now())), 0},
		"too long": {nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			liar := newHost(t)
			left := make(chan error, 8)
			liar.SetStreamHandler(push, func(s network.Stream) {
				must(wire.ReadFrame(s, wire.MaxAnnouncement))
				if c.data == nil {
					_, _ = s.Write([]byte{0xff, 0xff, 0xff, 0x7f})
				} else {
					_ = wire.WriteFrame(s, c.data, wire.MaxAnnouncement)
				}
				_, err := io.Copy(io.Discard, s)
				left <- err
			})
			reader := startNode(t, newHost(t), gossipsim.NewBook(owner.Brand()), homesAre(liar.ID()))
			connect(t, reader.host, liar)
			select {
			case err := <-left:
				if err == nil {
					t.Error("closed politely")
				}
			case <-time.After(soon):
				t.Fatal("it stays")
			}
			eventually(t, "the peer is blamed as it deserves", func() bool { return reader.blamed(liar.ID()) == c.blame })
			if reader.book.Highest(owner.Brand()) != 0 || reader.Tips() != 0 {
				t.Error("it was believed")
			}
		})
	}
}

func TestAnAskerThatBreaksTheRulesIsLeft(t *testing.T) {
	home := startNode(t, newHost(t), gossipsim.NewBook(), nil)
	brand := must(gossipsim.NewOwner("tea", now())).Brand()
	follow := must(wire.EncodeFollow([]protocol.CID{brand}))
	for name, c := range map[string]struct {
		write func(s *pushStream)
		blame int
	}{
		"no follow":       {func(s *pushStream) { _ = wire.WriteFrame(s, []byte{0xa0}, 100) }, 1},
		"65 frames":       {func(s *pushStream) { s.many(follow, wire.MaxFollows+1) }, 1},
		"a frame too big": {func(s *pushStream) { _, _ = s.Write([]byte{0xff, 0xff, 0x7f}) }, 1},
		"nothing at all":  {func(*pushStream) {}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			reader := newHost(t)
			connect(t, reader, home.host)
			s := openPush(t, reader, home)
			_, _ = s.Write(nil) // negotiates
			c.write(s)
			s.ends()
			eventually(t, "it is blamed as it deserves", func() bool { return home.blamed(reader.ID()) == c.blame })
		})
	}
}

func (p *pushStream) many(frame []byte, n int) {
	for range n {
		if wire.WriteFrame(p, frame, wire.MaxAnnouncement) != nil {
			return
		}
	}
}

func TestASecondStreamOfAPeerReplacesTheFirst(t *testing.T) {
	a, b := must(gossipsim.NewOwner("tea", now())), must(gossipsim.NewOwner("coffee", now()))
	home := startNode(t, newHost(t), gossipsim.NewBook(), nil)
	home.announce(a)
	home.announce(b)
	reader := newHost(t)
	connect(t, reader, home.host)
	first := openPush(t, reader, home, a.Brand())
	first.next()
	second := openPush(t, reader, home, b.Brand())
	if got := second.next(); got.Head.Brand != b.Brand() {
		t.Error("another brand")
	}
	first.ends()
	if got := home.Pushed()[reader.ID()]; !slices.Equal(got, []protocol.CID{b.Brand()}) {
		t.Errorf("follows %v", got)
	}
}

// A follower that doesn't read costs no more than the newest announcement of each
// brand, and hears that one when it reads again.
func TestASlowFollowerGetsTheNewest(t *testing.T) {
	var owners []*gossipsim.Owner
	home := startNode(t, newHost(t), gossipsim.NewBook(), nil)
	var brands []protocol.CID
	for _, name := range []string{"a", "b", "c"} {
		o := must(gossipsim.NewOwner(name, now()))
		owners, brands = append(owners, o), append(brands, o.Brand())
		home.announce(o)
	}
	reader := newHost(t)
	connect(t, reader, home.host)
	s := openPush(t, reader, home, brands...)
	for range 10 {
		for _, o := range owners {
			home.announce(o)
		}
	}
	want := map[protocol.CID]uint64{}
	for _, o := range owners {
		want[o.Brand()] = home.announce(o).Head.Seq
	}
	for len(want) > 0 {
		if got := s.next(); want[got.Head.Brand] == got.Head.Seq {
			delete(want, got.Head.Brand)
		}
	}
}

func TestBrandsAreFollowedAndUnfollowed(t *testing.T) {
	a, b := must(gossipsim.NewOwner("tea", now())), must(gossipsim.NewOwner("coffee", now()))
	home := startNode(t, newHost(t), gossipsim.NewBook(), nil)
	reader := startNode(t, newHost(t), gossipsim.NewBook(a.Brand()), homesAre(home.host.ID()))
	connect(t, reader.host, home.host)
	follows := func(brands ...protocol.CID) func() bool {
		return func() bool {
			got := home.Pushed()[reader.host.ID()]
			for _, id := range brands {
				if !slices.Contains(got, id) {
					return false
				}
			}
			return len(got) == len(brands)
		}
	}
	eventually(t, "one is followed", follows(a.Brand()))
	reader.book.Keep(b.Brand())
	reader.Refollow()
	eventually(t, "both are", follows(a.Brand(), b.Brand()))
	reader.book.Drop(a.Brand())
	reader.Refollow()
	eventually(t, "the other one is", follows(b.Brand()))
	reader.book.Drop(b.Brand())
	reader.Refollow()
	eventually(t, "none is", follows())
}

// Gossip doesn't go over connections that a relay limits, pushes do.
func TestPushesGoOverARelay(t *testing.T) {
	middle := newHost(t)
	service := must(relay.New(middle))
	t.Cleanup(func() { service.Close() })
	owner := must(gossipsim.NewOwner("tea", now()))
	hidden := must(libp2p.New(libp2p.NoListenAddrs, libp2p.EnableRelay(), libp2p.DisableMetrics()))
	outside := must(libp2p.New(libp2p.NoListenAddrs, libp2p.EnableRelay(), libp2p.DisableMetrics()))
	t.Cleanup(func() { hidden.Close(); outside.Close() })
	connect(t, hidden, middle)
	connect(t, outside, middle)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	must(client.Reserve(ctx, hidden, peer.AddrInfo{ID: middle.ID(), Addrs: middle.Addrs()}))
	home := startNode(t, hidden, gossipsim.NewBook(), nil)
	reader := startNode(t, outside, gossipsim.NewBook(owner.Brand()), homesAre(hidden.ID()))
	addr := must(multiaddr.NewMultiaddr("/p2p/" + middle.ID().String() + "/p2p-circuit/p2p/" + hidden.ID().String()))
	if err := outside.Connect(network.WithAllowLimitedConn(ctx, "test"), peer.AddrInfo{ID: hidden.ID(), Addrs: []multiaddr.Multiaddr{addr}}); err != nil {
		t.Fatal(err)
	}
	if got := outside.Network().Connectedness(hidden.ID()); got != network.Limited {
		t.Fatalf("connected %s", got)
	}
	first := home.announce(owner)
	eventually(t, "the head arrives", func() bool { return reader.book.Highest(owner.Brand()) == first.Head.Seq })
	second := home.announce(owner)
	eventually(t, "the next one does", func() bool { return reader.book.Highest(owner.Brand()) == second.Head.Seq })
	if n := reader.counted("announcements_total", "gossip"); n != 0 {
		t.Errorf("%v by gossip", n)
	}
}
