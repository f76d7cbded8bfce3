package kv

import (
	"bytes"
	"context"
	"fmt"
)

// deletePage is how many keys DeleteRange removes in one transaction: few
// enough that other updates are not held up.
const deletePage = 1000

// DeleteRange removes the keys of r in relaxed transactions of bounded size
// and returns how many it removed. Other work goes on meanwhile. It is not
// atomic: keys that are added or changed while it runs may stay, and when it
// is interrupted the keys removed so far are gone; call it again to go on.
// Call Sync to make it durable.
func DeleteRange(ctx context.Context, e Engine, r Range) (int, error) {
	removed := 0
	for {
		n, last, err := deleteSome(ctx, e, r)
		removed += n
		if err != nil {
			return removed, fmt.Errorf("delete range: %w", err)
		}
		if n < deletePage {
			return removed, nil
		}
		r = r.After(last)
	}
}

func deleteSome(ctx context.Context, e Engine, r Range) (n int, last []byte, err error) {
	err = e.Update(ctx, Relaxed, func(tx Txn) error {
		n = 0
		for it, err := range tx.Scan(r, ScanOptions{Limit: deletePage, KeysOnly: true}) {
			if err != nil {
				return err
			}
			if err := tx.Delete(it.Key); err != nil {
				return err
			}
			n, last = n+1, append(last[:0], it.Key...)
		}
		return nil
	})
	if err != nil {
		n = 0
	}
	return n, bytes.Clone(last), err
}
