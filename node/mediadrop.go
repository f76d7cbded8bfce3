package node

import (
	"context"
	"errors"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// changedPictures notes what became of a followed brand's pictures between the head
// that was in force before, nil if none was, and the present one: what is new is
// fetched, what is gone is deleted.
func (n *Node) changedPictures(ctx context.Context, m *mirror, base *catalog.SignedHead) error {
	if base == nil {
		m.rescan(false)
		return nil
	}
	var fresh, gone []protocol.CID
	err := n.store.View(ctx, m.brand, func(v *store.View) error {
		fresh, gone = nil, nil
		list, err := v.Changes(base.CID, "")
		if err != nil {
			return err
		}
		for c, err := range list {
			if err != nil {
				return err
			}
			if c.Record == nil {
				gone = append(gone, pictureAt(c.Path)...)
			} else {
				fresh = append(fresh, shownBy(c.Path, c.Record)...)
			}
		}
		return nil
	})
	if errors.Is(err, store.ErrGone) {
		m.rescan(true)
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.media.wanted = append(m.media.wanted, fresh[:min(len(fresh), maxCovers)]...)
	m.media.drop = append(m.media.drop, gone...)
	return err
}

// rescan has all pictures of the brand looked for; with sweep, files that nothing
// shows any more too.
func (m *mirror) rescan(sweep bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.media.scan, m.media.after, m.media.counted = scanCovers, protocol.CID{}, false
	m.media.sweep = m.media.sweep || sweep
}

// pictureAt returns the picture whose manifest stands at a path, if one does.
func pictureAt(path protocol.Path) []protocol.CID {
	if path.Kind() != string(catalog.TypeMedia) {
		return nil
	}
	id, err := protocol.ParseCID(string(path[len(catalog.TypeMedia)+1:]))
	if err != nil {
		return nil
	}
	return []protocol.CID{id}
}

// dropUnused deletes files of pictures that left a followed brand's catalog, unless
// another one shows them.
func (n *Node) dropUnused(ctx context.Context, m *mirror) error {
	m.mu.Lock()
	list, sweep := m.media.drop, m.media.sweep
	m.media.drop, m.media.sweep = nil, false
	if len(list) > 0 {
		m.media.counted = false
	}
	m.mu.Unlock()
	if sweep {
		return n.clear(ctx)
	}
	return n.deleteUnused(ctx, list)
}

// deleteUnused deletes those of the pictures that nothing shows or needs.
func (n *Node) deleteUnused(ctx context.Context, list []protocol.CID) error {
	if len(list) == 0 {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.removeUnused(ctx, list)
}

// picturesOf lists all pictures that a brand's records use.
func (n *Node) picturesOf(ctx context.Context, brand protocol.CID) (list []protocol.CID, err error) {
	err = n.store.View(ctx, brand, func(v *store.View) error {
		list = nil
		for id, err := range v.Pictures(protocol.CID{}) {
			if err != nil {
				return err
			}
			list = append(list, id)
		}
		return nil
	})
	return list, orNotFound(err)
}

// shownAmong returns those of the pictures that a catalog of the store shows.
func (n *Node) shownAmong(ctx context.Context, list []protocol.CID) (map[protocol.CID]bool, error) {
	out := map[protocol.CID]bool{}
	for _, brand := range n.store.Brands() {
		err := n.store.View(ctx, brand, func(v *store.View) error { return shownIn(v, list, out) })
		if err := orNotFound(err); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fewPictures is how many are looked up one by one; more are compared with all that a
// catalog shows.
const fewPictures = 64

func shownIn(v *store.View, list []protocol.CID, out map[protocol.CID]bool) error {
	if len(list) <= fewPictures {
		for _, id := range list {
			paths, err := v.Uses(id)
			if err != nil {
				return err
			}
			if len(paths) > 0 {
				out[id] = true
			}
		}
		return nil
	}
	for id, err := range v.Pictures(protocol.CID{}) {
		if err != nil {
			return err
		}
		out[id] = true
	}
	return nil
}
