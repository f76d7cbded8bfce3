package memkv

import (
	"context"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/kvtest"
)

func TestPassesSuite(t *testing.T) {
	kvtest.Run(t, func(t testing.TB) kv.Engine {
		e := New()
		t.Cleanup(func() { e.Close() })
		return e
	})
}

func TestReopeningKeepsAllAndAPowerLossWhatWasDurable(t *testing.T) {
	e := New()
	put := func(d kv.Durability, key string) {
		t.Helper()
		if err := e.Update(context.Background(), d, func(tx kv.Txn) error { return tx.Set([]byte(key), nil) }); err != nil {
			t.Fatal(err)
		}
	}
	put(kv.Relaxed, "a")
	put(kv.Durable, "b")
	put(kv.Relaxed, "c")
	e = e.Reopen()
	put(kv.Relaxed, "d")
	if got := keys(t, e); got != "abcd" {
		t.Errorf("after reopening there are %q", got)
	}
	e = e.PowerLoss()
	if got := keys(t, e); got != "abc" {
		t.Errorf("after a power loss there are %q", got)
	}
}

func keys(t *testing.T, e *Engine) (got string) {
	t.Helper()
	err := e.View(context.Background(), func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Range{}, kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			got += string(item.Key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
