package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// BoxView reads the boxes of a relay. It is for one goroutine and as long as the call
// that gave it.
type BoxView struct{ r kv.Reader }

// ReadBoxes runs fn over one consistent state of the boxes.
func (s *Store) ReadBoxes(ctx context.Context, fn func(*BoxView) error) error {
	return s.kv.View(ctx, func(r kv.Reader) error { return fn(&BoxView{r}) })
}

// Box returns the box of a thread, or ErrNotFound.
func (v *BoxView) Box(thread protocol.CID) (*Box, error) {
	b := new(Box)
	if err := getRow(v.r, keyBox(thread), b); err != nil {
		return nil, fmt.Errorf("box of %s: %w", thread, err)
	}
	return b, nil
}

// Boxes returns up to limit boxes of a brand after that of a thread, in no order that
// means something; begin with the zero CID.
func (v *BoxView) Boxes(brand, after protocol.CID, limit int) (list []*Box, err error) {
	base := keyBoxesOf(brand)
	rows := kv.Prefix(base)
	if after.Defined() {
		rows = rows.After(keyBoxOf(brand, after))
	}
	for item, err := range v.r.Scan(rows, kv.ScanOptions{Limit: limit, KeysOnly: true}) {
		if err != nil {
			return nil, err
		}
		id, err := protocol.CIDFromBytes(item.Key[len(base):])
		if err != nil {
			return nil, fmt.Errorf("boxes: %w: %w", err, kv.ErrCorrupt)
		}
		b, err := v.Box(id)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

// itemRow is what ri/ holds; Bytes are apart when Pieced.
type itemRow struct {
	Turn   uint64       `cbor:"turn"`
	Kind   string       `cbor:"kind"`
	ID     protocol.CID `cbor:"id"`
	Bytes  []byte       `cbor:"bytes"`
	Size   int          `cbor:"size"`
	Pieced bool         `cbor:"pieced"`
	Time   Millis       `cbor:"time"`
	Until  Millis       `cbor:"until"`
}

// Item returns an item by its number, or ErrNotFound.
func (v *BoxView) Item(thread protocol.CID, d Direction, n uint64) (*BoxItem, error) {
	var row itemRow
	if err := getRow(v.r, keyItem(thread, d, n), &row); err != nil {
		return nil, fmt.Errorf("item %d in the box of %s: %w", n, thread, err)
	}
	return v.item(thread, d, n, row)
}

func (v *BoxView) item(thread protocol.CID, d Direction, n uint64, row itemRow) (*BoxItem, error) {
	i := &BoxItem{
		Thread: thread, Direction: d, N: n, Turn: row.Turn, Kind: row.Kind, ID: row.ID,
		Bytes: row.Bytes, Time: row.Time, Until: row.Until,
	}
	if !row.Pieced {
		return i, nil
	}
	var err error
	if i.Bytes, err = getPieces(v.r, keyItemBytes(thread, d, n), nil); err == nil && len(i.Bytes) != row.Size {
		err = fmt.Errorf("item %d in the box of %s: %w", n, thread, kv.ErrCorrupt)
	}
	return i, err
}

// ItemByID returns an item by its identifier, or ErrNotFound.
func (v *BoxView) ItemByID(thread protocol.CID, d Direction, id protocol.CID) (*BoxItem, error) {
	n, err := readCounter(v.r, keyItemID(thread, d, id))
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("item %s in the box of %s: %w", id, thread, err)
	}
	return v.Item(thread, d, n)
}

// Items returns up to limit items of a box behind a number, in order.
func (v *BoxView) Items(thread protocol.CID, d Direction, after uint64, limit int) (list []*BoxItem, err error) {
	rows := kv.Prefix(keyItems(thread, d)).From(keyItem(thread, d, after+1))
	for at, err := range v.r.Scan(rows, kv.ScanOptions{Limit: limit}) {
		if err != nil {
			return nil, err
		}
		var row itemRow
		if err := protocol.Unmarshal(at.Value, &row); err != nil {
			return nil, fmt.Errorf("box of %s: %w: %w", thread, err, kv.ErrCorrupt)
		}
		i, err := v.item(thread, d, binary.BigEndian.Uint64(at.Key[len(at.Key)-8:]), row)
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, nil
}

// Queue returns up to limit items that wait for a brand behind a Turn, of all its boxes
// in the order of their arrival.
func (v *BoxView) Queue(brand protocol.CID, after uint64, limit int) (list []*BoxItem, err error) {
	rows := kv.Prefix(keyTurns(brand)).From(keyTurn(brand, after+1))
	for at, err := range v.r.Scan(rows, kv.ScanOptions{Limit: limit}) {
		if err != nil {
			return nil, err
		}
		thread, d, n, err := readItemPlace(at.Value)
		if err != nil {
			return nil, fmt.Errorf("queue of %s: %w: %w", brand, err, kv.ErrCorrupt)
		}
		i, err := v.Item(thread, d, n)
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, nil
}

// Setting returns one of the node's own settings, nil if it was never set.
func (v *BoxView) Setting(name string) ([]byte, error) { return readSetting(v.r, name) }

// Settings returns the names of up to limit settings that begin with prefix and are
// behind a name, in order, and their values.
func (v *BoxView) Settings(prefix, after string, limit int) (names []string, values [][]byte, err error) {
	rows := kv.Prefix(keySetting(prefix))
	if after != "" {
		rows = rows.After(keySetting(after))
	}
	for item, err := range v.r.Scan(rows, kv.ScanOptions{Limit: limit}) {
		if err != nil {
			return nil, nil, err
		}
		names = append(names, string(item.Key[len(keySetting("")):]))
		values = append(values, append([]byte{}, item.Value...))
	}
	return names, values, nil
}
