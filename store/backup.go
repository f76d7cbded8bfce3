package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/slots"
)

// Backup writes a copy of the store to rows, and of the keys of what is sealed in it to
// keys. Rows alone tell nobody what was said or who bought. Keep the keys apart and at
// most 30 days: with an older copy of them what was erased since can be read again.
// Only a store that was opened with OpenIn can be backed up.
func (s *Store) Backup(ctx context.Context, rows, keys io.Writer) error {
	folder, ok := s.vault.(*slots.Folder)
	if !ok {
		return errors.New("back up store: its keys are in memory")
	}
	if err := kv.Backup(ctx, s.kv, rows); err != nil {
		return err
	}
	return folder.Backup(keys) // after the rows: so it has all keys that they need
}

// Restore fills an empty engine with the rows of a Backup. Open it with OpenIn and the
// present folder of keys, or one that slots.RestoreFolder made: then what was erased
// since the backup is erased again, and SettingRestored is there.
func Restore(ctx context.Context, engine kv.Engine, rows io.Reader) error {
	if err := kv.Restore(ctx, engine, rows); err != nil {
		return err
	}
	err := engine.Update(ctx, kv.Durable, func(tx kv.Txn) error { return tx.Set(keyRestored, nil) })
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}
