package badgerkv

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/stoa-commerce/stoa/store/kv"
)

var benchValue = make([]byte, 120)

// BenchmarkBareSyncedBadger is the baseline: Badger alone, SyncWrites on.
func BenchmarkBareSyncedBadger(b *testing.B) {
	for _, keys := range []int{1, 20} {
		for _, writers := range []int{1, 100} {
			b.Run(fmt.Sprintf("keys=%d/writers=%d", keys, writers), func(b *testing.B) {
				o := Options{Dir: b.TempDir()}.withDefaults().badger().WithSyncWrites(true)
				d, err := badger.Open(o)
				if err != nil {
					b.Fatal(err)
				}
				defer d.Close()
				bench(b, writers, func(n int64) error {
					return d.Update(func(tx *badger.Txn) error {
						return benchWrite(n, keys, func(k, v []byte) error { return tx.Set(k, v) })
					})
				})
			})
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	for name, dur := range map[string]kv.Durability{"durable": kv.Durable, "relaxed": kv.Relaxed} {
		for _, keys := range []int{1, 20} {
			for _, writers := range []int{1, 100} {
				b.Run(fmt.Sprintf("%s/keys=%d/writers=%d", name, keys, writers), func(b *testing.B) {
					d := open(b, Options{Dir: b.TempDir()})
					bench(b, writers, func(n int64) error {
						return d.Update(context.Background(), dur, func(tx kv.Txn) error { return benchWrite(n, keys, tx.Set) })
					})
				})
			}
		}
	}
}

func benchWrite(n int64, keys int, set func(k, v []byte) error) error {
	for i := range keys {
		if err := set(fmt.Appendf(nil, "b/%04d/%012d", i, n), benchValue); err != nil {
			return err
		}
	}
	return nil
}

// bench spreads b.N writes over so many goroutines.
func bench(b *testing.B, writers int, write func(n int64) error) {
	b.ResetTimer()
	var next atomic.Int64
	var g sync.WaitGroup
	for range writers {
		g.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := write(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	g.Wait()
}
