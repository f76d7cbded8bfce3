package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// erasePage is how many rows one transaction of an erasure goes over, and erasePageBytes
// how many bytes of them it writes again at most, but for the last.
const erasePage, erasePageBytes = 500, 256 << 10

// eraseRows removes the rows of an erasure whose slots are gone. It may be interrupted
// and run again at any point, also when the rows were never there.
func (s *Store) eraseRows(ctx context.Context, e erasure) error {
	switch e.Kind {
	case kindPrekey:
		return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error { return tx.Delete(keyPrekey(e.ID)) })
	case kindConversation:
		return s.eraseConversation(ctx, e)
	case kindFiscal:
		return s.eraseFiscal(ctx, e.ID)
	}
	return fmt.Errorf("erasure of kind %q: this version of stoa doesn't know it", e.Kind)
}

func (s *Store) eraseConversation(ctx context.Context, e erasure) error {
	keep := len(e.Slots) == 1
	h, err := s.entomb(ctx, e.ID, keep)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	s.reached("entombed")
	if err := s.eraseNotices(ctx, h.no); err != nil {
		return err
	}
	if err := s.deleteRows(ctx, keyThreadGenesis(h.no), keyQuotes(h.no), keyBlobs(h.no)); err != nil {
		return err
	}
	s.reached("notices gone")
	if !keep {
		err = s.deleteRows(ctx, keyEntries(h.no), keyEntryIDs(h.no))
	} else if err = s.eraseBodies(ctx, h); err == nil {
		err = s.startTerm(ctx, e.ID, h)
	}
	if err != nil {
		return err
	}
	s.reached("entries gone")
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error { return tx.Delete(keyErasing(e.ID)) })
}

// entomb leaves of a thread's row its head alone, and nothing that finds it by whose
// it was.
func (s *Store) entomb(ctx context.Context, thread protocol.CID, keep bool) (h threadHead, err error) {
	err = s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		if h, _, err = readThreadRow(tx, thread); err != nil {
			return err
		}
		for _, key := range [][]byte{keyInbox(h.touched, thread), keyShopper(h.shopper)} {
			if err := deleteIfIs(tx, key, thread); err != nil {
				return err
			}
		}
		h.erased, h.records, h.shopper = true, keep, hidden{}
		return tx.Set(keyThread(thread), h.encode())
	})
	return h, err
}

// deleteIfIs deletes a row unless it names another thread.
func deleteIfIs(tx kv.Txn, key []byte, thread protocol.CID) error {
	b, err := tx.Get(key)
	if errors.Is(err, kv.ErrNotFound) || err == nil && len(b) > 0 && string(b) != string(thread.Bytes()) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Delete(key)
}

func (s *Store) deleteRows(ctx context.Context, prefixes ...[]byte) error {
	for _, prefix := range prefixes {
		if _, err := kv.DeleteRange(ctx, s.kv, kv.Prefix(prefix)); err != nil {
			return err
		}
	}
	return nil
}

// eraseNotices forgets what was to be sent to the shopper of a thread. The queue is
// short.
func (s *Store) eraseNotices(ctx context.Context, no threadNo) error {
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		for item, err := range tx.Scan(kv.Prefix(keyNotice(0)[:len("cx/")]), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			if len(item.Value) < noticeHead || threadNo(binary.BigEndian.Uint32(item.Value)) != no {
				continue
			}
			id := binary.BigEndian.Uint64(item.Key[len("cx/"):])
			if err := tx.Delete(keyNoticeDue(dueOf(item.Value), id)); err != nil {
				return err
			}
			if err := tx.Delete(item.Key); err != nil {
				return err
			}
		}
		return nil
	})
}

// eraseBodies takes the bodies of the conversation out of the entries of a thread.
func (s *Store) eraseBodies(ctx context.Context, h threadHead) error {
	rows := kv.Prefix(keyEntries(h.no))
	for {
		var last []byte
		err := s.kv.Update(ctx, kv.Relaxed, func(tx kv.Txn) (err error) {
			last, err = eraseSomeBodies(tx, rows)
			return err
		})
		if err != nil || last == nil {
			return err
		}
		rows = rows.After(last)
	}
}

func eraseSomeBodies(tx kv.Txn, rows kv.Range) (last []byte, err error) {
	written := 0
	for item, err := range tx.Scan(rows, kv.ScanOptions{Limit: erasePage}) {
		if err != nil {
			return nil, err
		}
		last = append(last[:0], item.Key...)
		class, _, content, err := splitEntry(item.Value)
		if err != nil {
			return nil, err
		}
		if class == Fiscal || len(content) == 0 {
			continue
		}
		bare, err := withoutBody(item.Value)
		if err == nil {
			err = tx.Set(item.Key, bare)
		}
		if err != nil {
			return nil, err
		}
		if written += len(bare); written > erasePageBytes {
			break
		}
	}
	return last, nil
}

// startTerm notes until when the fiscal records of an erased thread stay.
func (s *Store) startTerm(ctx context.Context, thread protocol.CID, h threadHead) error {
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		youngest, err := s.youngestRecord(tx, thread, h)
		if err != nil {
			return err
		}
		return tx.Set(keyTerm(youngest+Millis(FiscalTerm.Milliseconds()), thread), nil)
	})
}

func (s *Store) youngestRecord(r kv.Reader, thread protocol.CID, h threadHead) (youngest Millis, err error) {
	desk := s.newDesk(r)
	orders, err := desk.OrdersOf(thread)
	if err != nil {
		return 0, err
	}
	for _, o := range orders {
		youngest = max(youngest, o.Placed)
	}
	for item, err := range r.Scan(kv.Prefix(keyEntries(h.no)), kv.ScanOptions{}) {
		if err != nil {
			return 0, err
		}
		class, sealed, _, err := splitEntry(item.Value)
		if err != nil {
			return 0, err
		}
		if class != Fiscal {
			continue
		}
		link, err := desk.keys.openLink(item.Key, sealed)
		if err != nil {
			return 0, err
		}
		youngest = max(youngest, link.Time)
	}
	return youngest, nil
}

// ExpireFiscal erases the fiscal records of threads that were erased, when the youngest
// of a thread's is older than FiscalTerm, and returns of how many threads.
func (s *Store) ExpireFiscal(ctx context.Context, now Millis) (n int, err error) {
	var over []protocol.CID
	err = s.kv.View(ctx, func(r kv.Reader) error {
		over = nil
		rows := kv.Range{Start: []byte("cz/"), End: keyTerm(now, protocol.CID{})[:len("cz/")+8]}
		for item, err := range r.Scan(rows, kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			id, err := protocol.CIDFromBytes(item.Key[len("cz/")+8:])
			if err != nil {
				return err
			}
			over = append(over, id)
		}
		return nil
	})
	for _, id := range over {
		if err == nil {
			err = s.expire(ctx, id, now)
			n++
		}
	}
	return n, err
}

func (s *Store) expire(ctx context.Context, thread protocol.CID, now Millis) error {
	var h threadHead
	err := s.kv.View(ctx, func(r kv.Reader) (err error) {
		h, _, err = readThreadRow(r, thread)
		return err
	})
	if err == nil {
		err = s.erase(ctx, erasure{Kind: kindFiscal, ID: thread, Slots: []uint32{h.fiscal}, Time: now})
	}
	if err != nil {
		return fmt.Errorf("erase the fiscal records of %s: %w", thread, err)
	}
	return nil
}

// eraseFiscal removes what an erased thread left.
func (s *Store) eraseFiscal(ctx context.Context, thread protocol.CID) error {
	var h threadHead
	err := s.kv.View(ctx, func(r kv.Reader) (err error) {
		h, _, err = readThreadRow(r, thread)
		return err
	})
	if isNotFound(err) {
		return nil
	}
	if err == nil {
		err = s.eraseOrders(ctx, h.no)
	}
	if err == nil {
		err = s.deleteRows(ctx, keyEntries(h.no), keyEntryIDs(h.no))
	}
	if err != nil {
		return err
	}
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		h.erased, h.records = true, false
		if err := tx.Delete(keyHasOrders(h.no)); err != nil {
			return err
		}
		if err := tx.Set(keyThread(thread), h.encode()); err != nil {
			return err
		}
		return deleteTerm(tx, thread)
	})
}

func (s *Store) eraseOrders(ctx context.Context, no threadNo) error {
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		for item, err := range tx.Scan(kv.Prefix(keyOrdersOf(no)), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			number := binary.BigEndian.Uint64(item.Key[len(item.Key)-8:])
			id, err := protocol.CIDFromBytes(item.Value)
			if err != nil {
				return err
			}
			for _, key := range [][]byte{keyOrder(id), keyOrderNumber(number), keyOrderOpen(number), item.Key} {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// deleteTerm removes the row that says when the term of a thread ends.
func deleteTerm(tx kv.Txn, thread protocol.CID) error {
	for item, err := range tx.Scan(kv.Prefix([]byte("cz/")), kv.ScanOptions{KeysOnly: true}) {
		if err != nil {
			return err
		}
		if string(item.Key[len("cz/")+8:]) != string(thread.Bytes()) {
			continue
		}
		if err := tx.Delete(item.Key); err != nil {
			return err
		}
	}
	return nil
}
