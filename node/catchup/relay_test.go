package catchup

import (
	"testing"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	ma "github.com/multiformats/go-multiaddr"
)

func relayable(t *testing.T, opts ...libp2p.Option) host.Host {
	opts = append(opts, libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.DisableMetrics(), libp2p.EnableRelay())
	h := must(libp2p.New(opts...))
	t.Cleanup(func() { h.Close() })
	return h
}

// overRelay connects two hosts that can't reach each other.
func overRelay(t *testing.T, from, to host.Host) {
	relay := relayable(t, libp2p.EnableRelayService(), libp2p.ForceReachabilityPublic())
	at := peer.AddrInfo{ID: relay.ID(), Addrs: relay.Addrs()}
	must(client.Reserve(t.Context(), to, at))
	circuit := ma.StringCast(relay.Addrs()[0].String() + "/p2p/" + relay.ID().String() + "/p2p-circuit")
	if err := from.Connect(network.WithAllowLimitedConn(t.Context(), "test"), peer.AddrInfo{ID: to.ID(), Addrs: []ma.Multiaddr{circuit}}); err != nil {
		t.Fatal(err)
	}
}

// A small catalog comes over a relay too, with a record that fits no page there.
func TestARelayedPeerGivesWhatIsSmall(t *testing.T) {
	b, all := newBrand("tea"), shelfOf(60)
	all["post/large"] = record(1, 65_450)
	head := b.sign(all)
	shop, mirror := newNode(t), newNode(t)
	shop.Host, mirror.Host = relayable(t), relayable(t)
	mirror.client.Host = mirror.Host
	mirror.client.Limited = func(p peer.ID) bool { return p == shop.ID() }
	shop.serve(Limits{})
	shop.put(b, head, all.changes())
	overRelay(t, mirror, shop)
	if c := mirror.Network().ConnsToPeer(shop.ID()); len(c) != 1 || !c[0].Stat().Limited {
		t.Fatalf("%d connections, not over a relay", len(c))
	}
	report, err := mirror.sync(t.Context(), b, head, nil, shop)
	if err != nil {
		t.Fatal(err)
	}
	mirror.has(b, head, all)
	if len(mirror.blames()) > 0 {
		t.Errorf("an honest peer is blamed: %+v", report.Peers[shop.ID()])
	}
	if from := sourceOf(mirror.Network().ConnsToPeer(shop.ID())[0]); from != string(shop.ID()) {
		t.Errorf("is counted as %q", from)
	}
}

// changes over a relay hold links to records too large for their pages.
func TestARelayedDeltaFetchesLargeRecordsApart(t *testing.T) {
	b, was := newBrand("tea"), shelfOf(60)
	is := was.with(20)
	is["post/large"] = record(1, 65_450)
	base := b.sign(was)
	shop, mirror := newNode(t), newNode(t)
	shop.Host, mirror.Host = relayable(t), relayable(t)
	mirror.client.Host = mirror.Host
	shop.serve(Limits{})
	shop.put(b, base, was.changes())
	mirror.put(b, base, was.changes())
	head := b.sign(is)
	shop.put(b, head, is.since(was))
	overRelay(t, mirror, shop)
	report, err := mirror.sync(t.Context(), b, head, &base, shop)
	if err != nil || report.Way != WayChanges {
		t.Fatalf("%+v: %v", report, err)
	}
	mirror.has(b, head, is)
}
