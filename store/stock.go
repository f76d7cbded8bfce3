package store

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// stockRow is what cs/ and sk/ hold of a variant. In sk/, of an import, Held says
// nothing.
type stockRow struct {
	_        struct{} `cbor:",toarray"`
	Tracked  bool
	OnHand   int64
	Oversell bool
	Held     int64
}

func encodeStock(s Stocked) ([]byte, error) {
	return protocol.Marshal(stockRow{Tracked: s.Tracked, OnHand: s.OnHand, Oversell: s.Oversell, Held: s.Held})
}

func getStock(r kv.Reader, key []byte) (s Stocked, found bool, err error) {
	b, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return s, false, nil
	}
	var row stockRow
	if err == nil {
		err = protocol.Unmarshal(b, &row)
	}
	if err != nil {
		return s, false, fmt.Errorf("stock: %w", err)
	}
	return Stocked{Stock{row.Tracked, row.OnHand, row.Oversell}, row.Held}, true, nil
}

// readStock reads the stock of a variant. While the rows of an adopted import wait to
// move, what it says stands in a row at staged: whoever writes the stock moves it.
func readStock(r kv.Reader, id protocol.VariantID) (s Stocked, staged []byte, err error) {
	s, _, staged, err = lookStock(r, id)
	return s, staged, err
}

func lookStock(r kv.Reader, id protocol.VariantID) (s Stocked, found bool, staged []byte, err error) {
	if s, found, err = getStock(r, keyStock(id)); err != nil {
		return s, found, nil, err
	}
	run, pending, err := readPending(r)
	if err != nil || !pending {
		return s, found, nil, err
	}
	key := keyStagedStock(run, id)
	is, there, err := getStock(r, key)
	if err != nil || !there {
		return s, found, nil, err
	}
	s.Stock = is.Stock
	return s, true, key, nil
}

// writeStock writes the stock of a variant that readStock returned with staged.
func writeStock(tx kv.Txn, id protocol.VariantID, s Stocked, staged []byte) error {
	if staged != nil {
		if err := tx.Delete(staged); err != nil {
			return err
		}
	}
	b, err := encodeStock(s)
	if err != nil {
		return err
	}
	return tx.Set(keyStock(id), b)
}

func putStock(tx kv.Txn, id protocol.VariantID, is Stock) error {
	s, staged, err := readStock(tx, id)
	if err != nil {
		return err
	}
	s.Stock = is
	return writeStock(tx, id, s, staged)
}

// joinStock fills in the stock of a product's variants.
func joinStock(r kv.Reader, p *OwnProduct) error {
	for i := range p.Variants {
		v := &p.Variants[i]
		s, _, err := readStock(r, v.ID)
		if err != nil {
			return fmt.Errorf("variant %s: %w", v.ID, err)
		}
		v.Stock, v.Held = s.Stock, s.Held
	}
	return nil
}

// withoutStock returns what the row of a product holds of it.
func withoutStock(p *OwnProduct) *OwnProduct {
	bare := *p
	bare.Variants = make([]OwnVariant, len(p.Variants))
	for i, v := range p.Variants {
		v.Stock = Stock{}
		bare.Variants[i] = v
	}
	return &bare
}

// putFirstStock writes the stock of those of a product's variants of which nothing is
// known.
func putFirstStock(tx kv.Txn, p *OwnProduct) error {
	for _, v := range p.Variants {
		if v.Stock == (Stock{}) {
			continue
		}
		_, found, _, err := lookStock(tx, v.ID)
		if err == nil && !found {
			err = putStock(tx, v.ID, v.Stock)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteStock forgets the stock of a product's variants that no order holds.
func deleteStock(tx kv.Txn, p *OwnProduct) error {
	for _, v := range p.Variants {
		s, staged, err := readStock(tx, v.ID)
		if err != nil {
			return err
		}
		if staged != nil {
			err = tx.Delete(staged)
		}
		if err == nil && s.Held == 0 {
			err = tx.Delete(keyStock(v.ID))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
