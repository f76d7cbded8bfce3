package store

import (
	"encoding/binary"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// The row of a notice is the number of its thread, 0 without one ‖ when it is due u64
// ‖ sealed.
const noticeHead = 4 + 8

// noticeRow is what is sealed of a Notice.
type noticeRow struct {
	Thread protocol.CID `cbor:"thread"`
	Tries  int          `cbor:"tries"`
	Kind   string       `cbor:"kind"`
	Body   []byte       `cbor:"body"`
}

// PutNotice queues a notice, or changes the one with its ID. An ID of 0 is replaced by
// a new one.
func (t *TradeTxn) PutNotice(n *Notice) error {
	var no threadNo
	if n.Thread.Defined() {
		h, err := t.living(n.Thread)
		if err != nil {
			return fmt.Errorf("put notice: %w", err)
		}
		no = h.no
	}
	id := n.ID
	if id == 0 {
		var err error
		if id, err = nextCounter(t.tx, keyNotices, 1); err != nil {
			return err
		}
	} else if err := t.DeleteNotice(id); err != nil {
		return err
	}
	row, err := t.keys.sealNotice(no, id, n)
	if err != nil {
		return fmt.Errorf("put notice: %w", err)
	}
	n.ID = id
	if err := t.tx.Set(keyNoticeDue(n.Due, id), nil); err != nil {
		return err
	}
	return t.tx.Set(keyNotice(id), row)
}

func (k *keyring) sealNotice(no threadNo, id uint64, n *Notice) ([]byte, error) {
	plain, err := protocol.Marshal(noticeRow{n.Thread, n.Tries, n.Kind, n.Body})
	if err != nil {
		return nil, err
	}
	head := binary.BigEndian.AppendUint64(no.append(""), uint64(n.Due))
	return k.seal(head, uint32(no), string(keyNotice(id)), plain) // without a thread: the index slot
}

func (k *keyring) openNotice(id uint64, key, row []byte) (*Notice, error) {
	if len(row) < noticeHead {
		return nil, fmt.Errorf("notice %d: %w", id, kv.ErrCorrupt)
	}
	plain, err := k.open(string(key), row[noticeHead:])
	if err != nil {
		return nil, fmt.Errorf("notice %d: %w", id, err)
	}
	var n noticeRow
	if err := protocol.Unmarshal(plain, &n); err != nil {
		return nil, fmt.Errorf("notice %d: %w: %w", id, err, kv.ErrCorrupt)
	}
	return &Notice{id, n.Thread, dueOf(row), n.Tries, n.Kind, n.Body}, nil
}

func dueOf(row []byte) Millis { return Millis(binary.BigEndian.Uint64(row[4:])) }

// DeleteNotice forgets a notice; one that isn't there is no change.
func (t *TradeTxn) DeleteNotice(id uint64) error {
	row, err := t.get(keyNotice(id))
	if isNotFound(err) {
		return nil
	}
	if err == nil && len(row) < noticeHead {
		err = kv.ErrCorrupt
	}
	if err != nil {
		return fmt.Errorf("delete notice %d: %w", id, err)
	}
	if err := t.tx.Delete(keyNoticeDue(dueOf(row), id)); err != nil {
		return err
	}
	return t.tx.Delete(keyNotice(id))
}
