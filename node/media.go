package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

const (
	// pictureQuota is how many bytes of pictures of one followed brand are kept, unless
	// NetOptions say otherwise.
	pictureQuota = 512 << 20
	// picturesAtOnce is of how many brands pictures are fetched at the same time.
	picturesAtOnce = 2
	maxWanted      = 256    // pictures that pages wait for, of one brand
	maxCovers      = 20_000 // looked for at a time
	maxRest        = 500    // the same, of pictures that are no covers
	maxUnhad       = 20_000 // that could not be had, remembered until the next round
	unhadPause     = time.Minute
)

var errQuota = errors.New("the brand's pictures take all the room they may")

// mediaState is how far a brand's pictures are here. mirror.mu guards it.
type mediaState struct {
	wanted  []protocol.CID // by a page, or of a record that has just come
	todo    []protocol.CID // found missing
	drop    []protocol.CID // no longer in the catalog
	scan    scanState
	after   protocol.CID // the last picture looked at in scanRest
	unhad   map[protocol.CID]bool
	used    int64 // bytes of pictures that are here, as their manifests say
	counted bool  // used is right
	sweep   bool  // what became unused isn't known: look through all files
}

// scanState says which pictures are still to be looked for.
type scanState int

const (
	scanCovers scanState = iota
	scanRest
	scanned
)

// Want says that a page of a followed brand shows a picture that isn't here: it is
// fetched before others, if the catalog has it.
func (n *Node) Want(brand, picture protocol.CID) {
	m := n.kept.get(brand)
	if m == nil || m.own || n.net == nil {
		return
	}
	m.mu.Lock()
	if len(m.media.wanted) < maxWanted && !slices.Contains(m.media.wanted, picture) {
		m.media.wanted = append(m.media.wanted, picture)
	}
	m.mu.Unlock()
	n.wakeMedia(m)
}

func (n *Node) wakeMedia(m *mirror) { n.net.pictures.put(m.brand, time.Now()) }

// fetchPictures fetches pictures of followed brands until ctx ends.
func (n *Node) fetchPictures(ctx context.Context) error {
	for _, m := range n.kept.followed() {
		n.wakeMedia(m)
	}
	var workers errgroup.Group
	for range picturesAtOnce {
		workers.Go(func() error {
			for {
				brand, ok := n.net.pictures.take(ctx)
				if !ok {
					return nil
				}
				if m := n.kept.get(brand); m != nil {
					n.mediaTurn(ctx, m)
				}
				n.net.pictures.done(brand)
			}
		})
	}
	return workers.Wait()
}

// mediaTurn fetches what is missing of one brand and deletes what it no longer has.
func (n *Node) mediaTurn(ctx context.Context, m *mirror) {
	if err := n.dropUnused(ctx, m); err != nil && ctx.Err() == nil {
		n.log.Warn("pictures that a brand no longer has were not all deleted", "brand", m.brand, "reason", err)
	}
	for ctx.Err() == nil && n.kept.has(m.brand) {
		id, ok, err := n.nextPicture(ctx, m)
		if err != nil && ctx.Err() == nil {
			n.log.Warn("pictures can't be looked for", "brand", m.brand, "reason", err)
		}
		if !ok || err != nil {
			break
		}
		if err := n.fetchPicture(ctx, m, id); err != nil {
			m.noteUnhad(id)
			n.log.Debug("picture could not be had", "brand", m.brand, "picture", id, "reason", err)
		}
	}
	if m.forgetUnhad() && ctx.Err() == nil {
		n.net.pictures.put(m.brand, time.Now().Add(unhadPause))
	}
}

func (m *mirror) noteUnhad(id protocol.CID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.media.unhad == nil {
		m.media.unhad = map[protocol.CID]bool{}
	}
	if len(m.media.unhad) < maxUnhad {
		m.media.unhad[id] = true
	}
}

// forgetUnhad starts over for the pictures that could not be had and reports whether
// there were any.
func (m *mirror) forgetUnhad() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	any := len(m.media.unhad) > 0
	if any {
		m.media.unhad, m.media.scan, m.media.after = nil, scanCovers, protocol.CID{}
	}
	return any
}

// nextPicture returns what to fetch next: what pages wait for, then covers, then the
// rest. ok is false when there is nothing to fetch.
func (n *Node) nextPicture(ctx context.Context, m *mirror) (id protocol.CID, ok bool, err error) {
	for ctx.Err() == nil {
		if id, ok := m.listed(); ok {
			return id, true, nil
		}
		m.mu.Lock()
		state := m.media.scan
		m.mu.Unlock()
		if state == scanned {
			return id, false, nil
		}
		if err := n.lookForPictures(ctx, m, state); err != nil {
			return id, false, err
		}
	}
	return id, false, ctx.Err()
}

// listed takes a picture from the lists.
func (m *mirror) listed() (id protocol.CID, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, list := range []*[]protocol.CID{&m.media.wanted, &m.media.todo} {
		if len(*list) > 0 {
			id, *list = (*list)[0], (*list)[1:]
			return id, true
		}
	}
	return id, false
}

// lookForPictures finds out which pictures are missing: some of them at a time.
func (n *Node) lookForPictures(ctx context.Context, m *mirror, state scanState) error {
	m.mu.Lock()
	after, unhad := m.media.after, m.media.unhad
	m.mu.Unlock()
	var missing []protocol.CID
	limit, more := maxCovers, false
	if state == scanRest {
		limit = maxRest
	}
	err := n.store.View(ctx, m.brand, func(v *store.View) error {
		missing, more = nil, false
		all := v.Covers()
		if state == scanRest {
			all = v.Pictures(after)
		}
		for id, err := range all {
			if err != nil {
				return err
			}
			if len(missing) == limit {
				more = true
				return nil
			}
			after = id
			if has, err := n.blobs.Has(id); err != nil || has || unhad[id] {
				continue
			}
			missing = append(missing, id)
		}
		return nil
	})
	if err := orNotFound(err); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.media.todo = missing
	switch {
	case state == scanRest:
		m.media.after = after
		if !more {
			m.media.scan = scanned
		}
	case !more:
		m.media.scan, m.media.after = scanRest, protocol.CID{}
	}
	return nil
}

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
	if err := n.makeRoom(ctx, m, manifest.Size); err != nil {
		return err
	}
	if err := n.importPicture(ctx, m, manifest); err != nil {
		return err
	}
	m.mu.Lock()
	m.media.used += manifest.Size
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
				sum += manifest.Size
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
	for _, p := range n.candidates(m) {
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
