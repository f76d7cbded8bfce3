package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// pictureTime is how long one peer may take for a picture.
const pictureTime = 2 * time.Minute

var errQuota = errors.New("the brand's pictures take all the room they may")

// fetchPicture fetches a picture that the brand's catalog shows, within the brand's
// quota. One that is here or isn't shown is no error.
func (n *Node) fetchPicture(ctx context.Context, m *mirror, id protocol.CID) error {
	manifest, err := n.manifest(ctx, m, id)
	if err != nil || manifest == nil {
		return err
	}
	if has, err := n.blobs.Has(id); err != nil || has {
		return err
	}
	if err := n.makeRoom(ctx, m, room(manifest)); err != nil {
		return err
	}
	if err := n.importPicture(ctx, m, manifest); err != nil {
		return err
	}
	m.mu.Lock()
	m.media.used += room(manifest)
	m.mu.Unlock()
	if again, err := n.manifest(ctx, m, id); err == nil && again == nil {
		return n.deleteUnused(ctx, []protocol.CID{id}) // it went while it came
	}
	return nil
}

// manifest returns the manifest of a picture that the catalog shows, nil if it
// doesn't.
func (n *Node) manifest(ctx context.Context, m *mirror, id protocol.CID) (found *catalog.Media, err error) {
	err = n.store.View(ctx, m.brand, func(v *store.View) error {
		paths, err := v.Uses(id)
		if err != nil || len(paths) == 0 {
			return err
		}
		found, err = v.Media(id)
		return err
	})
	return found, orNotFound(err)
}

// room is what a picture takes on disk, however small it is.
func room(manifest *catalog.Media) int64 { return max(manifest.Size, 4<<10) }

// makeRoom refuses a picture for which there is no room.
func (n *Node) makeRoom(ctx context.Context, m *mirror, size int64) error {
	m.mu.Lock()
	counted, used := m.media.counted, m.media.used
	m.mu.Unlock()
	if !counted {
		sum, err := n.countPictures(ctx, m)
		if err != nil {
			return err
		}
		used = sum
	}
	if used+size > n.net.quota {
		return fmt.Errorf("%d of %d bytes are used: %w", used, n.net.quota, errQuota)
	}
	return nil
}

// countPictures sums up what a brand's pictures take that are here.
func (n *Node) countPictures(ctx context.Context, m *mirror) (sum int64, err error) {
	err = n.store.View(ctx, m.brand, func(v *store.View) error {
		sum = 0
		for id, err := range v.Pictures(protocol.CID{}) {
			if err != nil {
				return err
			}
			if has, err := n.blobs.Has(id); err != nil || !has {
				continue
			}
			if manifest, err := v.Media(id); err == nil {
				sum += room(manifest)
			}
		}
		return nil
	})
	if err := orNotFound(err); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.media.used, m.media.counted = sum, true
	return sum, nil
}

// importPicture fetches a picture from the first peer that gives it.
func (n *Node) importPicture(ctx context.Context, m *mirror, manifest *catalog.Media) error {
	if err := n.reach(ctx, m); err != nil {
		return err
	}
	failed := []error{errNobody}
	for _, p := range n.net.client.Rank(n.candidates(m)) {
		err := n.importFrom(ctx, m, p, manifest)
		if err == nil {
			return nil
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// importFrom passes the bytes of a picture from a peer to the folder of pictures,
// which takes them if they are what their name says.
func (n *Node) importFrom(ctx context.Context, m *mirror, p peer.ID, manifest *catalog.Media) error {
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	r, w := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		err := n.net.client.Content(ctx, p, m.brand, manifest.Blob, uint64(manifest.Size), w)
		_ = w.CloseWithError(err) // never fails
		sent <- err
	}()
	err := n.blobs.Import(ctx, manifest.Blob, r)
	_ = r.CloseWithError(err)
	if asked := <-sent; asked != nil {
		return asked
	}
	return err
}
