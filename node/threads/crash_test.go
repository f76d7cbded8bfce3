package threads

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Many buy at once while the power goes again and again: what a shopper was told is
// what the store holds, stock adds up, and nobody's order is there twice.
func TestWhateverAShopperWasToldSurvivesTheLossOfPower(t *testing.T) {
	const buyers, stock, losses = 60, 25, 6
	s := newStand(t, stock)
	var all []*shopper
	for range buyers {
		all = append(all, s.visit())
	}
	var mu sync.RWMutex // the power stays on for readers
	told := make([]string, buyers)
	var wait sync.WaitGroup
	for i, x := range all {
		order := x.order()
		wait.Go(func() {
			for told[i] == "" {
				mu.RLock()
				a, err := s.Begin(context.Background(), x.who, x.write, wire.ThreadBegin{Genesis: x.genesis, Envelopes: [][]byte{order}})
				mu.RUnlock()
				switch {
				case errors.Is(err, context.Canceled), errors.Is(err, kv.ErrClosed):
				case err != nil:
					t.Errorf("%v", err)
					return
				case a.Results[0].State != wire.StateReceived:
					told[i] = a.Results[0].State
				}
			}
		})
	}
	for range losses {
		time.Sleep(3 * time.Millisecond)
		engine := s.engine.PowerLoss() // as it is on disk in the middle of it
		s.stop()
		mu.Lock()
		s.engine = engine
		s.start(s.db(), 0)
		mu.Unlock()
	}
	wait.Wait()
	committed := 0
	for i, x := range all {
		x.read()
		switch {
		case told[i] == wire.StateCommitted:
			committed++
			x.has("order", "order.number")
		default:
			x.has("order")
		}
	}
	if left := s.left(); committed != stock || left != 0 {
		t.Errorf("%d orders, %d left of %d", committed, left, stock)
	}
	s.check(s.store.Desk(t.Context(), func(v *store.DeskView) error {
		list, err := v.Orders(store.OrderFilter{}, 0, 1000)
		if len(list) != stock {
			t.Errorf("%d rows of orders", len(list))
		}
		return err
	}))
}

func TestAWeekOffEverythingComesInOrder(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("0"))
	var late [][]byte
	for _, words := range []string{"1", "2", "3", "4"} {
		late = append(late, x.text(words))
	}
	late = append(late, x.order())
	s.advance(7 * 24 * time.Hour)
	s.lose()
	late[0], late[3] = late[3], late[0]
	taken, err := s.Take(t.Context(), "relay", x.id(), late, patience)
	s.check(err)
	s.states(taken.Results, "committed", "committed", "committed", "committed", "committed")
	down, err := s.Down(t.Context(), x.id(), x.seq(), 10)
	s.check(err)
	for _, d := range down {
		x.take(wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{{N: d.Seq, Bytes: d.Envelope}}})
	}
	x.has("text", "text", "text", "text", "text", "order", "order.number")
}
