package blob

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// fuzzPixels keeps a fuzzing machine's memory whole.
const fuzzPixels = 1 << 18

// FuzzPicture feeds foreign bytes to all that looks at them. Whatever they are,
// they are a picture or are refused as none; what is kept of a picture is itself
// one, of which all is kept.
func FuzzPicture(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parse(data)
		if err != nil {
			refusedAsInvalid(t, err)
			return
		}
		if p.area() > fuzzPixels {
			return
		}
		img, err := p.decode(t.Context())
		if err != nil {
			refusedAsInvalid(t, err)
			return
		}
		again, err := parse(p.data)
		if err != nil || !bytes.Equal(again.data, p.data) || again.turn.turns() || again.width != p.width || again.height != p.height {
			t.Fatalf("what was kept of it gives %d × %d, turn %d, %v", again.width, again.height, again.turn, err)
		}
		averageColor(img)
		made, _, err := encode(scaled(p.turn, img, 160), sizedQuality)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := parse(made); err != nil || p.width > 160 {
			t.Fatalf("the size made of it: %d pixels wide, %v", p.width, err)
		}
	})
}

func refusedAsInvalid(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, protocol.ErrInvalid) {
		t.Fatal(err)
	}
}
