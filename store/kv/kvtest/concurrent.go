package kvtest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

func isolation(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "b", "1")
	must(t, e.View(context.Background(), func(r kv.Reader) error {
		put(t, e, "a", "2", "c", "2")
		equal(t, list(t, r, kv.Range{}, kv.ScanOptions{}), []string{"a=1", "b=1"})
		return nil
	}))
	must(t, e.Update(context.Background(), kv.Durable, func(tx kv.Txn) error {
		must(t, tx.Set([]byte("d"), nil))
		equal(t, all(t, e), []string{"a=2", "b=1", "c=2"})
		return nil
	}))
}

func snapshotStable(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "b", "1")
	s, err := e.Snapshot()
	must(t, err)
	defer s.Release()
	put(t, e, "a", "2", "c", "2")
	must(t, e.Update(context.Background(), kv.Durable, func(tx kv.Txn) error { return tx.Delete([]byte("b")) }))
	var g sync.WaitGroup
	for range 4 {
		g.Go(func() {
			if got := list(t, s, kv.Range{}, kv.ScanOptions{Reverse: true}); len(got) != 2 || got[0] != "b=1" || got[1] != "a=1" {
				t.Errorf("snapshot shows %q", got)
			}
		})
	}
	g.Wait()
	v, err := s.Get([]byte("a"))
	must(t, err)
	equal(t, v, "1")
	equal(t, all(t, e), []string{"a=2", "c=2"})
}

func snapshotReleased(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1")
	s, err := e.Snapshot()
	must(t, err)
	s.Release()
	s.Release()
	if _, err := s.Get([]byte("a")); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("get: %v", err)
	}
	if _, err := s.Has([]byte("a")); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("has: %v", err)
	}
	equalErr(t, scanErr(s), kv.ErrClosed)
}

func scanErr(r kv.Reader) error {
	for _, err := range r.Scan(kv.Range{}, kv.ScanOptions{}) {
		if err != nil {
			return err
		}
	}
	return nil
}

func equalErr(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got error %v, want %v", got, want)
	}
}

// increments has many goroutines count in one key, with both durabilities.
func increments(t *testing.T, e kv.Engine) {
	const workers, each = 16, 25
	key := []byte("n")
	var runs atomic.Int64
	var g sync.WaitGroup
	for w := range workers {
		g.Go(func() {
			for range each {
				err := e.Update(context.Background(), kv.Durability(w%2), func(tx kv.Txn) error {
					runs.Add(1)
					old, err := tx.Get(key)
					if err != nil && !errors.Is(err, kv.ErrNotFound) {
						return err
					}
					n, _ := strconv.Atoi(string(old))
					return tx.Set(key, strconv.AppendInt(nil, int64(n+1), 10))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	g.Wait()
	equal(t, all(t, e), []string{"n=" + strconv.Itoa(workers*each)})
	if runs.Load() < workers*each {
		t.Errorf("%d runs for %d updates", runs.Load(), workers*each)
	}
}

// writeSkew runs two updates that each read what the other writes: by Get and
// as an item of a scan. One of them must run again and see the other's write.
func writeSkew(t *testing.T, e kv.Engine) {
	get := func(tx kv.Txn, key string) string {
		v, err := tx.Get([]byte(key))
		must(t, err)
		return string(v)
	}
	scan := func(tx kv.Txn, key string) string {
		return list(t, tx, kv.Prefix([]byte(key)), kv.ScanOptions{})[0][2:]
	}
	for name, read := range map[string]func(kv.Txn, string) string{"get": get, "scan": scan} {
		put(t, e, "x", "1", "y", "1")
		runs := 0
		must(t, e.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error {
			sum := read(tx, "x") + read(tx, "y")
			if runs++; runs == 1 {
				put(t, e, "x", "0")
			}
			if sum == "11" {
				return tx.Set([]byte("y"), []byte("0"))
			}
			return nil
		}))
		if runs != 2 {
			t.Errorf("%s: %d runs", name, runs)
		}
		equal(t, all(t, e), []string{"x=0", "y=1"})
	}
}
