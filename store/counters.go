package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/store/kv"
)

// readCounter reads a number that is its row's value; 0 without a row.
func readCounter(r kv.Reader, key []byte) (uint64, error) {
	b, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err == nil && len(b) != 8 {
		err = kv.ErrCorrupt
	}
	if err != nil {
		return 0, fmt.Errorf("read counter: %w", err)
	}
	return binary.BigEndian.Uint64(b), nil
}

func writeCounter(tx kv.Txn, key []byte, n uint64) error {
	return tx.Set(key, binary.BigEndian.AppendUint64(nil, n))
}

// nextCounter raises a counter and returns its new value, first at the least.
func nextCounter(tx kv.Txn, key []byte, first uint64) (uint64, error) {
	n, err := readCounter(tx, key)
	if err != nil {
		return 0, err
	}
	n = max(n+1, first)
	return n, writeCounter(tx, key, n)
}
