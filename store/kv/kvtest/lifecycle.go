package kvtest

import (
	"context"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

func cancelled(t *testing.T, e kv.Engine) {
	put(t, e, "a", "", "b", "", "c", "")
	dead, cancel := context.WithCancel(context.Background())
	cancel()
	never := func() { t.Error("the function ran") }
	equalErr(t, e.View(dead, func(kv.Reader) error { never(); return nil }), context.Canceled)
	equalErr(t, e.Update(dead, kv.Durable, func(kv.Txn) error { never(); return nil }), context.Canceled)
	_, err := e.Bulk(dead)
	equalErr(t, err, context.Canceled)
	equalErr(t, e.Verify(dead), context.Canceled)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	err = e.View(ctx, func(r kv.Reader) error {
		for _, err := range r.Scan(kv.Range{}, kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			n++
			cancel()
		}
		return nil
	})
	equalErr(t, err, context.Canceled)
	equal(t, n, 1)

	ctx, cancel = context.WithCancel(context.Background())
	err = e.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		cancel()
		return tx.Set([]byte("d"), nil)
	})
	equalErr(t, err, context.Canceled)
	equal(t, all(t, e), []string{"a=", "b=", "c="})
}

func closed(t *testing.T, e kv.Engine) {
	ctx := context.Background()
	put(t, e, "a", "1")
	s, err := e.Snapshot()
	must(t, err)
	b, err := e.Bulk(ctx)
	must(t, err)
	must(t, b.Set([]byte("b"), nil))
	must(t, e.Close())
	must(t, e.Close())
	equalErr(t, e.View(ctx, func(kv.Reader) error { return nil }), kv.ErrClosed)
	equalErr(t, e.Update(ctx, kv.Durable, func(kv.Txn) error { return nil }), kv.ErrClosed)
	equalErr(t, e.Sync(ctx), kv.ErrClosed)
	equalErr(t, e.Verify(ctx), kv.ErrClosed)
	_, err = e.Snapshot()
	equalErr(t, err, kv.ErrClosed)
	_, err = e.Bulk(ctx)
	equalErr(t, err, kv.ErrClosed)
	equalErr(t, b.Flush(), kv.ErrClosed)
	_, err = s.Get([]byte("a"))
	equalErr(t, err, kv.ErrClosed)
	equalErr(t, scanErr(s), kv.ErrClosed)
	s.Release()
	b.Discard()
	must(t, e.Run(ctx))
}

// closeEndsScan closes the engine while a view is in the middle of a scan: the
// scan must fail, and Close must return only after the view.
func closeEndsScan(t *testing.T, e kv.Engine) {
	put(t, e, "a", "", "b", "")
	over := make(chan error, 1)
	viewing := true
	err := e.View(context.Background(), func(r kv.Reader) error {
		defer func() { viewing = false }()
		go func() {
			err := e.Close()
			if viewing {
				t.Error("closed under a running view")
			}
			over <- err
		}()
		for {
			if err := scanErr(r); err != nil {
				return err
			}
		}
	})
	equalErr(t, err, kv.ErrClosed)
	must(t, <-over)
}

func runEnds(t *testing.T, e kv.Engine) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	cancel()
	must(t, <-done)
	put(t, e, "a", "still works")
}
