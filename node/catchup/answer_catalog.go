package catchup

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

const (
	// pageRoom is what a page takes beside its entries, in bytes.
	pageRoom = 128
	// entryRoom is what an entry takes beside path and record.
	entryRoom = 12
	// linkSize is what a link takes instead of a record.
	linkSize = protocol.CIDSize + 5
	// maxLeaves is how many leaves an answer looks at: what the asker has, and a page
	// full of others.
	maxLeaves = 3500
)

// changes answers with what leads from a base to the head.
func (a *answer) changes(v *store.View, r *wire.ChangesRequest) (complete bool, err error) {
	changes, err := v.Changes(r.Base, r.After)
	if err != nil {
		return false, err
	}
	return a.entries(changes, func(e []wire.Entry) wire.Response { return &wire.ChangesPage{Changes: e} })
}

// segment answers with all records under a prefix.
func (a *answer) segment(v *store.View, r *wire.SegmentRequest) (complete bool, err error) {
	return a.entries(v.Segment(r.Prefix, r.After), func(e []wire.Entry) wire.Response { return &wire.SegmentPage{Entries: e} })
}

// entries sends changes in pages as full as they go.
func (a *answer) entries(changes iter.Seq2[store.Change, error], page func([]wire.Entry) wire.Response) (complete bool, err error) {
	var list []wire.Entry
	size := pageRoom
	for c, err := range changes {
		if err != nil {
			return false, err
		}
		e, n := a.entry(c)
		if len(list) > 0 && (size+n > a.max || len(list) == wire.MaxEntries) {
			if err := a.page(page(list)); err != nil || a.pages == 0 {
				return false, err
			}
			list, size = list[:0], pageRoom
		}
		list, size = append(list, e), size+n
	}
	if len(list) == 0 {
		return true, nil
	}
	return true, a.page(page(list))
}

// entry returns the wire form of a change and its size: with the record, or with a
// link where that fits no page.
func (a *answer) entry(c store.Change) (e wire.Entry, size int) {
	size = len(c.Path) + entryRoom
	if c.Record == nil {
		return wire.Entry{Path: c.Path}, size
	}
	if pageRoom+size+len(c.Record) > a.max {
		return wire.Entry{Path: c.Path, Record: protocol.Sum(protocol.DagCBOR, c.Record)}, size + linkSize
	}
	return wire.NewEntry(c.Path, c.Record), size + len(c.Record)
}

// descend answers with the children of subtrees that the asker has otherwise.
func (a *answer) descend(ctx context.Context, v *store.View, r *wire.DescendRequest) error {
	page := &wire.DescendPage{}
	for _, ask := range r.Asks {
		if err := ctx.Err(); err != nil {
			return err
		}
		children, err := v.Digests(ask.Prefix)
		if err != nil {
			return err
		}
		page.Answers = append(page.Answers, wire.AnswerChildren(children, ask.Have))
	}
	return a.only(page)
}

// leaves answers with the leaves of subtrees that the asker has otherwise.
func (a *answer) leaves(ctx context.Context, v *store.View, r *wire.LeavesRequest) error {
	page, left := &wire.LeavesPage{}, maxLeaves
	for _, ask := range r.Asks {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaves, err := v.Leaves(ask.Prefix, left)
		if err != nil {
			return err
		}
		left -= len(leaves)
		page.Answers = append(page.Answers, wire.AnswerLeaves(leaves, ask.Have))
	}
	return a.only(page)
}

// records answers with records by their keys; what isn't there, or fits no page, is
// left out.
func (a *answer) records(v *store.View, r *wire.RecordsRequest) (complete bool, err error) {
	var list [][]byte
	size := pageRoom
	for _, key := range r.Keys {
		_, record, err := v.RecordByKey(key)
		if errors.Is(err, store.ErrNotFound) || err == nil && pageRoom+entryRoom+len(record) > a.max {
			continue
		}
		if err != nil {
			return false, err
		}
		if len(list) > 0 && size+len(record)+entryRoom > a.max {
			if err := a.page(&wire.RecordsPage{Records: list}); err != nil || a.pages == 0 {
				return false, err
			}
			list, size = list[:0], pageRoom
		}
		list, size = append(list, bytes.Clone(record)), size+len(record)+entryRoom
	}
	if len(list) == 0 {
		return true, nil
	}
	return true, a.page(&wire.RecordsPage{Records: list})
}
