package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// BenchmarkTradeBatch commits what a busy moment of a shop writes: 256 entries in 64
// threads, 64 orders with their holds. The sync is part of it.
func BenchmarkTradeBatch(b *testing.B) {
	d := diskDesk(b, b.TempDir())
	d.begin(64, 0)
	batch := 0
	for b.Loop() {
		batch++
		err := d.Trade(b.Context(), func(tx *store.TradeTxn) error { return tradeBatch(tx, batch) })
		d.check(err)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(256+64), "µs/row")
}

func tradeBatch(tx *store.TradeTxn, batch int) error {
	for n := range 64 {
		t, err := tx.Thread(cid("thread", n))
		if err != nil {
			return err
		}
		for range 4 {
			t.Seq++
			if err := tx.PutEntry(t.ID, newEntry(n, int(t.Seq), store.Class(t.Seq%2), 700)); err != nil {
				return err
			}
		}
		t.Touched = store.Millis(batch*64 + n)
		if err := orderOne(tx, n, int(t.Seq)); err != nil {
			return err
		}
		if err := tx.PutThread(t); err != nil {
			return err
		}
	}
	return nil
}

func orderOne(tx *store.TradeTxn, thread, seq int) error {
	number, err := tx.NextNumber()
	if err != nil {
		return err
	}
	variant := protocol.VariantID(fmt.Sprint("v", thread%8))
	if _, err := tx.Stock(variant); err != nil {
		return err
	}
	o := newOrder(thread, seq, number)
	if err := tx.PutHold(&store.Hold{Order: o.ID, Lines: []store.HoldLine{{Variant: variant, Quantity: 1}}, Until: o.Placed + 1}); err != nil {
		return err
	}
	return tx.PutOrder(o)
}

// BenchmarkRecall reads one of many threads with its last 50 entries, each a first time
// since the store was opened, and reports the slowest of a hundred.
func BenchmarkRecall(b *testing.B) {
	const threads, entries, atOnce = 2000, 60, 20
	home := b.TempDir()
	d := diskDesk(b, home)
	for first := 0; first < threads; first += atOnce {
		d.trade(func(tx *store.TradeTxn) error {
			for n := first; n < first+atOnce; n++ {
				t := newThread(n)
				t.Seq = entries
				if err := tx.PutThread(t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for seq := 1; seq <= entries; seq++ { // as they arrive: scattered over the threads
		for first := 0; first < threads; first += 500 {
			d.trade(func(tx *store.TradeTxn) error {
				for n := first; n < first+500; n++ {
					if err := tx.PutEntry(cid("thread", n), newEntry(n, seq, store.Conversation, 300)); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	d.close()
	d = diskDesk(b, home)
	var took []time.Duration
	n := 0
	for b.Loop() {
		n = (n + 977) % threads
		start := time.Now()
		d.read(func(v *store.DeskView) error {
			t, err := v.Thread(cid("thread", n))
			if err != nil {
				return err
			}
			list, err := v.Entries(t.ID, t.Seq-50, 50)
			if err == nil && len(list) != 50 {
				err = fmt.Errorf("%d entries", len(list))
			}
			return err
		})
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs/p99")
}
