package store

import (
	"bytes"
	"errors"
	"iter"

	"github.com/stoa-commerce/stoa/store/kv"
)

// index reads the index of a catalog: the pages that a full build wrote, and over
// them the rows that changed since.
type index struct {
	r      kv.Reader
	at     realm
	packed bool // there are pages
}

func indexOf(r kv.Reader, st *state) index { return index{r, st.at, st.Packed} }

// gone is the value of a row that hides one of a page.
var gone = []byte{0}

// remove removes a row.
func (x index) remove(tx kv.Txn, suffix string) error {
	if x.packed && tableOf([]byte(suffix)) >= 0 {
		return tx.Set(keyIndex(x.at, suffix), gone)
	}
	return tx.Delete(keyIndex(x.at, suffix))
}

// get returns the value of a row of a packed table, or kv.ErrNotFound.
func (x index) get(suffix string) ([]byte, error) {
	value, err := x.r.Get(keyIndex(x.at, suffix))
	if err == nil && bytes.Equal(value, gone) {
		return nil, kv.ErrNotFound
	}
	if !x.packed || !errors.Is(err, kv.ErrNotFound) {
		return value, err
	}
	for row, err := range scanPages(x.r, keyPages(x.at), []byte(suffix)) {
		if err == nil && string(row.suffix) == suffix {
			return bytes.Clone(row.value), nil
		}
		if err != nil {
			return nil, err
		}
		break
	}
	return nil, kv.ErrNotFound
}

// scan yields the suffixes of the rows of a packed table that begin with prefix, in
// order, from a suffix on. Each is valid until the next.
func (x index) scan(prefix, from string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		rows := x.changed(prefix, from)
		if x.packed {
			rows = overlaid(rows, scanPages(x.r, keyPages(x.at), []byte(max(prefix, from))))
		}
		for row, err := range rows {
			if err == nil && !bytes.HasPrefix(row.suffix, []byte(prefix)) {
				return
			}
			if err == nil && bytes.Equal(row.value, gone) {
				continue
			}
			if !yield(row.suffix, err) || err != nil {
				return
			}
		}
	}
}

// changed yields the rows of x/.
func (x index) changed(prefix, from string) iter.Seq2[indexRow, error] {
	return func(yield func(indexRow, error) bool) {
		n := len(keyIndex(x.at, ""))
		rows := kv.Prefix(keyIndex(x.at, prefix)).From(keyIndex(x.at, from))
		for item, err := range x.r.Scan(rows, kv.ScanOptions{}) {
			row := indexRow{value: item.Value}
			if err == nil {
				row.suffix = item.Key[n:]
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
