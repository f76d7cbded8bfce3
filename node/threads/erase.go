package threads

import (
	"context"
	"errors"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// settingErasing lists threads whose last entry says that they are forgotten, 36 bytes
// each, until they are: whatever happens between the two, the next start goes on.
const settingErasing = "threads.erasing"

// Erase says in a thread that the conversation is erased, and forgets it: bodies, names,
// keys and files. Orders stay for the term of the books. What the shopper keeps on
// their own devices can't be taken back. Erasing again is no change.
func (d *Desk) Erase(ctx context.Context, id protocol.CID) error {
	_, err := d.Say(ctx, id, thread.Draft{Kind: thread.KindErased})
	if errors.Is(err, ErrErased) {
		return nil
	}
	if errors.Is(err, ErrUnconfirmed) { // nothing can be said there, but all can be forgotten
		err = d.forget(ctx, id)
	}
	return err
}

// markErasing notes in the batch that a thread is to be forgotten.
func (s *session) markErasing() error {
	list, err := s.b.tx.Setting(settingErasing)
	if err != nil {
		return err
	}
	return s.b.tx.PutSetting(settingErasing, append(slices.Clone(list), s.t.ID.Bytes()...))
}

// forget erases what is kept of a thread.
func (d *Desk) forget(ctx context.Context, id protocol.CID) error {
	if err := d.files.forget(id); err != nil {
		return err
	}
	if err := d.store.Erase(ctx, id, d.now()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return d.store.Trade(ctx, func(tx *store.TradeTxn) error {
		list, err := tx.Setting(settingErasing)
		if err != nil || len(list) == 0 {
			return err
		}
		var rest []byte
		for part := range slices.Chunk(list, protocol.CIDSize) {
			if string(part) != string(id.Bytes()) {
				rest = append(rest, part...)
			}
		}
		if len(rest) == 0 {
			return tx.DeleteSetting(settingErasing)
		}
		return tx.PutSetting(settingErasing, rest)
	})
}

// forgetRest ends what was interrupted.
func (d *Desk) forgetRest(ctx context.Context) error {
	list, err := d.store.Setting(ctx, settingErasing)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(list, protocol.CIDSize) {
		id, err := protocol.CIDFromBytes(part)
		if err != nil {
			return err
		}
		if err := d.forget(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
