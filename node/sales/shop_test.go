package sales_test

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/sales"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// begin is when every test begins.
var begin = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// shop is a brand with a catalog, a desk and threads, which commit as node/threads
// does: one batch after another, each in one transaction.
type shop struct {
	t       testing.TB
	engine  *memkv.Engine
	store   *store.Store
	brand   protocol.CID
	key     ed25519.PrivateKey
	last    *catalog.SignedHead
	desk    *sales.Desk
	commits sync.Mutex
	mu      sync.Mutex
	clock   time.Time
	count   uint64
	changed [][]protocol.Handle
}

func newShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{t: t, engine: memkv.New(), clock: begin, key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	s.open()
	s.found()
	s.publish(profile(), tea("tea", "", 1250), tea("cup", "", 900), tea("book", "digital", 500))
	s.openDesk()
	return s
}

func (s *shop) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) open() {
	var err error
	s.store, err = store.Open(s.t.Context(), s.engine)
	s.check(err)
}

func (s *shop) openDesk() {
	var err error
	s.desk, err = sales.Open(s.t.Context(), sales.Options{
		Store: s.store, Brand: s.brand, Now: s.now, Log: slog.New(slog.DiscardHandler),
		Say: s.say, Changed: s.noteChanged,
	})
	s.check(err)
}

func (s *shop) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *shop) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

func (s *shop) noteChanged(_ context.Context, products []protocol.Handle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = append(s.changed, products)
	return nil
}

func (s *shop) found() {
	root := ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	signers := identity.Solo(protocol.PublicKeyOf(root))
	next, err := signers.Commitment()
	s.check(err)
	signed, err := identity.Genesis(signers, next, identity.Online(protocol.PublicKeyOf(s.key)), 1).Sign(root)
	s.check(err)
	raw, err := signed.Encode()
	s.check(err)
	s.brand = signed.ID()
	_, err = s.store.PutIdentity(s.t.Context(), s.brand, raw)
	s.check(err)
}

// publish puts records under a new head.
func (s *shop) publish(parts ...[]catalog.Record) {
	s.t.Helper()
	p, err := s.store.Prepare(s.t.Context(), s.brand, func(yield func(store.Change, error) bool) {
		for _, part := range parts {
			for _, r := range part {
				raw, err := catalog.Encode(r)
				if !yield(store.Change{Path: r.Path(), Record: raw}, err) {
					return
				}
			}
		}
	})
	s.check(err)
	at := protocol.MillisOf(s.now())
	if s.last != nil {
		at = s.last.Time + 1
	}
	h, err := catalog.Next(s.last, 0, at)
	s.check(err)
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = s.brand, s.brand, p.Root, p.Count, p.Bytes
	head, err := catalog.SignHead(h, s.key)
	s.check(err)
	raw, err := head.Encode()
	s.check(err)
	s.check(s.store.Apply(s.t.Context(), p, raw))
	s.last = &head
}

func profile() []catalog.Record {
	return []catalog.Record{&catalog.Profile{
		Header: catalog.Header{Type: catalog.TypeProfile, V: 1}, Name: "Tea", Language: "en", Country: "DE", Currency: "EUR",
	}}
}

// tea is a product with two variants, HANDLE-a and HANDLE-b.
func tea(handle protocol.Handle, kind string, price int64) []catalog.Record {
	p := &catalog.Product{
		Header: catalog.Header{Type: catalog.TypeProduct, V: 1}, Handle: handle, Title: "The " + string(handle),
		Options: []catalog.Option{{Name: "Size", Values: []string{"a", "b"}}}, Published: 1, Updated: 1,
	}
	out := []catalog.Record{p}
	for _, size := range []string{"a", "b"} {
		id := protocol.VariantID(string(handle) + "-" + size)
		p.Variants = append(p.Variants, catalog.Variant{ID: id, Options: []string{size}, Grams: 100, Digital: kind == "digital"})
		out = append(out, &catalog.Offer{
			Header: catalog.Header{Type: catalog.TypeOffer, V: 1}, Product: handle, Variant: id,
			Price: protocol.NewMoney(price, "EUR"), Availability: catalog.InStock, TaxClass: catalog.TaxStandard,
		})
	}
	return out
}

// id makes an identifier that there was none of yet.
func (s *shop) id() protocol.CID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return protocol.Sum(protocol.DagCBOR, binary.BigEndian.AppendUint64(nil, s.count))
}

// shopper begins a thread.
func (s *shop) shopper() protocol.CID {
	s.t.Helper()
	id := s.id()
	t := &store.Thread{ID: id, Brand: s.brand, Home: s.brand, Created: protocol.MillisOf(s.now())}
	copy(t.Identity[:], id.Bytes())
	s.check(s.store.Trade(s.t.Context(), func(tx *store.TradeTxn) error { return tx.PutThread(t) }))
	return id
}

// post is one entry on its way to be committed.
type post struct {
	thread protocol.CID
	kind   string
	body   any
	brand  bool
	time   protocol.Millis // the author's claim; 0 is now

	id      protocol.CID
	verdict thread.Verdict
	replies []protocol.CID
}

// commit decides on posts in one transaction. A brand's post that is refused undoes
// all.
func (s *shop) commit(ctx context.Context, posts ...*post) error {
	s.commits.Lock()
	defer s.commits.Unlock()
	for _, p := range posts {
		p.id = s.id()
	}
	return s.store.Trade(ctx, func(tx *store.TradeTxn) error {
		for _, p := range posts {
			if err := s.decide(ctx, tx, p); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *shop) decide(ctx context.Context, tx *store.TradeTxn, p *post) error {
	t, err := tx.Thread(p.thread)
	if err != nil {
		return err
	}
	now := protocol.MillisOf(s.now())
	if p.time == 0 {
		p.time = now
	}
	p.verdict, err = s.desk.Decide(ctx, tx, t, thread.Opened{ID: p.id, Kind: p.kind, Body: p.body, Time: p.time, Brand: p.brand})
	if err != nil {
		return err
	}
	if p.brand && p.verdict.Refused != "" {
		return &trade.Refused{Reason: trade.Reason(p.verdict.Refused)}
	}
	if err := putEntry(tx, t, p.id, p.kind, p.body, p.brand, p.verdict.Refused, now); err != nil {
		return err
	}
	p.replies = nil
	for i, r := range p.verdict.Replies {
		id := protocol.Sum(protocol.DagCBOR, fmt.Appendf(nil, "%s/%d", p.id, i))
		p.replies = append(p.replies, id)
		if err := putEntry(tx, t, id, r.Kind, r.Body, true, "", now); err != nil {
			return err
		}
	}
	return tx.PutThread(t)
}

func putEntry(tx *store.TradeTxn, t *store.Thread, id protocol.CID, kind string, body any, mine bool, refused string, at protocol.Millis) error {
	raw, err := thread.EncodeBody(kind, body)
	if err != nil {
		return err
	}
	t.Seq++
	return tx.PutEntry(t.ID, &store.ThreadEntry{
		Seq: t.Seq, Entry: []byte("entry"), Commit: []byte("commit"), ID: id, Kind: kind, Class: store.Fiscal,
		Salt: make([]byte, 32), Body: raw, Time: at, Mine: mine, Refused: refused,
	})
}

// say is what the desk says through the threads.
func (s *shop) say(ctx context.Context, to protocol.CID, drafts ...thread.Draft) error {
	var posts []*post
	for _, d := range drafts {
		posts = append(posts, &post{thread: to, kind: d.Kind, body: d.Body, brand: true})
	}
	return s.commit(ctx, posts...)
}

// from commits a shopper's entry.
func (s *shop) from(t protocol.CID, kind string, body any) *post {
	s.t.Helper()
	p := &post{thread: t, kind: kind, body: body}
	s.check(s.commit(s.t.Context(), p))
	return p
}

func cart(items ...any) *thread.Ask {
	a := &thread.Ask{Country: "DE"}
	for i := 0; i < len(items); i += 2 {
		id := items[i].(string)
		a.Lines = append(a.Lines, trade.CartLine{Product: protocol.Handle(id[:len(id)-2]), Variant: protocol.VariantID(id), Quantity: int64(items[i+1].(int))})
	}
	return a
}

// quote asks for a cart and returns the quote with its entry.
func (s *shop) quote(t protocol.CID, a *thread.Ask) (protocol.CID, *thread.Quote) {
	s.t.Helper()
	p := s.from(t, thread.KindAsk, a)
	if p.verdict.Refused != "" || len(p.replies) != 1 {
		s.t.Fatalf("an ask was answered with %+v", p.verdict)
	}
	return p.replies[0], p.verdict.Replies[0].Body.(*thread.Quote)
}

// order returns what orders a quote.
func placement(id protocol.CID, q *trade.Quote) *trade.Placement {
	p := &trade.Placement{
		Quote: id, Contact: trade.Contact{Name: "Mia", Email: "mia@example.org"}, Method: "bank",
		Address:  &trade.Address{Street: "Hauptstraße 1", City: "Berlin", Postcode: "10115", Country: "DE"},
		MaxTotal: protocol.NewMoney(q.Total, q.Currency), Until: q.Until + 7*24*3600*1000,
	}
	for _, l := range q.Lines {
		p.Records = append(p.Records, l.Offer)
	}
	return p
}

// buy asks and orders.
func (s *shop) buy(t protocol.CID, items ...any) *post {
	s.t.Helper()
	id, q := s.quote(t, cart(items...))
	if q.Quote == nil {
		s.t.Fatalf("no quote: %s", q.Refused)
	}
	return s.from(t, thread.KindOrder, placement(id, q.Quote))
}

// bought is buy that must succeed.
func (s *shop) bought(t protocol.CID, items ...any) protocol.CID {
	s.t.Helper()
	p := s.buy(t, items...)
	if p.verdict.Refused != "" {
		s.t.Fatalf("refused: %s", p.verdict.Refused)
	}
	return p.id
}

func (s *shop) stock(id protocol.VariantID, n int64) {
	s.t.Helper()
	_, err := s.desk.SetStock(s.t.Context(), id, n)
	s.check(err)
}

// counts compares what there is and what is held of a variant.
func (s *shop) counts(id protocol.VariantID, onHand, held int64) {
	s.t.Helper()
	is, err := s.desk.Stock(s.t.Context(), id)
	s.check(err)
	if is.OnHand != onHand || is.Held != held {
		s.t.Fatalf("%s: %d on hand and %d held, not %d and %d", id, is.OnHand, is.Held, onHand, held)
	}
}

func (s *shop) order(id protocol.CID) *sales.Order {
	s.t.Helper()
	o, err := s.desk.Order(s.t.Context(), id)
	s.check(err)
	return o
}

// states compares the states of an order.
func (s *shop) states(id protocol.CID, state trade.State, paid trade.Paid, f trade.Fulfilment) {
	s.t.Helper()
	stands(s.t, s.order(id), state, paid, f)
}

func stands(t testing.TB, o *sales.Order, state trade.State, paid trade.Paid, f trade.Fulfilment) {
	t.Helper()
	if o.Order.State != state || o.Payment != paid || o.Fulfilment != f {
		t.Fatalf("the order is %s, %s and %s; not %s, %s and %s", o.Order.State, o.Payment, o.Fulfilment, state, paid, f)
	}
}

func (s *shop) refused(p *post, want trade.Reason) {
	s.t.Helper()
	if p.verdict.Refused != string(want) || len(p.verdict.Replies) != 0 {
		s.t.Fatalf("%s: %q with %d replies, not %q", p.kind, p.verdict.Refused, len(p.verdict.Replies), want)
	}
}

// terms changes the terms of the shop.
func (s *shop) terms(change func(*trade.Terms)) {
	s.t.Helper()
	t := trade.DefaultTerms("EUR", "DE")
	change(&t)
	raw, err := t.Encode()
	s.check(err)
	s.check(s.store.UpdateOwn(s.t.Context(), func(o *store.OwnTxn) error { return o.PutSetting(sales.SettingTerms, raw) }))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func parcel(lineAndQuantity ...int64) (p sales.Parcel) {
	for i := 0; i < len(lineAndQuantity); i += 2 {
		p.Lines = append(p.Lines, trade.LineQuantity{Line: lineAndQuantity[i], Quantity: lineAndQuantity[i+1]})
	}
	return p
}

func (s *shop) expires(want int) {
	s.t.Helper()
	if n := must(s.desk.Expire(s.t.Context())); n != want {
		s.t.Fatalf("%d orders ran out, not %d", n, want)
	}
}
