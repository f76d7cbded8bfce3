package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/stoa-commerce/stoa/protocol"
)

// make makes a picture of that width. What turns out to be no picture is noted, so
// that a page that keeps asking for it costs nothing.
func (s *Store) make(ctx context.Context, cid protocol.CID, width int) error {
	if err := s.makers.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.makers.Release(1)
	if err := s.refused(cid); err != nil {
		return err
	}
	err := s.makeOf(ctx, cid, width)
	if errors.Is(err, protocol.ErrInvalid) {
		err = errors.Join(err, s.place(s.derived(cid, refusedSuffix), []byte(err.Error()), false))
	}
	return errors.Join(err, s.disown(cid))
}

// disown removes what was made of a picture that was removed meanwhile.
func (s *Store) disown(cid protocol.CID) error {
	if has, err := s.Has(cid); has || err != nil {
		return err
	}
	return errors.Join(ErrNotFound, s.Remove(cid))
}

// refusedSuffix names the note that an original is no picture.
const refusedSuffix = "refused"

func (s *Store) refused(cid protocol.CID) error {
	_, err := os.Stat(s.derived(cid, refusedSuffix))
	if err == nil {
		return invalid("was found to be none before")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// forgive drops the note, because the original's bytes have been replaced.
func (s *Store) forgive(cid protocol.CID) error {
	if err := os.Remove(s.derived(cid, refusedSuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *Store) makeOf(ctx context.Context, cid protocol.CID, width int) error {
	p, err := s.load(cid)
	if err != nil {
		return err
	}
	fit := min(width, fitting(p.upright()))
	pic, err := s.made(cid, fit)
	if errors.Is(err, ErrNotFound) {
		if err := s.render(ctx, cid, p, fit); err != nil {
			return err
		}
		pic, err = s.made(cid, fit)
	}
	if err != nil {
		return err
	}
	return errors.Join(s.alias(cid, pic, fit, width), pic.Close())
}

// load reads an original and its container. Damage on our disk mustn't count as
// the picture's fault.
func (s *Store) load(cid protocol.CID) (parsed, error) {
	f, size, err := s.open(cid)
	if err != nil {
		return parsed{}, err
	}
	defer f.Close()
	if size > MaxSize {
		return parsed{}, tooLong()
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return parsed{}, err
	}
	if !cid.Matches(data) {
		return parsed{}, ErrDamaged
	}
	return parse(data)
}

// upright is the width once the picture is turned.
func (p parsed) upright() int {
	if p.turn.swaps() {
		return p.height
	}
	return p.width
}

// fitting is the smallest of Widths that shows a picture of that width whole, or
// the largest there is.
func fitting(width int) int {
	for _, w := range Widths {
		if w >= width {
			return w
		}
	}
	return Widths[len(Widths)-1]
}

// render decodes, turns, scales and encodes.
func (s *Store) render(ctx context.Context, cid protocol.CID, p parsed, width int) error {
	if err := s.pixels.Acquire(ctx, p.area()); err != nil {
		return err
	}
	defer s.pixels.Release(p.area())
	img, err := p.decode(ctx)
	if err != nil {
		return err
	}
	data, as, err := encode(scaled(p.turn, img, width), sizedQuality)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.place(s.derived(cid, strconv.Itoa(width)+end(as)), data, false)
}

func end(as format) string {
	if as == formatPNG {
		return ".png"
	}
	return ".jpg"
}

// alias gives a picture that is no larger than fit the name of a larger width, too.
func (s *Store) alias(cid protocol.CID, pic Picture, fit, width int) error {
	if fit == width {
		return nil
	}
	suffix := end(format(pic.MIME))
	from, to := s.derived(cid, strconv.Itoa(fit)+suffix), s.derived(cid, strconv.Itoa(width)+suffix)
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	data, err := io.ReadAll(pic) // a file system without links
	if err != nil {
		return err
	}
	return s.place(to, data, false)
}
