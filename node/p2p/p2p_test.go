package p2p

import (
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

func TestNodesConnectByHintsOverTCPAndQUIC(t *testing.T) {
	hub := start(t)
	for _, transport := range []string{"tcp", "quic"} {
		leaf := start(t, func(o *Options) { o.Listen = nil })
		hints := slices.DeleteFunc(hub.Hints(), func(h string) bool { return (transport == "tcp") != strings.Contains(h, "/tcp/") })
		id, err := leaf.Connect(t.Context(), hints...)
		if err != nil || id != hub.id() {
			t.Fatal(transport, hints, err)
		}
		peers := leaf.Peers()
		if len(peers) != 1 || peers[0].ID != hub.id() || peers[0].Transport != transport || peers[0].Relayed || peers[0].Since.IsZero() {
			t.Errorf("%+v", peers)
		}
		if leaf.Limited(hub.id()) {
			t.Error("a direct connection is not limited")
		}
	}
	eventually(t, "both leaves are peers of the hub", func() bool { return len(hub.Peers()) == 2 })
}

func TestListeningAndHintsNameThePeer(t *testing.T) {
	p := start(t)
	for _, list := range [][]string{p.Listening(), p.Hints()} {
		if len(list) != 2 {
			t.Errorf("%q", list)
		}
		for _, s := range list {
			if !strings.HasSuffix(s, "/p2p/"+p.id().String()) || strings.Contains(s, "/0/") {
				t.Error(s)
			}
		}
	}
}

func TestAnAddressThatIsTakenIsSaid(t *testing.T) {
	p := start(t)
	taken := strings.Split(p.Listening()[0], "/p2p/")[0]
	q, err := New(t.Context(), Options{KeyFile: t.TempDir() + "/k", Network: "test", Listen: []string{"/ip4/127.0.0.1/tcp/0", taken}})
	if err == nil || !strings.Contains(err.Error(), taken) {
		t.Error(q, err)
	}
}

func TestAKeptPeerIsConnectedAgainAfterItsRestart(t *testing.T) {
	key := t.TempDir() + "/key"
	hub, stop := startable(t, func(o *Options) { o.KeyFile = key })
	listen := hub.Listening()
	leaf := start(t, func(o *Options) { o.Listen, o.Peers, o.Private = nil, listen, false })
	eventually(t, "connected", func() bool { return leaf.direct(hub.id()) })
	stop()
	eventually(t, "disconnected", func() bool { return !leaf.direct(hub.id()) })
	again := start(t, func(o *Options) {
		o.KeyFile, o.Listen = key, nil
		for _, l := range listen {
			o.Listen = append(o.Listen, strings.Split(l, "/p2p/")[0])
		}
	})
	if again.id() != hub.id() {
		t.Fatal("the key didn't stay")
	}
	eventually(t, "connected again", func() bool { return leaf.direct(hub.id()) })
	if !leaf.host.ConnManager().IsProtected(hub.id(), keepTag) {
		t.Error("a kept peer is not protected")
	}
	leaf.Drop(hub.id())
	if leaf.host.ConnManager().IsProtected(hub.id(), keepTag) || leaf.Peers()[0].Kept {
		t.Error("a dropped peer is still kept")
	}
}

func TestABlamedPeerIsDisconnectedAndKeptOut(t *testing.T) {
	for _, c := range []struct {
		name    string
		reasons []string
		gated   bool
	}{
		{"one lie", []string{"lie: segment does not match"}, true},
		{"three strikes", []string{"head-form", "head-form", "identity-form"}, true},
		{"two strikes", []string{"head-form", "head-form"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			honest, liar := start(t), start(t)
			connect(t, liar, honest)
			eventually(t, "connected", func() bool { return honest.direct(liar.id()) })
			for _, r := range c.reasons {
				honest.Blame(liar.id(), r)
			}
			if !c.gated {
				if !honest.direct(liar.id()) {
					t.Error("gone too early")
				}
				return
			}
			eventually(t, "disconnected", func() bool { return !honest.direct(liar.id()) })
			if _, err := honest.Connect(t.Context(), liar.Hints()...); !errors.Is(err, ErrRefused) {
				t.Error(err)
			}
			liar.Connect(t.Context(), honest.Hints()...)
			eventually(t, "turned away", func() bool { return len(honest.Peers()) == 0 && len(liar.Peers()) == 0 })
		})
	}
}

func TestOthersHearOfConnectionsOutsideOfLocks(t *testing.T) {
	a, b := start(t), start(t)
	var mu sync.Mutex
	var met []peer.ID
	a.OnConnected(func(id peer.ID) {
		a.Peers() // would hang under a lock
		a.OnConnected(func(peer.ID) {})
		mu.Lock()
		defer mu.Unlock()
		met = append(met, id)
	})
	connect(t, b, a)
	eventually(t, "told", func() bool { mu.Lock(); defer mu.Unlock(); return len(met) == 1 && met[0] == b.id() })
}

func TestRunEndsWithItsContextAndWithClose(t *testing.T) {
	p, err := New(t.Context(), Options{KeyFile: t.TempDir() + "/k", Network: "test", Private: true})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error)
	go func() { ran <- p.Run(context.Background()) }()
	eventually(t, "running", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.running != nil })
	if err := p.Run(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error("a second Run:", err)
	}
	done := make(chan error)
	go func() { done <- p.Close() }()
	if err := errors.Join(<-ran, <-done, p.Close()); err != nil {
		t.Error(err)
	}
	if err := p.Run(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error("Run after Close:", err)
	}
}

func TestAKeyFileIsMadeOnceAndMustBePrivate(t *testing.T) {
	path := t.TempDir() + "/peer.key"
	first, stop := startable(t, func(o *Options) { o.KeyFile = path })
	stop()
	second, stop := startable(t, func(o *Options) { o.KeyFile = path })
	stop()
	if first.id() != second.id() {
		t.Error("the key changed")
	}
	if s, err := os.Stat(path); err != nil || s.Mode().Perm() != 0o600 {
		t.Error(s, err)
	}
	for name, spoil := range map[string]func() error{
		"chmod":   func() error { return os.Chmod(path, 0o644) },
		"damaged": func() error { return errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("x"), 0o600)) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := New(t.Context(), Options{KeyFile: path, Network: "test"}); err == nil || !strings.Contains(err.Error(), name) {
			t.Error(name, err)
		}
	}
}

func TestAHostThatIsGivenStaysItsMakers(t *testing.T) {
	maker, other := start(t), start(t)
	p, err := New(t.Context(), Options{Network: "test", Host: maker.host, Private: true})
	if err != nil {
		t.Fatal(err)
	}
	connect(t, p, other)
	p.Blame(other.id(), "lie")
	eventually(t, "disconnected", func() bool { return !p.direct(other.id()) })
	other.Connect(t.Context(), p.Hints()...) // no gate of p's in this host
	eventually(t, "turned away", func() bool { return p.host.Network().Connectedness(other.id()) == network.NotConnected })
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	connect(t, maker, other)
}

func TestNothingRunsOnAfterClose(t *testing.T) {
	before := runtime.NumGoroutine()
	var stops []func()
	hub, stop := startable(t, func(o *Options) { o.RelayService, o.MDNS = true, true })
	stops = append(stops, stop)
	for range 2 {
		leaf, stop := startable(t, func(o *Options) { o.Peers = append(hub.Listening(), "/ip4/127.0.0.1/tcp/1/p2p/"+missing) })
		stops = append(stops, stop)
		eventually(t, "connected", func() bool { return leaf.direct(hub.id()) })
	}
	for _, stop := range stops {
		stop()
	}
	defer func() {
		if t.Failed() {
			_ = pprof.Lookup("goroutine").WriteTo(os.Stdout, 1)
		}
	}()
	eventually(t, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}

// missing is a peer that isn't there.
const missing = "12D3KooWKKVDXyJGPEG1AwB7pJk1TvnETQAvy9N6ZhXUEN4vJBpq"
