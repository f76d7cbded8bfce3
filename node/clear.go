package node

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// Files of pictures are looked through some time after the start and then daily.
const (
	clearFirst = 10 * time.Minute
	clearEvery = 24 * time.Hour
)

// clearDaily deletes files of pictures that nothing needs: those of imports that
// came to nothing, those that only drafts had, those that a kill left.
func (n *Node) clearDaily(ctx context.Context) error {
	wait := clearFirst
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		if err := n.clear(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("pictures that nothing needs were not all deleted", "error", err)
		}
		wait = clearEvery
	}
}

// clear looks for candidates beside other work and decides on them between two
// changes.
func (n *Node) clear(ctx context.Context) error {
	var all []protocol.CID
	for blob, err := range n.blobs.All(ctx) {
		if err != nil {
			return err
		}
		all = append(all, blob)
	}
	shown, err := n.shownAmong(ctx, all)
	if err != nil {
		return err
	}
	unshown := slices.DeleteFunc(all, func(id protocol.CID) bool { return shown[id] })
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.removeUnused(ctx, unshown)
}

// removeUnused deletes those of the pictures that no catalog shows, that no draft
// has, and that no product waits for. n.mu is held.
func (n *Node) removeUnused(ctx context.Context, list []protocol.CID) error {
	if len(list) == 0 {
		return nil
	}
	n.files.Lock()
	defer n.files.Unlock()
	kept, err := n.hiddenPictures(ctx)
	if err != nil {
		return err
	}
	shown, err := n.shownAmong(ctx, list)
	if err != nil {
		return err
	}
	var failed []error
	for _, blob := range list {
		if !shown[blob] && !kept[blob] {
			failed = append(failed, n.blobs.Remove(blob))
		}
	}
	return errors.Join(failed...)
}

// hiddenPictures returns the pictures that no page shows and that are kept: of
// products that aren't published, and those fetched for products that don't show
// them yet.
func (n *Node) hiddenPictures(ctx context.Context) (map[protocol.CID]bool, error) {
	out := map[protocol.CID]bool{}
	for p, err := range n.store.OwnProducts(ctx, "") {
		if err != nil {
			return nil, err
		}
		if p.Status == store.Active {
			continue
		}
		for _, m := range p.Product.Media {
			out[m.Blob] = true
		}
	}
	fetched, err := n.store.FetchedPictures(ctx, math.MaxInt)
	for _, p := range fetched {
		out[p.Media.Blob] = true
	}
	return out, err
}
