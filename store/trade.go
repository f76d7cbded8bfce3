package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// ErrQuoteUsed means that an order has used the quote before.
var ErrQuoteUsed = errors.New("the quote was used")

// TradeTxn writes to the tables of trading, and reads what it wrote.
type TradeTxn struct {
	*DeskView
	tx     kv.Txn
	limits kv.Limits
	made   uint32 // keys that may be taken
	next   uint32 // the next to take; 0 as long as none was
	failed error
}

// Trade runs fn in one durable transaction of the tables of trading: all of it is made
// or nothing. fn may run again when it met another change.
func (s *Store) Trade(ctx context.Context, fn func(*TradeTxn) error) error {
	return s.updateSealed(ctx, fn)
}

// updateSealed runs an update that may take keys. They are made ahead, so that taking
// them needs no sync of its own.
func (s *Store) updateSealed(ctx context.Context, fn func(*TradeTxn) error) error {
	if err := s.keysAhead(1); err != nil {
		return err
	}
	for need := s.keyBlock; ; need *= 2 {
		var last *TradeTxn
		err := s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
			last = s.newTrade(tx)
			return cmp.Or(fn(last), last.failed)
		})
		if err == nil && last.next != 0 {
			return s.keysTaken(last.next)
		}
		if !errors.Is(err, errNoKeys) || need > maxKeys {
			return err
		}
		if err := s.keysAhead(need); err != nil {
			return err
		}
	}
}

func (s *Store) newTrade(tx kv.Txn) *TradeTxn {
	return &TradeTxn{DeskView: s.newDesk(tx), tx: tx, limits: s.kv.Limits(), made: s.vault.Made()}
}

// Room returns how many bytes of rows can still be written in this transaction. An
// entry takes its size and half a KiB.
func (t *TradeTxn) Room() int { return room(t.tx, t.limits) }

// take takes a key that nothing was ever sealed under.
func (t *TradeTxn) take() (uint32, error) {
	if t.next == 0 {
		n, err := readCounter(t.tx, keySlotsTaken)
		if err != nil {
			return 0, err
		}
		t.next = max(uint32(n), indexSlot+1)
	}
	if t.next >= t.made {
		t.failed = errNoKeys
		return 0, errNoKeys
	}
	t.next++
	return t.next - 1, writeCounter(t.tx, keySlotsTaken, uint64(t.next))
}

// PutThread stores a thread. A new one takes its keys; ErrErased if the thread was
// erased.
func (t *TradeTxn) PutThread(is *Thread) error {
	h, err := t.head(is.ID)
	if isNotFound(err) {
		h, err = t.newHead(is)
	}
	if err == nil && h.erased {
		err = ErrErased
	}
	if err != nil {
		return fmt.Errorf("put thread %s: %w", is.ID, err)
	}
	if is.Genesis != nil {
		if err := t.putSealed(keyThreadGenesis(h.no), uint32(h.no), is.Genesis); err != nil {
			return err
		}
	}
	if err := t.moveInInbox(&h, is); err != nil {
		return err
	}
	return t.putThreadRow(h, is)
}

func (t *TradeTxn) newHead(is *Thread) (h threadHead, err error) {
	no, err := t.take()
	if err != nil {
		return h, err
	}
	h.no = threadNo(no)
	if h.fiscal, err = t.take(); err != nil {
		return h, err
	}
	if h.shopper, err = t.keys.hide("identity", is.Identity[:]); err != nil {
		return h, err
	}
	h.touched = is.Touched
	if err := t.tx.Set(keyInbox(is.Touched, is.ID), nil); err != nil {
		return h, err
	}
	return h, t.tx.Set(keyShopper(h.shopper), is.ID.Bytes())
}

func (t *TradeTxn) moveInInbox(h *threadHead, is *Thread) error {
	if h.touched == is.Touched {
		return nil
	}
	if err := t.tx.Delete(keyInbox(h.touched, is.ID)); err != nil {
		return err
	}
	h.touched = is.Touched
	return t.tx.Set(keyInbox(is.Touched, is.ID), nil)
}

func (t *TradeTxn) putThreadRow(h threadHead, is *Thread) error {
	plain, err := protocol.Marshal(is)
	if err != nil {
		return fmt.Errorf("put thread %s: %w", is.ID, err)
	}
	key := keyThread(is.ID)
	row, err := t.keys.seal(h.encode(), uint32(h.no), string(key), plain)
	if err != nil {
		return fmt.Errorf("put thread %s: %w", is.ID, err)
	}
	t.heads[is.ID] = h
	return t.tx.Set(key, row)
}

// putSealed stores a row that is sealed as a whole.
func (t *TradeTxn) putSealed(key []byte, slot uint32, plain []byte) error {
	row, err := t.keys.seal(nil, slot, string(key), plain)
	if err != nil {
		return err
	}
	return t.tx.Set(key, row)
}

// PutEntry stores an entry of a thread that is there; one of the same place is
// replaced.
func (t *TradeTxn) PutEntry(thread protocol.CID, e *ThreadEntry) error {
	h, err := t.living(thread)
	if err != nil {
		return fmt.Errorf("put entry: %w", err)
	}
	row, err := t.keys.sealEntry(h, e)
	if err != nil {
		return fmt.Errorf("put entry %d of %s: %w", e.Seq, thread, err)
	}
	if err := t.tx.Set(keyEntryID(h.no, e.ID), binary.BigEndian.AppendUint64(nil, e.Seq)); err != nil {
		return err
	}
	return t.tx.Set(keyEntry(h.no, e.Seq), row)
}

// living returns the head of a thread that wasn't erased.
func (t *TradeTxn) living(thread protocol.CID) (threadHead, error) {
	h, err := t.head(thread)
	if err == nil && h.erased {
		err = fmt.Errorf("thread %s: %w", thread, ErrErased)
	}
	return h, err
}

// UseQuote notes that an order uses a quote; ErrQuoteUsed if another did.
func (t *TradeTxn) UseQuote(thread, quote, order protocol.CID) error {
	h, err := t.living(thread)
	if err != nil {
		return err
	}
	used, err := t.QuoteUse(thread, quote)
	if err != nil {
		return err
	}
	if used.Defined() && used != order {
		return fmt.Errorf("quote %s: %w", quote, ErrQuoteUsed)
	}
	return t.tx.Set(keyQuote(h.no, quote), order.Bytes())
}

// PutSetting stores one of the node's own settings.
func (t *TradeTxn) PutSetting(name string, value []byte) error {
	return t.tx.Set(keySetting(name), value)
}

// DeleteSetting forgets one of the node's own settings.
func (t *TradeTxn) DeleteSetting(name string) error { return t.tx.Delete(keySetting(name)) }

func isErased(err error) bool { return errors.Is(err, ErrErased) }
