package kvtest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

func readsBack(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "b", "2", "a", "3")
	must(t, e.View(context.Background(), func(r kv.Reader) error {
		v, err := r.Get([]byte("a"))
		must(t, err)
		equal(t, v, "3")
		if _, err := r.Get([]byte("c")); !errors.Is(err, kv.ErrNotFound) {
			t.Fatalf("missing key: %v", err)
		}
		ok, err := r.Has([]byte("b"))
		missing, err2 := r.Has([]byte("c"))
		must(t, errors.Join(err, err2))
		if !ok || missing {
			t.Fatalf("has b %v, has c %v", ok, missing)
		}
		return nil
	}))
}

func emptyValues(t *testing.T, e kv.Engine) {
	must(t, e.Update(context.Background(), kv.Durable, func(tx kv.Txn) error {
		return errors.Join(tx.Set([]byte("nil"), nil), tx.Set([]byte("empty"), []byte{}))
	}))
	equal(t, all(t, e), []string{"empty=", "nil="})
	must(t, e.View(context.Background(), func(r kv.Reader) error {
		v, err := r.Get([]byte("nil"))
		equal(t, v, "")
		return err
	}))
}

func badKeys(t *testing.T, e kv.Engine) {
	longest := bytes.Repeat([]byte("k"), kv.MaxKey)
	for _, key := range [][]byte{nil, {}, append(longest, 'k')} {
		err := e.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error { return tx.Set(key, nil) })
		if !errors.Is(err, kv.ErrBadKey) {
			t.Errorf("set key of %d bytes: %v", len(key), err)
		}
		err = e.View(context.Background(), func(r kv.Reader) error { _, err := r.Get(key); return err })
		if !errors.Is(err, kv.ErrBadKey) {
			t.Errorf("get key of %d bytes: %v", len(key), err)
		}
	}
	biggest := bytes.Repeat([]byte("v"), kv.MaxValue)
	must(t, e.Update(context.Background(), kv.Durable, func(tx kv.Txn) error { return tx.Set(longest, biggest) }))
	equal(t, all(t, e), []string{string(longest) + "=" + string(biggest)})
}

func ownership(t *testing.T, e kv.Engine) {
	key, value := []byte("key"), []byte("value")
	must(t, e.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error {
		must(t, tx.Set(key, value))
		copy(key, "xxx")
		copy(value, "xxxxx")
		got, err := tx.Get([]byte("key"))
		must(t, err)
		copy(got, "yyyyy")
		must(t, tx.Set([]byte("gone"), nil))
		copy(key, "gon")
		must(t, tx.Delete(append(key, 'e')))
		copy(key, "zzz")
		return nil
	}))
	must(t, e.View(context.Background(), func(r kv.Reader) error {
		got, err := r.Get([]byte("key"))
		copy(got, "yyyyy")
		return err
	}))
	equal(t, all(t, e), []string{"key=value"})
}

func readsOwnWrites(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "b", "2", "c", "3")
	must(t, e.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error {
		must(t, tx.Set([]byte("b"), []byte("new")))
		must(t, tx.Delete([]byte("a")))
		must(t, tx.Set([]byte("bb"), []byte("4")))
		_, err := tx.Get([]byte("a"))
		if !errors.Is(err, kv.ErrNotFound) {
			t.Errorf("deleted key: %v", err)
		}
		equal(t, list(t, tx, kv.Range{}, kv.ScanOptions{}), []string{"b=new", "bb=4", "c=3"})
		equal(t, list(t, tx, kv.Range{}, kv.ScanOptions{Reverse: true}), []string{"c=3", "bb=4", "b=new"})
		return nil
	}))
	equal(t, all(t, e), []string{"b=new", "bb=4", "c=3"})
}

var errMine = errors.New("mine")

func failedUpdate(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1")
	err := e.Update(context.Background(), kv.Durable, func(tx kv.Txn) error {
		return errors.Join(tx.Set([]byte("a"), nil), tx.Set([]byte("b"), nil), errMine)
	})
	if !errors.Is(err, errMine) {
		t.Fatalf("the function's error got lost: %v", err)
	}
	func() {
		defer func() { recover() }()
		e.Update(context.Background(), kv.Durable, func(tx kv.Txn) error {
			must(t, tx.Set([]byte("c"), nil))
			panic(errMine)
		})
	}()
	equal(t, all(t, e), []string{"a=1"})
}

func swallowedError(t *testing.T, e kv.Engine) {
	err := e.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error {
		must(t, tx.Set([]byte("a"), nil))
		tx.Set(nil, nil)
		return nil
	})
	if !errors.Is(err, kv.ErrBadKey) {
		t.Fatalf("update: %v", err)
	}
	equal(t, all(t, e), []string{})
}
