package threads

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stoa-commerce/stoa/node/keyfile"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Bounds of the sealed files of one thread.
const (
	maxFiles     = 256
	maxFileBytes = 64 << 20
)

// folder holds sealed files, those of each thread in a folder of its own.
type folder struct{ dir string }

func (f folder) of(id protocol.CID) string { return filepath.Join(f.dir, id.String()) }

// put stores a file durably.
func (f folder) put(id, blob protocol.CID, data []byte) error {
	dir := f.of(id)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	t, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return err
	}
	_, err = t.Write(data)
	if err = errors.Join(err, t.Sync(), t.Close()); err == nil {
		err = os.Rename(t.Name(), filepath.Join(dir, blob.String()))
	}
	if err != nil {
		return errors.Join(err, os.Remove(t.Name()))
	}
	return errors.Join(keyfile.SyncDir(dir), keyfile.SyncDir(f.dir))
}

// read returns a file, or an error that wraps fs.ErrNotExist.
func (f folder) read(id, blob protocol.CID) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(f.of(id), blob.String()))
	if err == nil && !blob.Matches(data) {
		err = fmt.Errorf("file %s of %s is damaged", blob, id)
	}
	return data, err
}

// threads lists the threads that have files.
func (f folder) threads() (list []protocol.CID, err error) {
	all, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range all {
		if id, err := protocol.ParseCID(e.Name()); err == nil {
			list = append(list, id)
		}
	}
	return list, err
}

func (f folder) forget(id protocol.CID) error { return os.RemoveAll(f.of(id)) }

// PutBlob keeps a sealed file of a thread. Its identifier is that of the ciphertext, so
// that the same file has one place. Errors: those of Post, wire.ErrTooLarge above
// thread.MaxBlob, and wire.ErrQuota.
func (d *Desk) PutBlob(ctx context.Context, _ string, id protocol.CID, write [32]byte, data []byte) (protocol.CID, error) {
	t, err := d.writable(ctx, id, write)
	if err == nil && t.Erased {
		err = fmt.Errorf("thread %s was erased: %w", id, wire.ErrUnknownThread)
	}
	if err == nil && (len(data) == 0 || len(data) > thread.MaxBlob) {
		err = fmt.Errorf("file of %d bytes: %w", len(data), wire.ErrTooLarge)
	}
	if err != nil {
		return protocol.CID{}, err
	}
	return d.keepBlob(ctx, t, data)
}

// keepBlob stores a file, and the thread that it is of when nothing else is stored of
// it: a picture may be the first that a shopper says.
func (d *Desk) keepBlob(ctx context.Context, t *store.Thread, data []byte) (protocol.CID, error) {
	blob := protocol.Sum(protocol.Raw, data)
	if err := d.files.put(t.ID, blob, data); err != nil {
		return blob, err
	}
	return blob, d.act(ctx, &deed{thread: t.ID, begun: t, do: func(s *session) (error, error) {
		if err := s.stored(); err != nil {
			return nil, err
		}
		full, err := crowded(s.b.tx, t.ID, blob, len(data))
		if full || err != nil {
			return fmt.Errorf("files of %s: %w", t.ID, wire.ErrQuota), err
		}
		return nil, s.b.tx.PutBlob(t.ID, store.ThreadBlob{Blob: blob, Size: int64(len(data)), Time: s.b.now})
	}})
}

// crowded reports whether a thread has as many files as it may.
func crowded(tx *store.TradeTxn, id, blob protocol.CID, size int) (bool, error) {
	list, err := tx.Blobs(id)
	if err != nil {
		return false, err
	}
	total := int64(size)
	for _, b := range list {
		if b.Blob == blob {
			return false, nil
		}
		total += b.Size
	}
	return len(list) >= maxFiles || total > maxFileBytes, nil
}

// Blob returns a sealed file of a thread to one of its devices. Errors are those of
// Read; wire.ErrUnknownThread when there is no such file.
func (d *Desk) Blob(ctx context.Context, id protocol.CID, req protocol.Signed, blob protocol.CID) ([]byte, error) {
	t, err := d.readable(ctx, id, req)
	if err != nil {
		return nil, err
	}
	return d.File(ctx, t.ID, blob)
}

// File returns a sealed file of a thread to the brand itself.
func (d *Desk) File(_ context.Context, id, blob protocol.CID) ([]byte, error) {
	data, err := d.files.read(id, blob)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("file %s of %s: %w", blob, id, wire.ErrUnknownThread)
	}
	return data, err
}

// KeepFile stores a file that the brand sealed for a thread, before it says so there.
func (d *Desk) KeepFile(ctx context.Context, id protocol.CID, data []byte) (protocol.CID, error) {
	t, err := d.living(ctx, id)
	if err != nil {
		return protocol.CID{}, err
	}
	return d.keepBlob(ctx, t, data)
}
