package blob

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sync/semaphore"

	"github.com/stoa-commerce/stoa/protocol"
)

// Errors a caller decides on. What is wrong with the bytes of a picture wraps
// protocol.ErrInvalid; an error that wraps none of these is this machine's.
var (
	// ErrNotFound means that the folder doesn't hold the picture.
	ErrNotFound = errors.New("no such picture")
	// ErrSource means that the reader that a picture came from failed.
	ErrSource = errors.New("the picture could not be read from its source")
	// ErrDamaged means that a file isn't what its name says: Remove it and get it
	// anew.
	ErrDamaged = errors.New("the picture is damaged on disk")
)

// Store is a folder of pictures. Its methods may be called concurrently.
type Store struct {
	dir     string
	pixels  *semaphore.Weighted // in memory at a time, by all decoders
	makers  *semaphore.Weighted // sizes made at a time
	flights flights
}

const (
	originals = "originals"
	sizes     = "sizes"
	temporary = "tmp"
)

// Open opens the folder of pictures at dir, making it if need be, and clears away
// what a killed process left half-written.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir, pixels: semaphore.NewWeighted(MaxPixels), makers: newMakers()}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("open folder of pictures: %w", err)
	}
	return s, nil
}

func (s *Store) prepare() error {
	if err := os.RemoveAll(filepath.Join(s.dir, temporary)); err != nil {
		return err
	}
	for _, sub := range []string{originals, sizes, temporary} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o700); err != nil {
			return err
		}
	}
	return errors.Join(syncDir(s.dir), syncDir(filepath.Dir(s.dir)))
}

func shard(cid protocol.CID) string {
	digest := cid.Digest()
	return fmt.Sprintf("%02x", digest[0])
}

func (s *Store) original(cid protocol.CID) string {
	return filepath.Join(s.dir, originals, shard(cid), cid.String())
}

func (s *Store) derived(cid protocol.CID, suffix string) string {
	return filepath.Join(s.dir, sizes, shard(cid), cid.String()+"-"+suffix)
}

// OpenBlob opens the original of a picture and tells its size in bytes. The caller
// closes it. The bytes are as they were stored; Verify checks them.
func (s *Store) OpenBlob(cid protocol.CID) (io.ReadSeekCloser, int64, error) {
	f, size, err := s.open(cid)
	if err != nil {
		return nil, 0, err
	}
	return f, size, nil
}

func (s *Store) open(cid protocol.CID) (*os.File, int64, error) {
	if cid.Codec() != protocol.Raw {
		return nil, 0, fmt.Errorf("open picture %s: %w", cid, ErrNotFound)
	}
	f, err := os.Open(s.original(cid))
	if err != nil {
		return nil, 0, fmt.Errorf("open picture %s: %w", cid, missing(err))
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("open picture %s: %w", cid, errors.Join(err, f.Close()))
	}
	return f, info.Size(), nil
}

// Has reports whether the original of a picture is here.
func (s *Store) Has(cid protocol.CID) (bool, error) {
	if cid.Codec() != protocol.Raw {
		return false, nil
	}
	_, err := os.Stat(s.original(cid))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for picture %s: %w", cid, err)
	}
	return true, nil
}

// Remove deletes a picture and its sizes. One that isn't there is no error. The
// caller sees to it that nobody puts the same picture meanwhile.
func (s *Store) Remove(cid protocol.CID) error {
	if cid.Codec() != protocol.Raw {
		return nil
	}
	paths := []string{s.original(cid), s.derived(cid, refusedSuffix)}
	for _, w := range Widths {
		paths = append(paths, s.derived(cid, strconv.Itoa(w)+".jpg"), s.derived(cid, strconv.Itoa(w)+".png"))
	}
	var errs []error
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove picture %s: %w", cid, err)
	}
	return nil
}

// missing turns the file system's word for an absent file into ErrNotFound.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return err
}
