package threads

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// counter sells pieces of one thing: a Decider that keeps its stock in a setting and a
// row for each order, as simple as trading can be.
type counter struct{ fails func(e thread.Opened) error }

const settingLeft = "test.left"

func (c *counter) Decide(_ context.Context, tx *store.TradeTxn, t *store.Thread, e thread.Opened) (v thread.Verdict, err error) {
	if c.fails != nil {
		if err := c.fails(e); err != nil {
			return v, err
		}
	}
	switch e.Body.(type) {
	case *thread.Ask:
		v.Replies = []thread.Draft{{Kind: thread.KindQuote, Body: &thread.Quote{Ask: e.ID, Refused: "unknown_variant"}}}
	case *trade.Placement:
		left, err := number(tx.DeskView, settingLeft)
		if err != nil || left == 0 {
			v.Refused = string(trade.OutOfStock)
			return v, err
		}
		n, err := tx.NextNumber()
		if err != nil {
			return v, err
		}
		v.Replies = []thread.Draft{{Kind: thread.KindOrderNumber, Body: &thread.OrderNumber{Order: e.ID, Number: n}}}
		return v, c.sell(tx, t, e, n, left-1)
	case *thread.Payment:
		if !e.Brand {
			v.Refused = "bad_body"
		}
	default:
		v.Refused = string(trade.NotNow)
	}
	return v, nil
}

func (c *counter) sell(tx *store.TradeTxn, t *store.Thread, e thread.Opened, n, left uint64) error {
	return errors.Join(tx.PutSetting(settingLeft, binary.BigEndian.AppendUint64(nil, left)),
		tx.PutOrder(&store.Order{ID: e.ID, Thread: t.ID, Number: n, Total: protocol.Money{Minor: 1, Currency: "EUR"}}))
}

func (c *counter) Adopt(_ context.Context, tx *store.TradeTxn, t *store.Thread, e thread.Opened, _ protocol.Millis) error {
	body, ok := e.Body.(*thread.OrderNumber)
	if !ok {
		return nil
	}
	left, err := number(tx.DeskView, settingLeft)
	if err != nil {
		return err
	}
	return c.sell(tx, t, thread.Opened{ID: body.Order}, body.Number, left-1)
}

func (c *counter) Resynced(context.Context, *store.TradeTxn, *store.Thread) ([]thread.Draft, error) {
	return nil, nil
}

func number(v *store.DeskView, name string) (uint64, error) {
	b, err := v.Setting(name)
	if err != nil || b == nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

// stand is a brand's desk under test.
type stand struct {
	testing.TB
	*Desk
	engine  *memkv.Engine
	key     ed25519.PrivateKey
	brand   protocol.CID
	keys    thread.BrandKeys
	prekey  protocol.CID
	public  []byte
	counter *counter
	files   string
	mu      sync.Mutex
	at      time.Time
	stop    func()
	forgot  bool // the node was told that it came from a backup
}

// testHome is where shoppers' mail waits: any other brand's gateway.
var testHome = protocol.Sum(protocol.DagCBOR, []byte("home"))

func newStand(t testing.TB, left uint64) *stand {
	t.Helper()
	s := &stand{TB: t, engine: memkv.New(), counter: &counter{}, files: t.TempDir(), at: time.Date(2026, 3, 4, 17, 5, 0, 0, time.UTC)}
	_, s.key, _ = ed25519.GenerateKey(rand.Reader)
	db := s.db()
	s.found(db)
	s.check(db.UpdateOwn(t.Context(), func(o *store.OwnTxn) error {
		return o.PutSetting(settingLeft, binary.BigEndian.AppendUint64(nil, left))
	}))
	s.start(db, 0)
	return s
}

func (s *stand) db() *store.Store {
	db, err := store.Open(s.Context(), s.engine)
	s.check(err)
	return db
}

// found makes the brand and its prekey.
func (s *stand) found(db *store.Store) {
	_, root, _ := ed25519.GenerateKey(rand.Reader)
	signers := identity.Solo(protocol.PublicKeyOf(root))
	next, err := signers.Commitment()
	s.check(err)
	signed, err := identity.Genesis(signers, next, identity.Online(protocol.PublicKeyOf(s.key)), s.millis()).Sign(root)
	s.check(err)
	raw, err := signed.Encode()
	s.check(err)
	s.brand = signed.ID()
	_, err = db.PutIdentity(s.Context(), s.brand, raw)
	s.check(err)
	log, err := db.Identity(s.Context(), s.brand)
	s.check(err)
	s.keys = thread.KeysOf(log)
	p := store.Prekey{ID: protocol.Sum(protocol.DagCBOR, []byte("prekey")), Record: []byte("prekey"), Seed: fresh()}
	secret, err := thread.PrekeyOf(p.Seed)
	s.check(err)
	s.prekey, s.public = p.ID, secret.Public()
	s.check(db.Trade(s.Context(), func(tx *store.TradeTxn) error { return tx.PutPrekey(p) }))
}

// start opens the desk over a store and runs it.
func (s *stand) start(db *store.Store, restored protocol.Millis) {
	s.Helper()
	s.Desk = New(Options{
		Brand: s.brand, Store: db, Key: func() ed25519.PrivateKey { return s.key }, Restored: restored, Decider: s.counter,
		Keys: func(context.Context) (thread.BrandKeys, error) { return s.keys, nil }, Files: s.files, Now: s.now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Forgot: func(context.Context) error {
			s.forgot = true
			return nil
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Desk.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.Errorf("run: %v", err)
		}
	})
	s.Cleanup(s.stop)
}

// lose has the power go away and come back; without a restart the desk is gone.
func (s *stand) lose() {
	s.Helper()
	s.engine = s.engine.PowerLoss()
	s.stop()
	s.start(s.db(), 0)
}

// backup returns the present state of everything, to go back to.
func (s *stand) backup() *memkv.Engine {
	s.Helper()
	to := memkv.New()
	s.check(s.engine.View(s.Context(), func(r kv.Reader) error {
		return to.Update(s.Context(), kv.Durable, func(tx kv.Txn) error {
			for item, err := range r.Scan(kv.Range{}, kv.ScanOptions{}) {
				if err := errors.Join(err, tx.Set(item.Key, item.Value)); err != nil {
					return err
				}
			}
			return nil
		})
	}))
	return to
}

// restore goes back to a backup.
func (s *stand) restore(to *memkv.Engine) {
	s.Helper()
	s.stop()
	s.engine = to
	s.start(s.db(), s.millis())
}

// slip goes back to a backup without anybody's noticing.
func (s *stand) slip(to *memkv.Engine) {
	s.Helper()
	s.stop()
	s.engine = to
	s.start(s.db(), 0)
}

func (s *stand) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *stand) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func (s *stand) millis() protocol.Millis { return protocol.MillisOf(s.now()) }

func (s *stand) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stand) wants(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("%v, want %v", err, want)
	}
}

func fresh() (b [32]byte) {
	_, _ = rand.Read(b[:])
	return b
}

// shopper is one browser with a thread.
type shopper struct {
	s        *stand
	identity ed25519.PrivateKey
	pen      thread.Pen
	genesis  []byte
	write    [32]byte
	epoch    uint64
	secret   [32]byte
	chain    *thread.Chain
	log      []thread.Committed
	held     []thread.HandbackItem
	resync   *thread.ResyncParcel
	who      string
}

// visit makes a shopper who has begun nothing yet.
func (s *stand) visit() *shopper {
	s.Helper()
	x := &shopper{s: s, who: "192.0.2.1"}
	_, x.identity, _ = ed25519.GenerateKey(rand.Reader)
	x.begin()
	return x
}

// begin draws a genesis.
func (x *shopper) begin() {
	_, device, _ := ed25519.GenerateKey(rand.Reader)
	enc, roots, err := thread.Encapsulate(x.s.brand, x.s.prekey, x.s.public)
	x.s.check(err)
	g := thread.Genesis{
		Brand: x.s.brand, Prekey: x.s.prekey, Enc: enc, Device: protocol.PublicKeyOf(device), Home: testHome, Time: x.s.millis(),
	}
	raw, id, err := g.Sign(x.identity)
	x.s.check(err)
	opened, err := thread.OpenGenesis(raw)
	x.s.check(err)
	x.genesis, x.write, x.secret, x.chain = raw, roots.Write, thread.FirstEpoch(roots.Root, id), thread.NewChain(opened)
	x.pen = thread.Pen{Key: device, Thread: id}
}

func (x *shopper) id() protocol.CID { return x.pen.Thread }

func (x *shopper) seq() uint64 { return uint64(len(x.log)) }

// draft writes the next entry and seals it.
func (x *shopper) draft(kind string, body any) []byte {
	x.s.Helper()
	w, err := x.pen.Write(thread.Draft{Kind: kind, Body: body}, x.chain.LastSeen(), fresh(), x.s.millis())
	x.s.check(err)
	p, err := w.Parcel(nil)
	x.s.check(err)
	return x.seal(p)
}

func (x *shopper) seal(p thread.Parcel) []byte {
	x.s.Helper()
	e, err := thread.Envelope{Thread: x.id(), Dir: thread.Up, Epoch: x.epoch, Salt: fresh()}.Seal(x.secret, p)
	x.s.check(err)
	return e
}

func (x *shopper) text(words string) []byte {
	return x.draft(thread.KindText, &thread.Text{Text: words})
}

func (x *shopper) order() []byte {
	return x.draft(thread.KindOrder, &trade.Placement{
		Quote: testHome, Records: []protocol.CID{testHome}, Contact: trade.Contact{Name: "Ann Example"}, Method: "bank",
		MaxTotal: protocol.Money{Minor: 100, Currency: "EUR"}, Until: x.s.millis() + 1_000_000,
	})
}

const patience = time.Minute

// first begins the thread with envelopes, post goes on; both take in what comes back.
func (x *shopper) first(envelopes ...[]byte) []wire.EnvelopeResult {
	x.s.Helper()
	a, err := x.s.Begin(x.s.Context(), x.who, x.write, wire.ThreadBegin{Genesis: x.genesis, Envelopes: envelopes, After: x.seq()})
	x.s.check(err)
	x.take(a.ThreadPage)
	return a.Results
}

func (x *shopper) post(envelopes ...[]byte) []wire.EnvelopeResult {
	x.s.Helper()
	a, err := x.try(patience, envelopes...)
	x.s.check(err)
	x.take(a.ThreadPage)
	return a.Results
}

func (x *shopper) try(wait time.Duration, envelopes ...[]byte) (wire.ThreadAnswer, error) {
	return x.s.Post(x.s.Context(), x.who, x.id(), x.write, wire.ThreadPost{Envelopes: envelopes, After: x.seq()}, wait)
}

func (x *shopper) request() protocol.Signed {
	x.s.Helper()
	r, err := thread.Request{Thread: x.id(), Time: x.s.millis()}.Sign(x.pen.Key)
	x.s.check(err)
	return r
}

// read takes in all that there is.
func (x *shopper) read() {
	x.s.Helper()
	for more := true; more; {
		p, err := x.s.Read(x.s.Context(), x.id(), x.request(), x.seq())
		x.s.check(err)
		x.take(p)
		more = p.More
	}
}

// take follows what came down as every client does: a commit that contradicts another,
// or isn't the next, fails the test.
func (x *shopper) take(p wire.ThreadPage) {
	x.s.Helper()
	for _, n := range p.Envelopes {
		e, err := thread.DecodeEnvelope(n.Bytes)
		x.s.check(err)
		parcel, err := e.Open(x.secret)
		x.s.check(err)
		if r, ok := parcel.(*thread.ResyncParcel); ok {
			x.resync = r
			continue
		}
		in := parcel.(*thread.EntryParcel)
		item := thread.HandbackItem{Entry: in.Entry, Commit: in.Commit, Salt: in.Salt, Body: in.Body}
		c, err := x.chain.Follow(x.s.keys, item)
		if err != nil {
			x.s.Fatalf("entry %d: %v", n.N, err)
		}
		x.log, x.held = append(x.log, c), append(x.held, item)
	}
}

// handback seals what stands behind a commit.
func (x *shopper) handback(have uint64) []byte {
	x.s.Helper()
	return x.seal(&thread.HandbackParcel{Items: x.held[have:]})
}

func (s *stand) states(got []wire.EnvelopeResult, want ...string) {
	s.Helper()
	if len(got) != len(want) {
		s.Fatalf("%d results: %+v, want %v", len(got), got, want)
	}
	for i, r := range got {
		is := r.State
		if r.Reason != "" {
			is = r.Reason
		}
		if is != want[i] {
			s.Fatalf("result %d is %+v, want %s", i, r, want[i])
		}
	}
}
