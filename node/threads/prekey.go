package threads

import (
	"context"
	"fmt"
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// prekeys are the private halves that were used last, ready for use: making one ready
// costs as much as using it.
type prekeys struct {
	mu   sync.Mutex
	byID map[protocol.CID]thread.PrekeySecret
}

// decapsulate opens what is sealed to a prekey. The error wraps thread.ErrPrekey when
// its private half isn't there, or no more, protocol.ErrInvalid when it doesn't open.
func (d *Desk) decapsulate(ctx context.Context, prekey protocol.CID, enc []byte) (thread.Roots, error) {
	secret, err := d.prekey(ctx, prekey)
	if err != nil {
		return thread.Roots{}, err
	}
	return secret.Decapsulate(d.brand, prekey, enc)
}

func (d *Desk) prekey(ctx context.Context, id protocol.CID) (thread.PrekeySecret, error) {
	d.prekeys.mu.Lock()
	defer d.prekeys.mu.Unlock()
	if secret, ok := d.prekeys.byID[id]; ok {
		return secret, nil
	}
	if err := d.loadPrekeys(ctx); err != nil {
		return thread.PrekeySecret{}, err
	}
	if secret, ok := d.prekeys.byID[id]; ok {
		return secret, nil
	}
	return thread.PrekeySecret{}, fmt.Errorf("prekey %s: %w", id, thread.ErrPrekey)
}

// loadPrekeys makes ready what the store holds. d.prekeys.mu is held.
func (d *Desk) loadPrekeys(ctx context.Context) (err error) {
	var list []store.Prekey
	err = d.store.Desk(ctx, func(v *store.DeskView) error {
		list, err = v.Prekeys()
		return err
	})
	if err != nil {
		return err
	}
	ready := map[protocol.CID]thread.PrekeySecret{}
	for _, p := range list {
		if secret, ok := d.prekeys.byID[p.ID]; ok {
			ready[p.ID] = secret
			continue
		}
		if ready[p.ID], err = thread.PrekeyOf(p.Seed); err != nil {
			return err
		}
	}
	d.prekeys.byID = ready
	return nil
}

// ForgetPrekeys drops the private halves that are kept ready, after some were deleted.
func (d *Desk) ForgetPrekeys() {
	d.prekeys.mu.Lock()
	defer d.prekeys.mu.Unlock()
	d.prekeys.byID = nil
}
