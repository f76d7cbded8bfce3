package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Bounds of the deltas that are kept of one brand. A change of more paths, or
// with longer ones, is kept without them: what leads across it is gone.
const (
	MaxRetained      = 2048               // heads
	MaxRetainedAge   = 8 * 24 * time.Hour // between the times of the heads
	MaxRetainedPaths = 200_000            // of all deltas
	MaxDeltaPaths    = 20_000             // of one change

	maxDeltaBytes = 1 << 20   // of the paths of one change
	deltaPart     = 256 << 10 // of paths in one row
	deltaInline   = 2 << 10   // of paths beside the heads
)

// trimAtOnce is about how many old deltas one transaction removes. Each adds one,
// so that the bounds are reached soon after they were exceeded.
const trimAtOnce = 64

// deltaHead is what d/ holds of a delta: between which heads it lies and how many
// paths it has.
type deltaHead struct {
	base, head protocol.CID
	time       protocol.Millis // of the head
	count      uint32          // paths; noPaths when they are not kept
	inline     []byte          // the paths, when they are few
}

const noPaths = 1<<32 - 1

const deltaHeadSize = 2*protocol.CIDSize + 8 + 4

func (d deltaHead) encode() []byte {
	b := d.head.Append(d.base.Append(make([]byte, 0, deltaHeadSize+len(d.inline))))
	b = binary.BigEndian.AppendUint64(b, uint64(d.time))
	b = binary.BigEndian.AppendUint32(b, d.count)
	return append(b, d.inline...)
}

func decodeDelta(b []byte) (deltaHead, error) {
	if len(b) < deltaHeadSize {
		return deltaHead{}, fmt.Errorf("delta of %d bytes: %w", len(b), kv.ErrCorrupt)
	}
	base, err := protocol.CIDFromBytes(b[:protocol.CIDSize])
	head, err2 := protocol.CIDFromBytes(b[protocol.CIDSize : 2*protocol.CIDSize])
	if err := errors.Join(err, err2); err != nil {
		return deltaHead{}, fmt.Errorf("delta: %w: %w", err, kv.ErrCorrupt)
	}
	rest := b[2*protocol.CIDSize:]
	return deltaHead{
		base: base, head: head, time: protocol.Millis(binary.BigEndian.Uint64(rest)),
		count: binary.BigEndian.Uint32(rest[8:]), inline: rest[12:],
	}, nil
}

// weight is what a delta counts against MaxRetainedPaths.
func (d deltaHead) weight() uint64 {
	if d.count == noPaths {
		return 0
	}
	return uint64(d.count)
}

// touched gathers the paths that a change sets or removes, and whether a record
// stood there before. Beyond the bounds it keeps none.
type touched struct {
	paths map[protocol.Path]bool
	bytes int
	over  bool
}

func (t *touched) add(path protocol.Path, existed bool) {
	if _, ok := t.paths[path]; ok || t.over {
		return
	}
	if t.paths == nil {
		t.paths = map[protocol.Path]bool{}
	}
	t.paths[path] = existed
	t.bytes += 2 + len(path)
	if len(t.paths) > MaxDeltaPaths || t.bytes > maxDeltaBytes {
		t.paths, t.over = nil, true
	}
}

// existedBit marks, in the length of a path, that a record stood there before.
const existedBit = 1 << 15

// encode returns the paths in key order, cut into rows.
func (t *touched) encode() (parts [][]byte) {
	type keyed struct {
		key  trie.Key
		path protocol.Path
	}
	order := make([]keyed, 0, len(t.paths))
	for path := range t.paths {
		order = append(order, keyed{trie.KeyOf(path), path})
	}
	slices.SortFunc(order, func(a, b keyed) int { return slices.Compare(a.key[:], b.key[:]) })
	var part []byte
	for _, k := range order {
		n := uint16(len(k.path))
		if t.paths[k.path] {
			n |= existedBit
		}
		part = append(binary.BigEndian.AppendUint16(part, n), k.path...)
		if len(part) >= deltaPart {
			parts, part = append(parts, part), nil
		}
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}

// retention is the part of the state row about the deltas that are kept.
type retention struct {
	Heads uint64          `cbor:"heads"`
	Paths uint64          `cbor:"paths"`
	Epoch uint64          `cbor:"epoch"` // of the oldest
	Seq   uint64          `cbor:"seq"`
	Time  protocol.Millis `cbor:"time"`
}

// retain writes the delta that leads to head and removes those that are too old
// or too many. Nothing leads to the first head of a catalog, or from a head to
// itself.
func (p *Prepared) retain(tx kv.Txn, row *stateRow, head catalog.SignedHead) error {
	if len(p.base.Head) == 0 || p.base.head.CID == head.CID {
		return nil
	}
	d := deltaHead{base: p.base.head.CID, head: head.CID, time: head.Time, count: noPaths}
	if !p.touched.over {
		d.count = uint32(len(p.touched.paths))
	}
	if err := p.writeDelta(tx, head, d); err != nil {
		return err
	}
	keep := row.Retained
	if keep.Heads == 0 {
		keep.Epoch, keep.Seq, keep.Time = head.Epoch, head.Seq, head.Time
	}
	keep.Heads++
	keep.Paths += d.weight()
	if err := keep.trim(tx, p.b.no, head); err != nil {
		return err
	}
	row.Retained = keep
	return nil
}

func (p *Prepared) writeDelta(tx kv.Txn, head catalog.SignedHead, d deltaHead) error {
	parts := p.touched.encode()
	if len(parts) == 1 && len(parts[0]) <= deltaInline {
		d.inline, parts = parts[0], nil
	}
	for i, part := range parts {
		if err := tx.Set(keyDeltaPart(p.b.no, head.Epoch, head.Seq, i), part); err != nil {
			return err
		}
	}
	return tx.Set(keyDelta(p.b.no, head.Epoch, head.Seq), d.encode())
}

func (k retention) full(head catalog.SignedHead) bool {
	return k.Heads > MaxRetained || k.Paths > MaxRetainedPaths || head.Time-k.Time > protocol.Millis(MaxRetainedAge.Milliseconds())
}

// trim removes the oldest deltas until the rest is within the bounds. The last
// one stays.
func (k *retention) trim(tx kv.Txn, no brandNo, head catalog.SignedHead) error {
	if k.Heads <= 1 || !k.full(head) {
		return nil
	}
	rows := kv.Prefix(keyDeltas(no)).From(keyDelta(no, k.Epoch, k.Seq))
	for item, err := range tx.Scan(rows, kv.ScanOptions{Limit: trimAtOnce + 1}) {
		if err != nil {
			return err
		}
		d, err := decodeDelta(item.Value)
		if err != nil {
			return err
		}
		k.Epoch, k.Seq = readDeltaKey(item.Key)
		if k.Time = d.time; k.Heads <= 1 || !k.full(head) {
			return nil
		}
		if err := dropDelta(tx, no, k.Epoch, k.Seq, d); err != nil {
			return err
		}
		k.Heads, k.Paths = k.Heads-1, k.Paths-min(k.Paths, d.weight())
	}
	return nil
}

func dropDelta(tx kv.Txn, no brandNo, epoch, seq uint64, d deltaHead) error {
	if d.weight() > 0 && len(d.inline) == 0 {
		for item, err := range tx.Scan(kv.Prefix(keyDeltaParts(no, epoch, seq)), kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			if err := tx.Delete(item.Key); err != nil {
				return err
			}
		}
	}
	return tx.Delete(keyDelta(no, epoch, seq))
}
