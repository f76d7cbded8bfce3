package blob

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
)

// decode reads the pixels, as encoded: p.turn isn't applied. The caller has
// acquired the area.
func (p parsed) decode(ctx context.Context) (img image.Image, err error) {
	// A decoder that stumbles over hostile bytes must not take the node with it.
	defer func() {
		if r := recover(); r != nil {
			img, err = nil, undecodable(fmt.Errorf("%v", r))
		}
	}()
	img, err = p.decodeAs(patient{ctx, bytes.NewReader(p.data)})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, undecodable(err)
	}
	if size := img.Bounds().Size(); size.X != p.width || size.Y != p.height {
		return nil, invalid("has %d × %d pixels but says %d × %d", size.X, size.Y, p.width, p.height)
	}
	return img, nil
}

func (p parsed) decodeAs(r io.Reader) (image.Image, error) {
	switch p.format {
	case formatJPEG:
		return jpeg.Decode(r)
	case formatPNG:
		return png.Decode(r)
	case formatWebP:
		return decodeWebP(r)
	}
	frame, err := gif.Decode(r)
	if err != nil {
		return nil, err
	}
	return p.onCanvas(frame), nil
}

// onCanvas puts a GIF's first frame where it belongs when it doesn't fill the
// picture.
func (p parsed) onCanvas(frame image.Image) image.Image {
	canvas := image.Rect(0, 0, p.width, p.height)
	if frame.Bounds() == canvas {
		return frame
	}
	whole := image.NewNRGBA(canvas)
	draw.Draw(whole, frame.Bounds(), frame, frame.Bounds().Min, draw.Src)
	return whole
}

func undecodable(err error) error { return invalid("cannot be decoded (%v)", err) }

// opaque reports whether a picture can do without transparency.
func opaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}
