package node

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/node/importer"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// pictures takes what can be had at once and notes what must be fetched.
func (im *importing) pictures(ctx context.Context, run store.ImportRun, p *store.OwnProduct) error {
	var files []string
	for _, ref := range p.Pictures {
		media, err := im.desk.known(ctx, ref.Source)
		if err != nil {
			return err
		}
		switch {
		case media != nil:
		case isURL(ref.Source):
			im.waiting[ref.Source] = append(im.waiting[ref.Source], p.Product.Handle)
			if err := run.PutPicture(store.OwnPicture{Source: ref.Source}); err != nil {
				return err
			}
		default:
			files = append(files, ref.Source)
		}
	}
	if err := im.takeFiles(ctx, files); err != nil {
		return err
	}
	return im.n.fillMedia(ctx, p)
}

// takeFiles reads the pictures of one product, several at a time.
func (im *importing) takeFiles(ctx context.Context, files []string) error {
	missing := make([]error, len(files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, source := range files {
		g.Go(func() error {
			_, err := im.desk.take(ctx, source)
			if errors.Is(err, ErrNoPicture) {
				missing[i], err = err, nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, err := range missing {
		if err != nil {
			im.warn(importer.Issue{Column: PictureColumn, Message: err.Error()})
		}
	}
	return nil
}

// PictureColumn stands in warnings about pictures in place of a column's name.
const PictureColumn = "picture"

// fillMedia sets the public pictures of a product to those of its sources that
// are in the store.
func (n *Node) fillMedia(ctx context.Context, p *store.OwnProduct) error {
	p.Product.Media = nil
	place := map[string]int{}
	for _, ref := range p.Pictures {
		media, err := n.picture(ctx, ref.Source)
		if err != nil {
			return err
		}
		if media == nil {
			continue
		}
		at := slices.IndexFunc(p.Product.Media, func(m catalog.MediaRef) bool { return m.Blob == media.Blob })
		if at < 0 {
			p.Product.Media = append(p.Product.Media, catalog.MediaRef{Blob: media.Blob, Alt: ref.Alt})
			at = len(p.Product.Media) - 1
		}
		place[ref.Source] = at + 1
	}
	p.Product.Variants = slices.Clone(p.Product.Variants)
	for i := range p.Product.Variants {
		p.Product.Variants[i].Media = place[p.Variants[i].Picture]
	}
	return nil
}

// sameMedia reports whether two states of a product show the same pictures.
func sameMedia(was, is *store.OwnProduct) bool {
	return slices.Equal(was.Product.Media, is.Product.Media) &&
		slices.EqualFunc(was.Product.Variants, is.Product.Variants, func(v, w catalog.Variant) bool { return v.Media == w.Media })
}

// fetchWaiting fetches the pictures that the imported products lack and publishes
// those that came.
func (im *importing) fetchWaiting(ctx context.Context) error {
	if len(im.waiting) == 0 {
		return nil
	}
	var sources []string
	for s := range im.waiting {
		sources = append(sources, s)
	}
	slices.Sort(sources)
	fetched, failed, err := im.n.fetchAll(ctx, sources, func(done int) {
		im.o.Progress(Progress{"pictures", int64(done), int64(len(sources))})
	})
	if err != nil {
		return err
	}
	for _, cause := range failed {
		im.warn(importer.Issue{Column: PictureColumn, Message: cause})
	}
	var handles []protocol.Handle
	for _, s := range fetched {
		handles = append(handles, im.waiting[s]...)
	}
	head, err := im.n.refreshPictures(ctx, handles)
	if head != nil {
		im.report.Head = head
	}
	if err != nil {
		return err
	}
	return im.n.noteShown(ctx, fetched)
}

// fetchers is how many pictures are fetched at a time.
const fetchers = 6

// fetchAll fetches sources and returns which came and why the others didn't.
func (n *Node) fetchAll(ctx context.Context, sources []string, progress func(done int)) (fetched, failed []string, err error) {
	desk, err := n.pictureDesk("")
	if err != nil {
		return nil, nil, err
	}
	err = desk.takeAll(ctx, sources, func(source string, err error) {
		if err == nil {
			fetched = append(fetched, source)
		} else {
			failed = append(failed, err.Error())
		}
		progress(len(fetched) + len(failed))
	})
	slices.Sort(failed)
	return fetched, failed, err
}

// takeAll takes sources, several at a time, and tells each of them with nil or why
// it could not be had, one after another. Other errors end it.
func (d *pictureDesk) takeAll(ctx context.Context, sources []string, tell func(source string, err error)) error {
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchers)
	for _, source := range sources {
		g.Go(func() error {
			_, err := d.take(ctx, source)
			if err != nil && !errors.Is(err, ErrNoPicture) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			tell(source, err)
			return nil
		})
	}
	return g.Wait()
}

// refreshPictures publishes the pictures that came for the products; nil when
// there is nothing to publish.
func (n *Node) refreshPictures(ctx context.Context, handles []protocol.Handle) (*catalog.SignedHead, error) {
	slices.Sort(handles)
	handles = slices.Compact(handles)
	if len(handles) == 0 {
		return nil, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var last *catalog.SignedHead
	for len(handles) > 0 {
		r, err := n.gather(ctx, handles)
		if err != nil {
			return last, err
		}
		head, err := n.publish(ctx, all(r.changes), r.keep)
		if err != nil {
			return last, err
		}
		last, handles = &head, handles[r.taken:]
	}
	return last, nil
}

// Bounds of what is published under one head when pictures have come: it is one
// transaction, of the products' records and of their private rows, which are about
// as large.
const (
	refreshChunk = 300       // products
	refreshBytes = 512 << 10 // of private rows
)

// refreshing is a change of some products that show what came.
type refreshing struct {
	taken    int // handles
	products []*store.OwnProduct
	changes  []store.Change
	bytes    int
}

// gather takes the first of the products, as many as one head is for.
func (n *Node) gather(ctx context.Context, handles []protocol.Handle) (*refreshing, error) {
	r := new(refreshing)
	for _, h := range handles[:min(len(handles), refreshChunk)] {
		r.taken++
		p, err := n.store.OwnProduct(ctx, h)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err == nil {
			err = n.refresh(ctx, r, p)
		}
		if err != nil {
			return nil, err
		}
		if r.bytes >= refreshBytes {
			break
		}
	}
	return r, nil
}

func (n *Node) refresh(ctx context.Context, r *refreshing, p *store.OwnProduct) error {
	if err := n.fillMedia(ctx, p); err != nil {
		return err
	}
	changes, err := n.productChanges(ctx, p)
	if err != nil {
		return err
	}
	row, err := protocol.Marshal(p)
	r.bytes += len(row)
	r.products, r.changes = append(r.products, p), append(r.changes, changes...)
	return err
}

func (r *refreshing) keep(o *store.OwnTxn) error {
	for _, p := range r.products {
		if err := o.PutProduct(p); err != nil {
			return err
		}
	}
	return nil
}

// Pictures that could not be fetched are tried again after 10 minutes, then after
// twice as long each time, up to a day.
const (
	retryLook  = 10 * time.Minute
	retryMost  = 24 * time.Hour
	retryBatch = 500
)

// fetchMissing tries again to fetch what is missing. What came without being
// shown, because the node was killed or an alarm stood in the way, is shown first.
func (n *Node) fetchMissing(ctx context.Context) error {
	unshown := true
	for {
		var err error
		if unshown {
			err = n.showFetched(ctx)
		}
		err = errors.Join(err, n.fetchDue(ctx))
		if unshown = err != nil; unshown && ctx.Err() == nil {
			n.log.Warn("missing pictures could not be fetched", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryLook):
		}
	}
}

// showFetched publishes the pictures that were fetched and that a kill or an alarm
// kept from their products.
func (n *Node) showFetched(ctx context.Context) error {
	for {
		fetched, err := n.store.FetchedPictures(ctx, retryBatch)
		if err != nil || len(fetched) == 0 {
			return err
		}
		if err := n.show(ctx, sourcesOf(fetched)); err != nil {
			return err
		}
	}
}

// show publishes the pictures of the sources with every product that names them.
func (n *Node) show(ctx context.Context, sources []string) error {
	handles, err := n.showing(ctx, sources)
	if err != nil {
		return err
	}
	if _, err := n.refreshPictures(ctx, handles); err != nil {
		return err
	}
	return n.noteShown(ctx, sources)
}

func (n *Node) noteShown(ctx context.Context, sources []string) error {
	for chunk := range slices.Chunk(sources, retryBatch) {
		if err := n.store.UpdateOwn(ctx, func(o *store.OwnTxn) error { return o.Shown(chunk...) }); err != nil {
			return err
		}
	}
	return nil
}

func sourcesOf(list []store.OwnPicture) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.Source)
	}
	return out
}

// fetchDue fetches what is due, batch after batch: what was tried isn't due.
func (n *Node) fetchDue(ctx context.Context) error {
	for {
		tried, err := n.fetchBatch(ctx)
		if err != nil || tried < retryBatch {
			return err
		}
	}
}

func (n *Node) fetchBatch(ctx context.Context) (tried int, err error) {
	missing, err := n.store.MissingPictures(ctx, retryBatch, func(p store.OwnPicture) bool {
		return isURL(p.Source) && !p.Final && !n.now().Before(retryAt(p))
	})
	if err != nil || len(missing) == 0 {
		return 0, err
	}
	fetched, _, err := n.fetchAll(ctx, sourcesOf(missing), func(int) {})
	if err != nil || len(fetched) == 0 {
		return len(missing), err
	}
	return len(missing), n.show(ctx, fetched)
}

func retryAt(p store.OwnPicture) time.Time {
	wait := retryLook << min(p.Tries, 10)
	return p.Tried.Time().Add(min(wait, retryMost))
}

// showing lists the products that name one of the sources.
func (n *Node) showing(ctx context.Context, sources []string) ([]protocol.Handle, error) {
	asked := map[string]bool{}
	for _, source := range sources {
		asked[source] = true
	}
	var out []protocol.Handle
	for p, err := range n.store.OwnProducts(ctx, "") {
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(p.Pictures, func(r store.PictureRef) bool { return asked[r.Source] }) {
			out = append(out, p.Product.Handle)
		}
	}
	return out, nil
}
