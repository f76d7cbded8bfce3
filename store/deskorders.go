package store

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Order returns an order, ErrNotFound, or ErrErased when its term is over.
func (d *DeskView) Order(id protocol.CID) (*Order, error) {
	key := keyOrder(id)
	sealed, err := d.get(key)
	if err != nil {
		return nil, fmt.Errorf("order %s: %w", id, err)
	}
	plain, err := d.keys.open(string(key), sealed)
	if err != nil {
		return nil, fmt.Errorf("order %s: %w", id, err)
	}
	o := new(Order)
	if err := protocol.Unmarshal(plain, o); err != nil {
		return nil, fmt.Errorf("order %s: %w: %w", id, err, kv.ErrCorrupt)
	}
	return o, nil
}

// OrderByNumber returns the order with a number, or ErrNotFound.
func (d *DeskView) OrderByNumber(number uint64) (*Order, error) {
	b, err := d.get(keyOrderNumber(number))
	if err != nil {
		return nil, fmt.Errorf("order %d: %w", number, err)
	}
	return d.orderAt(b)
}

func (d *DeskView) orderAt(value []byte) (*Order, error) {
	id, err := protocol.CIDFromBytes(value)
	if err != nil {
		return nil, fmt.Errorf("row of order: %w: %w", err, kv.ErrCorrupt)
	}
	return d.Order(id)
}

// OrdersOf returns the orders of a thread, the first one first.
func (d *DeskView) OrdersOf(thread protocol.CID) ([]*Order, error) {
	h, err := d.head(thread)
	if err != nil {
		return nil, err
	}
	return d.orders(kv.Prefix(keyOrdersOf(h.no)), kv.ScanOptions{})
}

// Orders returns up to limit orders that the filter selects with numbers below
// before, the newest first; before 0 begins with the newest.
func (d *DeskView) Orders(f OrderFilter, before uint64, limit int) ([]*Order, error) {
	key := keyOrderNumber
	if f.Open {
		key = keyOrderOpen
	}
	rows := kv.Prefix(key(0)[:len("cm/")])
	if before != 0 {
		rows = rows.Before(key(before))
	}
	return d.orders(rows, kv.ScanOptions{Reverse: true, Limit: limit})
}

func (d *DeskView) orders(rows kv.Range, o kv.ScanOptions) (list []*Order, err error) {
	for item, err := range d.r.Scan(rows, o) {
		if err != nil {
			return nil, err
		}
		order, err := d.orderAt(item.Value)
		if err != nil {
			return nil, err
		}
		list = append(list, order)
	}
	return list, nil
}

// Stock returns what the brand has of a variant: nothing that is tracked if it was
// never said.
func (d *DeskView) Stock(id protocol.VariantID) (Stocked, error) {
	s, _, err := readStock(d.r, id)
	return s, err
}

// Stocks returns the stock of up to limit variants after an identifier, by identifier.
// Variants of which nothing was ever said are not among them.
func (d *DeskView) Stocks(after protocol.VariantID, limit int) (list []VariantStock, err error) {
	rows := kv.Prefix(keyStock(""))
	if after != "" {
		rows = rows.After(keyStock(after))
	}
	for item, err := range d.r.Scan(rows, kv.ScanOptions{Limit: limit}) {
		if err != nil {
			return nil, err
		}
		v := VariantStock{Variant: protocol.VariantID(item.Key[len("cs/"):])}
		if v.Stocked, err = d.Stock(v.Variant); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Hold returns what an order holds, or ErrNotFound.
func (d *DeskView) Hold(order protocol.CID) (*Hold, error) {
	b, err := d.get(keyHold(order))
	if err != nil {
		return nil, fmt.Errorf("hold of %s: %w", order, err)
	}
	h := new(Hold)
	if err := protocol.Unmarshal(b, h); err != nil {
		return nil, fmt.Errorf("hold of %s: %w: %w", order, err, kv.ErrCorrupt)
	}
	return h, nil
}

// ExpiredHolds returns up to limit holds that ran out by now, the oldest first.
func (d *DeskView) ExpiredHolds(now Millis, limit int) (list []*Hold, err error) {
	rows := kv.Range{Start: []byte("cu/"), End: keyHoldUntil(now+1, protocol.CID{})[:len("cu/")+8]}
	for item, err := range d.r.Scan(rows, kv.ScanOptions{Limit: limit, KeysOnly: true}) {
		if err != nil {
			return nil, err
		}
		id, err := protocol.CIDFromBytes(item.Key[len("cu/")+8:])
		if err != nil {
			return nil, fmt.Errorf("expired hold: %w: %w", err, kv.ErrCorrupt)
		}
		h, err := d.Hold(id)
		if err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, nil
}

// DiscountUses returns how often a code was used.
func (d *DeskView) DiscountUses(code string) (uint64, error) {
	return readCounter(d.r, keyDiscount(code))
}

// Notices returns up to limit notices that are due by now, the earliest first.
func (d *DeskView) Notices(now Millis, limit int) (list []*Notice, err error) {
	rows := kv.Range{Start: []byte("cy/"), End: keyNoticeDue(now+1, 0)}
	for item, err := range d.r.Scan(rows, kv.ScanOptions{KeysOnly: true}) {
		if err != nil {
			return nil, err
		}
		n, err := d.notice(binary.BigEndian.Uint64(item.Key[len("cy/")+8:]))
		if isErased(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if list = append(list, n); len(list) == limit {
			break
		}
	}
	return list, nil
}

func (d *DeskView) notice(id uint64) (*Notice, error) {
	key := keyNotice(id)
	row, err := d.get(key)
	if err != nil {
		return nil, fmt.Errorf("notice %d: %w", id, err)
	}
	return d.keys.openNotice(id, key, row)
}

// Prekeys returns the prekeys whose private halves are here, in no order.
func (d *DeskView) Prekeys() (list []Prekey, err error) {
	for item, err := range d.r.Scan(kv.Prefix([]byte("ck/")), kv.ScanOptions{}) {
		if err != nil {
			return nil, err
		}
		p, err := d.keys.openPrekey(slices.Clone(item.Key), item.Value)
		if isErased(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}
