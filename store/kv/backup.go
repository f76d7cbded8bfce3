package kv

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// A backup is a stream that does not depend on the engine that wrote it:
//
//	"stoakv1\n"
//	items in key order: 0x01, uvarint key length, key, uvarint value length, value
//	0x00, item count (8 bytes, big-endian), SHA-256 of everything before the hash
//
// It holds bytes as stored and is not encrypted.
const backupMagic = "stoakv1\n"

const (
	markItem = 0x01
	markEnd  = 0x00
)

// Backup verifies the stored data and then writes one consistent state of it
// to w. It does not hold up updates. The state is that at the call's start of
// reading, not at its end.
func Backup(ctx context.Context, e Engine, w io.Writer) error {
	if err := e.Verify(ctx); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	err := e.View(ctx, func(r Reader) error { return writeBackup(r, w) })
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

func writeBackup(r Reader, w io.Writer) error {
	out := backupWriter{sum: sha256.New(), to: bufio.NewWriterSize(w, 64<<10)}
	out.write([]byte(backupMagic))
	count := uint64(0)
	for it, err := range r.Scan(Range{}, ScanOptions{}) {
		if err != nil {
			return err
		}
		out.item(it)
		if count++; out.err != nil {
			return out.err
		}
	}
	return out.finish(count)
}

type backupWriter struct {
	sum     hash.Hash
	to      *bufio.Writer
	scratch []byte
	err     error
}

func (b *backupWriter) write(p []byte) {
	b.sum.Write(p)
	if b.err == nil {
		_, b.err = b.to.Write(p)
	}
}

func (b *backupWriter) item(it Item) {
	head := append(b.scratch[:0], markItem)
	head = binary.AppendUvarint(head, uint64(len(it.Key)))
	head = append(head, it.Key...)
	head = binary.AppendUvarint(head, uint64(len(it.Value)))
	b.scratch = head
	b.write(head)
	b.write(it.Value)
}

func (b *backupWriter) finish(count uint64) error {
	b.write(binary.BigEndian.AppendUint64([]byte{markEnd}, count))
	b.write(b.sum.Sum(nil))
	if b.err != nil {
		return b.err
	}
	return b.to.Flush()
}

// Restore fills the empty engine e from a backup and makes it durable. A
// damaged backup gives ErrCorrupt and leaves e empty again. A process that
// dies midway leaves a part behind: restore into a new directory and move it
// into place when Restore has returned nil.
func Restore(ctx context.Context, e Engine, r io.Reader) error {
	if err := mustBeEmpty(ctx, e); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := restoreInto(ctx, e, r); err != nil {
		_, undo := DeleteRange(context.WithoutCancel(ctx), e, Range{})
		return fmt.Errorf("restore: %w", errors.Join(err, undo))
	}
	return nil
}

func mustBeEmpty(ctx context.Context, e Engine) error {
	return e.View(ctx, func(r Reader) error {
		for _, err := range r.Scan(Range{}, ScanOptions{Limit: 1, KeysOnly: true}) {
			if err != nil {
				return err
			}
			return ErrNotEmpty
		}
		return nil
	})
}

func restoreInto(ctx context.Context, e Engine, r io.Reader) error {
	b, err := e.Bulk(ctx)
	if err != nil {
		return err
	}
	defer b.Discard()
	if err := ReadBackup(r, b.Set); err != nil {
		return err
	}
	return b.Flush()
}
