package sales

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

const (
	maxShelf   = 32_768 // products kept; one takes half a KiB and a quarter per variant
	maxChanges = 5_000  // changed records that are looked through; of more, nothing is kept
)

// shelf is what was read of the catalog at one head: of products that were asked for,
// what a price needs.
type shelf struct {
	tip      store.Tip
	profile  *catalog.Profile
	products map[protocol.Handle]*stall
}

// stall is a product with those of its offers that were asked for; nil offers are not
// in the catalog.
type stall struct {
	title    string
	variants map[protocol.VariantID]catalog.Variant
	offers   map[protocol.VariantID]*offered
}

// offered is the offer of a variant.
type offered struct {
	record       protocol.CID
	price        protocol.Money
	taxClass     catalog.TaxClass
	availability catalog.Availability
}

// shelf returns the shelf of the head in force. Its fields are guarded by the cache's
// lock.
func (d *Desk) shelf(ctx context.Context) (*shelf, error) {
	tip, err := d.Store.Tip(ctx, d.Brand)
	if err != nil {
		return nil, noCatalog(err)
	}
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	if s := d.cache.shelf; s != nil && s.tip == tip {
		return s, nil
	}
	err = d.Store.View(ctx, d.Brand, func(v *store.View) error {
		s, err := d.cache.shelf.moved(v)
		if err == nil {
			d.cache.shelf = s
		}
		return err
	})
	if err != nil {
		return nil, noCatalog(err)
	}
	return d.cache.shelf, nil
}

// noCatalog makes a refusal of a catalog that isn't there.
func noCatalog(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return trade.Refuse(trade.ShopClosed, "catalog: %v", err)
	}
	return fmt.Errorf("catalog: %w", err)
}

// moved returns the shelf at the head of a view: what it has and didn't change stays.
func (s *shelf) moved(v *store.View) (*shelf, error) {
	profile, err := v.Profile()
	if err != nil {
		return nil, err
	}
	now := &shelf{tip: v.Tip(), profile: profile, products: map[protocol.Handle]*stall{}}
	if s == nil {
		return now, nil
	}
	changes, err := v.Changes(s.tip.Head, "")
	if err != nil {
		return now, nil // the way from there to here is gone: begin anew
	}
	stays, n := s.products, 0
	for c, err := range changes {
		if n++; err != nil || n > maxChanges {
			return now, nil
		}
		if segments := strings.Split(string(c.Path), "/"); len(segments) > 1 {
			delete(stays, protocol.Handle(segments[1]))
		}
	}
	now.products = stays
	return now, nil
}

// look returns a product with the offer of one variant, as the head in force has them;
// nil for what isn't there.
func (d *Desk) look(ctx context.Context, h protocol.Handle, id protocol.VariantID) (*stall, *offered, error) {
	s, err := d.shelf(ctx)
	if err != nil {
		return nil, nil, err
	}
	d.cache.mu.Lock()
	found, known := s.products[h]
	var offer *offered
	if found != nil {
		offer, known = found.offers[id]
	}
	d.cache.mu.Unlock()
	if known {
		return found, offer, nil
	}
	return d.fetch(ctx, h, id)
}

// fetch reads a product and an offer, and keeps them when the head is still the
// shelf's.
func (d *Desk) fetch(ctx context.Context, h protocol.Handle, id protocol.VariantID) (found *stall, offer *offered, err error) {
	var tip store.Tip
	err = d.Store.View(ctx, d.Brand, func(v *store.View) error {
		tip = v.Tip()
		if found, err = readStall(v, h); err != nil || found == nil {
			return err
		}
		offer, err = readOffer(v, h, id)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	if s := d.cache.shelf; s != nil && s.tip == tip {
		found = s.keep(h, found, id, offer)
	}
	return found, offer, nil
}

func (s *shelf) keep(h protocol.Handle, found *stall, id protocol.VariantID, offer *offered) *stall {
	if before := s.products[h]; before != nil {
		found = before
	}
	if len(s.products) >= maxShelf {
		clear(s.products)
	}
	s.products[h] = found
	if found != nil {
		if _, isVariant := found.variants[id]; isVariant {
			found.offers[id] = offer
		}
	}
	return found
}

// readRecord reads a record of a type, the zero value when there is none that can be read.
func readRecord[R catalog.Record](v *store.View, path protocol.Path) (r R, raw []byte, err error) {
	if _, err := protocol.ParsePath(string(path)); err != nil {
		return r, nil, nil
	}
	raw, err = v.Record(path)
	if errors.Is(err, store.ErrNotFound) {
		return r, nil, nil
	}
	if err != nil {
		return r, nil, err
	}
	decoded, err := catalog.DecodeChecked(path, raw)
	if err != nil {
		return r, nil, nil // hidden, as from pages
	}
	r, _ = decoded.(R)
	return r, raw, nil
}

// readStall keeps of a product what is needed, in memory of its own.
func readStall(v *store.View, h protocol.Handle) (*stall, error) {
	p, _, err := readRecord[*catalog.Product](v, catalog.ProductPath(h))
	if err != nil || p == nil {
		return nil, err
	}
	s := &stall{title: strings.Clone(p.Title), variants: make(map[protocol.VariantID]catalog.Variant, len(p.Variants)), offers: map[protocol.VariantID]*offered{}}
	for _, variant := range p.Variants {
		options := make([]string, len(variant.Options))
		for i, o := range variant.Options {
			options[i] = strings.Clone(o)
		}
		id := protocol.VariantID(strings.Clone(string(variant.ID)))
		s.variants[id] = catalog.Variant{Options: options, Grams: variant.Grams, Digital: variant.Digital}
	}
	return s, nil
}

func readOffer(v *store.View, h protocol.Handle, id protocol.VariantID) (*offered, error) {
	o, raw, err := readRecord[*catalog.Offer](v, catalog.OfferPath(h, id))
	if err != nil || o == nil {
		return nil, err
	}
	return &offered{
		record: protocol.Sum(protocol.DagCBOR, raw), price: protocol.NewMoney(o.Price.Minor, protocol.Currency(strings.Clone(string(o.Price.Currency)))),
		taxClass: catalog.TaxClass(strings.Clone(string(o.TaxClass))), availability: catalog.Availability(strings.Clone(string(o.Availability))),
	}, nil
}

// item returns what the catalog says of a line of a cart.
func (d *Desk) item(ctx context.Context, l trade.CartLine) (trade.Item, error) {
	s, offer, err := d.look(ctx, l.Product, l.Variant)
	if err != nil {
		return trade.Item{}, err
	}
	unknown := trade.Refuse(trade.UnknownVariant, "%s of %s", l.Variant, l.Product)
	if s == nil || offer == nil || offer.availability == catalog.Discontinued {
		return trade.Item{}, unknown
	}
	v, ok := s.variants[l.Variant]
	if !ok {
		return trade.Item{}, unknown
	}
	return trade.Item{
		Product: l.Product, Variant: l.Variant, Offer: offer.record, Title: s.title, Options: v.Options,
		Quantity: l.Quantity, Unit: offer.price, TaxClass: offer.taxClass, Grams: v.Grams, Digital: v.Digital,
	}, nil
}
