package store

import (
	"encoding/binary"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// ThreadBlob says that a sealed file is of a thread. The file is kept elsewhere by its
// identifier; its key stands in a body.
type ThreadBlob struct {
	Blob protocol.CID
	Size int64
	Time Millis
}

// PutBlob notes a file of a thread. The erasure of the thread forgets it.
func (t *TradeTxn) PutBlob(thread protocol.CID, b ThreadBlob) error {
	h, err := t.living(thread)
	if err != nil {
		return fmt.Errorf("put file %s: %w", b.Blob, err)
	}
	value := binary.BigEndian.AppendUint64(nil, uint64(b.Size))
	return t.tx.Set(keyBlob(h.no, b.Blob), binary.BigEndian.AppendUint64(value, uint64(b.Time)))
}

// DeleteBlob forgets a file of a thread.
func (t *TradeTxn) DeleteBlob(thread, id protocol.CID) error {
	h, err := t.head(thread)
	if err != nil {
		return err
	}
	return t.tx.Delete(keyBlob(h.no, id))
}

// Blob returns what is noted of one file of a thread, or ErrNotFound.
func (d *DeskView) Blob(thread, id protocol.CID) (ThreadBlob, error) {
	h, err := d.head(thread)
	if err != nil {
		return ThreadBlob{}, err
	}
	b, err := d.get(keyBlob(h.no, id))
	if err != nil {
		return ThreadBlob{}, fmt.Errorf("file %s: %w", id, err)
	}
	return decodeBlob(id.Bytes(), b)
}

// Blobs lists the files of a thread.
func (d *DeskView) Blobs(thread protocol.CID) (list []ThreadBlob, err error) {
	h, err := d.head(thread)
	if err != nil {
		return nil, err
	}
	base := keyBlobs(h.no)
	for item, err := range d.r.Scan(kv.Prefix(base), kv.ScanOptions{}) {
		if err != nil {
			return nil, err
		}
		b, err := decodeBlob(item.Key[len(base):], item.Value)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

func decodeBlob(id, value []byte) (b ThreadBlob, err error) {
	if len(value) != 16 {
		return b, fmt.Errorf("file of a thread: %w", kv.ErrCorrupt)
	}
	b.Blob, err = protocol.CIDFromBytes(id)
	b.Size, b.Time = int64(binary.BigEndian.Uint64(value)), Millis(binary.BigEndian.Uint64(value[8:]))
	return b, err
}
