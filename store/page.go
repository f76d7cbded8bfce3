package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/stoa-commerce/stoa/store/kv"
)

// pageSize is from how many bytes on a page of index rows is full.
const pageSize = 4 << 10

var errPage = fmt.Errorf("page of the index: %w", kv.ErrCorrupt)

// packedTables are the tables of the index of which a full build writes pages.
// The others are read by key, and stay rows.
var packedTables = []string{"in/", "large/", "list/", suffixNewest, suffixPost, suffixUsed, "variant/", "word/"}

// tableOf returns the place of a suffix's table among packedTables, −1 if that is
// not packed.
func tableOf(suffix []byte) int {
	return slices.IndexFunc(packedTables, func(table string) bool { return bytes.HasPrefix(suffix, []byte(table)) })
}

// indexRow is a row of the index, by the suffix of its key.
type indexRow struct {
	suffix, value []byte
}

// pageWriter gathers rows in order into pages. A page stands at the suffix of its
// last row.
type pageWriter struct {
	set  func(last, page []byte) error
	page []byte
	last []byte
}

// add appends a row: how many bytes its suffix shares with the one before, how
// many follow and these, how many the value has and these.
func (w *pageWriter) add(row indexRow) error {
	shared := 0
	if len(w.page) > 0 {
		shared = sharedPrefix(w.last, row.suffix)
	}
	w.page = binary.AppendUvarint(w.page, uint64(shared))
	w.page = appendSized(w.page, row.suffix[shared:])
	w.page = appendSized(w.page, row.value)
	w.last = append(w.last[:shared], row.suffix[shared:]...)
	if len(w.page) < pageSize {
		return nil
	}
	return w.flush()
}

func (w *pageWriter) flush() error {
	if len(w.page) == 0 {
		return nil
	}
	err := w.set(w.last, w.page)
	w.page = w.page[:0]
	return err
}

func appendSized(b, data []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}

func sharedPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// pageReader reads the rows of a page; a row is valid until the next.
type pageReader struct {
	rest   []byte
	suffix []byte
}

func (p *pageReader) next() (row indexRow, err error) {
	shared, n := binary.Uvarint(p.rest)
	if n <= 0 || shared > uint64(len(p.suffix)) {
		return row, errPage
	}
	p.rest = p.rest[n:]
	more, err := p.sized()
	if err != nil {
		return row, err
	}
	p.suffix = append(p.suffix[:shared], more...)
	row.suffix = p.suffix
	row.value, err = p.sized()
	return row, err
}

func (p *pageReader) sized() ([]byte, error) {
	size, n := binary.Uvarint(p.rest)
	if n <= 0 || size > uint64(len(p.rest)-n) {
		return nil, errPage
	}
	data := p.rest[n : n+int(size)]
	p.rest = p.rest[n+int(size):]
	return data, nil
}

// scanPages yields the rows of pages under a prefix of keys, from a suffix on. Each
// is valid until the next.
func scanPages(r kv.Reader, base, from []byte) iter.Seq2[indexRow, error] {
	return func(yield func(indexRow, error) bool) {
		err := readPages(r, base, from, func(row indexRow) error {
			if !yield(row, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(indexRow{}, err)
		}
	}
}

func readPages(r kv.Reader, base, from []byte, fn func(indexRow) error) error {
	start := append(bytes.Clone(base), from...)
	p := pageReader{}
	for item, err := range r.Scan(kv.Prefix(base).From(start), kv.ScanOptions{}) {
		if err != nil {
			return err
		}
		for p.rest = item.Value; len(p.rest) > 0; {
			row, err := p.next()
			if err != nil {
				return err
			}
			if bytes.Compare(row.suffix, from) < 0 {
				continue
			}
			if err := fn(row); err != nil {
				return err
			}
		}
		p.suffix = p.suffix[:0]
	}
	return nil
}
