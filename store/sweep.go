package store

import (
	"context"
	"encoding/binary"

	"github.com/stoa-commerce/stoa/store/kv"
)

// sweep removes the rows of every brand that was removed, and of every generation
// that is neither live nor in the making.
func (s *Store) sweep(ctx context.Context) error {
	if err := s.sweepRemoved(ctx); err != nil {
		return err
	}
	for _, b := range s.snapshotBrands() {
		b.write.Lock()
		dead, err := s.deadGenerations(ctx, b)
		b.write.Unlock()
		if err != nil {
			return err
		}
		for _, at := range dead {
			if err := s.dropGeneration(ctx, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) snapshotBrands() []*brand {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*brand
	for _, b := range s.brands {
		out = append(out, b)
	}
	return out
}

func (s *Store) deadGenerations(ctx context.Context, b *brand) (dead []realm, err error) {
	err = s.kv.View(ctx, func(r kv.Reader) error {
		dead = nil
		st, err := b.readState(r)
		if err != nil {
			return err
		}
		base := keyGenerations(b.no)
		for item, err := range r.Scan(kv.Prefix(base), kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			at := realm{b.no, generation(binary.BigEndian.Uint32(item.Key[len(base):]))}
			if at != st.at && at.gen != st.Stage {
				dead = append(dead, at)
			}
		}
		return nil
	})
	return dead, err
}

// dropGeneration removes a generation's rows and then the row that names it.
func (s *Store) dropGeneration(ctx context.Context, at realm) error {
	for _, table := range []string{"l/", "t/", "x/", "y/", "j/"} {
		if _, err := kv.DeleteRange(ctx, s.kv, kv.Prefix(at.append(table))); err != nil {
			return err
		}
	}
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error { return tx.Delete(keyGeneration(at)) })
}

// brandTables are the tables in which rows remain when a brand was removed. Their
// keys go on with the brand's number.
var brandTables = []string{"i/", "g/", "l/", "t/", "x/", "y/", "j/", "d/", "e/"}

// sweepRemoved removes what is left of brands that were removed, and then the rows
// that name them.
func (s *Store) sweepRemoved(ctx context.Context) error {
	removed, err := s.removedBrands(ctx)
	if err != nil {
		return err
	}
	for _, no := range removed {
		for _, table := range brandTables {
			if _, err := kv.DeleteRange(ctx, s.kv, kv.Prefix(no.append([]byte(table)))); err != nil {
				return err
			}
		}
		if err := s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error { return tx.Delete(keyRemoved(no)) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) removedBrands(ctx context.Context) (removed []brandNo, err error) {
	err = s.kv.View(ctx, func(r kv.Reader) error {
		removed = nil
		for item, err := range r.Scan(kv.Prefix([]byte("z/")), kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			removed = append(removed, readBrandNo(item.Key[len("z/"):]))
		}
		return nil
	})
	return removed, err
}
