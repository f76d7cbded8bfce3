package kvtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

func tooLarge(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1")
	value := bytes.Repeat([]byte("v"), 64<<10)
	for _, swallow := range []bool{false, true} {
		err := e.Update(context.Background(), kv.Durable, func(tx kv.Txn) error {
			for i := 0; ; i++ {
				err := tx.Set(fmt.Appendf(nil, "big/%d", i), value)
				if err != nil && swallow {
					return nil
				}
				if err != nil {
					return err
				}
			}
		})
		equalErr(t, err, kv.ErrTooLarge)
		equal(t, all(t, e), []string{"a=1"})
	}
	err := e.Update(context.Background(), kv.Durable, func(tx kv.Txn) error {
		return tx.Set([]byte("b"), make([]byte, kv.MaxValue+1))
	})
	equalErr(t, err, kv.ErrTooLarge)
	put(t, e, "a", "2")
	equal(t, all(t, e), []string{"a=2"})
}

// limitsHold fills transactions to exactly the limit, and one write beyond.
func limitsHold(t *testing.T, e kv.Engine) {
	l := e.Limits().Txn
	if l.Writes < 10_000 || l.Bytes < 2_000_000 {
		t.Fatalf("limits of %+v are below the promised ones", l)
	}
	many := func(n int) error {
		return e.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error {
			for i := range n {
				if err := tx.Set(fmt.Appendf(nil, "n/%06d", i), nil); err != nil {
					return err
				}
			}
			equal(t, tx.Size().Writes, n)
			return nil
		})
	}
	writes := min(l.Writes, l.Bytes/(8+kv.WriteOverhead))
	must(t, many(writes))
	equalErr(t, many(writes+1), kv.ErrTooLarge)
	must(t, fill(e, l.Bytes))
	equalErr(t, fill(e, l.Bytes+1), kv.ErrTooLarge)
}

// fill makes a transaction of exactly so many bytes.
func fill(e kv.Engine, size int) error {
	return e.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error {
		for i := 0; tx.Size().Bytes < size; i++ {
			rest := size - tx.Size().Bytes - kv.WriteOverhead - 8
			if rest > kv.MaxValue {
				rest = min(rest-kv.WriteOverhead-8, kv.MaxValue)
			}
			if err := tx.Set(fmt.Appendf(nil, "f/%06d", i), make([]byte, rest)); err != nil {
				return err
			}
		}
		return nil
	})
}

func bulkLarge(t *testing.T, e kv.Engine) {
	const n = 40_000
	put(t, e, "k/000007", "old", "z", "stays")
	b, err := e.Bulk(context.Background())
	must(t, err)
	defer b.Discard()
	value := bytes.Repeat([]byte("v"), 100)
	for i := range n {
		must(t, b.Set(fmt.Appendf(nil, "k/%06d", i), value))
	}
	must(t, b.Delete([]byte("k/000008")))
	must(t, b.Set([]byte("k/000009"), []byte("twice")))
	must(t, b.Flush())
	must(t, b.Set([]byte("after"), []byte("flush")))
	must(t, b.Flush())
	must(t, e.View(context.Background(), func(r kv.Reader) error {
		equal(t, len(list(t, r, kv.Prefix([]byte("k/")), kv.ScanOptions{KeysOnly: true})), n-1)
		equal(t, list(t, r, kv.Prefix([]byte("k/000009")), kv.ScanOptions{}), []string{"k/000009=twice"})
		ok, err := r.Has([]byte("after"))
		equal(t, ok, true)
		return err
	}))
}

func bulkDiscarded(t *testing.T, e kv.Engine) {
	b, err := e.Bulk(context.Background())
	must(t, err)
	must(t, b.Set([]byte("a"), nil))
	b.Discard()
	b.Discard()
	equalErr(t, b.Set([]byte("b"), nil), kv.ErrClosed)
	equalErr(t, b.Flush(), kv.ErrClosed)
	equal(t, all(t, e), []string{})
	b, err = e.Bulk(context.Background())
	must(t, err)
	defer b.Discard()
	equalErr(t, b.Set(nil, nil), kv.ErrBadKey)
	equalErr(t, b.Flush(), kv.ErrBadKey)
}

func deleteRange(t *testing.T, e kv.Engine) {
	const n = 2500
	b, err := e.Bulk(context.Background())
	must(t, err)
	defer b.Discard()
	for i := range n {
		must(t, b.Set(fmt.Appendf(nil, "p/%04d", i), nil))
	}
	must(t, errors.Join(b.Set([]byte("p"), nil), b.Set([]byte("p0"), nil), b.Flush()))
	removed, err := kv.DeleteRange(context.Background(), e, kv.Prefix([]byte("p/")))
	must(t, err)
	equal(t, removed, n)
	equal(t, all(t, e), []string{"p=", "p0="})
	removed, err = kv.DeleteRange(context.Background(), e, kv.Prefix([]byte("p/")))
	must(t, err)
	equal(t, removed, 0)
}
