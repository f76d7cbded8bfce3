// Package kvtest is the suite that every kv.Engine must pass: what the
// comments of package kv promise, as tests, and a random walk beside a plain
// model. It must know no engine.
package kvtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

// Open makes an empty engine for one test. It closes it in t.Cleanup.
type Open func(t testing.TB) kv.Engine

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, kv.Engine)
	}{
		{"what was set is read back", readsBack},
		{"empty values are values", emptyValues},
		{"bad keys are refused", badKeys},
		{"slices belong to whom it says", ownership},
		{"a transaction reads its own writes", readsOwnWrites},
		{"a failed update leaves nothing", failedUpdate},
		{"a swallowed write error fails the update", swallowedError},
		{"scans keep to their range both ways", scanRanges},
		{"prefixes of 0xff bytes have an end", scanFF},
		{"scans stop when told", scanStops},
		{"scans nest and may write", scanNests},
		{"a view does not see later updates", isolation},
		{"a snapshot stays as it was", snapshotStable},
		{"a released snapshot is closed", snapshotReleased},
		{"concurrent increments all count", increments},
		{"write skew is a conflict", writeSkew},
		{"too large a transaction applies nothing", tooLarge},
		{"limits hold exactly", limitsHold},
		{"bulk writes more than a transaction can", bulkLarge},
		{"a discarded bulk writes no more", bulkDiscarded},
		{"a range is deleted and nothing else", deleteRange},
		{"a backup restores into the same items", backupRoundTrip},
		{"a damaged backup restores nothing", backupDamaged},
		{"a cancelled context is honoured", cancelled},
		{"a closed engine says so", closed},
		{"closing ends a running scan", closeEndsScan},
		{"run ends with its context", runEnds},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	t.Run("a random walk agrees with a plain model", func(t *testing.T) { model(t, open) })
	t.Run("random backups round-trip", func(t *testing.T) { backupRandom(t, open) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put sets pairs of key and value in one relaxed update.
func put(t testing.TB, e kv.Engine, pairs ...string) {
	t.Helper()
	must(t, e.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Set([]byte(pairs[i]), []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	}))
}

// list is a scan as strings "key=value".
func list(t testing.TB, r kv.Reader, rg kv.Range, o kv.ScanOptions) []string {
	t.Helper()
	out := []string{}
	for it, err := range r.Scan(rg, o) {
		must(t, err)
		if o.KeysOnly {
			out = append(out, string(it.Key))
		} else {
			out = append(out, fmt.Sprintf("%s=%s", it.Key, it.Value))
		}
	}
	return out
}

// all is everything in e.
func all(t testing.TB, e kv.Engine) (out []string) {
	t.Helper()
	must(t, e.View(context.Background(), func(r kv.Reader) error {
		out = list(t, r, kv.Range{}, kv.ScanOptions{})
		return nil
	}))
	return out
}

func equal(t fataler, got, want any) {
	t.Helper()
	if g, w := fmt.Sprintf("%q", got), fmt.Sprintf("%q", want); g != w {
		t.Fatalf("got  %.500s\nwant %.500s", g, w)
	}
}

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}
