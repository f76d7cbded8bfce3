package store

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store/kv"
)

// stateRow is what h/ holds: where the live catalog of a brand is and which head
// commits to it.
type stateRow struct {
	Generation generation `cbor:"gen"`
	Next       generation `cbor:"next"` // the number the next full build takes
	Bytes      uint64     `cbor:"bytes"`
	Products   int        `cbor:"products"`
	Head       []byte     `cbor:"head,omitempty"`  // signed, as received; empty before the first
	Stage      generation `cbor:"stage,omitempty"` // what is being fetched; 0 is nothing
	Retained   retention  `cbor:"retained"`
	Packed     bool       `cbor:"packed,omitempty"` // the index of the generation has pages
}

// state is a decoded stateRow.
type state struct {
	stateRow
	raw  []byte
	at   realm
	head catalog.SignedHead
}

// Tip says which head a brand's catalog is at. The zero Tip is that of a brand
// without a head.
type Tip struct {
	Epoch, Seq uint64
	Head       protocol.CID
}

func (st *state) tip() Tip {
	if len(st.Head) == 0 {
		return Tip{}
	}
	return Tip{Epoch: st.head.Epoch, Seq: st.head.Seq, Head: st.head.CID}
}

// readState reads the brand's state as r sees it; decoding is saved when it is
// the one read last.
func (b *brand) readState(r kv.Reader) (*state, error) {
	raw, err := r.Get(keyState(b.no))
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return nil, fmt.Errorf("read state of catalog: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cached != nil && bytes.Equal(b.cached.raw, raw) {
		return b.cached, nil
	}
	st, err := decodeState(b.no, raw)
	if err == nil {
		b.cached = st
	}
	return st, err
}

func decodeState(no brandNo, raw []byte) (*state, error) {
	st := &state{raw: raw, stateRow: stateRow{Generation: 1, Next: 2}}
	if raw != nil {
		if err := protocol.Unmarshal(raw, &st.stateRow); err != nil {
			return nil, fmt.Errorf("state of catalog: %w: %w", err, kv.ErrCorrupt)
		}
	}
	st.at = realm{no, st.Generation}
	if len(st.Head) == 0 {
		return st, nil
	}
	head, err := catalog.DecodeHead(st.Head)
	if err != nil {
		return nil, fmt.Errorf("stored head: %w: %w", err, kv.ErrCorrupt)
	}
	st.head = head
	return st, nil
}

func writeState(w writer, no brandNo, row stateRow) error {
	raw, err := protocol.Marshal(row)
	if err != nil {
		return err
	}
	return w.Set(keyState(no), raw)
}
