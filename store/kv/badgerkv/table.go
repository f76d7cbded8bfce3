package badgerkv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/proto"

	"github.com/stoa-commerce/stoa/store/kv"
)

// A table file of Badger is, from its end: 4 bytes length of the index's
// checksum, the checksum, 4 bytes length of the index, the index; before it
// the blocks, whose places the index holds. A block, once decompressed, ends
// in its checksum and 4 bytes with the length of that. Numbers are big-endian.

const (
	maxChecksum = 1 << 10  // bytes; real ones have some ten
	maxBlock    = 64 << 20 // bytes; one block holds at least one whole value
)

// checkTable reads the table at path, or with whole unset its index only, and
// returns ErrCorrupt naming it if a checksum does not match.
func checkTable(path string, whole bool) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("check table: %w", err)
	}
	defer f.Close()
	if err := guardTable(func() error { return checkOpenTable(f, whole) }); err != nil {
		return fmt.Errorf("%w: table %s: %w", kv.ErrCorrupt, path, err)
	}
	return nil
}

// guardTable turns a panic of the decoders of Badger into an error.
func guardTable(check func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unreadable: %v", p)
		}
	}()
	return check()
}

func checkOpenTable(f *os.File, whole bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	t := tail{f, info.Size()}
	sum, err := t.sized(maxChecksum)
	if err != nil {
		return fmt.Errorf("checksum of the index: %w", err)
	}
	index, err := t.sized(info.Size())
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	if err := matches(index, sum); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	if !whole {
		return nil
	}
	return checkBlocks(f, t.at, fb.GetRootAsTableIndex(index, 0))
}

// tail reads a file backwards.
type tail struct {
	f  *os.File
	at int64
}

// sized reads what lies before at and ends in its own length.
func (t *tail) sized(limit int64) ([]byte, error) {
	n, err := t.take(4)
	if err != nil {
		return nil, err
	}
	size := int64(binary.BigEndian.Uint32(n))
	if size > limit {
		return nil, fmt.Errorf("length of %d bytes is out of bounds", size)
	}
	return t.take(size)
}

func (t *tail) take(n int64) ([]byte, error) {
	if n > t.at {
		return nil, errors.New("file is too short")
	}
	t.at -= n
	p := make([]byte, n)
	_, err := t.f.ReadAt(p, t.at)
	return p, err
}

func checkBlocks(f *os.File, end int64, index *fb.TableIndex) error {
	var at fb.BlockOffset
	var buf, out []byte
	for i := range index.OffsetsLength() {
		if !index.Offsets(&at, i) {
			return fmt.Errorf("block %d is not in the index", i)
		}
		from, size := int64(at.Offset()), int64(at.Len())
		if size > maxBlock || from+size > end {
			return fmt.Errorf("block %d is out of bounds", i)
		}
		if int64(cap(buf)) < size {
			buf = make([]byte, size)
		}
		if _, err := f.ReadAt(buf[:size], from); err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
		var err error
		if out, err = checkBlock(buf[:size], out); err != nil {
			return fmt.Errorf("block %d at byte %d: %w", i, from, err)
		}
	}
	return nil
}

// checkBlock accepts a compressed block or a plain one: which it is stands in
// another file. It returns scratch, grown if it had to.
func checkBlock(block, scratch []byte) ([]byte, error) {
	if n, err := snappy.DecodedLen(block); err == nil && n <= maxBlock {
		if plain, err := snappy.Decode(scratch[:cap(scratch)], block); err == nil {
			if err := checkPlain(plain); err == nil {
				return plain, nil
			}
		}
	}
	return scratch, checkPlain(block)
}

func checkPlain(block []byte) error {
	if len(block) < 4 {
		return errors.New("block is too short")
	}
	body, size := block[:len(block)-4], binary.BigEndian.Uint32(block[len(block)-4:])
	if int64(size) > int64(min(len(body), maxChecksum)) {
		return errors.New("checksum does not match")
	}
	cut := len(body) - int(size)
	return matches(body[:cut], body[cut:])
}

// matches compares data with its checksum in Badger's encoding.
func matches(data, sum []byte) error {
	var want pb.Checksum
	if err := proto.Unmarshal(sum, &want); err != nil {
		return errors.New("checksum is unreadable")
	}
	if y.CalculateChecksum(data, want.Algo) != want.Sum {
		return errors.New("checksum does not match")
	}
	return nil
}
