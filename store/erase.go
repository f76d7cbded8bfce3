package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/slots"
)

// What is erased. Each begins with a line in the journal; then the slots are
// overwritten; then the rows go. Once the line is on disk the rest is done, by the next
// Open if need be, also on an older copy of the rows or of the slots.
const (
	kindConversation slots.Kind = 'c' // of a thread; without orders all of it
	kindFiscal       slots.Kind = 'f' // the rest of an erased thread
	kindPrekey       slots.Kind = 'p'
)

type erasure = slots.Erasure

// FiscalTerm is how long the fiscal records of an erased thread stay, from the youngest
// of them on.
const FiscalTerm = 10 * 365 * 24 * time.Hour

// Erase erases the conversation of a thread for good: what was said, who the shopper
// is, every key. When the thread has orders they stay with the fiscal records and the
// chain of headers, until ExpireFiscal. When it returns nothing else is left in the
// store or its keys, but the identifier of the thread; interrupted, it is ended by the
// next Open. Erasing again is no change.
func (s *Store) Erase(ctx context.Context, thread protocol.CID, now Millis) error {
	h, err := s.markErasing(ctx, thread)
	if err == nil {
		err = s.eraseMarked(ctx, thread, h, now)
	}
	if err != nil {
		return fmt.Errorf("erase thread %s: %w", thread, err)
	}
	return nil
}

// markErasing closes the thread to every change. From here on the erasure will be made.
func (s *Store) markErasing(ctx context.Context, thread protocol.CID) (h threadHead, err error) {
	err = s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		t := s.newTrade(tx)
		if err := t.MarkErased(thread); err != nil {
			return err
		}
		h, err = t.head(thread)
		return err
	})
	return h, err
}

// MarkErased decides that a thread is to be erased, and closes it to every change but
// of its orders. Erase does the rest, or the next Open.
func (t *TradeTxn) MarkErased(thread protocol.CID) error {
	h, sealed, err := readThreadRow(t.tx, thread)
	if err != nil || h.erased {
		return err
	}
	h.erased = true
	if h.records, err = t.tx.Has(keyHasOrders(h.no)); err != nil {
		return err
	}
	if err := t.tx.Set(keyErasing(thread), nil); err != nil {
		return err
	}
	t.heads[thread] = h
	return t.tx.Set(keyThread(thread), append(h.encode(), sealed...))
}

// eraseMarked makes the erasure of a thread that is marked, unless it was made.
func (s *Store) eraseMarked(ctx context.Context, thread protocol.CID, h threadHead, now Millis) error {
	open, err := s.get(ctx, keyErasing(thread))
	if err != nil || open == nil {
		return err
	}
	e := erasure{Kind: kindConversation, ID: thread, Slots: []uint32{uint32(h.no)}, Time: now}
	if !h.records {
		e.Slots = append(e.Slots, h.fiscal)
	}
	return s.erase(ctx, e)
}

// erase makes one erasure.
func (s *Store) erase(ctx context.Context, e erasure) error {
	s.erasing.Lock()
	defer s.erasing.Unlock()
	s.reached("marked")
	if err := s.vault.Record(e); err != nil {
		return err
	}
	s.reached("recorded")
	if err := s.vault.Erase(e.Slots...); err != nil {
		return err
	}
	s.reached("overwritten")
	if err := s.eraseRows(ctx, e); err != nil {
		return err
	}
	s.reached("rows gone")
	return s.noteErased(ctx)
}

// reached calls what tests put in the way of an erasure.
func (s *Store) reached(step string) {
	if s.onErasure != nil {
		s.onErasure(step)
	}
}

// noteErased notes that the rows of all that is in the journal are gone.
func (s *Store) noteErased(ctx context.Context) error {
	all, err := s.vault.Erasures(0)
	if err != nil {
		return err
	}
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error { return writeCounter(tx, keyErased, uint64(len(all))) })
}

// finishErasures makes again what the journal says and this copy of rows and slots
// doesn't show, and ends what was interrupted.
func (s *Store) finishErasures(ctx context.Context) error {
	all, err := s.vault.Erasures(0)
	if err != nil {
		return err
	}
	if err := s.overwriteAgain(all); err != nil {
		return err
	}
	var done uint64
	err = s.kv.View(ctx, func(r kv.Reader) (err error) {
		done, err = readCounter(r, keyErased)
		return err
	})
	if err != nil {
		return err
	}
	for i := int(done); i < len(all); i++ {
		if err := s.eraseRows(ctx, all[i]); err != nil {
			return fmt.Errorf("erase %s again: %w", all[i].ID, err)
		}
	}
	if int(done) < len(all) {
		if err := s.noteErased(ctx); err != nil {
			return err
		}
	}
	return s.finishMarked(ctx, all)
}

func (s *Store) overwriteAgain(all []erasure) error {
	var list []uint32
	for _, e := range all {
		for _, slot := range e.Slots {
			switch _, err := s.vault.Slot(slot); {
			case err == nil:
				list = append(list, slot)
			case !errors.Is(err, slots.ErrErased) && !errors.Is(err, slots.ErrUnknown):
				return err
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	return s.vault.Erase(list...)
}

// finishMarked makes the erasures that were decided and not recorded yet.
func (s *Store) finishMarked(ctx context.Context, recorded []erasure) error {
	var marked []protocol.CID
	err := s.kv.View(ctx, func(r kv.Reader) error {
		marked = nil
		for item, err := range r.Scan(kv.Prefix([]byte("cw/")), kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			id, err := protocol.CIDFromBytes(item.Key[len("cw/"):])
			if err != nil {
				return err
			}
			marked = append(marked, id)
		}
		return nil
	})
	for _, id := range marked {
		if err == nil {
			var now Millis // the time it was decided isn't known; that of the last one is near
			if n := len(recorded); n > 0 {
				now = recorded[n-1].Time
			}
			err = s.Erase(ctx, id, now)
		}
	}
	return err
}
