package mailbox_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/node/mailbox"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// soon is how long a test waits for what should happen at once.
const soon = 30 * time.Second

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// clock is the machine's clock, which can be moved on.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() protocol.Millis {
	return protocol.MillisOf(time.Now().Add(time.Duration(c.ahead.Load())))
}

func key(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// owner is a brand with its identity log and one online key.
type owner struct {
	id     protocol.CID
	log    [][]byte
	online ed25519.PrivateKey
}

func newOwner(name string) *owner {
	o := &owner{online: key(name + " online")}
	signers := func(n int) identity.Signers { return identity.Solo(protocol.PublicKeyOf(key(fmt.Sprint(name, n)))) }
	op := must(identity.Genesis(signers(0), must(signers(1).Commitment()), identity.Online(protocol.PublicKeyOf(o.online)), 1).Sign(key(name + "0")))
	o.id, o.log = op.ID(), [][]byte{must(op.Encode())}
	return o
}

// station is a host with a store; a relay, a collector or both live there.
type station struct {
	t      *testing.T
	owner  *owner
	host   host.Host
	kv     *memkv.Engine
	store  *store.Store
	clock  *clock
	blames sync.Map
	stop   func()

	relay     *mailbox.Relay
	collector *mailbox.Collector
	desk      *desk
	followers func() []peer.ID
	ceilings  mailbox.Ceilings
	limited   bool // connected over a relay of libp2p only
	follows   map[protocol.CID]bool
}

func newHost(t *testing.T) host.Host {
	t.Helper()
	h := must(libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.DisableRelay(), libp2p.DisableMetrics()))
	t.Cleanup(func() { h.Close() })
	return h
}

func newStation(t *testing.T, name string, c *clock) *station {
	t.Helper()
	s := &station{t: t, owner: newOwner(name), host: newHost(t), kv: memkv.New(), clock: c, follows: map[protocol.CID]bool{}, stop: func() {}}
	s.store = must(store.Open(t.Context(), s.kv))
	return s
}

func (s *station) overRelay(peer.ID) bool { return s.limited }

func (s *station) blame(id peer.ID, reason string) { s.blames.Store(id, reason) }

func (s *station) blamed(id peer.ID) string {
	reason, _ := s.blames.Load(id)
	text, _ := reason.(string)
	return text
}

// follow has the station's relay keep mail of a brand.
func (s *station) follow(o *owner) {
	s.follows[o.id] = true
	must(s.store.PutIdentity(s.t.Context(), o.id, o.log...))
}

// startRelay runs the relay until stop, or the test's end.
func (s *station) startRelay() {
	s.t.Helper()
	s.relay = must(mailbox.NewRelay(s.t.Context(), mailbox.RelayOptions{
		Host: s.host, Store: s.store, Brand: s.owner.id, Key: func() ed25519.PrivateKey { return s.owner.online },
		Follows: func(id protocol.CID) bool { return s.follows[id] },
		Followed: func() (list []protocol.CID) {
			for id := range s.follows {
				list = append(list, id)
			}
			return list
		},
		Limited: s.overRelay, Blame: s.blame, Now: s.clock.now, Ceilings: s.ceilings, Log: slog.New(slog.DiscardHandler),
	}))
	s.run(s.relay.Run)
}

func (s *station) startCollector() {
	s.t.Helper()
	s.collector = must(mailbox.NewCollector(s.t.Context(), mailbox.CollectorOptions{
		Host: s.host, Store: s.store, Brand: s.owner.id, Key: func() ed25519.PrivateKey { return s.owner.online },
		Desk: s.desk, Followers: s.followers, Limited: s.overRelay, Blame: s.blame, Now: s.clock.now, Log: slog.New(slog.DiscardHandler),
	}))
	s.desk.stir = s.collector.Stir
	s.run(s.collector.Run)
}

func (s *station) run(f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	var once sync.Once
	before := s.stop
	s.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				s.t.Error(err)
			}
			before()
		})
	}
	s.t.Cleanup(s.stop)
}

// crash stops what runs and opens the store with what a power loss leaves.
func (s *station) crash() {
	s.stop()
	s.stop = func() {}
	s.kv = s.kv.PowerLoss()
	s.store = must(store.Open(s.t.Context(), s.kv))
}

// street is a relay and a brand's node that are connected.
type street struct {
	*testing.T
	clock *clock
	relay *station
	brand *station
}

// newStreet starts the relay; the brand is started by arrive.
func newStreet(t *testing.T) *street {
	t.Helper()
	c := &clock{}
	s := &street{t, c, newStation(t, "street", c), newStation(t, "tea", c)}
	s.relay.follow(s.brand.owner)
	s.relay.startRelay()
	s.brand.desk = newDesk(s.brand.owner)
	s.brand.followers = func() []peer.ID { return []peer.ID{s.relay.host.ID()} }
	return s
}

// arrive has the brand's node come and collect.
func (s *street) arrive() {
	s.Helper()
	s.connect()
	s.brand.startCollector()
	s.connected()
}

func (s *street) connect() {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), soon)
	defer cancel()
	if err := s.brand.host.Connect(ctx, peer.AddrInfo{ID: s.relay.host.ID(), Addrs: s.relay.host.Addrs()}); err != nil {
		s.Fatal(err)
	}
}

func (s *street) connected() {
	s.Helper()
	eventually(s.T, "the brand collects", func() bool {
		if s.brand.collector != nil {
			s.brand.collector.Look()
		}
		return s.relay.relay.Connected(s.brand.owner.id)
	})
}

// depart has the brand's node stop.
func (s *street) depart() {
	s.Helper()
	s.brand.stop()
	s.brand.stop = func() {}
	for _, c := range s.brand.host.Network().Conns() {
		_ = c.Close()
	}
	eventually(s.T, "the brand is gone", func() bool {
		return !s.relay.relay.Connected(s.brand.owner.id) && s.relay.host.Network().Connectedness(s.brand.host.ID()) == network.NotConnected
	})
}

// shopper speaks to a relay.
type shopper struct {
	s        *street
	identity ed25519.PrivateKey
	device   ed25519.PrivateKey
	genesis  []byte
	thread   protocol.CID
	write    [32]byte
	address  string
	after    uint64
}

func (s *street) shopper(name string) *shopper {
	p := &shopper{s: s, identity: key(name + " identity"), device: key(name + " device"), write: sha256.Sum256([]byte(name)), address: name}
	g := thread.Genesis{
		Brand: s.brand.owner.id, Prekey: protocol.Sum(protocol.DagCBOR, []byte("prekey")), Enc: make([]byte, thread.EncSize),
		Device: protocol.PublicKeyOf(p.device), Home: s.relay.owner.id, Time: s.clock.now(),
	}
	var err error
	if p.genesis, p.thread, err = g.Sign(p.identity); err != nil {
		s.Fatal(err)
	}
	return p
}

var sealing = sha256.Sum256([]byte("the secret of all threads of these tests"))

func seal(id protocol.CID, dir thread.Direction, text string) []byte {
	e := thread.Envelope{Thread: id, Dir: dir}
	_, _ = rand.Read(e.Salt[:])
	return must(e.SealBytes(sealing, []byte(text)))
}

func open(data []byte) string {
	return string(must(must(thread.DecodeEnvelope(data)).OpenBytes(sealing)))
}

func (p *shopper) begin(texts ...string) (wire.ThreadAnswer, error) {
	b := wire.ThreadBegin{Genesis: p.genesis, After: p.after}
	for _, text := range texts {
		b.Envelopes = append(b.Envelopes, seal(p.thread, thread.Up, text))
	}
	return p.s.relay.relay.Begin(p.s.Context(), p.address, p.write, b)
}

func (p *shopper) post(wait time.Duration, envelopes ...[]byte) (wire.ThreadAnswer, error) {
	return p.s.relay.relay.Post(p.s.Context(), p.address, p.thread, p.write, wire.ThreadPost{Envelopes: envelopes, After: p.after}, wait)
}

func (p *shopper) say(text string) (wire.ThreadAnswer, error) {
	return p.post(0, seal(p.thread, thread.Up, text))
}

func (p *shopper) request() protocol.Signed { return p.requestBy(p.device) }

func (p *shopper) requestBy(device ed25519.PrivateKey) protocol.Signed {
	return must(thread.Request{Thread: p.thread, Time: p.s.clock.now()}.Sign(device))
}

// read returns what is new for the shopper.
func (p *shopper) read() (texts []string) {
	p.s.Helper()
	for {
		page, err := p.s.relay.relay.Read(p.s.Context(), p.thread, p.request(), p.after)
		if err != nil {
			p.s.Fatal(err)
		}
		texts = append(texts, opened(page.Envelopes)...)
		if p.after = page.Next; !page.More {
			return texts
		}
	}
}

func opened(list []wire.NumberedEnvelope) (texts []string) {
	for _, e := range list {
		texts = append(texts, open(e.Bytes))
	}
	return texts
}

// desk is a brand's desk that commits whatever it can open and answers it.
type desk struct {
	owner *owner
	stir  func(protocol.CID)

	mu      sync.Mutex
	order   []string // what was committed, as it came
	threads map[protocol.CID]*talk
	fail    int // deliveries that fail yet
	refuse  string
	blobs   map[protocol.CID][]byte
	slow    chan struct{} // deliveries wait until it is closed; nil: they don't
	again   *uint64       // of all outcomes
	most    int           // threads in one delivery
}

// talk is a thread at the desk.
type talk struct {
	genesis []byte
	known   map[protocol.CID]bool
	entries []mailbox.Down
	texts   []string
}

func newDesk(o *owner) *desk {
	return &desk{owner: o, threads: map[protocol.CID]*talk{}, blobs: map[protocol.CID][]byte{}}
}

var errDown = errors.New("the desk is down")

func (d *desk) Deliver(ctx context.Context, _ peer.ID, items []mailbox.Item) ([]mailbox.Outcome, error) {
	if d.slow != nil {
		select {
		case <-d.slow:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail > 0 {
		d.fail--
		return nil, errDown
	}
	var out []mailbox.Outcome
	threads := map[protocol.CID]bool{}
	for _, i := range items {
		out = append(out, d.one(i))
		threads[i.Thread] = true
	}
	d.most = max(d.most, len(threads))
	return out, nil
}

func (d *desk) one(i mailbox.Item) mailbox.Outcome {
	if d.refuse != "" {
		return mailbox.Outcome{State: wire.MailRefused, Reason: d.refuse}
	}
	t := d.threads[i.Thread]
	switch {
	case i.What == wire.MailBegin:
		if t == nil {
			d.threads[i.Thread] = &talk{genesis: i.Bytes, known: map[protocol.CID]bool{}}
		}
		return mailbox.Outcome{State: wire.MailReceived}
	case t == nil:
		return mailbox.Outcome{State: wire.MailRefused, Reason: "unknown_thread"}
	case i.What == wire.MailBlob:
		d.blobs[protocol.Sum(protocol.Raw, i.Bytes)] = i.Bytes
		return mailbox.Outcome{State: wire.MailReceived}
	case i.What == wire.MailJoin:
		return mailbox.Outcome{State: wire.MailReceived, Down: [][]byte{seal(i.Thread, thread.Down, "welcome")}, Again: new(uint64)}
	}
	return d.envelope(t, i)
}

func (d *desk) envelope(t *talk, i mailbox.Item) mailbox.Outcome {
	e, err := thread.DecodeEnvelope(i.Bytes)
	if err != nil {
		return mailbox.Outcome{State: wire.MailRefused, Reason: "form"}
	}
	text, err := e.OpenBytes(sealing)
	if err != nil {
		return mailbox.Outcome{State: wire.MailRefused, Reason: "unknown_epoch"}
	}
	id := thread.EnvelopeID(i.Bytes)
	if !t.known[id] {
		t.known[id] = true
		d.order = append(d.order, string(text))
		t.say(i.Thread, "committed: "+string(text))
	}
	return mailbox.Outcome{State: wire.MailCommitted, Again: d.again}
}

func (t *talk) say(id protocol.CID, text string, blobs ...protocol.CID) {
	t.texts = append(t.texts, text)
	t.entries = append(t.entries, mailbox.Down{Seq: uint64(len(t.entries) + 1), Blobs: blobs})
}

// say has the brand say something in a thread.
func (d *desk) say(id protocol.CID, text string, blobs ...protocol.CID) {
	d.mu.Lock()
	d.threads[id].say(id, text, blobs...)
	d.mu.Unlock()
	d.stir(id)
}

func (d *desk) Down(_ context.Context, id protocol.CID, after uint64, limit int) (out []mailbox.Down, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.threads[id]
	if t == nil {
		return nil, wire.ErrUnknownThread
	}
	for n, e := range t.entries {
		if e.Seq > after && len(out) < limit {
			e.Envelope = seal(id, thread.Down, t.texts[n])
			out = append(out, e)
		}
	}
	return out, nil
}

func (d *desk) Blob(_ context.Context, _, id protocol.CID) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if b := d.blobs[id]; b != nil {
		return b, nil
	}
	return nil, wire.ErrUnknownThread
}

func (d *desk) Find(_ context.Context, identities [][32]byte) (out []wire.MailKnown, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.threads {
		g := must(thread.OpenGenesis(t.genesis))
		for _, id := range identities {
			if id == [32]byte(g.Identity.Bytes()) {
				out = append(out, wire.MailKnown{Genesis: t.genesis, Write: sha256.Sum256([]byte("write of " + g.Thread.String()))})
			}
		}
	}
	return out, nil
}

func (d *desk) taken() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.order...)
}
