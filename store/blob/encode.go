package blob

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
)

// Qualities of JPEG: of sizes made for pages, and of originals that had to be
// turned, the best first that fits.
const sizedQuality = 82

func turnedQualities() []int { return []int{92, 85, 75} }

// encodeAnew encodes a picture to be stored as an original.
func encodeAnew(img image.Image) (parsed, error) {
	p := parsed{width: img.Bounds().Dx(), height: img.Bounds().Dy()}
	for _, quality := range turnedQualities() {
		var err error
		if p.data, p.format, err = encode(img, quality); err != nil {
			return parsed{}, err
		}
		if len(p.data) <= MaxSize {
			return p, nil
		}
	}
	return parsed{}, invalid("has more than %d MiB when it is turned upright", MaxSize>>20)
}

// encode writes JPEG, or PNG when there is transparency.
func encode(img image.Image, quality int) ([]byte, format, error) {
	var b bytes.Buffer
	if opaque(img) {
		err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
		return b.Bytes(), formatJPEG, err
	}
	err := png.Encode(&b, img)
	return b.Bytes(), formatPNG, err
}
