package sales

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// maxShelf is how many decoded products are kept.
const maxShelf = 4096

// shelf is what was decoded of the catalog at one head.
type shelf struct {
	tip      store.Tip
	profile  *catalog.Profile
	products map[protocol.Handle]*stall
}

// stall is a product with its offers.
type stall struct {
	product *catalog.Product
	offers  map[protocol.VariantID]offered
}

type offered struct {
	*catalog.Offer
	record protocol.CID
}

// stall returns a product at the head in force, nil when the catalog has none such.
func (d *Desk) stall(ctx context.Context, h protocol.Handle) (*stall, error) {
	s, err := d.shelf(ctx)
	if err != nil {
		return nil, err
	}
	d.cache.mu.Lock()
	found, ok := s.products[h]
	d.cache.mu.Unlock()
	if ok {
		return found, nil
	}
	found, err = d.readStall(ctx, h)
	if err != nil {
		return nil, err
	}
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	if len(s.products) >= maxShelf {
		clear(s.products)
	}
	s.products[h] = found
	return found, nil
}

// shelf returns the shelf of the head in force.
func (d *Desk) shelf(ctx context.Context) (*shelf, error) {
	tip, err := d.Store.Tip(ctx, d.Brand)
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	if s := d.cache.shelf; s != nil && s.tip == tip {
		return s, nil
	}
	s := &shelf{tip: tip, products: map[protocol.Handle]*stall{}}
	err = d.Store.View(ctx, d.Brand, func(v *store.View) error {
		s.tip = v.Tip()
		s.profile, err = v.Profile()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	d.cache.shelf = s
	return s, nil
}

func (d *Desk) readStall(ctx context.Context, h protocol.Handle) (s *stall, err error) {
	if _, err := protocol.ParseHandle(string(h)); err != nil {
		return nil, nil
	}
	err = d.Store.View(ctx, d.Brand, func(v *store.View) error {
		product, offers, err := v.Product(h)
		if err != nil {
			return err
		}
		s = &stall{product: product, offers: make(map[protocol.VariantID]offered, len(offers))}
		for _, o := range offers {
			record, err := v.Record(o.Path())
			if err != nil {
				return err
			}
			s.offers[o.Variant] = offered{o, protocol.Sum(protocol.DagCBOR, record)}
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return s, err
}

// item returns what the catalog says of a line of a cart.
func (d *Desk) item(ctx context.Context, l trade.CartLine) (trade.Item, error) {
	s, err := d.stall(ctx, l.Product)
	if err != nil {
		return trade.Item{}, err
	}
	unknown := trade.Refuse(trade.UnknownVariant, "%s of %s", l.Variant, l.Product)
	if s == nil {
		return trade.Item{}, unknown
	}
	offer, ok := s.offers[l.Variant]
	if !ok || offer.Availability == catalog.Discontinued {
		return trade.Item{}, unknown
	}
	for _, v := range s.product.Variants {
		if v.ID == l.Variant {
			return trade.Item{
				Product: l.Product, Variant: l.Variant, Offer: offer.record, Title: s.product.Title, Options: v.Options,
				Quantity: l.Quantity, Unit: offer.Price, TaxClass: offer.TaxClass, Grams: v.Grams, Digital: v.Digital,
			}, nil
		}
	}
	return trade.Item{}, unknown
}

// decodedTerms are terms with the bytes they were read from.
type decodedTerms struct {
	from  []byte
	terms *trade.Terms
}

// terms returns the terms in force as a transaction sees them.
func (d *Desk) terms(ctx context.Context, v *store.DeskView) (*trade.Terms, error) {
	raw, err := v.Setting(SettingTerms)
	if err != nil {
		return nil, fmt.Errorf("terms: %w", err)
	}
	if raw == nil {
		s, err := d.shelf(ctx)
		if err != nil {
			return nil, err
		}
		t := trade.DefaultTerms(s.profile.Currency, s.profile.Country)
		return &t, nil
	}
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	if t := d.cache.terms; t != nil && bytes.Equal(t.from, raw) {
		return t.terms, nil
	}
	t, err := trade.DecodeTerms(raw)
	if err != nil {
		return nil, fmt.Errorf("terms: %w", err)
	}
	d.cache.terms = &decodedTerms{bytes.Clone(raw), t}
	return t, nil
}

// Terms returns the terms in force.
func (d *Desk) Terms(ctx context.Context) (t *trade.Terms, err error) {
	err = d.Store.Desk(ctx, func(v *store.DeskView) error {
		t, err = d.terms(ctx, v)
		return err
	})
	return t, err
}
