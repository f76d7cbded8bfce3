package p2p

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// start makes a node on loopback and runs it until the test ends.
func start(t *testing.T, change ...func(*Options)) *P2P {
	t.Helper()
	p, stop := startable(t, change...)
	t.Cleanup(stop)
	return p
}

// startable is start with the end in the test's hands; stop may be called twice.
func startable(t *testing.T, change ...func(*Options)) (p *P2P, stop func()) {
	t.Helper()
	o := Options{
		KeyFile: filepath.Join(t.TempDir(), "peer.key"), Network: "test", Private: true, Memory: 64 << 20,
		Listen: []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"},
		Log:    slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&o)
	}
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- p.Run(ctx) }()
	stopped := false
	return p, func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ran; err != nil {
			t.Error("Run:", err)
		}
		if err := p.Close(); err != nil {
			t.Error("Close:", err)
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("not within two minutes: ", what)
}

func (p *P2P) id() peer.ID { return p.host.ID() }

func info(p *P2P) peer.AddrInfo { return peer.AddrInfo{ID: p.id(), Addrs: p.host.Addrs()} }

func connect(t *testing.T, from, to *P2P) {
	t.Helper()
	if _, err := from.Connect(t.Context(), to.Hints()...); err != nil {
		t.Fatal(err)
	}
}
