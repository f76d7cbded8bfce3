package blob

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sync/semaphore"

	"github.com/stoa-commerce/stoa/protocol"
)

// Widths are the sizes that pictures are made in, in pixels.
var Widths = [...]int{160, 320, 480, 640, 960, 1280, 1920}

// Picture is a picture fit for a browser, open for reading. Whoever got it closes
// it.
type Picture struct {
	io.ReadSeekCloser
	MIME          string // image/jpeg, or image/png when it has transparency
	Width, Height int    // pixels
	Size          int64  // bytes
}

func newMakers() *semaphore.Weighted {
	return semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))
}

// Sized opens a picture at one of Widths, or at its own when that is smaller,
// decoded from the original and encoded anew. It is made when it is first asked
// for and then kept; several that ask at once wait for one. The error wraps
// ErrNotFound when the original isn't here or width isn't one of Widths,
// protocol.ErrInvalid when the original isn't a picture that Put would take, and
// ctx's when that ended.
func (s *Store) Sized(ctx context.Context, cid protocol.CID, width int) (Picture, error) {
	if cid.Codec() != protocol.Raw || !slices.Contains(Widths[:], width) {
		return Picture{}, fmt.Errorf("picture %s at %d pixels: %w", cid, width, ErrNotFound)
	}
	pic, err := s.sized(ctx, cid, width)
	if err != nil {
		return Picture{}, fmt.Errorf("picture %s at %d pixels: %w", cid, width, err)
	}
	return pic, nil
}

func (s *Store) sized(ctx context.Context, cid protocol.CID, width int) (Picture, error) {
	for {
		if pic, err := s.made(cid, width); !errors.Is(err, ErrNotFound) {
			return pic, err
		}
		done, err := s.flights.lead(ctx, s.derived(cid, strconv.Itoa(width)))
		if err != nil {
			return Picture{}, err
		}
		if done == nil {
			continue
		}
		err = s.make(ctx, cid, width)
		done()
		if err != nil {
			return Picture{}, err
		}
	}
}

// extensions are the names' ends of what encode writes, the commoner first.
var extensions = [...]struct {
	end    string
	format format
}{{".jpg", formatJPEG}, {".png", formatPNG}}

// made opens a size that was made before. One that a power cut left broken counts
// as not made.
func (s *Store) made(cid protocol.CID, width int) (Picture, error) {
	for _, e := range extensions {
		f, err := os.Open(s.derived(cid, strconv.Itoa(width)+e.end))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Picture{}, err
		}
		pic, err := asMade(f, e.format)
		if err == nil {
			return pic, nil
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Picture{}, err
		}
	}
	return Picture{}, ErrNotFound
}

func asMade(f *os.File, as format) (Picture, error) {
	config, err := configOf(f, as)
	if err != nil {
		return Picture{}, err
	}
	tail := make([]byte, 2)
	end, err := f.Seek(-2, io.SeekEnd)
	if err == nil {
		_, err = io.ReadFull(f, tail)
	}
	if err != nil || string(tail) != endOf(as) {
		return Picture{}, invalid("has no end")
	}
	_, err = f.Seek(0, io.SeekStart)
	return Picture{ReadSeekCloser: f, MIME: string(as), Width: config.Width, Height: config.Height, Size: end + 2}, err
}

func configOf(f *os.File, as format) (image.Config, error) {
	if as == formatPNG {
		return png.DecodeConfig(f)
	}
	return jpeg.DecodeConfig(f)
}

// endOf is how every file of the format ends: JPEG's last marker, the check sum of
// PNG's last chunk.
func endOf(as format) string {
	if as == formatPNG {
		return "\x60\x82"
	}
	return "\xff\xd9"
}
