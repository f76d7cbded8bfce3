package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/stoa-commerce/stoa/protocol"
)

// Verify reads a picture's original and checks that it is what its name says. The
// error wraps ErrNotFound when it isn't here and ErrDamaged when it isn't.
func (s *Store) Verify(cid protocol.CID) error { return s.verify(context.Background(), cid) }

func (s *Store) verify(ctx context.Context, cid protocol.CID) error {
	f, _, err := s.open(cid)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, patient{ctx, f}); err != nil {
		return fmt.Errorf("read picture %s: %w", cid, err)
	}
	if protocol.CIDFromDigest(protocol.Raw, [sha256.Size]byte(hash.Sum(nil))) != cid {
		return fmt.Errorf("read picture %s: %w", cid, ErrDamaged)
	}
	return nil
}

// VerifyAll verifies every original, one after another, and tells report of each
// that isn't well. It returns an error when it couldn't go on, ctx's among them.
func (s *Store) VerifyAll(ctx context.Context, report func(protocol.CID, error)) error {
	for cid, err := range s.All(ctx) {
		if err != nil {
			return err
		}
		err = s.verify(ctx, cid)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && !gone(err, s.original(cid)) {
			report(cid, err)
		}
	}
	return nil
}

// All yields the pictures whose originals are here, in no order. An error ends it:
// the folder can't be read, or ctx ended.
func (s *Store) All(ctx context.Context) iter.Seq2[protocol.CID, error] {
	return func(yield func(protocol.CID, error) bool) {
		err := filepath.WalkDir(filepath.Join(s.dir, originals), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return errors.Join(err, ctx.Err())
			}
			cid, err := protocol.ParseCID(d.Name())
			if err != nil || s.original(cid) != path {
				return nil // nobody's picture: it can't be asked for
			}
			if !yield(cid, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(protocol.CID{}, err)
		}
	}
}

// gone reports whether a picture was removed since it was listed.
func gone(err error, path string) bool {
	_, stat := os.Stat(path)
	return errors.Is(err, ErrNotFound) && errors.Is(stat, fs.ErrNotExist)
}
