package sales_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// books are what a careful shopkeeper would write down: what lies on the shelf, and what
// is set aside for whom.
type books struct {
	shelf  int64
	orders []*promise
}

// promise is an order of pieces of the one variant.
type promise struct {
	id                protocol.CID
	thread            protocol.CID
	pieces, sent      int64
	paid, off         bool
	ret               protocol.CID
	placed            time.Time
	asked, given, got bool // of the return
}

func (b *books) aside() (sum int64) {
	for _, p := range b.orders {
		if !p.off {
			sum += p.pieces - p.sent
		}
	}
	return sum
}

// TestTheStockAddsUpWhateverHappens lets owner and shoppers do what they like, the power
// fail in between, and holds the store to the books.
func TestTheStockAddsUpWhateverHappens(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newShop(t)
		b := &books{shelf: 12}
		s.stock("tea-a", b.shelf)
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			act := rapid.SampledFrom([]string{"buy", "buy", "buy", "pay", "ship", "ship", "cancel", "give up", "return", "answer", "receive", "count", "wait", "power"}).Draw(r, "act")
			b.act(r, s, act)
			is := must(s.desk.Stock(t.Context(), "tea-a"))
			if is.OnHand != b.shelf || is.Held != b.aside() {
				r.Fatalf("after %s: %d on hand, %d held; the books say %d and %d", act, is.OnHand, is.Held, b.shelf, b.aside())
			}
		}
	})
}

func (b *books) act(r *rapid.T, s *shop, act string) {
	ctx := s.t.Context()
	switch act {
	case "buy":
		b.buy(r, s)
		return
	case "count":
		b.shelf = rapid.Int64Range(0, 20).Draw(r, "counted")
		s.stock("tea-a", b.shelf)
		return
	case "wait":
		s.pass(100 * time.Hour)
		must(s.desk.Expire(ctx))
		for _, p := range b.orders {
			p.off = p.off || !p.paid && p.sent == 0 && s.now().Sub(p.placed) >= 7*24*time.Hour
		}
		return
	case "power":
		s.engine = s.engine.PowerLoss()
		s.open()
		s.openDesk()
		return
	}
	if len(b.orders) == 0 {
		return
	}
	p := rapid.SampledFrom(b.orders).Draw(r, "order")
	want, err := b.tell(r, s, p, act)
	if (err == nil) != want {
		r.Fatalf("%s of %+v: %v", act, p, err)
	}
}

func (b *books) buy(r *rapid.T, s *shop) {
	n := rapid.IntRange(1, 5).Draw(r, "pieces")
	mia := s.shopper()
	id, q := s.quote(mia, cart("tea-a", n, "tea-a", 1))
	there := b.shelf-b.aside() >= int64(n)+1
	if (q.Quote != nil) != there {
		r.Fatalf("%d pieces of %d: %q", n+1, b.shelf-b.aside(), q.Refused)
	}
	if there {
		p := s.from(mia, thread.KindOrder, placement(id, q.Quote))
		if p.verdict.Refused != "" {
			r.Fatal(p.verdict.Refused)
		}
		b.orders = append(b.orders, &promise{id: p.id, thread: mia, pieces: int64(n) + 1, placed: s.now()})
	}
}

// tell does something to an order, and returns whether the books allow it.
func (b *books) tell(r *rapid.T, s *shop, p *promise, act string) (want bool, err error) {
	ctx := s.t.Context()
	switch act {
	case "pay":
		want, p.paid = !p.paid && !p.off, p.paid || !p.off
		_, err = s.desk.MarkPaid(ctx, p.id, 0, "", "")
	case "ship":
		line, n := rapid.SampledFrom([]int64{0, 1}).Draw(r, "line"), int64(1)
		_, err = s.desk.Ship(ctx, p.id, parcel(line, n))
		want = err == nil // which line is left is the order's to know
		if want {
			p.sent, b.shelf = p.sent+n, b.shelf-n
			want = !p.off && p.sent <= p.pieces
		}
	case "cancel":
		want = !p.off && p.sent == 0
		p.off = p.off || want
		_, err = s.desk.Cancel(ctx, p.id, "")
	case "give up":
		want = !p.off && p.sent == 0
		p.off = p.off || want
		err = refusal(s.from(p.thread, thread.KindCancel, &thread.Cancel{Order: p.id}))
	case "return":
		post := s.from(p.thread, thread.KindReturn, &thread.Return{Order: p.id, Lines: []trade.LineQuantity{{Line: 1, Quantity: 1}}})
		err = refusal(post)
		want = err == nil // whether the single piece was sent is the order's to know
		if want {
			want, p.asked, p.ret = p.sent > 0 && !p.asked, true, post.id
		}
	case "answer":
		want, p.given = p.asked && !p.given, p.given || p.asked
		_, err = s.desk.AnswerReturn(ctx, p.id, p.ret, true, "")
	case "receive":
		restock := rapid.Bool().Draw(r, "restock")
		want = p.given && !p.got
		_, err = s.desk.ReceiveReturn(ctx, p.id, p.ret, restock)
		if want {
			p.got = true
			if restock {
				b.shelf++
			}
		}
	}
	return want, err
}

func refusal(p *post) error {
	if p.verdict.Refused == "" {
		return nil
	}
	return &trade.Refused{Reason: trade.Reason(p.verdict.Refused)}
}
