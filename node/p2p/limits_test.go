package p2p

import (
	"strconv"
	"testing"
	"time"

	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

const mib = 1 << 20

func TestMarksAndLimitsFollowFromMemoryAndAgree(t *testing.T) {
	cases := []struct {
		name               string
		memory             uint64 // given to libp2p
		files              int
		conns, inbound     int
		low, high          int
		memoryOfMachine    uint64 // memory is what it comes to, if set
		peerMayUse, system int64
	}{
		{"a machine of 512 MiB", 64 * mib, 0, 112, 98, 56, 84, 512 * mib, 16 * mib, 64 * mib},
		{"a machine of 1 GiB", 128 * mib, 0, 128, 112, 64, 96, 1024 * mib, 32 * mib, 128 * mib},
		{"a machine of 4 GiB", 512 * mib, 0, 224, 196, 112, 168, 4096 * mib, 128 * mib, 512 * mib},
		{"a machine of 64 GiB", 1024 * mib, 1 << 20, 352, 308, 176, 264, 65536 * mib, 256 * mib, 1024 * mib},
		{"4 GiB given", 4096 * mib, 1 << 20, 1120, 980, 560, 840, 0, 1024 * mib, 4096 * mib},
		{"few files", 1024 * mib, 256, 64, 56, 32, 48, 0, 256 * mib, 1024 * mib},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.memoryOfMachine > 0 && memoryFor(0, c.memoryOfMachine) != c.memory {
				t.Errorf("%d of %d", memoryFor(0, c.memoryOfMachine), c.memoryOfMachine)
			}
			b := budgetFor(c.memory, c.files)
			if b.conns != c.conns || b.inbound != c.inbound || b.low != c.low || b.high != c.high {
				t.Errorf("%+v", b)
			}
			l := b.limits().ToPartialLimitConfig()
			consistent(t, b, l)
			if int64(l.System.Memory) != c.system || int64(l.PeerDefault.Memory) != c.peerMayUse {
				t.Errorf("memory: %+v, for one peer %+v", l.System.Memory, l.PeerDefault.Memory)
			}
		})
	}
}

// consistent shows that a node trims before it refuses, even if all connections are
// inbound ones over TCP, and can always dial.
func consistent(t *testing.T, b budget, l rcmgr.PartialLimitConfig) {
	t.Helper()
	high := rcmgr.LimitVal(b.high)
	for what, limit := range map[string]rcmgr.LimitVal{
		"connections": l.System.Conns, "inbound": l.System.ConnsInbound, "outbound": l.System.ConnsOutbound, "files": l.System.FD,
	} {
		if limit <= high {
			t.Errorf("%s: %d are refused before %d are trimmed", what, limit, high)
		}
	}
	if l.System.ConnsInbound >= l.System.Conns {
		t.Error("inbound connections leave no room to dial")
	}
	if l.Transient.Conns >= l.System.Conns || l.Transient.Memory >= l.System.Memory {
		t.Errorf("handshakes may take everything: %+v", l.Transient)
	}
	m, err := b.trimmer(graceOfConnection)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	resources, err := b.resources(false)
	if err != nil {
		t.Fatal(err)
	}
	defer resources.Close()
	if err := m.CheckLimit(resources.(interface{ GetConnLimit() int })); err != nil {
		t.Error("libp2p's own check:", err)
	}
}

func TestLimitsOfServicesAreAddedAndComplete(t *testing.T) {
	l := budgetFor(512*mib, 0).limits(exchangeLimits("test")).ToPartialLimitConfig()
	for what, limits := range map[string]rcmgr.ResourceLimits{
		"service": l.Service[exchangeService], "for a peer": l.ServicePeer[exchangeService],
		"protocol": l.Protocol[exchangeProtocol("test")], "protocol for a peer": l.ProtocolPeer[exchangeProtocol("test")],
	} {
		if limits.StreamsInbound < 1 || limits.StreamsOutbound < 1 || limits.Streams < 1 || limits.Memory < maxTold {
			t.Errorf("%s is blocked: %+v", what, limits)
		}
		if limits.StreamsInbound > 16 || limits.Memory > mib*2 {
			t.Errorf("%s is not bounded: %+v", what, limits)
		}
	}
}

func TestTheHostRunsUnderTheLimits(t *testing.T) {
	p := start(t, func(o *Options) { o.Memory = 512 * mib })
	want := budgetFor(512*mib, openFiles())
	got := p.host.Network().ResourceManager().(interface{ GetConnLimit() int }).GetConnLimit()
	if got != want.conns || p.budget != want {
		t.Errorf("%d, %+v", got, p.budget)
	}
}

func TestAFullNodeLetsGoOfStrangersAndKeepsItsOwn(t *testing.T) {
	hub := start(t, func(o *Options) { o.tests = tuning{files: 64, grace: time.Millisecond} })
	if hub.budget.conns != 16 || hub.budget.high != 12 || hub.keeper.limit != 8 {
		t.Fatalf("%+v", hub.budget)
	}
	own := start(t)
	hub.Keep(info(own))
	eventually(t, "own peer connected", func() bool { return hub.direct(own.id()) })
	since := hub.Peers()[0].Since
	for i := range 24 { // more than the limit
		leaf := start(t, func(o *Options) { o.Listen, o.Network = nil, wire.Network("leaf-"+strconv.Itoa(i)) })
		if _, err := leaf.Connect(t.Context(), hub.Hints()...); err != nil {
			hub.host.ConnManager().TrimOpenConns(t.Context()) // as every 10 s
			connect(t, leaf, hub)
		}
		if n := len(hub.host.Network().Conns()); n > hub.budget.conns {
			t.Fatalf("%d connections of %d", n, hub.budget.conns)
		}
	}
	for _, p := range hub.Peers() {
		if p.ID == own.id() && p.Since.Equal(since) {
			return
		}
	}
	t.Error("a kept peer was let go")
}
