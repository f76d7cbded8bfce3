package node

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// tidy follows a set of changes and, behind the last one, removes the manifests
// of pictures that no record shows any more.
type tidy struct {
	n       *Node
	shown   map[protocol.CID]bool  // by a record that is being set
	dropped map[protocol.CID]bool  // by a record that is being set or removed
	changed map[protocol.Path]bool // records that dropped a picture
	removed []protocol.CID
}

func (n *Node) newTidy() *tidy {
	return &tidy{n: n, shown: map[protocol.CID]bool{}, dropped: map[protocol.CID]bool{}, changed: map[protocol.Path]bool{}}
}

// follow yields the changes and then the removals.
func (t *tidy) follow(ctx context.Context, records changes) changes {
	return func(yield func(store.Change, error) bool) {
		for c, err := range records {
			if err == nil {
				err = t.note(ctx, c)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
		unused, err := t.unused(ctx)
		if err != nil {
			yield(store.Change{}, err)
			return
		}
		for _, blob := range unused {
			t.removed = append(t.removed, blob)
			if !yield(store.Change{Path: catalog.MediaPath(blob)}, nil) {
				return
			}
		}
	}
}

// note remembers which pictures a change shows and which it drops.
func (t *tidy) note(ctx context.Context, c store.Change) error {
	if c.Path.Kind() == string(catalog.TypeOffer) || c.Path.Kind() == string(catalog.TypeMedia) {
		return nil
	}
	now := shownBy(c.Path, c.Record)
	for _, blob := range now {
		t.shown[blob] = true
	}
	old, err := t.record(ctx, c.Path)
	if err != nil {
		return err
	}
	for _, blob := range shownBy(c.Path, old) {
		if !slices.Contains(now, blob) {
			t.dropped[blob], t.changed[c.Path] = true, true
		}
	}
	return nil
}

func (t *tidy) record(ctx context.Context, path protocol.Path) (record []byte, err error) {
	err = t.n.store.View(ctx, t.n.brand, func(v *store.View) error {
		record, err = v.Record(path)
		record = slices.Clone(record)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return record, err
}

func shownBy(path protocol.Path, record []byte) []protocol.CID {
	if record == nil {
		return nil
	}
	r, err := catalog.Decode(path, record)
	if err != nil {
		return nil
	}
	return catalog.Pictures(r)
}

// unused lists the dropped pictures that no record shows after the changes.
func (t *tidy) unused(ctx context.Context) ([]protocol.CID, error) {
	var out []protocol.CID
	for _, blob := range slices.SortedFunc(maps.Keys(t.dropped), func(a, b protocol.CID) int {
		return slices.Compare(a.Bytes(), b.Bytes())
	}) {
		if t.shown[blob] {
			continue
		}
		others, err := t.otherUses(ctx, blob)
		if err != nil {
			return nil, err
		}
		if !others {
			out = append(out, blob)
		}
	}
	return out, nil
}

func (t *tidy) otherUses(ctx context.Context, blob protocol.CID) (others bool, err error) {
	err = t.n.store.View(ctx, t.n.brand, func(v *store.View) error {
		paths, err := v.Uses(blob)
		others = slices.ContainsFunc(paths, func(p protocol.Path) bool { return !t.changed[p] })
		return err
	})
	return others, err
}

// removeFiles deletes the pictures that were removed from the catalog, but not
// those of drafts: they are shown again when their product is. n.mu is held.
func (t *tidy) removeFiles(ctx context.Context) {
	if err := t.n.removeUnused(ctx, t.removed); err != nil {
		t.n.log.Warn("pictures that are no longer shown were not all deleted", "error", err)
	}
}
