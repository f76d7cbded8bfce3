package sales_test

import (
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

func TestAnOrderIsHeldToItsQuote(t *testing.T) {
	day := 24 * time.Hour
	cases := []struct {
		name   string
		change func(s *shop, p *post, b *trade.Placement)
		want   trade.Reason
	}{
		{"as it is", func(*shop, *post, *trade.Placement) {}, ""},
		{"a quote that never was", func(s *shop, _ *post, b *trade.Placement) { b.Quote = s.id() }, trade.QuoteUnknown},
		{"a quote from another shopper", func(s *shop, p *post, _ *trade.Placement) { p.thread = s.shopper() }, trade.QuoteUnknown},
		{"the ask in place of the quote", func(s *shop, p *post, b *trade.Placement) {
			b.Quote = s.from(p.thread, thread.KindAsk, cart("tea-a", 1)).id
		}, trade.QuoteUnknown},
		{"a quote that refused", func(s *shop, p *post, b *trade.Placement) {
			b.Quote, _ = s.quote(p.thread, cart("no-a", 1))
		}, trade.QuoteUnknown},
		{"a lower price", func(_ *shop, _ *post, b *trade.Placement) { b.MaxTotal.Minor-- }, trade.PriceChanged},
		{"another currency", func(_ *shop, _ *post, b *trade.Placement) { b.MaxTotal.Currency = "USD" }, trade.PriceChanged},
		{"another offer", func(s *shop, _ *post, b *trade.Placement) { b.Records[0] = s.id() }, trade.PriceChanged},
		{"an offer less", func(_ *shop, _ *post, b *trade.Placement) { b.Records = b.Records[:1] }, trade.PriceChanged},
		{"another country", func(_ *shop, _ *post, b *trade.Placement) { b.Address.Country = "AT" }, trade.NotDeliveredThere},
		{"no address", func(_ *shop, _ *post, b *trade.Placement) { b.Address = nil }, trade.AddressIncomplete},
		{"no street", func(_ *shop, _ *post, b *trade.Placement) { b.Address.Street = " " }, trade.AddressIncomplete},
		{"a way to pay that isn't offered", func(_ *shop, _ *post, b *trade.Placement) { b.Method = "counter" }, trade.PaymentUnavailable},
		{"after its own end", func(s *shop, _ *post, b *trade.Placement) { b.Until = protocol.MillisOf(s.now()) }, trade.Expired},
		{"on the last moment of the quote", func(s *shop, _ *post, _ *trade.Placement) { s.pass(15*time.Minute - time.Millisecond) }, ""},
		{"written after the quote expired", func(s *shop, _ *post, _ *trade.Placement) { s.pass(15 * time.Minute) }, trade.QuoteExpired},
		{"written in time and late", func(s *shop, p *post, _ *trade.Placement) {
			p.time = protocol.MillisOf(s.now())
			s.pass(2 * day)
		}, ""},
		{"late, and the price rose", func(s *shop, p *post, b *trade.Placement) {
			p.time, b.MaxTotal.Minor = protocol.MillisOf(s.now()), 1_000_000
			s.pass(2 * day)
			s.publish(tea("tea", "", 1300))
		}, trade.QuoteExpired},
		{"late, and it isn't sold any more", func(s *shop, p *post, _ *trade.Placement) {
			p.time = protocol.MillisOf(s.now())
			s.pass(2 * day)
			s.terms(func(t *trade.Terms) { t.Shipping = nil })
		}, trade.QuoteExpired},
		{"later than it allows", func(s *shop, p *post, _ *trade.Placement) {
			p.time = protocol.MillisOf(s.now())
			s.pass(8 * day)
		}, trade.Expired},
		{"in time, and the price rose", func(s *shop, _ *post, _ *trade.Placement) { s.publish(tea("tea", "", 1300)) }, ""},
		{"by a clock a day ahead", func(s *shop, p *post, _ *trade.Placement) { p.time = protocol.MillisOf(s.now().Add(day)) }, ""},
		{"by a clock a day behind", func(s *shop, p *post, _ *trade.Placement) { p.time = protocol.MillisOf(s.now().Add(-day)) }, ""},
		{"late by a clock a day ahead", func(s *shop, p *post, _ *trade.Placement) {
			p.time = protocol.MillisOf(s.now().Add(day))
			s.pass(16 * time.Minute)
		}, trade.QuoteExpired},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t)
			s.stock("tea-a", 10)
			mia := s.shopper()
			id, q := s.quote(mia, cart("tea-a", 1, "cup-b", 2))
			body := placement(id, q.Quote)
			p := &post{thread: mia, kind: thread.KindOrder, body: body}
			c.change(s, p, body)
			s.check(s.commit(t.Context(), p))
			if c.want == "" {
				if p.verdict.Refused != "" {
					t.Fatalf("refused: %s", p.verdict.Refused)
				}
				s.counts("tea-a", 10, 1)
				return
			}
			s.refused(p, c.want)
			s.counts("tea-a", 10, 0)
		})
	}
}

func TestAQuoteServesOnce(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	s.stock("tea-a", 10)
	mia := s.shopper()
	id, q := s.quote(mia, cart("tea-a", 1))
	first := s.from(mia, thread.KindOrder, placement(id, q.Quote))
	must(s.desk.MarkPaid(ctx, first.id, 0, "", ""))
	s.refused(s.from(mia, thread.KindOrder, placement(id, q.Quote)), trade.QuoteUsed)
	must(s.desk.Cancel(ctx, first.id, ""))
	s.refused(s.from(mia, thread.KindOrder, placement(id, q.Quote)), trade.QuoteUsed)
	s.counts("tea-a", 10, 0)
}

func TestTwoOrdersOnOneQuoteInOneBatchAreOneOrder(t *testing.T) {
	s := newShop(t)
	s.stock("tea-a", 10)
	mia := s.shopper()
	id, q := s.quote(mia, cart("tea-a", 1))
	a := &post{thread: mia, kind: thread.KindOrder, body: placement(id, q.Quote)}
	b := &post{thread: mia, kind: thread.KindOrder, body: placement(id, q.Quote)}
	s.check(s.commit(t.Context(), a, b))
	if a.verdict.Refused != "" {
		t.Fatal(a.verdict.Refused)
	}
	s.refused(b, trade.QuoteUsed)
	s.counts("tea-a", 10, 1)
}

func TestAnAskIsAnsweredWithWhyNot(t *testing.T) {
	abroad := cart("tea-a", 1)
	abroad.Country = "FR"
	cases := []struct {
		name string
		ask  *thread.Ask
		want trade.Reason
	}{
		{"none of it", cart("tea-a", 0), trade.BadQuantity},
		{"a negative quantity", cart("tea-a", -1), trade.BadQuantity},
		{"the most negative quantity", cart("tea-b", -1<<52), trade.BadQuantity},
		{"more than anybody buys", cart("tea-b", 100_001), trade.BadQuantity},
		{"an enormous quantity", cart("tea-b", 1<<52), trade.BadQuantity},
		{"a product that isn't there", cart("no-a", 1), trade.UnknownVariant},
		{"a variant that isn't there", cart("tea-c", 1), trade.UnknownVariant},
		{"a country nothing is shipped to", abroad, trade.NotDeliveredThere},
		{"more than there is", cart("tea-a", 6), trade.OutOfStock},
		{"more than there is in two lines", cart("tea-a", 3, "cup-a", 1, "tea-a", 3), trade.OutOfStock},
		{"all there is in two lines", cart("tea-a", 3, "tea-a", 2), ""},
	}
	s := newShop(t)
	s.stock("tea-a", 5)
	for _, c := range cases {
		if _, q := s.quote(s.shopper(), c.ask); q.Refused != string(c.want) || (q.Quote != nil) != (c.want == "") {
			t.Errorf("%s: %q", c.name, q.Refused)
		}
	}
}

func TestTwoLinesOfOneCartShareStock(t *testing.T) {
	s := newShop(t)
	s.stock("tea-a", 5)
	id := s.bought(s.shopper(), "tea-a", 2, "cup-a", 1, "tea-a", 2)
	s.counts("tea-a", 5, 4)
	s.bought(s.shopper(), "tea-a", 1)
	must(s.desk.MarkPaid(t.Context(), id, 0, "", ""))
	must(s.desk.Ship(t.Context(), id, parcel(2, 2)))
	s.counts("tea-a", 3, 3)
	must(s.desk.Ship(t.Context(), id, parcel()))
	s.counts("tea-a", 1, 1)
}

func TestAllOrNothingIsHeld(t *testing.T) {
	s := newShop(t)
	s.stock("tea-a", 5)
	s.stock("cup-a", 1)
	mia, ben := s.shopper(), s.shopper()
	id, q := s.quote(mia, cart("tea-a", 2, "cup-a", 1))
	s.bought(ben, "cup-a", 1)
	s.refused(s.from(mia, thread.KindOrder, placement(id, q.Quote)), trade.OutOfStock)
	s.counts("tea-a", 5, 0)
	s.counts("cup-a", 1, 1)
}

func TestOversellingIsTheBrandsChoice(t *testing.T) {
	s := newShop(t)
	s.check(s.store.Trade(t.Context(), func(tx *store.TradeTxn) error {
		return tx.PutStock("tea-a", store.Stock{Tracked: true, OnHand: 1, Oversell: true})
	}))
	s.bought(s.shopper(), "tea-a", 3)
	s.counts("tea-a", 1, 3)
}

func TestAnOrdersEntriesFitItsState(t *testing.T) {
	s := newShop(t)
	mia := s.shopper()
	id := s.bought(mia, "tea-a", 2)
	line := []trade.LineQuantity{{Quantity: 1}}
	s.refused(s.from(mia, thread.KindReturn, &thread.Return{Order: id, Lines: line}), trade.NotReturnable)
	s.refused(s.from(mia, thread.KindCancel, &thread.Cancel{Order: s.id()}), trade.OrderUnknown)
	for name, err := range map[string]error{
		"a payment beyond all bounds": second(s.desk.MarkPaid(t.Context(), id, -5, "", "")),
		"a refund of nothing":         second(s.desk.Refund(t.Context(), id, 0, "")),
		"a refund of what never came": second(s.desk.Refund(t.Context(), id, 100, "")),
		"more than was ordered":       second(s.desk.Ship(t.Context(), id, parcel(0, 3))),
		"a line that isn't there":     second(s.desk.Ship(t.Context(), id, parcel(1, 1))),
		"delivered before shipped":    second(s.desk.Arrived(t.Context(), id)),
		"an answer to no return":      second(s.desk.AnswerReturn(t.Context(), id, s.id(), true, "")),
	} {
		if trade.ReasonOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.states(id, trade.Placed, trade.Unpaid, trade.Unfulfilled)
}

func second[T any](_ T, err error) error { return err }

func TestStrangersHoldNoMoreThanTheCeiling(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	s.terms(func(t *trade.Terms) { t.Ceiling = 50 })
	s.stock("tea-a", 10)
	s.stock("cup-a", 1)
	first := s.bought(s.shopper(), "tea-a", 3)
	s.refused(s.buy(s.shopper(), "tea-a", 3), trade.OverCeiling)
	second := s.bought(s.shopper(), "tea-a", 2)
	s.refused(s.buy(s.shopper(), "tea-a", 1), trade.OverCeiling)
	must(s.desk.MarkPaid(ctx, first, 0, "", ""))
	third := s.bought(s.shopper(), "tea-a", 3)
	must(s.desk.Cancel(ctx, second, ""))
	must(s.desk.Cancel(ctx, third, ""))
	s.bought(s.shopper(), "tea-a", 5)
	s.bought(s.shopper(), "cup-a", 1)
}
