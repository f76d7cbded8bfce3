package sales_test

import (
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

func TestAFreshShopSellsAtOnce(t *testing.T) {
	s := newShop(t)
	mia := s.shopper()
	quote, q := s.quote(mia, cart("tea-a", 2, "cup-b", 1))
	if q.Quote == nil || q.Quote.Total != 3400 || q.Quote.Shipping.Price != 0 || q.Quote.Lines[0].Title != "The tea" {
		t.Fatalf("%+v", q)
	}
	p := s.from(mia, thread.KindOrder, placement(quote, q.Quote))
	number := p.verdict.Replies[0].Body.(*thread.OrderNumber)
	if p.verdict.Refused != "" || number.Number != 1001 || number.Order != p.id {
		t.Fatalf("%+v %+v", p.verdict, number)
	}
	o := s.order(p.id)
	if o.Number != 1001 || o.Thread != mia || o.Quote.Total != 3400 || o.Placement.Contact.Name != "Mia" {
		t.Fatalf("%+v", o)
	}
	s.states(p.id, trade.Placed, trade.Unpaid, trade.Unfulfilled)
}

func TestAnOrderIsPaidShippedAndDelivered(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	s.stock("tea-a", 5)
	id := s.bought(s.shopper(), "tea-a", 2)
	s.counts("tea-a", 5, 2)

	stands(t, must(s.desk.MarkPaid(ctx, id, 1000, "", "")), trade.Placed, trade.PartlyPaid, trade.Unfulfilled)
	stands(t, must(s.desk.MarkPaid(ctx, id, 0, "", "")), trade.Placed, trade.FullyPaid, trade.Unfulfilled)
	stands(t, must(s.desk.Ship(ctx, id, parcel(0, 1))), trade.Placed, trade.FullyPaid, trade.PartlyShipped)
	s.counts("tea-a", 4, 1)
	stands(t, must(s.desk.Ship(ctx, id, parcel())), trade.Placed, trade.FullyPaid, trade.FullyShipped)
	s.counts("tea-a", 3, 0)
	stands(t, must(s.desk.Arrived(ctx, id)), trade.Completed, trade.FullyPaid, trade.FullyDelivered)

	_, err := s.desk.Ship(ctx, id, parcel())
	if trade.ReasonOf(err) != trade.NotNow {
		t.Errorf("shipped twice: %v", err)
	}
}

func TestAReturnBringsStockBackAsTheBrandDecides(t *testing.T) {
	for _, restock := range []bool{true, false} {
		s, ctx := newShop(t), t.Context()
		s.stock("tea-a", 5)
		mia := s.shopper()
		id := s.bought(mia, "tea-a", 3)
		must(s.desk.MarkPaid(ctx, id, 0, "", ""))
		must(s.desk.Ship(ctx, id, parcel()))
		p := s.from(mia, thread.KindReturn, &thread.Return{Order: id, Lines: []trade.LineQuantity{{Quantity: 2}}, Withdrawal: true})
		if p.verdict.Refused != "" {
			t.Fatal(p.verdict.Refused)
		}
		again := s.from(mia, thread.KindReturn, &thread.Return{Order: id, Lines: []trade.LineQuantity{{Quantity: 2}}})
		s.refused(again, trade.NotReturnable)
		must(s.desk.AnswerReturn(ctx, id, p.id, true, ""))
		must(s.desk.ReceiveReturn(ctx, id, p.id, restock))
		s.counts("tea-a", map[bool]int64{true: 4, false: 2}[restock], 0)
		stands(t, must(s.desk.Refund(ctx, id, 2500, "")), trade.Placed, trade.PartlyRefunded, trade.FullyShipped)
	}
}

func TestCancellingAPaidOrderRefundsItFully(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	s.stock("tea-a", 5)
	id := s.bought(s.shopper(), "tea-a", 2)
	must(s.desk.MarkPaid(ctx, id, 0, "", ""))
	o := must(s.desk.Cancel(ctx, id, "broken"))
	stands(t, o, trade.Cancelled, trade.FullyRefunded, trade.Unfulfilled)
	s.counts("tea-a", 5, 0)
	if o.Owed() != 0 || o.Refunded != 2500 {
		t.Errorf("%+v", o.Order)
	}
}

func TestAShopperCancelsUntilItIsShipped(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	s.stock("tea-a", 5)
	mia := s.shopper()
	id := s.bought(mia, "tea-a", 2)
	s.refused(s.from(s.shopper(), thread.KindCancel, &thread.Cancel{Order: id}), trade.OrderUnknown)
	if p := s.from(mia, thread.KindCancel, &thread.Cancel{Order: id}); p.verdict.Refused != "" {
		t.Fatal(p.verdict.Refused)
	}
	s.counts("tea-a", 5, 0)
	next := s.bought(mia, "tea-a", 1)
	must(s.desk.Ship(ctx, next, parcel()))
	s.refused(s.from(mia, thread.KindCancel, &thread.Cancel{Order: next}), trade.NotCancellable)
}

func TestAnUnpaidOrderRunsOut(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	s.stock("tea-a", 5)
	mia, ben := s.shopper(), s.shopper()
	unpaid, paid, partly := s.bought(mia, "tea-a", 2), s.bought(ben, "tea-a", 1), s.bought(s.shopper(), "tea-a", 1)
	must(s.desk.MarkPaid(ctx, paid, 0, "", ""))
	must(s.desk.MarkPaid(ctx, partly, 100, "", ""))
	s.pass(7*24*time.Hour - time.Second)
	s.expires(0)
	s.pass(2 * time.Second)
	s.expires(1)
	s.expires(0)
	s.states(unpaid, trade.RanOut, trade.Unpaid, trade.Unfulfilled)
	s.states(paid, trade.Placed, trade.FullyPaid, trade.Unfulfilled)
	s.states(partly, trade.Placed, trade.PartlyPaid, trade.Unfulfilled)
	s.counts("tea-a", 5, 2)
	o := must(s.desk.MarkPaid(ctx, unpaid, 2500, "", "late"))
	if o.Owed() != 2500 {
		t.Errorf("a late payment of an order that ran out is owed: %d", o.Owed())
	}
	s.bought(mia, "tea-a", 1)
}

func TestOfUntrackedGoodsAnUnpaidOrderRunsOutToo(t *testing.T) {
	s := newShop(t)
	id := s.bought(s.shopper(), "tea-a", 2)
	s.pass(8 * 24 * time.Hour)
	s.expires(1)
	s.states(id, trade.RanOut, trade.Unpaid, trade.Unfulfilled)
}

func TestANewThreadHasOneUnpaidOrder(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	mia := s.shopper()
	first := s.bought(mia, "tea-a", 1)
	s.refused(s.buy(mia, "tea-a", 1), trade.TooManyUnpaid)
	must(s.desk.MarkPaid(ctx, first, 0, "", ""))
	s.bought(mia, "tea-a", 1)
	s.bought(mia, "tea-a", 1)
}

func TestDigitalGoodsAreHandedOverInTheThread(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	mia := s.shopper()
	quote, q := s.quote(mia, cart("book-a", 1))
	if !q.Quote.Digital || q.Quote.Shipping != nil {
		t.Fatalf("%+v", q.Quote)
	}
	place := placement(quote, q.Quote)
	place.Address = nil
	p := s.from(mia, thread.KindOrder, place)
	must(s.desk.MarkPaid(ctx, p.id, 0, "", ""))
	if _, err := s.desk.Ship(ctx, p.id, parcel(0, 1)); trade.ReasonOf(err) != trade.BadBody {
		t.Errorf("a code was shipped: %v", err)
	}
	stands(t, must(s.desk.HandOver(ctx, p.id, 0, "CODE-1", nil)), trade.Completed, trade.FullyPaid, trade.FullyDelivered)
}

func TestOrdersOfAnErasedThreadAreStillBrought(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	s.stock("tea-a", 5)
	mia := s.shopper()
	id := s.bought(mia, "tea-a", 2)
	s.check(s.store.Erase(ctx, mia, protocol.MillisOf(s.now())))
	must(s.desk.MarkPaid(ctx, id, 0, "", ""))
	stands(t, must(s.desk.Ship(ctx, id, parcel())), trade.Placed, trade.FullyPaid, trade.FullyShipped)
	s.counts("tea-a", 3, 0)
}

func TestADiscountIsCountedAndGivenBack(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	s.terms(func(t *trade.Terms) {
		t.Discounts = []trade.Discount{{Code: "Tea10", Percent: 10_000, Uses: 1}}
	})
	ask := func() *thread.Ask { a := cart("tea-a", 2); a.Code = " tea10"; return a }
	mia, ben := s.shopper(), s.shopper()
	q1, mias := s.quote(mia, ask())
	q2, bens := s.quote(ben, ask())
	if mias.Quote.Total != 2250 || mias.Quote.Discount.Amount != 250 {
		t.Fatalf("%+v", mias.Quote)
	}
	order := s.from(mia, thread.KindOrder, placement(q1, mias.Quote))
	s.refused(s.from(ben, thread.KindOrder, placement(q2, bens.Quote)), trade.PriceChanged)
	if _, late := s.quote(ben, ask()); late.Quote.CodeRefused != trade.CodeUsedUp || late.Quote.Total != 2500 {
		t.Errorf("%+v", late.Quote)
	}
	must(s.desk.Cancel(ctx, order.id, ""))
	if _, again := s.quote(ben, ask()); again.Quote.Total != 2250 {
		t.Errorf("%+v", again.Quote)
	}
}

func TestNumbersAreGivenOnceAndFound(t *testing.T) {
	s, ctx := newShop(t), t.Context()
	a, b := s.bought(s.shopper(), "tea-a", 1), s.bought(s.shopper(), "tea-a", 1)
	for ref, want := range map[string]protocol.CID{"1001": a, "#1002": b, b.String(): b} {
		if o := must(s.desk.FindOrder(ctx, ref)); o.ID != want {
			t.Errorf("%s is order %d", ref, o.Number)
		}
	}
	if list := must(s.desk.Orders(ctx, store.OrderFilter{}, 0, 10)); len(list) != 2 || list[0].ID != b {
		t.Errorf("%d orders", len(list))
	}
}
