package kvtest

import (
	"context"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

func scanRanges(t *testing.T, e kv.Engine) {
	put(t, e, "a", "", "b", "", "b/1", "", "b/2", "", "b/2/x", "", "b0", "", "c", "")
	b := kv.Prefix([]byte("b/"))
	cases := []struct {
		name string
		rg   kv.Range
		want []string
	}{
		{"everything", kv.Range{}, []string{"a", "b", "b/1", "b/2", "b/2/x", "b0", "c"}},
		{"prefix", b, []string{"b/1", "b/2", "b/2/x"}},
		{"prefix of the empty key", kv.Prefix(nil), []string{"a", "b", "b/1", "b/2", "b/2/x", "b0", "c"}},
		{"end is not in it", kv.Range{Start: []byte("b"), End: []byte("b/2")}, []string{"b", "b/1"}},
		{"end that is no key", kv.Range{Start: []byte("b"), End: []byte("b/1x")}, []string{"b", "b/1"}},
		{"start only", kv.Range{Start: []byte("b/2")}, []string{"b/2", "b/2/x", "b0", "c"}},
		{"end only", kv.Range{End: []byte("b")}, []string{"a"}},
		{"after a key", b.After([]byte("b/1")), []string{"b/2", "b/2/x"}},
		{"after the last", b.After([]byte("b/2/x")), nil},
		{"after what lies before", b.After([]byte("a")), []string{"b/1", "b/2", "b/2/x"}},
		{"from a key", b.From([]byte("b/2")), []string{"b/2", "b/2/x"}},
		{"before a key", b.Before([]byte("b/2")), []string{"b/1"}},
		{"before the first", b.Before([]byte("b/1")), nil},
		{"before what lies after", b.Before([]byte("x")), []string{"b/1", "b/2", "b/2/x"}},
		{"nothing", kv.Range{Start: []byte("c"), End: []byte("a")}, nil},
		{"no key there", kv.Prefix([]byte("bb")), nil},
		{"past the end", kv.Prefix([]byte("d")), nil},
	}
	must(t, e.View(context.Background(), func(r kv.Reader) error {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) { bothWays(t, r, c.rg, c.want) })
		}
		return nil
	}))
}

// bothWays checks a scan up and down and with each limit.
func bothWays(t *testing.T, r kv.Reader, rg kv.Range, want []string) {
	down := []string{}
	for i := range want {
		down = append(down, want[len(want)-1-i])
	}
	want = append([]string{}, want...)
	equal(t, list(t, r, rg, kv.ScanOptions{KeysOnly: true}), want)
	equal(t, list(t, r, rg, kv.ScanOptions{KeysOnly: true, Reverse: true}), down)
	for n := 1; n <= len(want); n++ {
		equal(t, list(t, r, rg, kv.ScanOptions{KeysOnly: true, Limit: n}), want[:n])
		equal(t, list(t, r, rg, kv.ScanOptions{KeysOnly: true, Reverse: true, Limit: n}), down[:n])
	}
}

func scanFF(t *testing.T, e kv.Engine) {
	keys := []string{"a", "a\xff", "a\xff\x00", "a\xff\xff", "b", "\xff", "\xff\x00", "\xff\xff", "\xff\xff\xff"}
	for _, k := range keys {
		put(t, e, k, "")
	}
	must(t, e.View(context.Background(), func(r kv.Reader) error {
		bothWays(t, r, kv.Range{}, keys)
		bothWays(t, r, kv.Prefix([]byte("a\xff")), keys[1:4])
		bothWays(t, r, kv.Prefix([]byte("\xff")), keys[5:])
		bothWays(t, r, kv.Prefix([]byte("\xff\xff")), keys[7:])
		bothWays(t, r, kv.Prefix([]byte("\xff")).Before([]byte("\xff\xff")), keys[5:7])
		return nil
	}))
}

func scanStops(t *testing.T, e kv.Engine) {
	put(t, e, "a", "", "b", "", "c", "")
	must(t, e.View(context.Background(), func(r kv.Reader) error {
		n := 0
		for _, err := range r.Scan(kv.Range{}, kv.ScanOptions{}) {
			must(t, err)
			if n++; n == 2 {
				break
			}
		}
		equal(t, n, 2)
		return nil
	}))
}

func scanNests(t *testing.T, e kv.Engine) {
	put(t, e, "a", "", "b", "", "c", "")
	var seen []string
	must(t, e.Update(context.Background(), kv.Relaxed, func(tx kv.Txn) error {
		seen = nil
		for outer, err := range tx.Scan(kv.Range{}, kv.ScanOptions{}) {
			must(t, err)
			must(t, tx.Delete(outer.Key))
			must(t, tx.Set(append([]byte("z"), outer.Key...), nil))
			inner := list(t, tx, kv.Range{}, kv.ScanOptions{KeysOnly: true})
			seen = append(seen, string(outer.Key))
			equal(t, len(inner), 3)
		}
		return nil
	}))
	equal(t, seen, []string{"a", "b", "c"})
	equal(t, all(t, e), []string{"za=", "zb=", "zc="})
}
