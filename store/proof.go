package store

import (
	"context"
	"errors"
	"io"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Bundle returns the encoded proof of what stands at a path, or of nothing being
// there: of the whole group when the path is a product's or an offer's. What is
// too large for a bundle is invalid; not much more than that is read.
func (v *View) Bundle(path protocol.Path) ([]byte, error) {
	scope := catalog.ScopeRecord
	if kind := catalog.Type(path.Kind()); kind == catalog.TypeProduct || kind == catalog.TypeOffer {
		scope = catalog.ScopeGroup
	}
	size := 0
	b, err := catalog.Prove(v.log, v.st.head, source{v.r, v.st.at}, scope, path, func(l trie.Leaf) ([]byte, error) {
		record, err := v.Record(l.Path)
		if size += len(record); size > catalog.MaxBundle {
			err = protocol.Invalid("proof bundle", "more than %d bytes of records", catalog.MaxBundle)
		}
		return record, err
	})
	if err != nil {
		return nil, err
	}
	return b.Encode()
}

// errStop ends a scan that nobody listens to any more.
var errStop = errors.New("stop")

// WriteArchive writes the brand's catalog at its head as an archive.
func (s *Store) WriteArchive(ctx context.Context, id protocol.CID, w io.Writer) error {
	return s.View(ctx, id, func(v *View) error {
		return catalog.WriteArchive(w, v.log, v.st.head, func(yield func(catalog.Entry, error) bool) {
			stopped := false
			err := scanLeaves(v.r, kv.Prefix(keyLeaves(v.st.at)), func(row leafRow) error {
				if !yield(catalog.Entry{Path: row.Path, CID: row.Leaf.Record, Data: row.Record}, ctx.Err()) {
					stopped = true
					return errStop
				}
				return nil
			})
			if err != nil && !stopped {
				yield(catalog.Entry{}, err)
			}
		})
	})
}
