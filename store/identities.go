package store

import (
	"context"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store/kv"
)

// PutIdentity adds signed identity operations to a brand's log, durably. The log
// decides what is valid; operations that are already there are no change.
func (s *Store) PutIdentity(ctx context.Context, id protocol.CID, ops ...[]byte) (identity.State, error) {
	if err := s.AddBrand(ctx, id); err != nil {
		return identity.State{}, err
	}
	b, err := s.lookup(id)
	if err != nil {
		return identity.State{}, err
	}
	if err := b.lock(id); err != nil {
		return identity.State{}, err
	}
	defer b.write.Unlock()
	known, err := s.identityOps(ctx, b)
	if err != nil {
		return identity.State{}, err
	}
	log, err := identity.Load(id, append(known, ops...))
	if err != nil {
		return identity.State{}, fmt.Errorf("identity of %s: %w", id, err)
	}
	if err := s.writeIdentity(ctx, b, log); err != nil {
		return identity.State{}, fmt.Errorf("identity of %s: %w", id, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = log
	return log.State(), nil
}

func (s *Store) writeIdentity(ctx context.Context, b *brand, log *identity.Log) error {
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		for _, signed := range log.Signed() {
			raw, err := signed.Encode()
			if err != nil {
				return err
			}
			op, _ := log.Op(signed.ID())
			if err := tx.Set(keyIdentity(b.no, op.N, signed.ID()), raw); err != nil {
				return err
			}
		}
		return nil
	})
}

// Identity returns a brand's identity log.
func (s *Store) Identity(ctx context.Context, id protocol.CID) (*identity.Log, error) {
	b, err := s.lookup(id)
	if err != nil {
		return nil, err
	}
	return s.identityOf(ctx, id, b)
}

func (s *Store) identityOf(ctx context.Context, id protocol.CID, b *brand) (*identity.Log, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.log != nil {
		return b.log, nil
	}
	ops, err := s.identityOps(ctx, b)
	if err != nil {
		return nil, err
	}
	if len(ops) == 0 {
		return nil, fmt.Errorf("identity of %s: %w", id, ErrNotFound)
	}
	log, err := identity.Load(id, ops)
	if err != nil {
		return nil, fmt.Errorf("stored identity of %s: %w: %w", id, err, kv.ErrCorrupt)
	}
	b.log = log
	return log, nil
}

func (s *Store) identityOps(ctx context.Context, b *brand) (ops [][]byte, err error) {
	err = s.kv.View(ctx, func(r kv.Reader) error {
		ops = nil
		for item, err := range r.Scan(kv.Prefix(keyIdentities(b.no)), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			ops = append(ops, append([]byte(nil), item.Value...))
		}
		return nil
	})
	return ops, err
}
