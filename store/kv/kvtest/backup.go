package kvtest

import (
	"bytes"
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/store/kv"
)

func backup(t testing.TB, e kv.Engine) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, kv.Backup(context.Background(), e, &out))
	return out.Bytes()
}

func backupRoundTrip(t *testing.T, e kv.Engine) {
	put(t, e, "a", "1", "b", "", "\xff", "last")
	want, bytes1 := all(t, e), backup(t, e)
	equalErr(t, kv.Restore(context.Background(), e, bytes.NewReader(bytes1)), kv.ErrNotEmpty)
	equal(t, all(t, e), want)
	_, err := kv.DeleteRange(context.Background(), e, kv.Range{})
	must(t, err)
	must(t, kv.Restore(context.Background(), e, bytes.NewReader(bytes1)))
	equal(t, all(t, e), want)
	if !bytes.Equal(backup(t, e), bytes1) {
		t.Error("two backups of the same items differ")
	}
}

// backupDamaged flips, cuts and adds bytes at every place of a backup.
func backupDamaged(t *testing.T, e kv.Engine) {
	put(t, e, "key", "value", "other", "")
	good := backup(t, e)
	_, err := kv.DeleteRange(context.Background(), e, kv.Range{})
	must(t, err)
	refuse := func(what string, at int, bad []byte) {
		t.Helper()
		err := kv.Restore(context.Background(), e, bytes.NewReader(bad))
		if equalErr(t, err, kv.ErrCorrupt); t.Failed() {
			t.Fatalf("%s at %d", what, at)
		}
	}
	for i := range good {
		flipped := bytes.Clone(good)
		flipped[i] ^= 0x10
		refuse("flip", i, flipped)
		refuse("cut", i, good[:i])
	}
	refuse("append", len(good), append(bytes.Clone(good), 0))
	equal(t, all(t, e), []string{})
}

func backupRandom(t *testing.T, open Open) {
	from, to := open(t), open(t)
	rapid.Check(t, func(r *rapid.T) {
		items := rapid.MapOf(rapid.StringN(1, 20, -1), rapid.String()).Draw(r, "items")
		for _, e := range []kv.Engine{from, to} {
			if _, err := kv.DeleteRange(context.Background(), e, kv.Range{}); err != nil {
				r.Fatal(err)
			}
		}
		for k, v := range items {
			put(t, from, k, v)
		}
		if err := kv.Restore(context.Background(), to, bytes.NewReader(backup(t, from))); err != nil {
			r.Fatal(err)
		}
		equal(t, all(t, to), all(t, from))
	})
}
