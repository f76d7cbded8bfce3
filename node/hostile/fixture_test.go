package hostile_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// clock is the machine's clock, which can be moved on.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) millis() protocol.Millis { return protocol.MillisOf(c.now()) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// scene is two honest nodes, a brand and one that follows it, and the hostile peers
// beside them.
type scene struct {
	*testing.T
	clock         *clock
	brand, mirror *member
	evil          []*hostile.Peer
	shelves       *shelves
	prices        int
	was           footprint
}

// member is an honest node that runs.
type member struct {
	*node.Node
	s     *scene
	log   *journal
	home  string
	kv    kv.Engine
	net   node.NetOptions
	words keys.Words
	stop  func()
}

// testNetwork is whose announcements are heard here.
const testNetwork = "test"

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, clock: &clock{}}
	s.brand = s.prepare("Corner Tea")
	s.brand.net.Private = false // or its own address would stand in its profile, and be asked first
	s.brand.start()
	s.brand.sell(40)
	s.shelves = &shelves{s: s.brand.Store(), brand: s.brand.Brand(), blobs: map[protocol.CID][]byte{}, known: map[protocol.CID]*hostile.Shelf{}}
	s.joined()
	return s
}

// joined has a new mirror join, which follows nobody yet.
func (s *scene) joined() {
	s.Helper()
	if s.mirror != nil {
		s.mirror.stop()
	}
	s.mirror = s.prepare("Street")
	s.mirror.net.Peers = []string{s.brand.addr()}
	s.mirror.start()
}

// followed has the mirror follow the brand, and waits for the catalog.
func (s *scene) followed() *scene {
	s.Helper()
	s.mirror.follows(s.brand.Brand().String())
	s.same()
	s.was = measure()
	return s
}

// act begins another act of the scene, which is t's until the end is called: nothing of
// the one before is left but the honest nodes. Time has passed, so that budgets are
// whole again.
func (s *scene) act(t *testing.T) (end func()) {
	t.Helper()
	before := s.T
	s.T = t
	s.clock.advance(10 * time.Minute)
	s.evil = nil
	s.mirror.log.forget()
	return func() { s.T = before }
}

// prepare founds a brand whose node doesn't run yet.
func (s *scene) prepare(name string) *member {
	s.Helper()
	m := &member{s: s, log: newJournal(), home: s.TempDir(), kv: memkv.New(), net: node.NetOptions{
		Network: testNetwork, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Private: true, AntiEntropy: 300 * time.Millisecond,
	}}
	o := m.options()
	o.Net = nil
	n, words, err := node.Create(s.Context(), o, catalog.Profile{Name: name, Language: "en", Country: "DE", Currency: "EUR"})
	if err == nil {
		err = n.Close()
	}
	s.check(err)
	m.words = words
	return m
}

func (m *member) options() node.Options {
	return node.Options{Home: m.home, Log: slog.New(m.log), Now: m.s.clock.now, Engine: m.kv, Net: &m.net}
}

// start opens the node and runs it until stop.
func (m *member) start() {
	m.s.Helper()
	n, err := node.Open(m.s.Context(), m.options())
	m.s.check(err)
	m.Node = n
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	var stopped atomic.Bool
	m.stop = func() {
		if stopped.Swap(true) {
			return
		}
		cancel()
		if err := errors.Join(<-ended, n.Close()); err != nil {
			m.s.Errorf("stop: %v", err)
		}
	}
	m.s.Cleanup(m.stop)
	listen, _, _ := strings.Cut(m.addr(), "/p2p/")
	m.net.Listen = []string{listen} // it stays there when it starts again
}

func (m *member) status() node.Status {
	m.s.Helper()
	st, err := m.Status(m.s.Context())
	m.s.check(err)
	return st
}

// addr is a multiaddr of the node with /p2p/ID.
func (m *member) addr() string {
	m.s.Helper()
	return m.status().Listen[0]
}

// sell publishes products named tea-00, tea-01, …, with a variant each of that name.
func (m *member) sell(count int) {
	m.s.Helper()
	var csv strings.Builder
	csv.WriteString("Handle,Title,Body (HTML),Variant SKU,Variant Price\n")
	for i := range count {
		fmt.Fprintf(&csv, "tea-%02d,Tea %d,%s,tea-%02d,9.00\n", i, i, strings.Repeat("fine leaves ", 20), i)
	}
	m.take(csv.String(), "")
}

func (m *member) take(csv, images string) {
	m.s.Helper()
	report, err := m.Import(m.s.Context(), strings.NewReader(csv), node.ImportOptions{Images: images})
	m.s.check(err)
	if len(report.Warnings) > 0 {
		m.s.Fatalf("%+v", report.Warnings)
	}
}

func (m *member) follows(target string) node.BrandStatus {
	m.s.Helper()
	st, err := m.Follow(m.s.Context(), target, "")
	m.s.check(err)
	return st
}

func (s *scene) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// patience is how long a test waits for what must come; none waits so long when it
// passes.
const patience = 60 * time.Second

// eventually waits until a thing is true.
func (s *scene) eventually(what string, is func() bool) {
	s.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if is() {
			return
		}
	}
	st, _ := s.mirror.Mirror(context.Background(), s.brand.Brand())
	s.Fatalf("never: %s\n%+v\n%s", what, st, s.mirror.log)
}

// logs waits until a node's log says something of a peer.
func (m *member) logs(want said) {
	m.s.Helper()
	m.s.eventually(fmt.Sprintf("the log says %+v", want), func() bool { return m.log.count(want) > 0 })
}

// all returns every record that a node has of a brand, with the head.
func (m *member) all(brand protocol.CID) (head catalog.SignedHead, shelf *hostile.Shelf, err error) {
	err = m.Store().View(context.Background(), brand, func(v *store.View) (err error) {
		head = v.Head()
		shelf, err = hostile.CopyShelf(v)
		return err
	})
	return head, shelf, err
}

// same waits until the mirror has exactly the brand's catalog.
func (s *scene) same() {
	s.Helper()
	want, records, err := s.brand.all(s.brand.Brand())
	s.check(err)
	s.eventually("the mirror is at the brand's head", func() bool {
		st, err := s.mirror.Mirror(s.Context(), s.brand.Brand())
		return err == nil && st.Head == want.CID
	})
	head, got, err := s.mirror.all(s.brand.Brand())
	s.check(err)
	if head.CID != want.CID || got.Root != want.Root || len(got.Records) != len(records.Records) {
		s.Fatalf("the mirror has %d records under %s, the brand %d under %s", len(got.Records), got.Root, len(records.Records), want.Root)
	}
	for path, data := range records.Records {
		if string(got.Records[path]) != string(data) {
			s.Fatalf("%s differs", path)
		}
	}
}

// price returns the price of tea-00 as a node shows it.
func (m *member) price(brand protocol.CID) (minor int64) {
	_ = m.Store().View(context.Background(), brand, func(v *store.View) error {
		_, offers, err := v.Product("tea-00")
		for _, o := range offers {
			minor = o.Price.Minor
		}
		return err
	})
	return minor
}

// edits has the brand change a price, and waits until the mirror shows it.
func (s *scene) edits() catalog.SignedHead {
	s.Helper()
	s.prices++
	head, err := s.brand.SetPrice(s.Context(), "tea-00", strconv.Itoa(s.prices))
	s.check(err)
	s.eventually("the mirror shows the new price", func() bool {
		return s.mirror.price(s.brand.Brand()) == int64(100*s.prices)
	})
	return head
}

// stands waits until the brand stands so at the mirror.
func (s *scene) stands(want node.State) {
	s.Helper()
	s.eventually("the brand is "+string(want), func() bool {
		st, err := s.mirror.Mirror(s.Context(), s.brand.Brand())
		return err == nil && st.State == want
	})
}

// hostile lets a hostile peer in, which serves what the brand has.
func (s *scene) hostile() *hostile.Peer {
	s.Helper()
	p, err := hostile.NewPeer(testNetwork)
	s.check(err)
	s.evil = append(s.evil, p)
	s.Cleanup(func() { _ = p.Close() })
	return p
}

// copycat is a hostile peer that serves what the brand has, as its own.
func (s *scene) copycat() *hostile.Peer {
	s.Helper()
	p := s.hostile()
	p.Serve([]protocol.CID{s.brand.Brand()}, s.shelves.offer)
	return p
}

// gossips is a hostile peer that has the mirror's ear.
func (s *scene) gossips() (*hostile.Peer, *hostile.Gossip) {
	s.Helper()
	p := s.hostile()
	g, err := p.Gossip(s.Context(), s.mirror.addr())
	s.check(err)
	return p, g
}

// thief has stolen the brand's online key.
func (s *scene) thief() *hostile.Brand {
	s.Helper()
	key, err := keys.LoadOnline(s.brand.home)
	s.check(err)
	head, _, err := s.brand.all(s.brand.Brand())
	s.check(err)
	return hostile.Steal(s.identity(), key, head)
}

// impostor has no key of the brand.
func (s *scene) impostor() *hostile.Brand {
	s.Helper()
	head, _, err := s.brand.all(s.brand.Brand())
	s.check(err)
	return hostile.Impostor(s.identity(), head)
}

func (s *scene) identity() *identity.Log {
	s.Helper()
	log, err := s.brand.Store().Identity(s.Context(), s.brand.Brand())
	s.check(err)
	return log
}

// footprint is what the process takes.
type footprint struct {
	heap       uint64
	goroutines int
}

func measure() footprint {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{m.HeapAlloc, runtime.NumGoroutine()}
}

// What may be left of an attack: bytes in use, and goroutines once it is over.
const (
	heapLeft       = 64 << 20
	goroutinesLeft = 40
)

// bounded fails when the attack costs too much while it lasts or leaves something
// behind.
func (s *scene) bounded() {
	s.Helper()
	if now := measure(); int64(now.heap)-int64(s.was.heap) > heapLeft {
		s.Errorf("%d MiB more in use than before", (now.heap-s.was.heap)>>20)
	}
	for _, p := range s.evil {
		s.check(p.Close())
	}
	s.eventually("the goroutines have ended", func() bool { return runtime.NumGoroutine() < s.was.goroutines+goroutinesLeft })
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// long multiplies the length of what takes long.
func long() int {
	n, err := strconv.Atoi(os.Getenv("STOA_LONG"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}
