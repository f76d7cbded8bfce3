package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

func newBrand(no brandNo) *brand { return &brand{no: no, staging: make(chan struct{}, 1)} }

func (s *Store) loadBrands(ctx context.Context) error {
	return s.kv.View(ctx, func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Prefix([]byte("b/")), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			id, err := protocol.CIDFromBytes(item.Key[len("b/"):])
			if err != nil {
				return err
			}
			s.brands[id] = newBrand(readBrandNo(item.Value))
		}
		return nil
	})
}

// Brands lists the brands that the store has room for, in no order.
func (s *Store) Brands() []protocol.CID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []protocol.CID
	for id := range s.brands {
		out = append(out, id)
	}
	return out
}

func (s *Store) lookup(id protocol.CID) (*brand, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.brands[id]; ok {
		return b, nil
	}
	return nil, notKnown(id)
}

func notKnown(id protocol.CID) error { return fmt.Errorf("brand %s: %w", id, ErrNotFound) }

// lock takes the brand's write lock, unless the brand was removed meanwhile.
func (b *brand) lock(id protocol.CID) error {
	b.write.Lock()
	if b.removed {
		b.write.Unlock()
		return notKnown(id)
	}
	return nil
}

// AddBrand makes room for a brand's identity and catalog; doing it again is no
// change.
func (s *Store) AddBrand(ctx context.Context, id protocol.CID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.brands[id]; ok {
		return nil
	}
	var no brandNo
	err := s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) (err error) {
		if no, err = nextBrandNo(tx); err != nil {
			return err
		}
		if err := tx.Set(keyGeneration(realm{no, 1}), nil); err != nil {
			return err
		}
		return tx.Set(keyBrand(id), no.append(nil))
	})
	if err != nil {
		return fmt.Errorf("add brand %s: %w", id, err)
	}
	s.brands[id] = newBrand(no)
	return nil
}

// nextBrandNo takes a number that no brand ever had.
func nextBrandNo(tx kv.Txn) (brandNo, error) {
	b, err := tx.Get(keyBrands)
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return 0, fmt.Errorf("read number of last brand: %w", err)
	}
	no := readBrandNo(b) + 1
	return no, tx.Set(keyBrands, no.append(nil))
}

func readBrandNo(b []byte) brandNo {
	if len(b) != 4 {
		return 0
	}
	return brandNo(binary.BigEndian.Uint32(b))
}

// RemoveBrand forgets a brand: its identity, what is known of it, that it is
// followed, and its catalog with all that belongs to it. When it returns nothing
// of it can be read any more; the rows of its catalog go in Run, also when the
// process is killed before. Removing a brand that isn't there is no change. It
// waits until the brand's Stage is closed and a prepared change has ended.
func (s *Store) RemoveBrand(ctx context.Context, id protocol.CID) error {
	b, err := s.lookup(id)
	if isNotFound(err) {
		return nil
	}
	if err := b.enterStage(ctx); err != nil {
		return fmt.Errorf("remove brand %s: %w", id, err)
	}
	defer b.leaveStage()
	if b.lock(id) != nil {
		return nil
	}
	defer b.write.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error { return removeBrand(tx, id, b.no) })
	if err != nil {
		return fmt.Errorf("remove brand %s: %w", id, err)
	}
	b.removed = true
	delete(s.brands, id)
	s.wakeSweep()
	return nil
}

// removeBrand deletes what a brand is found by and notes that the rest is to go.
func removeBrand(tx kv.Txn, id protocol.CID, no brandNo) error {
	if err := dropNames(tx, no); err != nil {
		return err
	}
	for _, key := range [][]byte{keyBrand(id), keyState(no), keyStanding(no), keyFollow(no)} {
		if err := tx.Delete(key); err != nil {
			return err
		}
	}
	return tx.Set(keyRemoved(no), nil)
}

// enterStage waits for its turn to fetch into the brand's stage.
func (b *brand) enterStage(ctx context.Context) error {
	select {
	case b.staging <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *brand) leaveStage() { <-b.staging }

// present reports, by a read that conflicts with a removal, whether the brand
// still has its number.
func (b *brand) present(r kv.Reader, id protocol.CID) error {
	v, err := r.Get(keyBrand(id))
	if errors.Is(err, kv.ErrNotFound) || err == nil && readBrandNo(v) != b.no {
		return notKnown(id)
	}
	return err
}
