package node

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/protocol"
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
	mediaTime      = 5 * time.Minute // before another brand's turn comes
)

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
	for end := time.Now().Add(mediaTime); ctx.Err() == nil && n.kept.has(m.brand); {
		if time.Now().After(end) {
			n.wakeMedia(m)
			return
		}
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
