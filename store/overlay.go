package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// tombstone begins the row of a path that was deleted while it is live; the path
// follows. Leaf rows begin with a CID, which never begins so.
const tombstone = 0

func encodeTombstone(path protocol.Path) []byte { return append([]byte{tombstone}, path...) }

func readTombstone(value []byte) (protocol.Path, bool) {
	if len(value) == 0 || value[0] != tombstone {
		return "", false
	}
	return protocol.Path(value[1:]), true
}

// stagedRow is one row of a generation that lies over another one.
type stagedRow struct {
	leafRow
	deleted bool
}

// scanStaged yields the rows of a generation in the making, in key order, each
// valid until the next.
func scanStaged(r kv.Reader, rows kv.Range) iter.Seq2[stagedRow, error] {
	return func(yield func(stagedRow, error) bool) {
		for item, err := range r.Scan(rows, kv.ScanOptions{}) {
			var row stagedRow
			if err == nil {
				row, err = decodeStaged(item)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func decodeStaged(item kv.Item) (row stagedRow, err error) {
	if row.Path, row.deleted = readTombstone(item.Value); row.deleted {
		row.Key = trie.Key(item.Key[len(item.Key)-len(row.Key):])
		return row, nil
	}
	row.leafRow, err = decodeLeaf(item.Key, item.Value)
	return row, err
}

// stagedChanges yields what came as changes, in key order.
func stagedChanges(r kv.Reader, at realm) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for row, err := range scanStaged(r, kv.Prefix(keyLeaves(at))) {
			c := Change{Path: row.Path}
			if err == nil && !row.deleted {
				c.Record = bytes.Clone(row.Record)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// overlay is a generation in the making laid over the live one.
type overlay struct {
	r          kv.Reader
	live, over realm // over.gen is 0 when there is none
}

// leaves calls fn for every leaf under a prefix, in key order.
func (o overlay) leaves(prefix trie.Prefix, fn func(trie.Leaf) error) error {
	w, err := o.walk(prefix, fn)
	if err != nil {
		return err
	}
	defer w.stop()
	err = scanLeaves(o.r, prefixRange(o.live, prefix), func(row leafRow) error {
		hidden, err := w.upTo(row.Key)
		if err != nil || hidden {
			return err
		}
		return fn(row.Leaf)
	})
	if err != nil {
		return err
	}
	return w.rest()
}

// stagedWalk walks through the staged rows beside the live ones.
type stagedWalk struct {
	next func() (stagedRow, error, bool)
	stop func()
	row  stagedRow
	more bool
	fn   func(trie.Leaf) error
}

// walk begins at the first staged row under a prefix.
func (o overlay) walk(prefix trie.Prefix, fn func(trie.Leaf) error) (*stagedWalk, error) {
	w := &stagedWalk{stop: func() {}, fn: fn}
	if o.over.gen == 0 {
		return w, nil
	}
	w.next, w.stop = iter.Pull2(scanStaged(o.r, prefixRange(o.over, prefix)))
	if err := w.step(); err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

func (w *stagedWalk) step() (err error) {
	w.row, err, w.more = w.next()
	return err
}

// upTo gives the staged leaves up to a key, and reports whether a row stands at
// it and hides what is live there.
func (w *stagedWalk) upTo(key trie.Key) (hidden bool, err error) {
	for err == nil && w.more && bytes.Compare(w.row.Key[:], key[:]) <= 0 {
		hidden = w.row.Key == key
		err = w.give()
	}
	return hidden, err
}

// rest gives the staged leaves that are left.
func (w *stagedWalk) rest() (err error) {
	for err == nil && w.more {
		err = w.give()
	}
	return err
}

func (w *stagedWalk) give() error {
	if !w.row.deleted {
		if err := w.fn(w.row.Leaf); err != nil {
			return err
		}
	}
	return w.step()
}

// untouched reports whether nothing staged lies under the prefix.
func (o overlay) untouched(prefix trie.Prefix) (bool, error) {
	if o.over.gen == 0 {
		return true, nil
	}
	for _, err := range o.r.Scan(prefixRange(o.over, prefix), kv.ScanOptions{Limit: 1, KeysOnly: true}) {
		return false, err
	}
	return true, nil
}

// digestCache keeps the rows of the overlay's trie that were computed, by prefix.
type digestCache map[string][]trie.Digest

// forget drops the rows that a change of the leaf touches.
func (c digestCache) forget(key trie.Key) {
	if len(c) == 0 {
		return
	}
	prefix := make(trie.Prefix, 0, trie.Levels)
	for i := range trie.Levels {
		delete(c, string(prefix))
		prefix = append(prefix, key[i/2]>>(4-4*(i%2))&15)
	}
}

func (c *digestCache) clear() { *c = nil }

// Children returns a digest for each of the up to 16 prefixes, one nibble longer
// than prefix, that have leaves, of the live catalog overlaid with what came and
// was flushed. It implements wire.Own. The first call after a restart may read
// all that came. What came of a hostile brand can be invalid: drop it.
func (st *Stage) Children(prefix trie.Prefix) (row []trie.Digest, err error) {
	if err := prefix.Check(); err != nil {
		return nil, err
	}
	err = st.read(func(o overlay) error {
		row, err = st.children(o, prefix)
		return err
	})
	return row, err
}

// Leaves returns all leaves under prefix in key order, of the live catalog
// overlaid with what came and was flushed. It implements wire.Own.
func (st *Stage) Leaves(prefix trie.Prefix) (leaves []trie.Leaf, err error) {
	if err := prefix.Check(); err != nil {
		return nil, err
	}
	err = st.read(func(o overlay) error {
		leaves = nil
		return o.leaves(prefix, func(l trie.Leaf) error {
			leaves = append(leaves, l)
			return nil
		})
	})
	return leaves, err
}

func (st *Stage) read(fn func(overlay) error) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return errStageClosed
	}
	return st.s.kv.View(context.Background(), func(r kv.Reader) error {
		now, err := st.b.readState(r)
		if err != nil {
			return err
		}
		return fn(overlay{r: r, live: now.at, over: st.at})
	})
}

func (st *Stage) children(o overlay, prefix trie.Prefix) ([]trie.Digest, error) {
	if row, ok := st.digests[string(prefix)]; ok {
		return row, nil
	}
	untouched, err := o.untouched(prefix)
	if err != nil {
		return nil, err
	}
	if untouched {
		return trie.Descend(source{o.r, o.live}, prefix)
	}
	if len(prefix) >= trie.Levels {
		return o.fewChildren(prefix)
	}
	if st.digests == nil {
		st.digests = digestCache{}
	}
	return st.digests.fill(o, prefix)
}

// fill computes the row of a prefix, and those below it, from the leaves.
func (c digestCache) fill(o overlay, prefix trie.Prefix) ([]trie.Digest, error) {
	b := trie.NewBuilder(func(row trie.Row) error {
		if len(row.Prefix) >= len(prefix) {
			c[string(row.Prefix)] = row.Digests
		}
		return nil
	})
	if err := o.leaves(prefix, b.Add); err != nil {
		return nil, fmt.Errorf("hash what was fetched: %w", err)
	}
	if _, err := b.Finish(); err != nil {
		return nil, err
	}
	return c[string(prefix)], nil
}

// fewChildren computes the children of a prefix within a bucket.
func (o overlay) fewChildren(prefix trie.Prefix) (row []trie.Digest, err error) {
	var under [16][]trie.Leaf
	n := len(prefix)
	err = o.leaves(prefix, func(l trie.Leaf) error {
		i := l.Key[n/2] >> (4 - 4*(n%2)) & 15
		under[i] = append(under[i], l)
		return nil
	})
	for i, leaves := range under {
		if len(leaves) == 0 || err != nil {
			continue
		}
		d := trie.Digest{Index: byte(i), Count: uint64(len(leaves))}
		d.Hash, err = trie.Root(leaves)
		row = append(row, d)
	}
	return row, err
}
