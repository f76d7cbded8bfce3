package kv

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// ReadBackup calls put for each item of a backup, in key order, and returns
// nil only if the stream was whole: nothing changed, cut off or appended.
// Otherwise it returns ErrCorrupt saying what is wrong, put's error or r's.
// The slices are valid during the call. put has then seen items that cannot
// be trusted.
func ReadBackup(r io.Reader, put func(key, value []byte) error) error {
	in := backupReader{from: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
	if magic := in.take(len(backupMagic)); in.err == nil && string(magic) != backupMagic {
		return fmt.Errorf("%w: not a backup of this kind", ErrCorrupt)
	}
	for in.err == nil {
		switch mark := in.byte(); {
		case in.err != nil:
		case mark == markItem:
			in.item(put)
		case mark == markEnd:
			return in.end()
		default:
			in.fail("unknown mark after item %d", in.count)
		}
	}
	return in.err
}

type backupReader struct {
	from  *bufio.Reader
	sum   hash.Hash
	buf   []byte
	last  []byte
	count uint64
	err   error
}

func (b *backupReader) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
	}
}

// take reads n bytes, which the caller has bounded, into a shared buffer.
func (b *backupReader) take(n int) []byte {
	if b.err != nil {
		return nil
	}
	if cap(b.buf) < n {
		b.buf = make([]byte, n)
	}
	p := b.buf[:n]
	if _, err := io.ReadFull(b.from, p); err != nil {
		b.readFailed(err)
		return nil
	}
	b.sum.Write(p)
	return p
}

func (b *backupReader) readFailed(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		b.fail("backup ends in the middle, after %d items", b.count)
		return
	}
	b.err = err
}

func (b *backupReader) byte() byte {
	p := b.take(1)
	if b.err != nil {
		return 0
	}
	return p[0]
}

// length reads a minimal uvarint of at most limit.
func (b *backupReader) length(what string, limit int) int {
	var enc [binary.MaxVarintLen32]byte
	for i := range enc {
		if enc[i] = b.byte(); b.err != nil {
			return 0
		}
		if enc[i] < 0x80 {
			n, _ := binary.Uvarint(enc[:i+1])
			if n > uint64(limit) || (i > 0 && enc[i] == 0) {
				break
			}
			return int(n)
		}
	}
	b.fail("%s length of item %d is out of bounds", what, b.count+1)
	return 0
}

func (b *backupReader) item(put func(key, value []byte) error) {
	key := bytes.Clone(b.take(b.length("key", MaxKey)))
	value := b.take(b.length("value", MaxValue))
	if b.err != nil {
		return
	}
	if len(key) == 0 || (b.count > 0 && bytes.Compare(key, b.last) <= 0) {
		b.fail("item %d is out of order", b.count+1)
		return
	}
	b.count, b.last = b.count+1, key
	b.err = put(key, value)
}

func (b *backupReader) end() error {
	claimed := b.take(8)
	if b.err == nil && binary.BigEndian.Uint64(claimed) != b.count {
		b.fail("backup says %d items and holds %d", binary.BigEndian.Uint64(claimed), b.count)
	}
	want := b.sum.Sum(nil)
	got := b.take(sha256.Size)
	if b.err == nil && subtle.ConstantTimeCompare(got, want) != 1 {
		b.fail("checksum of the backup does not match")
	}
	if b.err == nil {
		if _, err := b.from.ReadByte(); err != io.EOF {
			b.fail("bytes after the end of the backup")
		}
	}
	return b.err
}
