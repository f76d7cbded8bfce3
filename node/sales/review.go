package sales

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// settingReview holds the review of stock that a restored backup asks for.
const settingReview = "stock.review"

// reviewed says of which restore the review is and how far it came. After a restore
// the counts are those of the backup: what was sold since is missing, so tracked stock
// isn't sold before the owner has said what there is.
type reviewed struct {
	Restore []byte               `cbor:"restore"` // the value of store.SettingRestored
	Done    bool                 `cbor:"done"`
	Counted []protocol.VariantID `cbor:"counted,omitempty"`
}

// review is the review in memory.
type review struct {
	mu      sync.RWMutex
	waits   bool
	counted map[protocol.VariantID]bool
}

// Review begins a review when store.SettingRestored says that a backup was restored, or
// that another node may have sold in the brand's name, and goes on with the one that was
// begun. Open calls it.
func (d *Desk) Review(ctx context.Context) error {
	var r *reviewed
	err := d.Store.Trade(ctx, func(tx *store.TradeTxn) (err error) {
		if r, err = readReview(tx.DeskView); err != nil {
			return err
		}
		restored, err := tx.Setting(store.SettingRestored)
		if err != nil || restored == nil || bytes.Equal(restored, r.Restore) {
			return err
		}
		*r = reviewed{Restore: restored}
		return putReview(tx, r)
	})
	if err != nil {
		return fmt.Errorf("review of stock: %w", err)
	}
	d.review.take(r)
	return nil
}

func readReview(v *store.DeskView) (*reviewed, error) {
	r := &reviewed{Done: true}
	raw, err := v.Setting(settingReview)
	if err != nil || raw == nil {
		return r, err
	}
	return r, protocol.Unmarshal(raw, r)
}

func putReview(tx *store.TradeTxn, r *reviewed) error {
	raw, err := protocol.Marshal(r)
	if err != nil {
		return err
	}
	return tx.PutSetting(settingReview, raw)
}

func (r *review) take(from *reviewed) {
	counted := make(map[protocol.VariantID]bool, len(from.Counted))
	for _, id := range from.Counted {
		counted[id] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits, r.counted = !from.Done, counted
}

// asksFor reports whether a variant's stock waits for the owner's word.
func (r *review) asksFor(id protocol.VariantID) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.waits && !r.counted[id]
}

// InReview reports whether tracked stock waits for the owner's word after a restore.
func (d *Desk) InReview() bool {
	d.review.mu.RLock()
	defer d.review.mu.RUnlock()
	return d.review.waits
}

// EndReview says that all counts are right as they stand.
func (d *Desk) EndReview(ctx context.Context) error {
	return d.changeReview(ctx, func(_ *store.TradeTxn, r *reviewed) error {
		r.Done, r.Counted = true, nil
		return nil
	})
}

// errUnchanged ends a change of the review that would change nothing.
var errUnchanged = errors.New("unchanged")

func (d *Desk) changeReview(ctx context.Context, fn func(*store.TradeTxn, *reviewed) error) error {
	var r *reviewed
	err := d.Store.Trade(ctx, func(tx *store.TradeTxn) (err error) {
		if r, err = readReview(tx.DeskView); err != nil {
			return err
		}
		if err = fn(tx, r); errors.Is(err, errUnchanged) {
			return nil
		}
		if err != nil {
			return err
		}
		return putReview(tx, r)
	})
	if err != nil {
		return fmt.Errorf("review of stock: %w", err)
	}
	d.review.take(r)
	return nil
}

// count notes that the owner has said what there is of a variant.
func (r *reviewed) count(id protocol.VariantID) error {
	if r.Done || slices.Contains(r.Counted, id) {
		return errUnchanged
	}
	r.Counted = append(r.Counted, id)
	return nil
}
