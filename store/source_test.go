package store

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

func TestDigestsComeBackFromTheirRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) trie.Digest {
			hash := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash")
			return trie.Digest{Index: rapid.Byte().Draw(t, "index"), Hash: trie.Hash(hash), Count: rapid.Uint64().Draw(t, "count")}
		}), 0, 16).Draw(t, "row")
		b := encodeDigests(row)
		again, err := decodeDigests(b)
		if err != nil || !slices.Equal(again, row) {
			t.Fatalf("%v became %v, %v", row, again, err)
		}
		if cut := len(b) - rapid.IntRange(1, 40).Draw(t, "cut"); cut > 0 {
			if _, err := decodeDigests(b[:cut]); !errors.Is(err, kv.ErrCorrupt) {
				t.Fatalf("a row cut to %d bytes: %v", cut, err)
			}
		}
	})
}

func TestBucketsAreTheLeavesOfTheirPrefix(t *testing.T) {
	at := realm{3, 1}
	for _, prefix := range []trie.Prefix{{0, 0, 0, 0}, {0, 0, 0, 15}, {1, 2, 3, 4}, {15, 15, 15, 15}} {
		r := bucketRange(at, prefix)
		first, last := prefix.Key(), prefix.Key()
		for i := trie.Levels / 2; i < len(last); i++ {
			last[i] = 0xff
		}
		in := func(k trie.Key) bool {
			key := keyLeaf(at, k)
			return bytes.Compare(r.Start, key) <= 0 && bytes.Compare(key, r.End) < 0
		}
		before, after := first, last
		before[1]--
		after[1]++
		if !in(first) || !in(last) || in(before) || in(after) {
			t.Errorf("bucket %s: %x to %x", prefix, r.Start, r.End)
		}
	}
}
