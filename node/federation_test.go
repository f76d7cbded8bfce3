package node

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// federation is a handful of nodes with real hosts on loopback and one clock.
type federation struct {
	*testing.T
	clock *clock
	count int
}

func newFederation(t *testing.T) *federation { return &federation{T: t, clock: newClock()} }

// member is a running node of a federation.
type member struct {
	*stand
	f      *federation
	home   string
	engine kv.Engine
	net    NetOptions
	id     peerID
	stop   func()
}

// quick is how often the nodes of a test ask each other for heads.
const quick = 300 * time.Millisecond

// found founds a brand and runs its node, connected to others.
func (f *federation) found(peers ...*member) *member {
	f.Helper()
	return f.foundOn(memkv.New(), peers...)
}

// foundOn does it over an engine; nil is the usual one on disk.
func (f *federation) foundOn(engine kv.Engine, peers ...*member) *member {
	f.Helper()
	m := f.prepared(engine, peers...)
	m.create()
	m.start()
	return m
}

// prepared returns a member that has no brand yet.
func (f *federation) prepared(engine kv.Engine, peers ...*member) *member {
	m := &member{f: f, home: f.TempDir(), engine: engine, net: NetOptions{
		Network: "test", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Private: true, AntiEntropy: quick,
	}}
	for _, p := range peers {
		m.net.Peers = append(m.net.Peers, p.addr())
	}
	return m
}

// create founds the member's brand.
func (m *member) create() keys.Words {
	m.f.Helper()
	m.f.count++
	profile := testProfile()
	profile.Name = fmt.Sprintf("Shop %d", m.f.count)
	o := m.options()
	o.Net = nil
	n, words, err := Create(m.f.Context(), o, profile)
	if err == nil {
		err = n.Close()
	}
	if err != nil {
		m.f.Fatal(err)
	}
	return words
}

func (m *member) options() Options {
	o := m.f.clock.options(m.home, nil)
	if os.Getenv("STOA_TEST_LOG") != "" {
		o.Log = testLog(m.f.T)
	}
	o.Engine, o.Net = m.engine, &m.net
	return o
}

// start opens the node and runs it until stop.
func (m *member) start() {
	m.f.Helper()
	n, err := Open(m.f.Context(), m.options())
	if err != nil {
		m.f.Fatal(err)
	}
	m.stand = &stand{m.f.T, n, m.f.clock}
	m.id = n.net.host().ID()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	stopped := false
	m.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			m.f.Errorf("run: %v", err)
		}
		if err := n.Close(); err != nil {
			m.f.Errorf("close: %v", err)
		}
	}
	m.f.Cleanup(m.stop)
	m.f.eventually("the node runs", n.running.Load)
}

// addr is a multiaddr of the node with /p2p/ID.
func (m *member) addr() string {
	m.f.Helper()
	list := m.Node.net.p2p.Listening()
	if len(list) == 0 {
		m.f.Fatal("the node listens nowhere")
	}
	return list[0]
}

// follows follows a target and fails the test when that fails.
func (m *member) follows(target string) BrandStatus {
	m.f.Helper()
	st, err := m.Follow(m.f.Context(), target, "")
	m.check(err)
	return st
}

// patience is how long a test waits for what must come; none waits so long when it
// passes.
const patience = 30 * time.Second

// eventually waits until a thing is true.
func (f *federation) eventually(what string, is func() bool) {
	f.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if is() {
			return
		}
	}
	f.Fatalf("never: %s", what)
}

// state returns how a brand stands at the member.
func (m *member) state(of *member) BrandStatus {
	st, err := m.Mirror(context.Background(), of.brand)
	if err != nil {
		return BrandStatus{Reason: err.Error()}
	}
	return st
}

// becomes waits until a brand stands so at the member.
func (m *member) becomes(of *member, want State) {
	m.f.Helper()
	var last BrandStatus
	defer func() {
		if m.f.Failed() {
			m.f.Logf("last: %+v", last)
		}
	}()
	m.f.eventually(fmt.Sprintf("brand is %s", want), func() bool {
		last = m.state(of)
		return last.State == want
	})
}

// price returns the price of a variant as the member shows it, 0 if it shows none.
func (m *member) price(of *member, h protocol.Handle) (minor int64) {
	_ = m.Store().View(context.Background(), of.brand, func(v *store.View) error {
		_, offers, err := v.Product(h)
		for _, o := range offers {
			minor = o.Price.Minor
		}
		return err
	})
	return minor
}

// shows waits until the member shows a price.
func (m *member) shows(of *member, h protocol.Handle, minor int64) {
	m.f.Helper()
	m.f.eventually(fmt.Sprintf("price %d of %s is shown", minor, h), func() bool { return m.price(of, h) == minor })
}

// at waits until the member has the catalog of a head.
func (m *member) at(of *member, head catalog.SignedHead) {
	m.f.Helper()
	m.f.eventually("head is there", func() bool { return m.state(of).Head == head.CID })
}

func targets(of *member) map[string]string {
	return map[string]string{"brand": of.brand.String(), "peer": of.addr()}
}

func short(s string) string { return strings.TrimSpace(s)[:min(len(s), 40)] }

// sellWithPicture publishes a product with one picture and returns the picture.
func (m *member) sellWithPicture(handle string, picture []byte) protocol.CID {
	m.f.Helper()
	media, err := m.blobs.Put(m.f.Context(), bytes.NewReader(picture))
	m.check(err)
	p := tea(handle, 900)
	p.Product.Media = []catalog.MediaRef{{Blob: media.Blob}}
	manifest, err := set(&media)
	m.check(err)
	m.mu.Lock()
	list, err := m.productChanges(m.f.Context(), p)
	if err == nil {
		_, err = m.publish(m.f.Context(), all(append(list, manifest)), func(o *store.OwnTxn) error { return o.PutProduct(p) })
	}
	m.mu.Unlock()
	m.check(err)
	return media.Blob
}

// archive takes a product out of the shop.
func (m *member) archive(handle protocol.Handle) {
	m.f.Helper()
	p, err := m.Store().OwnProduct(m.f.Context(), handle)
	m.check(err)
	p.Status = store.Archived
	p.Product.Media = nil
	m.put(p)
}

// eventuallyHas waits until the file of a picture is there, or isn't.
func (m *member) eventuallyHas(blob protocol.CID, want bool) {
	m.f.Helper()
	m.f.eventually(fmt.Sprintf("file of picture there: %t", want), func() bool {
		has, err := m.blobs.Has(blob)
		return err == nil && has == want
	})
}

func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// peerID names the node in the network, also while it is stopped.
func (m *member) peerID() peerID { return m.id }

func (m *member) logOf(of *member) *identity.Log {
	m.f.Helper()
	log, err := m.Store().Identity(m.f.Context(), of.brand)
	m.check(err)
	return log
}

// foundWithWords founds a brand whose recovery words the test knows.
func (f *federation) foundWithWords() (*member, keys.Words) {
	f.Helper()
	m := f.prepared(memkv.New())
	words := m.create()
	m.start()
	return m, words
}
