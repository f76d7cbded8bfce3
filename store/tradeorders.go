package store

import (
	"fmt"
	"math"

	"github.com/stoa-commerce/stoa/protocol"
)

// firstOrder is the number of a shop's first order.
const firstOrder = 1001

// NextNumber takes the number for a new order. It is given once.
func (t *TradeTxn) NextNumber() (uint64, error) {
	return nextCounter(t.tx, keyOrders, firstOrder)
}

// AdoptNumber notes that a number was given before this copy of the store knew of it:
// the next ones are above it.
func (t *TradeTxn) AdoptNumber(n uint64) error {
	last, err := readCounter(t.tx, keyOrders)
	if err != nil || n <= last {
		return err
	}
	return writeCounter(t.tx, keyOrders, n)
}

// PutOrder stores an order of a thread that is there, or of one that was erased with
// this order in it. Its Number never changes.
func (t *TradeTxn) PutOrder(o *Order) error {
	h, err := t.head(o.Thread)
	if err == nil && h.erased && !h.records {
		err = ErrErased
	}
	if err != nil {
		return fmt.Errorf("put order %s: %w", o.ID, err)
	}
	plain, err := protocol.Marshal(o)
	if err != nil {
		return fmt.Errorf("put order %s: %w", o.ID, err)
	}
	if err := t.putSealed(keyOrder(o.ID), h.fiscal, plain); err != nil {
		return fmt.Errorf("put order %s: %w", o.ID, err)
	}
	return t.indexOrder(h.no, o)
}

// indexOrder writes what an order is found by. The row that says that the thread has
// orders stands for all of them where it is decided what an erasure keeps.
func (t *TradeTxn) indexOrder(no threadNo, o *Order) error {
	id := o.ID.Bytes()
	if has, err := t.tx.Has(keyHasOrders(no)); err != nil {
		return err
	} else if !has {
		if err := t.tx.Set(keyHasOrders(no), nil); err != nil {
			return err
		}
	}
	for _, key := range [][]byte{keyOrderNumber(o.Number), keyOrderOf(no, o.Number)} {
		if has, err := t.tx.Has(key); err != nil {
			return err
		} else if has {
			continue
		}
		if err := t.tx.Set(key, id); err != nil {
			return err
		}
	}
	key := keyOrderOpen(o.Number)
	has, err := t.tx.Has(key)
	if err != nil || has == o.Open {
		return err
	}
	if o.Open {
		return t.tx.Set(key, id)
	}
	return t.tx.Delete(key)
}

// PutStock says what the brand has of a variant. What orders hold of it stays held.
func (t *TradeTxn) PutStock(id protocol.VariantID, s Stock) error { return putStock(t.tx, id, s) }

// PutHold makes an order hold stock, in place of what it held before. Whether there is
// so much is the caller's to decide.
func (t *TradeTxn) PutHold(h *Hold) error {
	if err := t.DeleteHold(h.Order); err != nil {
		return err
	}
	if err := t.hold(h.Lines, 1); err != nil {
		return fmt.Errorf("hold for %s: %w", h.Order, err)
	}
	b, err := protocol.Marshal(h)
	if err != nil {
		return err
	}
	if h.Until != 0 {
		if err := t.tx.Set(keyHoldUntil(h.Until, h.Order), nil); err != nil {
			return err
		}
	}
	return t.tx.Set(keyHold(h.Order), b)
}

// DeleteHold gives back what an order holds. Without a hold it is no change.
func (t *TradeTxn) DeleteHold(order protocol.CID) error {
	h, err := t.Hold(order)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := t.hold(h.Lines, -1); err != nil {
		return fmt.Errorf("give back what %s holds: %w", order, err)
	}
	if h.Until != 0 {
		if err := t.tx.Delete(keyHoldUntil(h.Until, order)); err != nil {
			return err
		}
	}
	return t.tx.Delete(keyHold(order))
}

// hold adds the lines to what is held of their variants, or takes them off.
func (t *TradeTxn) hold(lines []HoldLine, sign int64) error {
	for _, line := range lines {
		if line.Quantity < 0 {
			return fmt.Errorf("%d pieces of %s", line.Quantity, line.Variant)
		}
		s, staged, err := readStock(t.tx, line.Variant)
		if err != nil {
			return err
		}
		if s.Held += sign * line.Quantity; s.Held < 0 || s.Held > math.MaxInt32*1000 {
			return fmt.Errorf("%s would have %d pieces held", line.Variant, s.Held)
		}
		if err := writeStock(t.tx, line.Variant, s, staged); err != nil {
			return err
		}
	}
	return nil
}

// AddDiscountUse counts the use of a code, or takes one back with -1.
func (t *TradeTxn) AddDiscountUse(code string, by int64) error {
	n, err := t.DiscountUses(code)
	if err != nil {
		return err
	}
	if by < 0 && uint64(-by) > n {
		by = -int64(n)
	}
	return writeCounter(t.tx, keyDiscount(code), n+uint64(by))
}
