package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// threadHead is what the row of a thread holds in the clear: what finds its other
// rows. It stays for ever, so that a thread that was erased isn't begun again.
type threadHead struct {
	no      threadNo // the conversation slot
	fiscal  uint32   // the fiscal slot
	touched Millis   // its place in the inbox
	shopper hidden   // its place among the identities
	erased  bool     // or about to be
	records bool     // of an erased one: there are fiscal records, which stay
}

const (
	flagErased byte = 1 << iota
	flagRecords
)

const threadHeadSize = 4 + 4 + 8 + len(hidden{}) + 1

func (h threadHead) encode() []byte {
	b := h.no.append("")
	b = binary.BigEndian.AppendUint32(b, h.fiscal)
	b = binary.BigEndian.AppendUint64(b, uint64(h.touched))
	b = append(b, h.shopper[:]...)
	var flags byte
	if h.erased {
		flags |= flagErased
	}
	if h.records {
		flags |= flagRecords
	}
	return append(b, flags)
}

// readThreadRow returns the head of a thread's row and what is sealed behind it.
func readThreadRow(r kv.Reader, id protocol.CID) (h threadHead, sealed []byte, err error) {
	b, err := r.Get(keyThread(id))
	if errors.Is(err, kv.ErrNotFound) {
		return h, nil, fmt.Errorf("thread %s: %w", id, ErrNotFound)
	}
	if err == nil && len(b) < threadHeadSize {
		err = kv.ErrCorrupt
	}
	if err != nil {
		return h, nil, fmt.Errorf("thread %s: %w", id, err)
	}
	h.no = threadNo(binary.BigEndian.Uint32(b))
	h.fiscal = binary.BigEndian.Uint32(b[4:])
	h.touched = Millis(binary.BigEndian.Uint64(b[8:]))
	copy(h.shopper[:], b[16:])
	flags := b[threadHeadSize-1]
	h.erased, h.records = flags&flagErased != 0, flags&flagRecords != 0
	return h, b[threadHeadSize:], nil
}
