package sales_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/sales"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// restored marks the store as one that came from a backup, and opens the desk.
func (s *shop) restored(mark string) {
	s.t.Helper()
	s.check(s.store.UpdateOwn(s.t.Context(), func(o *store.OwnTxn) error { return o.PutSetting(store.SettingRestored, []byte(mark)) }))
	s.openDesk()
}

func TestAfterARestoreTrackedStockWaitsForTheOwner(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	s.stock("tea-a", 5)
	s.stock("cup-a", 5)
	mia := s.shopper()
	id, q := s.quote(mia, cart("tea-a", 1))
	s.restored("today")
	if _, q := s.quote(mia, cart("tea-a", 1)); q.Refused != string(trade.StockInReview) {
		t.Fatalf("quoted: %+v", q)
	}
	s.refused(s.from(mia, thread.KindOrder, placement(id, q.Quote)), trade.StockInReview)
	s.bought(s.shopper(), "tea-b", 1)
	s.stock("tea-a", 3)
	if p := s.from(mia, thread.KindOrder, placement(id, q.Quote)); p.verdict.Refused != "" {
		t.Fatal(p.verdict.Refused)
	}
	s.openDesk()
	if _, q := s.quote(s.shopper(), cart("cup-a", 1)); q.Refused != string(trade.StockInReview) || !s.desk.InReview() {
		t.Fatalf("the review was forgotten: %+v", q)
	}
	s.check(s.desk.EndReview(ctx))
	s.openDesk()
	s.bought(s.shopper(), "cup-a", 1)
	s.restored("tomorrow")
	if !s.desk.InReview() {
		t.Error("a second restore asks for no review")
	}
}

// yesterday is a shop as it was before mia ordered, and her thread: what a backup of
// yesterday brings back.
func yesterday(t *testing.T) (s *shop, mia protocol.CID) {
	s = newShop(t)
	s.stock("tea-a", 5)
	s.bought(s.shopper(), "cup-a", 1)
	return s, s.shopper()
}

// chain returns the first entries of a thread.
func (s *shop) chain(id protocol.CID, limit int) (chain []*store.ThreadEntry) {
	s.t.Helper()
	s.check(s.store.Desk(s.t.Context(), func(v *store.DeskView) (err error) {
		chain, err = v.Entries(id, 0, limit)
		return err
	}))
	return chain
}

func TestOrdersAreFoundAgainThroughTheirShoppers(t *testing.T) {
	s, mia := yesterday(t)
	p := s.buy(mia, "tea-a", 2)
	must(s.desk.MarkPaid(t.Context(), p.id, 0, "", ""))
	was, chain := s.order(p.id), s.chain(mia, 100)

	s, mia = yesterday(t)
	s.pass(24 * time.Hour)
	s.handBack(mia, chain)
	if is := s.order(p.id); is.Number != was.Number || is.Payment != trade.FullyPaid || is.Placed != was.Placed {
		t.Fatalf("%+v", is)
	}
	s.counts("tea-a", 5, 2)
	s.mu.Lock()
	s.count += 1000 // identifiers of entries are new
	s.mu.Unlock()
	next := s.bought(mia, "tea-a", 1)
	if n := s.order(next).Number; n <= was.Number {
		t.Errorf("number %d was given twice", n)
	}
}

func TestAnOrderHandedBackWithoutItsNumberGetsOne(t *testing.T) {
	s, mia := yesterday(t)
	p := s.buy(mia, "tea-a", 2)
	chain := s.chain(mia, 3)

	s, mia = yesterday(t)
	drafts := s.handBack(mia, chain)
	if len(drafts) != 1 || drafts[0].Body.(*thread.OrderNumber).Order != p.id {
		t.Fatalf("%+v", drafts)
	}
	s.states(p.id, trade.Placed, trade.Unpaid, trade.Unfulfilled)
	if drafts := s.handBack(mia, nil); len(drafts) != 0 {
		t.Errorf("numbered twice: %+v", drafts)
	}
}

// handBack adopts a chain, and returns what the brand has to say of it.
func (s *shop) handBack(id protocol.CID, chain []*store.ThreadEntry) (drafts []thread.Draft) {
	s.t.Helper()
	s.check(s.store.Trade(s.t.Context(), func(tx *store.TradeTxn) error {
		t := must(tx.Thread(id))
		for _, e := range chain {
			s.check(tx.PutEntry(id, e))
			t.Seq = e.Seq
			if e.Refused != "" {
				continue
			}
			body := must(thread.DecodeBody(e.Kind, e.Body))
			s.check(s.desk.Adopt(s.t.Context(), tx, t, thread.Opened{ID: e.ID, Kind: e.Kind, Body: body, Brand: e.Mine}, e.Time))
		}
		drafts = must(s.desk.Resynced(s.t.Context(), tx, t))
		return tx.PutThread(t)
	}))
	return drafts
}

func TestWhatShoppersReadFollowsTheStock(t *testing.T) {
	s := newShop(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.desk.Run(ctx) }()
	s.stock("tea-a", 50)
	s.stock("cup-a", 2)
	s.stock("cup-b", 0)
	s.waitFor(func() bool { return len(s.changed) > 0 })
	stop()
	s.check(<-done)
	for _, products := range s.changed {
		if len(products) != 1 || products[0] != "cup" {
			t.Errorf("published: %v", products)
		}
	}
}

// waitFor waits until something is so.
func (s *shop) waitFor(is func() bool) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		ok := is()
		s.mu.Unlock()
		if ok {
			return
		}
	}
	s.t.Fatal("it didn't come to that")
}

func TestStockIsSaidOfVariantsThereAre(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	if _, err := s.desk.SetStock(ctx, "none", 3); !errors.Is(err, sales.ErrNoVariant) {
		t.Errorf("stock of no variant: %v", err)
	}
	for _, n := range []int64{-1, sales.MaxStock + 1} {
		if _, err := s.desk.SetStock(ctx, "tea-a", n); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("stock of %d: %v", n, err)
		}
	}
	s.stock("tea-a", 3)
	s.bought(s.shopper(), "tea-a", 2)
	is := must(s.desk.Untrack(ctx, "tea-a"))
	if is.Tracked || is.Held != 2 {
		t.Errorf("%+v", is)
	}
	s.bought(s.shopper(), "tea-a", 20)
	if list := must(s.desk.Stocks(ctx, "", 10)); len(list) != 1 || list[0].Variant != "tea-a" {
		t.Errorf("%+v", list)
	}
}
