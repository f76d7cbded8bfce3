package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"slices"

	"github.com/stoa-commerce/stoa/store/kv"
)

// packRun is from how many bytes of rows on a packer puts a run of them aside: a
// catalog of some 40,000 products has one run.
const packRun = 16 << 20

// packer brings the index rows of a full build into order and writes them as pages:
// a row on its own costs the engine several times its bytes. What doesn't fit in
// memory it puts aside in sorted runs, to merge in the end. Of rows with one suffix
// the one that came last counts.
type packer struct {
	w     writer
	at    realm
	limit int    // bytes of a run
	data  []byte // suffixes and values
	rows  []packedRow
	runs  int // put aside
}

// packedRow says where a row lies in the packer's data.
type packedRow struct {
	head          uint64 // the table and the 7 bytes behind its name: most comparisons end here
	at            uint32
	suffix, value uint16 // lengths
}

func newPacker(w writer, at realm) packer { return packer{w: w, at: at, limit: packRun} }

// add takes a row of the packed table at a place; it copies both.
func (p *packer) add(table int, suffix, value []byte) error {
	row := packedRow{at: uint32(len(p.data)), suffix: uint16(len(suffix)), value: uint16(len(value))}
	var head [8]byte
	head[0] = byte(table)
	copy(head[1:], suffix[len(packedTables[table]):])
	row.head = binary.BigEndian.Uint64(head[:])
	p.data = append(append(p.data, suffix...), value...)
	p.rows = append(p.rows, row)
	if len(p.data) < p.limit {
		return nil
	}
	return p.putAside()
}

func (p *packer) row(r packedRow) indexRow {
	value := r.at + uint32(r.suffix)
	return indexRow{p.data[r.at:value], p.data[value : value+uint32(r.value)]}
}

// sorted yields the rows in order, each suffix once.
func (p *packer) sorted() iter.Seq2[indexRow, error] {
	slices.SortFunc(p.rows, func(a, b packedRow) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return cmp.Or(bytes.Compare(p.row(a).suffix, p.row(b).suffix), cmp.Compare(a.at, b.at))
	})
	return func(yield func(indexRow, error) bool) {
		for i, r := range p.rows {
			row := p.row(r)
			if i+1 < len(p.rows) && bytes.Equal(row.suffix, p.row(p.rows[i+1]).suffix) {
				continue
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// putAside writes what is in memory as a run.
func (p *packer) putAside() error {
	err := writePages(p.w, keyRun(p.at, p.runs), p.sorted())
	p.data, p.rows, p.runs = p.data[:0], p.rows[:0], p.runs+1
	return err
}

// finish writes the pages. All runs are merged: they must be readable by then.
func (p *packer) finish(ctx context.Context, e kv.Engine, flush func() error) error {
	if p.runs == 0 {
		return writePages(p.w, keyPages(p.at), p.sorted())
	}
	if err := p.putAside(); err != nil {
		return err
	}
	p.data, p.rows = nil, nil
	if err := flush(); err != nil {
		return err
	}
	err := e.View(ctx, func(r kv.Reader) error { return writePages(p.w, keyPages(p.at), p.merged(r)) })
	if err != nil {
		return err
	}
	_, err = kv.DeleteRange(ctx, e, kv.Prefix(keyRuns(p.at)))
	return err
}

// merged yields the rows of all runs in order, each suffix once.
func (p *packer) merged(r kv.Reader) iter.Seq2[indexRow, error] {
	rows := scanPages(r, keyRun(p.at, 0), nil)
	for i := 1; i < p.runs; i++ {
		rows = overlaid(scanPages(r, keyRun(p.at, i), nil), rows)
	}
	return rows
}

func writePages(w writer, base []byte, rows iter.Seq2[indexRow, error]) error {
	key := bytes.Clone(base)
	pages := pageWriter{set: func(last, page []byte) error {
		key = append(key[:len(base)], last...)
		return w.Set(key, page)
	}}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := pages.add(row); err != nil {
			return err
		}
	}
	return pages.flush()
}

// overlaid yields the rows of both in order, and of two with one suffix the upper
// one.
func overlaid(upper, lower iter.Seq2[indexRow, error]) iter.Seq2[indexRow, error] {
	return func(yield func(indexRow, error) bool) {
		next, stop := iter.Pull2(upper)
		defer stop()
		up, err, more := next()
		for row, failed := range lower {
			order := 1
			for more && err == nil && failed == nil {
				if order = bytes.Compare(up.suffix, row.suffix); order >= 0 {
					break
				}
				if !yield(up, nil) {
					return
				}
				up, err, more = next()
			}
			if failed = errors.Join(failed, err); failed != nil {
				yield(indexRow{}, failed)
				return
			}
			if order == 0 && more {
				row = up
			}
			if !yield(row, nil) {
				return
			}
			if order == 0 && more {
				up, err, more = next()
			}
		}
		for more && yield(up, err) && err == nil {
			up, err, more = next()
		}
	}
}
