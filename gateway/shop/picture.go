package shop

import (
	"errors"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/gateway/theme"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// picture is one picture on a page, in the sizes that the page may need.
type picture struct {
	Blob          protocol.CID
	Source        string
	Sources       template.Srcset
	Sizes, Alt    string
	Width, Height int // of the original: the box's proportions
	Color         string
	First         bool // the largest thing in the first view: fetched at once
}

// Widths of the files that a picture is asked for in.
var (
	cardWidths  = []int{160, 320, 480, 640, 960}
	largeWidths = []int{320, 480, 640, 960, 1280, 1920}
	thumbWidths = []int{160, 320}
)

// What share of the window a picture fills, in the syntax of the sizes
// attribute.
const (
	cardSizes  = "(min-width: 60rem) 22vw, (min-width: 48rem) 32vw, 46vw"
	largeSizes = "(min-width: 60rem) 55vw, 100vw"
	halfSizes  = "(min-width: 60rem) 45vw, 94vw"
	thumbSizes = "4.5rem"
)

// picture looks a picture up; nil when the catalog has no manifest of it.
func (v *visit) picture(ref *catalog.MediaRef, sizes string, widths []int) (*picture, error) {
	if ref == nil {
		return nil, nil
	}
	m, err := v.mediaOf(ref.Blob)
	if m == nil || err != nil {
		return nil, err
	}
	p := &picture{Blob: ref.Blob, Sizes: sizes, Alt: ref.Alt, Width: m.Width, Height: m.Height}
	if c, err := theme.ParseColor(m.Color); err == nil {
		p.Color = c.String()
	}
	p.Source, p.Sources = v.house.sources(ref.Blob.String(), m.Width, widths)
	return p, nil
}

// mediaOf reads the manifest of a picture, once for all its places on a page.
func (v *visit) mediaOf(blob protocol.CID) (*catalog.Media, error) {
	if m, ok := v.media[blob]; ok {
		return m, nil
	}
	m, err := v.view.Media(blob)
	if errors.Is(err, store.ErrNotFound) {
		m, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read manifest of a picture: %w", err)
	}
	if v.media == nil {
		v.media = map[protocol.CID]*catalog.Media{}
	}
	v.media[blob] = m
	return m, nil
}

// sources lists the widths up to the first that shows the whole original.
func (h *house) sources(blob string, original int, widths []int) (string, template.Srcset) {
	var set strings.Builder
	largest := widths[0]
	for i, w := range widths {
		if i > 0 && widths[i-1] >= original {
			break
		}
		if i > 0 {
			set.WriteString(", ")
		}
		set.WriteString(h.pictureURL(blob, w) + " " + strconv.Itoa(w) + "w")
		largest = w
	}
	return h.pictureURL(blob, min(largest, 640)), template.Srcset(set.String())
}

func (h *house) pictureURL(blob string, width int) string {
	return h.Base + "/m/" + blob + "/" + strconv.Itoa(width) + ".jpg"
}

// Shape names the picture's proportions for the stylesheet.
func (p *picture) Shape() string {
	switch {
	case p.Width*5 > p.Height*6:
		return "is-wide"
	case p.Height*5 > p.Width*6:
		return "is-tall"
	}
	return "is-even"
}
