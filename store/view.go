package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store/kv"
)

// View is one consistent state of one brand's catalog. It must not be kept.
type View struct {
	id  protocol.CID
	r   kv.Reader
	st  *state
	log *identity.Log
}

// View runs fn over a brand's catalog at its head; ErrNotFound when there is no
// head yet.
func (s *Store) View(ctx context.Context, id protocol.CID, fn func(*View) error) error {
	b, err := s.lookup(id)
	if err != nil {
		return err
	}
	log, err := s.identityOf(ctx, id, b)
	if err != nil {
		return err
	}
	return s.kv.View(ctx, func(r kv.Reader) error {
		st, err := b.readState(r)
		if err != nil {
			return err
		}
		if len(st.Head) == 0 {
			return fmt.Errorf("catalog of %s: %w", id, ErrNotFound)
		}
		return fn(&View{id: id, r: r, st: st, log: log})
	})
}

// Tip returns which head a brand's catalog is at, from what is durable.
func (s *Store) Tip(ctx context.Context, id protocol.CID) (tip Tip, err error) {
	b, err := s.lookup(id)
	if err != nil {
		return Tip{}, err
	}
	err = s.kv.View(ctx, func(r kv.Reader) error {
		st, err := b.readState(r)
		if err == nil {
			tip = st.tip()
		}
		return err
	})
	return tip, err
}

func (v *View) index() index { return indexOf(v.r, v.st) }

// Brand returns whose catalog it is.
func (v *View) Brand() protocol.CID { return v.id }

// Head returns the signed head that commits to what the view shows.
func (v *View) Head() catalog.SignedHead { return v.st.head }

// Tip returns the same in short.
func (v *View) Tip() Tip { return v.st.tip() }

// Identity returns the brand's identity log.
func (v *View) Identity() *identity.Log { return v.log }

// Record returns the bytes of the record at a path.
func (v *View) Record(path protocol.Path) ([]byte, error) {
	row, err := readLeaf(v.r, v.st.at, path)
	return row.Record, err
}

// open reads a record of type R. One of invalid or unknown meaning is hidden: it
// gives ErrNotFound.
func open[R catalog.Record](v *View, path protocol.Path) (R, error) {
	r, _, err := openSized[R](v, path)
	return r, err
}

// openSized is open, and returns how many bytes the record has.
func openSized[R catalog.Record](v *View, path protocol.Path) (R, int, error) {
	var none R
	data, err := v.Record(path)
	if err != nil {
		return none, 0, err
	}
	record, err := catalog.DecodeChecked(path, data)
	if r, ok := record.(R); ok && err == nil {
		return r, len(data), nil
	}
	return none, 0, fmt.Errorf("%s is not readable (%w): %w", path, errors.Join(err), ErrNotFound)
}

func pagePath(h protocol.Handle) protocol.Path { return (&catalog.Page{Handle: h}).Path() }

func postPath(h protocol.Handle) protocol.Path { return (&catalog.Post{Handle: h}).Path() }

// Profile returns what the brand says of itself.
func (v *View) Profile() (*catalog.Profile, error) {
	return open[*catalog.Profile](v, catalog.ProfilePath)
}

// Collection returns a collection.
func (v *View) Collection(h protocol.Handle) (*catalog.Collection, error) {
	return open[*catalog.Collection](v, catalog.CollectionPath(h))
}

// Page returns a content page.
func (v *View) Page(h protocol.Handle) (*catalog.Page, error) {
	return open[*catalog.Page](v, pagePath(h))
}

// Post returns a post.
func (v *View) Post(h protocol.Handle) (*catalog.Post, error) {
	return open[*catalog.Post](v, postPath(h))
}

// Media returns the manifest of a picture.
func (v *View) Media(blob protocol.CID) (*catalog.Media, error) {
	return open[*catalog.Media](v, catalog.MediaPath(blob))
}

// Product returns a product and the offers of its variants, in their order.
func (v *View) Product(h protocol.Handle) (*catalog.Product, []*catalog.Offer, error) {
	product, err := open[*catalog.Product](v, catalog.ProductPath(h))
	if err != nil {
		return nil, nil, fmt.Errorf("product %s: %w", h, err)
	}
	var offers []*catalog.Offer
	for _, variant := range product.Variants {
		offer, err := open[*catalog.Offer](v, catalog.OfferPath(h, variant.ID))
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		offers = append(offers, offer)
	}
	return product, offers, nil
}

// Variant returns the handle of the product that a variant belongs to.
func (v *View) Variant(id protocol.VariantID) (protocol.Handle, error) {
	b, err := v.index().get(suffixVariant(id))
	if errors.Is(err, kv.ErrNotFound) {
		return "", fmt.Errorf("variant %s: %w", id, ErrNotFound)
	}
	return protocol.Handle(b), err
}

// Uses lists the paths of the records that show a picture.
func (v *View) Uses(blob protocol.CID) ([]protocol.Path, error) {
	var out []protocol.Path
	prefix := suffixUses(blob)
	for row, err := range v.index().scan(prefix, "") {
		if err != nil {
			return nil, err
		}
		out = append(out, protocol.Path(row[len(prefix):]))
	}
	return out, nil
}
