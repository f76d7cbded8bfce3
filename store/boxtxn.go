package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// BoxTxn writes to the boxes of a relay, and reads what it wrote.
type BoxTxn struct {
	*BoxView
	tx     kv.Txn
	limits kv.Limits
}

// Boxes runs fn in one durable transaction of the boxes. fn may run again when it met
// another change.
func (s *Store) Boxes(ctx context.Context, fn func(*BoxTxn) error) error {
	return s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		return fn(&BoxTxn{&BoxView{tx}, tx, s.kv.Limits()})
	})
}

// Room returns how many bytes of rows can still be written in this transaction. An item
// takes its size and half a KiB.
func (t *BoxTxn) Room() int { return room(t.tx, t.limits) }

// PutBox stores a box, but for what Append and the deletions count.
func (t *BoxTxn) PutBox(is *Box) error {
	b := *is
	was, err := t.Box(is.Thread)
	switch {
	case isNotFound(err):
		b.Up, b.Down = BoxSide{}, BoxSide{}
		if err := t.tx.Set(keyBoxOf(b.Brand, b.Thread), nil); err != nil {
			return err
		}
		return t.putBox(&b, 0)
	case err != nil:
		return err
	}
	b.Up, b.Down = was.Up, was.Down
	return t.putBox(&b, was.Until)
}

// putBox writes the row of a box that was to stay until before.
func (t *BoxTxn) putBox(b *Box, before Millis) error {
	if before != b.Until && before != 0 {
		if err := t.tx.Delete(keyBoxUntil(before, b.Thread)); err != nil {
			return err
		}
	}
	if before != b.Until && b.Until != 0 {
		if err := t.tx.Set(keyBoxUntil(b.Until, b.Thread), nil); err != nil {
			return err
		}
	}
	return putRow(t.tx, keyBox(b.Thread), b)
}

func (b *Box) side(d Direction) *BoxSide {
	if d == Down {
		return &b.Down
	}
	return &b.Up
}

// Append puts an item into a box that is there and gives it N, ID and, if it goes up,
// Turn. Whether there is room is the caller's to decide, and whether it is there already.
func (t *BoxTxn) Append(i *BoxItem) error {
	b, err := t.Box(i.Thread)
	if err != nil {
		return fmt.Errorf("append: %w", err)
	}
	if !i.ID.Defined() {
		i.ID = protocol.Sum(protocol.Raw, i.Bytes)
	}
	side := b.side(i.Direction)
	side.Last++
	side.Items++
	side.Bytes += int64(len(i.Bytes))
	i.N, i.Turn = side.Last, 0
	if i.Direction == Up {
		if i.Turn, err = nextCounter(t.tx, keyLastTurn(b.Brand), 1); err != nil {
			return err
		}
	}
	if err := t.putItem(b.Brand, i); err != nil {
		return fmt.Errorf("append to the box of %s: %w", i.Thread, err)
	}
	return putRow(t.tx, keyBox(b.Thread), b)
}

func (t *BoxTxn) putItem(brand protocol.CID, i *BoxItem) error {
	row := itemRow{Turn: i.Turn, Kind: i.Kind, ID: i.ID, Bytes: i.Bytes, Size: len(i.Bytes), Time: i.Time, Until: i.Until}
	if len(i.Bytes) > pieceSize {
		row.Bytes, row.Pieced = nil, true
		if err := putPieces(t.tx, keyItemBytes(i.Thread, i.Direction, i.N), i.Bytes); err != nil {
			return err
		}
	}
	place := keyItem(i.Thread, i.Direction, i.N)
	if i.Turn != 0 {
		if err := t.tx.Set(keyTurn(brand, i.Turn), place[len("ri/"):]); err != nil {
			return err
		}
	}
	if i.Until != 0 {
		if err := t.tx.Set(keyItemUntil(i.Until, i.Thread, i.Direction, i.N), nil); err != nil {
			return err
		}
	}
	if err := t.tx.Set(keyItemID(i.Thread, i.Direction, i.ID), binary.BigEndian.AppendUint64(nil, i.N)); err != nil {
		return err
	}
	return putRow(t.tx, place, row)
}

// DeleteItem removes an item; one that isn't there is no change.
func (t *BoxTxn) DeleteItem(thread protocol.CID, d Direction, n uint64) error {
	var row itemRow
	err := getRow(t.tx, keyItem(thread, d, n), &row)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := t.Box(thread)
	if err != nil {
		return err
	}
	side := b.side(d)
	side.Items--
	side.Bytes -= int64(row.Size)
	if err := t.removeItem(b.Brand, thread, d, n, row); err != nil {
		return fmt.Errorf("delete item %d in the box of %s: %w", n, thread, err)
	}
	return putRow(t.tx, keyBox(thread), b)
}

func (t *BoxTxn) removeItem(brand, thread protocol.CID, d Direction, n uint64, row itemRow) error {
	keys := [][]byte{keyItem(thread, d, n)}
	if at, err := readCounter(t.tx, keyItemID(thread, d, row.ID)); err != nil {
		return err
	} else if at == n {
		keys = append(keys, keyItemID(thread, d, row.ID))
	}
	if row.Turn != 0 {
		keys = append(keys, keyTurn(brand, row.Turn))
	}
	if row.Until != 0 {
		keys = append(keys, keyItemUntil(row.Until, thread, d, n))
	}
	for _, key := range keys {
		if err := t.tx.Delete(key); err != nil {
			return err
		}
	}
	if !row.Pieced {
		return nil
	}
	return deletePieces(t.tx, keyItemBytes(thread, d, n), row.Size)
}

// Delete removes the items of a box up to and with a number.
func (t *BoxTxn) Delete(thread protocol.CID, d Direction, upTo uint64) error {
	rows := kv.Prefix(keyItems(thread, d)).Before(keyItem(thread, d, upTo+1))
	return t.deleteItems(thread, d, rows)
}

func (t *BoxTxn) deleteItems(thread protocol.CID, d Direction, rows kv.Range) error {
	for item, err := range t.tx.Scan(rows, kv.ScanOptions{KeysOnly: true}) {
		if err != nil {
			return err
		}
		if err := t.DeleteItem(thread, d, binary.BigEndian.Uint64(item.Key[len(item.Key)-8:])); err != nil {
			return err
		}
	}
	return nil
}

// DeleteBox removes a box with all that is in it; one that isn't there is no change.
func (t *BoxTxn) DeleteBox(thread protocol.CID) error {
	for _, d := range []Direction{Up, Down} {
		if err := t.deleteItems(thread, d, kv.Prefix(keyItems(thread, d))); err != nil {
			return err
		}
	}
	b, err := t.Box(thread)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	keys := [][]byte{keyBox(thread), keyBoxOf(b.Brand, thread)}
	if b.Until != 0 {
		keys = append(keys, keyBoxUntil(b.Until, thread))
	}
	for _, key := range keys {
		if err := t.tx.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// Expire removes up to limit items whose time is over, and boxes whose time is over with
// what is in them. It returns the items without Bytes, and for a box an item that has
// nothing but its Thread; when it returns nothing, nothing is left to remove.
func (t *BoxTxn) Expire(now Millis, limit int) (gone []*BoxItem, err error) {
	over := kv.Range{Start: []byte("re/"), End: binary.BigEndian.AppendUint64([]byte("re/"), uint64(now))}
	for item, err := range t.tx.Scan(over, kv.ScanOptions{Limit: limit, KeysOnly: true}) {
		if err != nil {
			return nil, err
		}
		i, err := t.expireItem(item.Key[len("re/")+8:])
		if err != nil {
			return nil, err
		}
		gone = append(gone, i)
	}
	over = kv.Range{Start: []byte("rx/"), End: binary.BigEndian.AppendUint64([]byte("rx/"), uint64(now))}
	if len(gone) >= limit {
		return gone, nil
	}
	for item, err := range t.tx.Scan(over, kv.ScanOptions{Limit: limit - len(gone), KeysOnly: true}) {
		if err != nil {
			return nil, err
		}
		thread, err := protocol.CIDFromBytes(item.Key[len("rx/")+8:])
		if err != nil {
			return nil, fmt.Errorf("expire box: %w: %w", err, kv.ErrCorrupt)
		}
		if err := t.DeleteBox(thread); err != nil {
			return nil, err
		}
		gone = append(gone, &BoxItem{Thread: thread})
	}
	return gone, nil
}

func (t *BoxTxn) expireItem(place []byte) (*BoxItem, error) {
	thread, d, n, err := readItemPlace(place)
	if err != nil {
		return nil, fmt.Errorf("expire item: %w: %w", err, kv.ErrCorrupt)
	}
	var row itemRow
	if err := getRow(t.tx, keyItem(thread, d, n), &row); err != nil {
		return nil, fmt.Errorf("expire item: %w", err)
	}
	i := &BoxItem{Thread: thread, Direction: d, N: n, Turn: row.Turn, Kind: row.Kind, ID: row.ID, Time: row.Time, Until: row.Until}
	return i, t.DeleteItem(thread, d, n)
}

// PutSetting stores one of the node's own settings.
func (t *BoxTxn) PutSetting(name string, value []byte) error {
	return t.tx.Set(keySetting(name), value)
}

// DeleteSetting forgets one of the node's own settings.
func (t *BoxTxn) DeleteSetting(name string) error { return t.tx.Delete(keySetting(name)) }

// getRow decodes a row, or returns ErrNotFound.
func getRow(r kv.Reader, key []byte, v any) error {
	b, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	if err := protocol.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", err, kv.ErrCorrupt)
	}
	return nil
}

func putRow(tx kv.Txn, key []byte, v any) error {
	b, err := protocol.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Set(key, b)
}

func readSetting(r kv.Reader, name string) ([]byte, error) {
	b, err := r.Get(keySetting(name))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	return b, err
}

// room returns how many bytes of rows a transaction can still take.
func room(tx kv.Txn, limits kv.Limits) int {
	used := tx.Size()
	return min(limits.Txn.Bytes-used.Bytes, (limits.Txn.Writes-used.Writes)*(kv.WriteOverhead+64))
}
