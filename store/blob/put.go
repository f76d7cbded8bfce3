package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// MaxSize is the largest picture in bytes (20 MiB).
const MaxSize = catalog.MaxPicture

// Put reads a picture of the brand's own, at most MaxSize bytes of JPEG, PNG, GIF
// or WebP, decodes it, takes its metadata out, stores it durably and returns its
// manifest. The same picture gives the same manifest again.
//
// The error wraps protocol.ErrInvalid when the picture is at fault, ErrSource when
// r failed, ctx's when that ended; anything else is this machine's.
func (s *Store) Put(ctx context.Context, r io.Reader) (catalog.Media, error) {
	data, err := readAll(ctx, r)
	if err != nil {
		return catalog.Media{}, err
	}
	m, data, err := s.examine(ctx, data)
	if err != nil {
		return catalog.Media{}, err
	}
	if err := ctx.Err(); err != nil {
		return catalog.Media{}, err
	}
	if err := s.keep(m.Blob, data); err != nil {
		return catalog.Media{}, fmt.Errorf("store picture: %w", err)
	}
	return m, nil
}

// examine decodes a picture and returns its manifest and the bytes to be stored.
func (s *Store) examine(ctx context.Context, data []byte) (catalog.Media, []byte, error) {
	p, err := parse(data)
	if err != nil {
		return catalog.Media{}, nil, err
	}
	if err := s.pixels.Acquire(ctx, p.area()); err != nil {
		return catalog.Media{}, nil, err
	}
	defer s.pixels.Release(p.area())
	img, err := p.decode(ctx)
	if err != nil {
		return catalog.Media{}, nil, err
	}
	if p.turn.turns() {
		img = p.turn.apply(img)
		if p, err = encodeAnew(img); err != nil {
			return catalog.Media{}, nil, err
		}
	}
	m := p.manifest(averageColor(img))
	return m, p.data, m.Validate()
}

func (p parsed) manifest(color string) catalog.Media {
	return catalog.Media{
		Header: catalog.Header{Type: catalog.TypeMedia, V: catalog.Version},
		Blob:   protocol.Sum(protocol.Raw, p.data),
		MIME:   string(p.format),
		Size:   int64(len(p.data)),
		Width:  p.width,
		Height: p.height,
		Color:  color,
	}
}

// keep stores an original durably, unless it is there undamaged.
func (s *Store) keep(cid protocol.CID, data []byte) error {
	if s.Verify(cid) == nil {
		return nil
	}
	return errors.Join(s.place(s.original(cid), data, true), s.forgive(cid))
}

// readAll reads a whole picture into memory.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(patient{ctx, r}, MaxSize+1))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSource, err)
	}
	if n > MaxSize {
		return nil, tooLong()
	}
	return b.Bytes(), nil
}

func tooLong() error { return invalid("has more than %d MiB", MaxSize>>20) }

// patient is a reader that ends with its context.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// Import stores another brand's picture, named cid by what that brand signed, byte
// for byte and durably. Content that isn't cid's, or is longer than MaxSize, is
// refused with an error wrapping protocol.ErrInvalid; whether it is a picture is
// found out by Sized. Errors are as with Put otherwise.
func (s *Store) Import(ctx context.Context, cid protocol.CID, r io.Reader) (err error) {
	if cid.Codec() != protocol.Raw {
		return invalid("cannot have the identifier %s", cid)
	}
	f, err := os.CreateTemp(filepath.Join(s.dir, temporary), "import-*")
	if err != nil {
		return fmt.Errorf("store picture: %w", err)
	}
	err = finish(f, receive(ctx, cid, f, r), true)
	if err == nil {
		err = errors.Join(s.name(f.Name(), s.original(cid), true), s.forgive(cid))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // Open clears away what stays
		return fmt.Errorf("store picture %s: %w", cid, err)
	}
	return nil
}

// receive copies r to f and checks what came against its name.
func receive(ctx context.Context, cid protocol.CID, f *os.File, r io.Reader) error {
	hash := sha256.New()
	source := &noting{r: io.LimitReader(patient{ctx, r}, MaxSize+1)}
	n, err := io.Copy(io.MultiWriter(hash, f), source)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case source.err != nil:
		return fmt.Errorf("%w: %w", ErrSource, source.err)
	case err != nil:
		return err
	case n > MaxSize:
		return tooLong()
	case protocol.CIDFromDigest(protocol.Raw, [sha256.Size]byte(hash.Sum(nil))) != cid:
		return invalid("has other content than %s names", cid)
	}
	return nil
}

// noting is a reader that remembers its failure, to tell it from the writer's.
type noting struct {
	r   io.Reader
	err error
}

func (n *noting) Read(b []byte) (int, error) {
	k, err := n.r.Read(b)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return k, err
}
