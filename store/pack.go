package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/stoa-commerce/stoa/store/kv"
)

// packRun is from how many bytes of rows on a packer puts a run of them aside: a
// catalog of some 100,000 products has one run.
const packRun = 32 << 20

// packBlock is how many bytes of rows lie in one block of memory.
const packBlock = 1 << 20

// packer brings the index rows of a full build into order and writes them as pages:
// a row on its own costs the engine several times its bytes. What doesn't fit in
// memory it puts aside in sorted runs, to merge in the end. Of rows with one suffix
// the one that came last counts.
type packer struct {
	w     writer
	at    realm
	limit int      // bytes of a run
	size  int      // bytes in memory
	data  [][]byte // blocks of suffixes without the names of their tables, and values
	rows  []packedRow
	spare []packedRow // for sorting
	runs  int         // put aside
}

// packedRow says where a row lies in the packer's data.
type packedRow struct {
	head   uint64 // some bytes of the row, by which it is being sorted
	at     uint32 // in which block and where in it
	suffix uint16 // bytes
	value  uint8  // bytes
	table  uint8
}

func newPacker(w writer, at realm) packer { return packer{w: w, at: at, limit: packRun} }

// add takes a row of the packed table at a place; it copies both.
func (p *packer) add(table int, suffix, value []byte) error {
	suffix = suffix[len(packedTables[table]):]
	if len(suffix) > math.MaxUint16 || len(value) > math.MaxUint8 {
		return fmt.Errorf("index row of %d and %d bytes: %w", len(suffix), len(value), kv.ErrTooLarge)
	}
	row := packedRow{suffix: uint16(len(suffix)), value: uint8(len(value)), table: uint8(table)}
	row.at = p.keep(suffix, value)
	p.rows = append(p.rows, row)
	if p.size < p.limit {
		return nil
	}
	return p.putAside()
}

// keep copies a row's bytes and returns where they are.
func (p *packer) keep(suffix, value []byte) uint32 {
	n := len(suffix) + len(value)
	last := len(p.data) - 1
	if last < 0 || len(p.data[last])+n > packBlock {
		p.data = append(p.data, make([]byte, 0, packBlock))
		last++
	}
	at := last*packBlock + len(p.data[last])
	p.data[last] = append(append(p.data[last], suffix...), value...)
	p.size += n
	return uint32(at)
}

// of returns what a row has behind the name of its table, and its value.
func (p *packer) of(r packedRow) (suffix, value []byte) {
	b := p.data[r.at/packBlock][r.at%packBlock:]
	end := int(r.suffix)
	return b[:end], b[end : end+int(r.value)]
}

// sorted yields the rows in order, each suffix once.
func (p *packer) sorted() iter.Seq2[indexRow, error] {
	for i := range p.rows {
		p.rows[i].head = uint64(p.rows[i].table)
	}
	p.sort(p.rows, 0)
	return func(yield func(indexRow, error) bool) {
		var row indexRow
		for i, r := range p.rows {
			if i+1 < len(p.rows) && r.head == p.rows[i+1].head && p.same(r, p.rows[i+1]) {
				continue
			}
			suffix, value := p.of(r)
			row.suffix = append(append(row.suffix[:0], packedTables[r.table]...), suffix...)
			row.value = value
			if !yield(row, nil) {
				return
			}
		}
	}
}

// sort orders rows by their heads, and those with the same head by the bytes behind
// it, of which the first is at. What is compared is mostly numbers, not texts that
// begin with the same word.
func (p *packer) sort(rows []packedRow, at int) {
	p.byHead(rows)
	for len(rows) > 1 {
		n, ends := 1, int(rows[0].suffix) < at
		for n < len(rows) && rows[n].head == rows[0].head {
			ends = ends || int(rows[n].suffix) < at
			n++
		}
		if n <= fewTied || ends {
			p.sortTexts(rows[:n])
		} else {
			p.look(rows[:n], at)
			p.sort(rows[:n], at+8)
		}
		rows = rows[n:]
	}
}

// byHead sorts rows by their heads; those with the same head stay in their order.
func (p *packer) byHead(rows []packedRow) {
	if len(rows) <= fewHeads {
		slices.SortStableFunc(rows, func(a, b packedRow) int { return cmp.Compare(a.head, b.head) })
		return
	}
	var counts [8][256]uint32
	for _, r := range rows {
		for digit := range counts {
			counts[digit][byte(r.head>>(8*digit))]++
		}
	}
	from, to := rows, slices.Grow(p.spare[:0], len(rows))[:len(rows)]
	p.spare = to
	for digit := range counts {
		if counts[digit][byte(rows[0].head>>(8*digit))] < uint32(len(rows)) {
			deal(to, from, 8*digit, &counts[digit])
			from, to = to, from
		}
	}
	copy(rows, from)
}

// deal sorts rows by one digit of their heads, of which there are so many of each.
func deal(to, from []packedRow, shift int, counts *[256]uint32) {
	at := uint32(0)
	for i, n := range counts {
		counts[i], at = at, at+n
	}
	for _, r := range from {
		i := byte(r.head >> shift)
		to[counts[i]] = r
		counts[i]++
	}
}

// look makes the 8 bytes from at on the heads of rows. What ends there seems to end
// in zeros.
func (p *packer) look(rows []packedRow, at int) {
	for i, r := range rows {
		var head [8]byte
		suffix, _ := p.of(r)
		copy(head[:], suffix[at:])
		rows[i].head = binary.BigEndian.Uint64(head[:])
	}
}

func (p *packer) sortTexts(rows []packedRow) {
	slices.SortFunc(rows, func(a, b packedRow) int {
		s, _ := p.of(a)
		t, _ := p.of(b)
		return cmp.Or(bytes.Compare(s, t), cmp.Compare(a.at, b.at))
	})
}

// fewTied is up to how many rows are compared as texts, and fewHeads up to how many
// heads are compared with each other and not sorted digit by digit.
const (
	fewTied  = 8
	fewHeads = 200
)

// same reports whether two neighbours have one suffix.
func (p *packer) same(a, b packedRow) bool {
	s, _ := p.of(a)
	t, _ := p.of(b)
	return a.table == b.table && bytes.Equal(s, t)
}

// putAside writes what is in memory as a run.
func (p *packer) putAside() error {
	err := writePages(p.w, keyRun(p.at, p.runs), p.sorted())
	p.data, p.rows, p.size, p.runs = nil, p.rows[:0], 0, p.runs+1
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
	p.data, p.rows, p.spare = nil, nil, nil
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
