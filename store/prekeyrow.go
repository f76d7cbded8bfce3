package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// The row of a prekey is the number of its slot u32 ‖ sealed: the number is there to
// erase it without opening it.

// prekeyRow is what is sealed of a Prekey.
type prekeyRow struct {
	Record []byte   `cbor:"record"`
	Seed   [32]byte `cbor:"seed"`
	From   Millis   `cbor:"from"`
	Until  Millis   `cbor:"until"`
}

// PutPrekey stores a prekey under a key of its own; one that is there stays as it is.
func (t *TradeTxn) PutPrekey(p Prekey) error {
	key := keyPrekey(p.ID)
	if has, err := t.tx.Has(key); err != nil || has {
		return err
	}
	slot, err := t.take()
	if err != nil {
		return fmt.Errorf("put prekey: %w", err)
	}
	plain, err := protocol.Marshal(prekeyRow{p.Record, p.Seed, p.From, p.Until})
	if err != nil {
		return fmt.Errorf("put prekey: %w", err)
	}
	row, err := t.keys.seal(binary.BigEndian.AppendUint32(nil, slot), slot, string(key), plain)
	if err != nil {
		return fmt.Errorf("put prekey: %w", err)
	}
	return t.tx.Set(key, row)
}

func (k *keyring) openPrekey(key, row []byte) (Prekey, error) {
	id, err := protocol.CIDFromBytes(key[len("ck/"):])
	if err != nil || len(row) < 4 {
		return Prekey{}, fmt.Errorf("prekey: %w", kv.ErrCorrupt)
	}
	plain, err := k.open(string(key), row[4:])
	if err != nil {
		return Prekey{}, fmt.Errorf("prekey %s: %w", id, err)
	}
	var p prekeyRow
	if err := protocol.Unmarshal(plain, &p); err != nil {
		return Prekey{}, fmt.Errorf("prekey %s: %w: %w", id, err, kv.ErrCorrupt)
	}
	return Prekey{id, p.Record, p.Seed, p.From, p.Until}, nil
}

// DeletePrekey erases a prekey for good; one that isn't there is no change.
func (s *Store) DeletePrekey(ctx context.Context, id protocol.CID, now Millis) error {
	row, err := s.get(ctx, keyPrekey(id))
	if err == nil && row != nil && len(row) < 4 {
		err = kv.ErrCorrupt
	}
	if err != nil || row == nil {
		return err
	}
	e := erasure{Kind: kindPrekey, ID: id, Slots: []uint32{binary.BigEndian.Uint32(row)}, Time: now}
	if err := s.erase(ctx, e); err != nil {
		return fmt.Errorf("delete prekey %s: %w", id, err)
	}
	return nil
}
