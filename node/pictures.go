package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/blob"
)

// PictureSource fetches pictures that are named by URL. It guards against private
// addresses and bounds size, time and redirects.
type PictureSource interface {
	Fetch(ctx context.Context, url string) (io.ReadCloser, error)
	// Temporary reports whether a failed Fetch may succeed later.
	Temporary(err error) bool
}

// ErrNoPicture means that a picture's source can't be read now.
var ErrNoPicture = errors.New("the picture could not be had")

// pictureDesk turns sources into pictures of the store.
type pictureDesk struct {
	n      *Node
	folder *os.Root // where file names lead; nil when there is none
}

func (n *Node) pictureDesk(folder string) (*pictureDesk, error) {
	if folder == "" {
		return &pictureDesk{n: n}, nil
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open folder of pictures: %w", err)
	}
	return &pictureDesk{n: n, folder: root}, nil
}

func (d *pictureDesk) Close() error {
	if d.folder == nil {
		return nil
	}
	return d.folder.Close()
}

// known returns the manifest of a source that is in the store already. A file in
// the folder is looked at again: it may have changed under its name.
func (d *pictureDesk) known(ctx context.Context, source string) (*catalog.Media, error) {
	if d.inFolder(source) {
		return nil, nil
	}
	return d.n.picture(ctx, source)
}

// picture returns the manifest of a source whose bytes are here, nil if they
// aren't.
func (n *Node) picture(ctx context.Context, source string) (*catalog.Media, error) {
	p, err := n.store.Picture(ctx, source)
	if errors.Is(err, store.ErrNotFound) || err == nil && p.Media == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	has, err := n.blobs.Has(p.Media.Blob)
	if err != nil || !has {
		return nil, err
	}
	return p.Media, nil
}

func (d *pictureDesk) inFolder(source string) bool {
	if d.folder == nil || isURL(source) {
		return false
	}
	_, err := d.folder.Stat(filepath.FromSlash(source))
	return err == nil
}

// take returns the manifest of a source, reading it when it isn't known yet, and
// notes durably what became of it. An unreadable one gives ErrNoPicture.
func (d *pictureDesk) take(ctx context.Context, source string) (*catalog.Media, error) {
	if blob, err := protocol.ParseCID(source); err == nil {
		return d.byID(ctx, blob)
	}
	if m, err := d.known(ctx, source); m != nil || err != nil {
		return m, err
	}
	for {
		media, err := d.read(ctx, source)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, ErrNoPicture) {
			if err := d.note(ctx, d.failed(ctx, source, err)); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		if err != nil {
			return nil, fmt.Errorf("keep picture %s: %w", source, err)
		}
		if noted, err := d.noteTaken(ctx, source, media); noted || err != nil {
			return media, err
		}
	}
}

// noteTaken notes where a picture came from, if nobody else's change has deleted
// the same picture since it was read: it must be read again then.
func (d *pictureDesk) noteTaken(ctx context.Context, source string, media *catalog.Media) (noted bool, err error) {
	d.n.files.Lock()
	defer d.n.files.Unlock()
	has, err := d.n.blobs.Has(media.Blob)
	if err != nil || !has {
		return false, err
	}
	return true, d.note(ctx, store.OwnPicture{Source: source, Media: media, Tried: d.n.millis()})
}

func (d *pictureDesk) note(ctx context.Context, p store.OwnPicture) error {
	return d.n.store.UpdateOwn(ctx, func(o *store.OwnTxn) error { return o.PutPicture(p) })
}

func (d *pictureDesk) failed(ctx context.Context, source string, cause error) store.OwnPicture {
	before, err := d.n.store.Picture(ctx, source)
	if err != nil {
		before = store.OwnPicture{}
	}
	return store.OwnPicture{
		Source: source, Tried: d.n.millis(), Tries: before.Tries + 1, Reason: cause.Error(),
		Final: errors.Is(cause, protocol.ErrInvalid) || d.n.fetch != nil && !d.n.fetch.Temporary(cause),
	}
}

func (d *pictureDesk) byID(ctx context.Context, blob protocol.CID) (m *catalog.Media, err error) {
	err = d.n.store.View(ctx, d.n.brand, func(v *store.View) error {
		m, err = v.Media(blob)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%s: %w: the shop has no picture of that identifier", blob, ErrNoPicture)
	}
	return m, err
}

// read brings a source into the store. What is wrong with the source or its bytes
// is ErrNoPicture; a failure of the node's own disk isn't.
func (d *pictureDesk) read(ctx context.Context, source string) (*catalog.Media, error) {
	r, err := d.open(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPicture, err)
	}
	defer r.Close()
	media, err := d.n.blobs.Put(ctx, r)
	if errors.Is(err, blob.ErrSource) || errors.Is(err, protocol.ErrInvalid) {
		return nil, fmt.Errorf("%w: %w", ErrNoPicture, err)
	}
	if err != nil {
		return nil, err
	}
	return &media, nil
}

func (d *pictureDesk) open(ctx context.Context, source string) (io.ReadCloser, error) {
	if isURL(source) {
		if d.n.fetch == nil {
			return nil, errors.New("this node fetches no pictures")
		}
		return d.n.fetch.Fetch(ctx, source)
	}
	if d.folder == nil {
		return nil, errors.New("it names a file: say in which folder with --images")
	}
	return d.openFile(source)
}

// openFile opens a file of the folder. Others than ordinary ones, such as named
// pipes, might never give anything.
func (d *pictureDesk) openFile(source string) (io.ReadCloser, error) {
	name := filepath.FromSlash(source)
	info, err := d.folder.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s in the folder of pictures", source)
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no ordinary file", source)
	}
	return d.folder.Open(name)
}

func isURL(source string) bool {
	return strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "http://")
}
