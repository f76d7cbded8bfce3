package store

import (
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"sort"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// ErrGone means that the store no longer has what leads from a head to the
// present one, or never had it.
var ErrGone = errors.New("what lies between the heads is not kept")

// Changes yields what makes the catalog of a head that was in force before into
// that of the view, in key order behind the path after ("" is the start): the
// present record, or nil where there is none any more. A record that was changed
// and changed back may be among them. ErrGone when the way from base isn't kept.
func (v *View) Changes(base protocol.CID, after protocol.Path) (iter.Seq2[Change, error], error) {
	if base == v.st.head.CID {
		return func(func(Change, error) bool) {}, nil
	}
	way, err := v.way(base)
	if err != nil {
		return nil, err
	}
	m := &merge{}
	for age, paths := range way {
		if err := m.open(age, paths, after); err != nil {
			return nil, err
		}
	}
	return func(yield func(Change, error) bool) { v.yieldChanges(m, yield) }, nil
}

// way returns the paths of the deltas that lead from base to the view's head,
// each with its rows, the oldest delta first.
func (v *View) way(base protocol.CID) ([][][]byte, error) {
	deltas, err := v.chain(base)
	if err != nil {
		return nil, err
	}
	var way [][][]byte
	for i := len(deltas) - 1; i >= 0; i-- {
		parts, err := v.deltaParts(deltas[i])
		if err != nil {
			return nil, err
		}
		way = append(way, parts)
	}
	return way, nil
}

// link is a delta with its place.
type link struct {
	deltaHead
	epoch, seq uint64
}

// chain walks back from the view's head to base, the newest delta first.
func (v *View) chain(base protocol.CID) (deltas []link, err error) {
	rows := kv.Prefix(keyDeltas(v.st.at.brand))
	next := v.st.head.CID
	for item, err := range v.r.Scan(rows, kv.ScanOptions{Reverse: true}) {
		if err != nil {
			return nil, err
		}
		d, err := decodeDelta(item.Value)
		if err != nil {
			return nil, err
		}
		if d.head != next || d.count == noPaths {
			break
		}
		d.inline = bytes.Clone(d.inline)
		epoch, seq := readDeltaKey(item.Key)
		deltas = append(deltas, link{d, epoch, seq})
		if d.base == base {
			return deltas, nil
		}
		next = d.base
	}
	return nil, fmt.Errorf("changes since %s: %w", base, ErrGone)
}

func (v *View) deltaParts(d link) (parts [][]byte, err error) {
	if d.count == 0 || len(d.inline) > 0 {
		return [][]byte{d.inline}, nil
	}
	rows := kv.Prefix(keyDeltaParts(v.st.at.brand, d.epoch, d.seq))
	for item, err := range v.r.Scan(rows, kv.ScanOptions{}) {
		if err != nil {
			return nil, err
		}
		parts = append(parts, bytes.Clone(item.Value))
	}
	return parts, nil
}

// yieldChanges joins the deltas: of one path only the present record counts, and
// the oldest delta says whether base had it.
func (v *View) yieldChanges(m *merge, yield func(Change, error) bool) {
	for m.Len() > 0 {
		path, existed, err := m.next()
		c := Change{Path: path}
		if err == nil {
			c.Record, err = v.Record(path)
		}
		if isNotFound(err) {
			if err = nil; !existed {
				continue
			}
		}
		if !yield(c, err) || err != nil {
			return
		}
	}
}

// merge walks through the paths of several deltas at once, in key order. It is
// the heap of their present places.
type merge []*deltaWalk

// deltaWalk is a place in the paths of one delta.
type deltaWalk struct {
	age     int // the older delta has the lower one
	rest    []byte
	parts   [][]byte // behind rest
	key     trie.Key
	path    protocol.Path
	existed bool
}

var errDelta = fmt.Errorf("paths of a delta: %w", kv.ErrCorrupt)

// open adds a delta, at its first path behind after.
func (m *merge) open(age int, parts [][]byte, after protocol.Path) error {
	w := &deltaWalk{age: age, parts: parts}
	var err error
	if after != "" {
		err = w.skip(trie.KeyOf(after))
	}
	more := false
	if err == nil {
		more, err = w.step()
	}
	if more {
		heap.Push(m, w)
	}
	return err
}

// next returns the path with the lowest key, and what the oldest delta that has
// it says of it.
func (m *merge) next() (protocol.Path, bool, error) {
	first := *(*m)[0]
	for m.Len() > 0 && (*m)[0].key == first.key {
		more, err := (*m)[0].step()
		if err != nil {
			return "", false, err
		}
		if more {
			heap.Fix(m, 0)
		} else {
			heap.Pop(m)
		}
	}
	return first.path, first.existed, nil
}

// step goes to the next path; false at the end.
func (w *deltaWalk) step() (bool, error) {
	for len(w.rest) == 0 {
		if len(w.parts) == 0 {
			return false, nil
		}
		w.rest, w.parts = w.parts[0], w.parts[1:]
	}
	path, existed, n := readDeltaPath(w.rest)
	if n == 0 {
		return false, errDelta
	}
	w.path, w.existed, w.key, w.rest = path, existed, trie.KeyOf(path), w.rest[n:]
	return true, nil
}

// skip leaves out the paths up to key: whole rows first, then by halves, so that
// few keys are computed.
func (w *deltaWalk) skip(key trie.Key) error {
	for len(w.parts) > 0 {
		starts, err := pathStarts(w.parts[0])
		if err != nil {
			return err
		}
		part := w.parts[0]
		n := sort.Search(len(starts), func(i int) bool {
			path, _, _ := readDeltaPath(part[starts[i]:])
			k := trie.KeyOf(path)
			return bytes.Compare(k[:], key[:]) > 0
		})
		w.parts = w.parts[1:]
		if n < len(starts) {
			w.rest = part[starts[n]:]
			return nil
		}
	}
	return nil
}

func pathStarts(part []byte) (starts []int, err error) {
	for at := 0; at < len(part); {
		_, _, n := readDeltaPath(part[at:])
		if n == 0 {
			return nil, errDelta
		}
		starts = append(starts, at)
		at += n
	}
	return starts, nil
}

// readDeltaPath reads a path and returns how many bytes it takes, 0 when it is
// damaged.
func readDeltaPath(b []byte) (path protocol.Path, existed bool, n int) {
	if len(b) < 2 {
		return "", false, 0
	}
	head := binary.BigEndian.Uint16(b)
	n = 2 + int(head&^existedBit)
	if n == 2 || n > len(b) {
		return "", false, 0
	}
	return protocol.Path(b[2:n]), head&existedBit != 0, n
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (m merge) Len() int { return len(m) }

// Less orders by key, and the older delta first.
func (m merge) Less(i, j int) bool {
	if c := bytes.Compare(m[i].key[:], m[j].key[:]); c != 0 {
		return c < 0
	}
	return m[i].age < m[j].age
}

// Swap changes places.
func (m merge) Swap(i, j int) { m[i], m[j] = m[j], m[i] }

// Push adds a *deltaWalk.
func (m *merge) Push(x any) { *m = append(*m, x.(*deltaWalk)) }

// Pop removes the last one.
func (m *merge) Pop() any {
	old := *m
	last := old[len(old)-1]
	*m = old[:len(old)-1]
	return last
}
