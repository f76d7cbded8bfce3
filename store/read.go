package store

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// LargeRecord is from how many bytes on a record is found by its CID: it may be
// too large for a page among others.
const LargeRecord = 48 << 10

// ErrTooMany means that more leaves lie under a prefix than were asked for.
var ErrTooMany = errors.New("too many leaves under the prefix")

// Digests returns a digest for each of the up to 16 prefixes, one nibble longer
// than prefix, that have leaves, ascending.
func (v *View) Digests(prefix trie.Prefix) ([]trie.Digest, error) {
	return trie.Descend(source{v.r, v.st.at}, prefix)
}

// Leaves returns all leaves under a prefix in key order, or ErrTooMany when there
// are more than limit.
func (v *View) Leaves(prefix trie.Prefix, limit int) ([]trie.Leaf, error) {
	if err := prefix.Check(); err != nil {
		return nil, err
	}
	var leaves []trie.Leaf
	err := scanLeaves(v.r, prefixRange(v.st.at, prefix), func(row leafRow) error {
		if len(leaves) == limit {
			return fmt.Errorf("leaves under %q: %w", prefix, ErrTooMany)
		}
		leaves = append(leaves, row.Leaf)
		return nil
	})
	return leaves, err
}

// Segment yields the records under a prefix in key order, those behind the record
// at after, or all when after is "".
func (v *View) Segment(prefix trie.Prefix, after protocol.Path) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if err := prefix.Check(); err != nil {
			yield(Change{}, err)
			return
		}
		rows := prefixRange(v.st.at, prefix)
		if after != "" {
			rows = rows.After(keyLeaf(v.st.at, trie.KeyOf(after)))
		}
		err := scanLeaves(v.r, rows, func(row leafRow) error {
			if !yield(Change{Path: row.Path, Record: bytes.Clone(row.Record)}, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Change{}, err)
		}
	}
}

// RecordByKey returns the record that stands at a key of the trie, and its path.
func (v *View) RecordByKey(key trie.Key) (protocol.Path, []byte, error) {
	row, err := readLeafAt(v.r, v.st.at, key)
	if err != nil {
		return "", nil, fmt.Errorf("record at %x: %w", key[:8], err)
	}
	return row.Path, row.Record, nil
}

// LargeRecord returns the record of at least LargeRecord bytes that has the CID.
func (v *View) LargeRecord(id protocol.CID) ([]byte, error) {
	prefix := suffixLarge(id)
	for row, err := range v.index().scan(prefix, "") {
		if err != nil {
			return nil, err
		}
		return v.Record(protocol.Path(row[len(prefix):]))
	}
	return nil, fmt.Errorf("large record %s: %w", id, ErrNotFound)
}

// Pictures yields every picture that the records use, once, in the order of the
// text form of their CIDs, behind after unless that is the zero CID.
func (v *View) Pictures(after protocol.CID) iter.Seq2[protocol.CID, error] {
	return func(yield func(protocol.CID, error) bool) {
		from := ""
		if after.Defined() {
			from = suffixUsed + after.String() + "\x01" // behind all uses of it
		}
		last := after
		for row, err := range v.index().scan(suffixUsed, from) {
			var id protocol.CID
			if err == nil {
				id, err = usedPicture(row[len(suffixUsed):])
			}
			if err == nil && id == last {
				continue
			}
			if last = id; !yield(id, err) || err != nil {
				return
			}
		}
	}
}

func usedPicture(suffix []byte) (protocol.CID, error) {
	text, _, _ := bytes.Cut(suffix, []byte{0})
	id, err := protocol.ParseCID(string(text))
	if err != nil {
		return id, fmt.Errorf("use of a picture: %w: %w", err, kv.ErrCorrupt)
	}
	return id, nil
}

// Covers yields the pictures that a shopper sees first: the logo, those of the
// front page, and the first picture of each product. Some may come twice.
func (v *View) Covers() iter.Seq2[protocol.CID, error] {
	return func(yield func(protocol.CID, error) bool) {
		profile, err := v.Profile()
		if err != nil && !isNotFound(err) {
			yield(protocol.CID{}, err)
			return
		}
		if profile != nil {
			for _, blob := range catalog.Pictures(profile) {
				if !yield(blob, nil) {
					return
				}
			}
		}
		v.cardCovers(yield)
	}
}

func (v *View) cardCovers(yield func(protocol.CID, error) bool) {
	rows := kv.Prefix(keyIndex(v.st.at, suffixCards))
	for item, err := range v.r.Scan(rows, kv.ScanOptions{}) {
		var c Card
		if err == nil {
			err = protocol.Unmarshal(item.Value, &c)
		}
		if err != nil {
			yield(protocol.CID{}, err)
			return
		}
		if c.Picture != nil && !yield(c.Picture.Blob, nil) {
			return
		}
	}
}
