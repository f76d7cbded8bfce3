package p2p

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/autorelay"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

func TestABrandIsFoundThroughTheTable(t *testing.T) {
	nodes := []*P2P{start(t), start(t), start(t), start(t), start(t)}
	for i := range nodes[1:] { // a line
		connect(t, nodes[i], nodes[i+1])
	}
	brand := protocol.Sum(protocol.DagCBOR, []byte("a brand"))
	nodes[0].Provide(t.Context(), brand)
	last := nodes[len(nodes)-1]
	var found []peer.AddrInfo
	eventually(t, "found", func() bool {
		infos, err := last.Find(t.Context(), brand)
		if err != nil {
			t.Fatal(err)
		}
		found = infos
		return len(infos) > 0
	})
	if len(found) != 1 || found[0].ID != nodes[0].id() || len(found[0].Addrs) == 0 {
		t.Error(found)
	}
	other, err := last.Find(t.Context(), protocol.Sum(protocol.DagCBOR, []byte("another brand")))
	if err != nil || len(other) > 0 {
		t.Error(other, err)
	}
}

func TestNetworksKeepApart(t *testing.T) {
	brand := protocol.Sum(protocol.DagCBOR, []byte("a brand"))
	a, b := start(t), start(t, func(o *Options) { o.Network = "other" })
	connect(t, a, b)
	a.Provide(t.Context(), brand)
	if err := a.provideOnce(t.Context(), brand); err == nil {
		t.Error("another network's node is in the table")
	}
	if _, err := a.ask(t.Context(), b.id()); err == nil {
		t.Error("another network's node tells of peers")
	}
}

func TestPeersAreToldOfOthersAndMeetThem(t *testing.T) {
	hub := exchanging(t, "hub")
	var leaves []*P2P
	for _, name := range []wire.Network{"a", "b", "c"} {
		leaves = append(leaves, exchanging(t, name))
		connect(t, leaves[len(leaves)-1], hub)
	}
	for _, a := range leaves {
		for _, b := range leaves {
			if a != b {
				eventually(t, "leaves meet", func() bool { return a.direct(b.id()) })
			}
		}
	}
}

// exchanging is a node that has nothing but peer exchange: the host is that of a
// node whose table nobody else is in.
func exchanging(t *testing.T, alone wire.Network) *P2P {
	host := start(t, func(o *Options) { o.Network = alone }).host
	return start(t, func(o *Options) { o.Host = host })
}

func TestANodeThatCannotBeReachedIsReachedThroughARelay(t *testing.T) {
	hub := start(t, func(o *Options) { o.RelayService = true })
	hidden := start(t, func(o *Options) {
		o.Listen, o.Peers = nil, hub.Listening()
		o.tests.relayFinder = []autorelay.Option{autorelay.WithMinInterval(200 * time.Millisecond), autorelay.WithBootDelay(0)}
	})
	visitor := start(t, func(o *Options) { o.Listen = nil }) // or the hidden one might find it
	eventually(t, "it says how it can be reached", func() bool { return len(hidden.Hints()) > 0 })
	if id, err := visitor.Connect(t.Context(), hidden.Hints()...); err != nil || id != hidden.id() {
		t.Fatal(hidden.Hints(), err)
	}
	if !visitor.Limited(hidden.id()) {
		t.Error("a relayed connection is limited")
	}
	i := slices.IndexFunc(visitor.Peers(), func(p Peer) bool { return p.ID == hidden.id() })
	if p := visitor.Peers()[i]; !p.Relayed || p.Transport != "relay" {
		t.Errorf("%+v", p)
	}
	if !slices.Equal(hidden.Listening(), hidden.Hints()) {
		t.Error(hidden.Listening(), hidden.Hints())
	}
}

func TestAStrangersHintsAreCheckedBeforeTheyAreDialled(t *testing.T) {
	hub := start(t)
	guarded := start(t, func(o *Options) { o.Private = false })
	id := "/p2p/" + hub.id().String()
	for _, hint := range []string{
		hub.Hints()[0],
		"/ip4/10.1.2.3/tcp/4001" + id, "/ip4/169.254.169.254/tcp/80" + id, "/ip4/0.0.0.0/tcp/4001" + id,
		"/ip6/::1/tcp/4001" + id, "/ip6/::ffff:127.0.0.1/tcp/4001" + id, "/ip6/fe80::1/tcp/4001" + id,
		"/ip6/64:ff9b::7f00:1/tcp/4001" + id, "/ip6/2002:7f00:1::/tcp/4001" + id,
		"/dns4/localhost/tcp/4001" + id, "/dns/printer.local/tcp/80" + id, "/dns/intranet/tcp/80" + id,
		"/ip6zone/eth0/ip6/fe80::1/tcp/4001" + id, "/unix/tmp" + id, "/tcp/4001/ip4/1.2.3.4" + id,
		hub.Hints()[0] + "/p2p-circuit" + id,
		"/ip4/8.8.8.8/tcp/1", "nonsense",
	} {
		if got, err := guarded.Connect(t.Context(), hint); err == nil {
			t.Error(hint, "was dialled:", got)
		}
	}
	if len(hub.Peers()) > 0 {
		t.Error(hub.Peers())
	}
}

func TestOnlyFourHintsCount(t *testing.T) {
	id := "/p2p/" + start(t).id().String()
	var hints []string
	for _, ip := range []string{"1.1.1.1", "2.2.2.2", "10.0.0.1", "4.4.4.4", "5.5.5.5"} {
		hints = append(hints, "/ip4/"+ip+"/tcp/4001"+id)
	}
	infos, err := strangers(hints, false)
	if err != nil || len(infos) != 1 || len(infos[0].Addrs) != 3 {
		t.Error(infos, err)
	}
}

func TestOfSeveralPeersTheFirstThatAnswersIsConnected(t *testing.T) {
	hub, p := start(t), start(t)
	dead := "/ip4/127.0.0.1/tcp/1/p2p/" + missing
	if id, err := p.Connect(t.Context(), "/not/a/hint", dead, hub.Hints()[0]); err != nil || id != hub.id() {
		t.Error(id, err)
	}
	if id, err := p.Connect(t.Context(), dead); err == nil || id != "" {
		t.Error(id, err)
	}
}

func TestTheGateSeesWhatANameLedTo(t *testing.T) {
	p := start(t, func(o *Options) { o.Private = false })
	g := gate{p}
	stranger, friend, neighbour := peer.ID("stranger"), peer.ID("friend"), peer.ID("neighbour")
	p.Keep(peer.AddrInfo{ID: friend})
	p.lan.note(peer.AddrInfo{ID: neighbour}, time.Now())
	loopback, public := ma.StringCast("/ip4/127.0.0.1/tcp/80"), ma.StringCast("/ip4/1.1.1.1/tcp/80")
	for id, allowed := range map[peer.ID]bool{stranger: false, friend: true, neighbour: true} {
		if g.InterceptAddrDial(id, loopback) != allowed || !g.InterceptAddrDial(id, public) {
			t.Error(id, allowed)
		}
	}
	if _, err := p.KeepHints("/ip4/9.9.9.9/tcp/1/p2p/" + start(t).id().String()); err != nil {
		t.Error(err)
	}
	if _, err := p.KeepHints("/ip4/127.0.0.1/tcp/1/p2p/" + start(t).id().String()); err == nil {
		t.Error("a private hint is kept")
	}
}

func TestPeerExchangeHandsOnlySignedAndPublicAddressesOn(t *testing.T) {
	hub, leaf, asker := start(t), start(t), start(t)
	connect(t, leaf, hub)
	connect(t, asker, hub)
	var records [][]byte
	eventually(t, "the hub has the leaf's record", func() bool {
		records = hub.records(asker.id(), maxRecords)
		return len(records) == 1
	})
	infos, err := asker.ask(t.Context(), hub.id())
	if err != nil || len(infos) != 1 || infos[0].ID != leaf.id() {
		t.Fatal(infos, err)
	}
	outside := start(t, func(o *Options) { o.Private, o.Listen = false, nil })
	if got := outside.believable(records); len(got) > 0 {
		t.Error("loopback addresses are believed:", got)
	}
	forged := slices.Clone(records[0])
	forged[len(forged)-1] ^= 1
	if got := asker.believable([][]byte{forged, []byte("x"), records[0]}); len(got) != 1 {
		t.Error(got)
	}
	asker.Blame(leaf.id(), "lie")
	if got := asker.believable(records); len(got) > 0 {
		t.Error("a blamed peer is believed:", got)
	}
}

func TestAPeerThatAsksTooOftenIsTurnedAway(t *testing.T) {
	hub, asker := start(t), start(t)
	connect(t, asker, hub)
	refused := 0
	for range askBurst + 3 {
		if _, err := asker.ask(t.Context(), hub.id()); err != nil {
			refused++
		}
	}
	if refused < 3 {
		t.Error(refused, "refused")
	}
	r := newRation()
	for i := range 3 * maxRationed {
		r.allow(peer.ID([]byte{byte(i), byte(i >> 8)}), time.Now())
	}
	if len(r.peers) > maxRationed {
		t.Error(len(r.peers), "peers are remembered")
	}
}

func TestAStalledExchangeEnds(t *testing.T) {
	hub, asker := start(t), start(t)
	connect(t, asker, hub)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := asker.host.NewStream(ctx, hub.id(), exchangeProtocol("test"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte{5}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 1)); err == nil {
		t.Error("half a frame was answered")
	}
}

func TestNodesOfALANFindEachOther(t *testing.T) {
	if !multicast() {
		t.Skip("no network card for multicast here")
	}
	lan := func(o *Options) {
		o.MDNS, o.Private, o.Listen, o.Network = true, false, []string{"/ip4/0.0.0.0/tcp/0"}, "lan"
	}
	a, b := start(t, lan), start(t, lan)
	stranger := start(t, lan, func(o *Options) { o.Network = "other-lan" })
	eventually(t, "met", func() bool { return a.direct(b.id()) })
	if len(stranger.Peers()) > 0 {
		t.Error("nodes of different networks met:", stranger.Peers())
	}
}

func multicast() bool {
	cards, err := net.Interfaces()
	return err == nil && slices.ContainsFunc(cards, func(c net.Interface) bool {
		addrs, err := c.Addrs()
		return err == nil && len(addrs) > 0 && c.Flags&(net.FlagMulticast|net.FlagUp) == net.FlagMulticast|net.FlagUp && c.Flags&net.FlagLoopback == 0
	})
}
