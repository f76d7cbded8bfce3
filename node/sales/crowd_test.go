package sales_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// crowd lets buyers order a piece each of tea-a in batches, at once with all else.
func crowd(s *shop, buyers, batch int) (posts []*post) {
	s.t.Helper()
	var wg sync.WaitGroup
	for range buyers {
		mia := s.shopper()
		id, q := s.quote(mia, cart("tea-a", 1))
		posts = append(posts, &post{thread: mia, kind: thread.KindOrder, body: placement(id, q.Quote)})
	}
	for i := 0; i < len(posts); i += batch {
		some := posts[i:min(i+batch, len(posts))]
		wg.Go(func() {
			if err := s.commit(s.t.Context(), some...); err != nil {
				s.t.Error(err)
			}
		})
	}
	wg.Wait()
	return posts
}

func verdicts(posts []*post) (accepted []*post, refused map[string]int) {
	refused = map[string]int{}
	for _, p := range posts {
		if p.verdict.Refused == "" {
			accepted = append(accepted, p)
		} else {
			refused[p.verdict.Refused]++
		}
	}
	return accepted, refused
}

func TestTwoThousandBuyersGetFiveHundredPieces(t *testing.T) {
	buyers, pieces := 2000, int64(500)
	if testing.Short() {
		buyers, pieces = 200, 50
	}
	s := newShop(t)
	s.stock("tea-a", pieces)
	accepted, refused := verdicts(crowd(s, buyers, 37))
	if len(accepted) != int(pieces) || refused[string(trade.OutOfStock)] != buyers-int(pieces) || len(refused) != 1 {
		t.Fatalf("%d orders, refused: %v", len(accepted), refused)
	}
	s.counts("tea-a", pieces, pieces)
	numbers := map[uint64]bool{}
	for _, p := range accepted {
		numbers[s.order(p.id).Number] = true
	}
	if len(numbers) != len(accepted) {
		t.Errorf("%d numbers", len(numbers))
	}
}

func TestTheOwnerMayCountWhileShoppersOrder(t *testing.T) {
	s := newShop(t)
	s.stock("tea-a", 10)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := range int64(50) {
			must(s.desk.SetStock(t.Context(), "tea-a", 40+n))
			must(s.desk.SetStock(t.Context(), "cup-a", n))
		}
	})
	accepted, _ := verdicts(crowd(s, 60, 3))
	wg.Wait()
	s.counts("tea-a", 89, int64(len(accepted)))
}

func TestWhatWasToldIsWhatIsHeldAfterThePowerFails(t *testing.T) {
	s := newShop(t)
	s.stock("tea-a", 30)
	var told []*post
	for range 3 {
		posts := crowd(s, 12, 4)
		accepted, _ := verdicts(posts)
		told = append(told, accepted...)
		s.engine = s.engine.PowerLoss()
		s.open()
		s.openDesk()
	}
	if len(told) != 30 {
		t.Fatalf("%d orders of 30 pieces", len(told))
	}
	s.counts("tea-a", 30, 30)
	for _, p := range told {
		s.states(p.id, trade.Placed, trade.Unpaid, trade.Unfulfilled)
	}
	list := must(s.desk.Orders(t.Context(), store.OrderFilter{Open: true}, 0, 100))
	if len(list) != 30 {
		t.Fatalf("%d orders are open", len(list))
	}
	s.pass(8 * 24 * time.Hour)
	s.expires(30)
	s.counts("tea-a", 30, 0)
}

func TestABatchThatFailsLeavesNothing(t *testing.T) {
	s := newShop(t)
	s.stock("tea-a", 5)
	mia := s.shopper()
	id, q := s.quote(mia, cart("tea-a", 2))
	good := &post{thread: mia, kind: thread.KindOrder, body: placement(id, q.Quote)}
	bad := &post{thread: mia, kind: thread.KindPayment, brand: true, body: &thread.Payment{Order: s.id(), Amount: protocol.NewMoney(1, "EUR")}}
	if err := s.commit(t.Context(), good, bad); trade.ReasonOf(err) != trade.OrderUnknown {
		t.Fatalf("a payment of no order: %v", err)
	}
	s.counts("tea-a", 5, 0)
	if p := s.from(mia, thread.KindOrder, placement(id, q.Quote)); p.verdict.Refused != "" {
		t.Fatal(p.verdict.Refused)
	}
}

func BenchmarkAskAndOrder(b *testing.B) {
	s := newShop(b)
	s.stock("tea-a", 1_000_000)
	threads := make([]protocol.CID, b.N)
	for i := range threads {
		threads[i] = s.shopper()
	}
	b.ResetTimer()
	const batch = 64
	for i := 0; i < b.N; i += batch {
		var asks, orders []*post
		for _, t := range threads[i:min(i+batch, b.N)] {
			asks = append(asks, &post{thread: t, kind: thread.KindAsk, body: cart("tea-a", 1, "cup-b", 2)})
		}
		s.check(s.commit(b.Context(), asks...))
		for _, a := range asks {
			q := a.verdict.Replies[0].Body.(*thread.Quote)
			orders = append(orders, &post{thread: a.thread, kind: thread.KindOrder, body: placement(a.replies[0], q.Quote)})
		}
		s.check(s.commit(b.Context(), orders...))
		if orders[0].verdict.Refused != "" {
			b.Fatal(orders[0].verdict.Refused)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
}
