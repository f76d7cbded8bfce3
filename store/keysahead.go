package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/store/kv"
)

// ErrKeys means that keys.slots is missing or older than the store: rows are sealed
// under keys that it hasn't.
var ErrKeys = errors.New("the file of keys is older than the store: put the newest keys.slots back")

// SettingRestored is the setting that is there from the moment on in which the store
// turned out to be an older copy, until whoever deals with that deletes it.
const SettingRestored = "restored"

// How many keys are made at once. As long as half of that is left no more are made.
const (
	fileKeyBlock = 2048
	rowKeyBlock  = 64
	maxKeys      = 1 << 16 // that one transaction may take
)

// loadKeys reads which keys were given out. When more were noted than this store knows
// of, or it was restored, it is an older copy: then none that exists now is given out
// again.
func (s *Store) loadKeys(ctx context.Context) error {
	var next uint64
	var restored bool
	err := s.kv.View(ctx, func(r kv.Reader) (err error) {
		if restored, err = r.Has(keyRestored); err == nil {
			next, err = readCounter(r, keySlotsTaken)
		}
		return err
	})
	if err != nil {
		return err
	}
	if next > uint64(s.vault.Made()) {
		return fmt.Errorf("%w (%d keys of %d are there)", ErrKeys, s.vault.Made(), next)
	}
	if restored || next < uint64(s.vault.Noted()) {
		return s.skipKeys(ctx)
	}
	s.keysNext.Store(uint32(next))
	return nil
}

// skipKeys gives up the keys that are made, and notes that the store was restored.
func (s *Store) skipKeys(ctx context.Context) error {
	made := s.vault.Made()
	err := s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		if err := tx.Set(keySetting(SettingRestored), []byte{1}); err != nil {
			return err
		}
		if err := tx.Delete(keyRestored); err != nil {
			return err
		}
		return writeCounter(tx, keySlotsTaken, uint64(made))
	})
	if err != nil {
		return fmt.Errorf("note that the store was restored: %w", err)
	}
	return s.keysTaken(made)
}

// withKeys runs an update, and again with more keys if it had too few.
func (s *Store) withKeys(update func() error) error {
	err := update()
	if !errors.Is(err, errNoKeys) {
		return err
	}
	if err := s.keysAhead(s.keyBlock); err != nil {
		return err
	}
	return update()
}

// keysAhead sees to it that at least need keys can be taken.
func (s *Store) keysAhead(need int) error {
	if s.keysLeft() >= max(need, s.keyBlock/2) {
		return nil
	}
	s.making.Lock()
	defer s.making.Unlock()
	for s.keysLeft() < max(need, s.keyBlock/2) {
		if err := s.vault.Extend(s.keyBlock); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) keysLeft() int { return int(s.vault.Made()) - int(s.keysNext.Load()) }

// keysTaken notes that the keys below next are given out.
func (s *Store) keysTaken(next uint32) error {
	s.countKeys(next)
	return s.vault.Note(next)
}

// countKeys counts the keys below next as given out, whether or not they are.
func (s *Store) countKeys(next uint32) {
	for {
		was := s.keysNext.Load()
		if was >= next || s.keysNext.CompareAndSwap(was, next) {
			return
		}
	}
}
