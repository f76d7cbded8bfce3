package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// TestErasuresAndOrdersAtOnceLeaveNothingHalfDone writes to threads while they are
// erased. Whatever came first, in the end they are erased, the others whole, and what
// is held is what the orders hold that were placed.
func TestErasuresAndOrdersAtOnceLeaveNothingHalfDone(t *testing.T) {
	const threads, rounds = 6, 12
	d := memDesk(t)
	d.begin(threads, 2)
	var wg sync.WaitGroup
	placed := make([]int, threads)
	for n := range threads {
		wg.Go(func() {
			for seq := 3; seq < 3+rounds; seq++ {
				err := d.Trade(t.Context(), func(tx *store.TradeTxn) error { return sayAndOrder(tx, n, seq) })
				if err == nil {
					placed[n]++
				} else if !errors.Is(err, store.ErrErased) {
					t.Errorf("thread %d: %v", n, err)
				}
			}
		})
	}
	for n := 0; n < threads; n += 2 {
		wg.Go(func() { d.erased(t, n) })
		wg.Go(func() { d.erased(t, n) })
	}
	wg.Wait()
	var all int64
	for n, count := range placed {
		all += int64(count)
		if n%2 == 0 {
			d.isErasedWith(n, count)
		} else {
			d.isThere(n, 2+rounds)
		}
	}
	d.read(func(v *store.DeskView) error {
		s, err := v.Stock("tea")
		if s.Held != all {
			t.Errorf("%d are held, placed were %d", s.Held, all)
		}
		return err
	})
}

func (d *desk) erased(t *testing.T, n int) {
	if err := d.Erase(t.Context(), cid("thread", n), 99); err != nil {
		t.Errorf("erase thread %d: %v", n, err)
	}
}

// isErasedWith checks an erased thread that had so many orders.
func (d *desk) isErasedWith(thread, orders int) {
	d.t.Helper()
	d.read(func(v *store.DeskView) error {
		t, err := v.Thread(cid("thread", thread))
		if err != nil || !t.Erased {
			d.t.Errorf("thread %d is %+v, %v", thread, t, err)
		}
		left, err := v.OrdersOf(cid("thread", thread))
		if err != nil || len(left) != orders {
			d.t.Errorf("thread %d has %d orders, placed were %d, %v", thread, len(left), orders, err)
		}
		return err
	})
	if left := d.rowsOf("cw/"); len(left) > 0 {
		d.t.Errorf("not ended are %q", left)
	}
}

func sayAndOrder(tx *store.TradeTxn, n, seq int) error {
	thread, err := tx.Thread(cid("thread", n))
	if err != nil {
		return err
	}
	if thread.Erased {
		return store.ErrErased
	}
	thread.Seq, thread.Touched = uint64(seq), store.Millis(seq)
	number, err := tx.NextNumber()
	o := newOrder(n, seq, number)
	hold := &store.Hold{Order: o.ID, Lines: []store.HoldLine{{Variant: protocol.VariantID("tea"), Quantity: 1}}}
	return errors.Join(err, tx.PutEntry(thread.ID, newEntry(n, seq, store.Conversation, 50)), tx.PutOrder(o), tx.PutHold(hold), tx.PutThread(thread))
}

// TestAnOrderThatMeetsAnErasureIsRefusedOrKept puts the first order of a thread between
// what an erasure reads and what it writes.
func TestAnOrderThatMeetsAnErasureIsRefusedOrKept(t *testing.T) {
	d := memDesk(t)
	d.begin(1, 2)
	runs := 0
	d.trade(func(tx *store.TradeTxn) error {
		if err := tx.MarkErased(cid("thread", 0)); err != nil {
			return err
		}
		if runs++; runs > 1 {
			return nil
		}
		return d.Trade(t.Context(), func(other *store.TradeTxn) error { return other.PutOrder(newOrder(0, 2, 1001)) })
	})
	d.check(d.Erase(t.Context(), cid("thread", 0), 99))
	d.isErasedWith(0, 1)
}
