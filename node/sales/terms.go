package sales

import (
	"bytes"
	"context"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

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
		d.Log.Error("the terms can't be read: nothing is sold", "brand", d.Brand, "error", err)
		return nil, trade.Refuse(trade.ShopClosed, "terms: %v", err)
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
