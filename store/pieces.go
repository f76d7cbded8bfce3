package store

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/store/kv"
)

// MaxPieced is the largest item of a box, in bytes. What is larger than a piece stands
// in several rows.
const MaxPieced = 528 << 10

const pieceSize = 192 << 10

func keyPiece(prefix []byte, n int) []byte { return append(append([]byte{}, prefix...), byte(n)) }

// putPieces stores data in rows under a prefix that is no other row's.
func putPieces(tx kv.Txn, prefix, data []byte) error {
	if len(data) > MaxPieced {
		return fmt.Errorf("%d bytes, allowed are %d: %w", len(data), MaxPieced, kv.ErrTooLarge)
	}
	for n := 0; len(data) > 0; n++ {
		piece := data[:min(pieceSize, len(data))]
		if err := tx.Set(keyPiece(prefix, n), piece); err != nil {
			return err
		}
		data = data[len(piece):]
	}
	return nil
}

// getPieces appends what putPieces stored to data.
func getPieces(r kv.Reader, prefix, data []byte) ([]byte, error) {
	for n := 0; ; n++ {
		piece, err := r.Get(keyPiece(prefix, n))
		if errors.Is(err, kv.ErrNotFound) {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if data = append(data, piece...); len(piece) < pieceSize {
			return data, nil
		}
	}
}

// deletePieces deletes the rows of size bytes.
func deletePieces(tx kv.Txn, prefix []byte, size int) error {
	for n := range (size + pieceSize - 1) / pieceSize {
		if err := tx.Delete(keyPiece(prefix, n)); err != nil {
			return err
		}
	}
	return nil
}
