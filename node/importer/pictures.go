package importer

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// maxSource is the longest source of a picture in bytes.
const maxSource = 2000

// placed is a picture with the place the file gives it.
type placed struct {
	store.PictureRef
	position int
}

// pictures merges the product's pictures: those of its rows by position, then
// those that only variants show.
func (m *merging) pictures() {
	if m.has(colImage) {
		m.is.Pictures = m.listed()
	}
	for i, v := range m.is.Variants {
		if v.Picture != "" && pictureAt(m.is.Pictures, v.Picture) < 0 {
			m.is.Pictures = append(m.is.Pictures, store.PictureRef{Source: m.is.Variants[i].Picture, Alt: m.formerAlt(v.Picture)})
		}
	}
	if n := len(m.is.Pictures); n > catalog.MaxMedia {
		m.faultAt(m.group.rows[0], colImage, "the product has %d pictures, allowed are %d", n, catalog.MaxMedia)
	}
}

// listed returns the pictures of the rows in order, each source once.
func (m *merging) listed() []store.PictureRef {
	var list []placed
	for _, r := range m.group.rows {
		if source := m.source(r, colImage); source != "" {
			list = append(list, placed{store.PictureRef{Source: source, Alt: m.alt(r, source)}, m.position(r)})
		}
	}
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Compare(a.position, b.position) })
	var out []store.PictureRef
	for _, p := range list {
		if i := pictureAt(out, p.Source); i < 0 {
			out = append(out, p.PictureRef)
		} else if out[i].Alt == "" {
			out[i].Alt = p.Alt
		}
	}
	return out
}

func pictureAt(list []store.PictureRef, source string) int {
	return slices.IndexFunc(list, func(p store.PictureRef) bool { return p.Source == source })
}

// source reads where a picture is to be had.
func (m *merging) source(r *row, c column) string {
	source := m.cell(r, c)
	for _, char := range source {
		if unicode.IsControl(char) {
			m.faultAt(r, c, "holds a line break or another control character")
			return ""
		}
	}
	if len(source) > maxSource {
		m.faultAt(r, c, "is longer than %d bytes", maxSource)
		return ""
	}
	return strings.Clone(source) // it is kept longer than its row
}

// position reads the place of a picture; those without one come last.
func (m *merging) position(r *row) int {
	text := m.cell(r, colImagePosition)
	if text == "" {
		return math.MaxInt
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		m.warnAt(r, colImagePosition, "%q is no position such as 1; the picture comes last", clip(text))
		return math.MaxInt
	}
	return n
}

// alt reads what describes a picture.
func (m *merging) alt(r *row, source string) string {
	if !m.has(colImageAlt) {
		return m.formerAlt(source)
	}
	alt := tidy(m.cell(r, colImageAlt))
	if utf8.RuneCountInString(alt) > catalog.MaxAlt {
		m.faultAt(r, colImageAlt, "is longer than %d characters", catalog.MaxAlt)
	}
	return alt
}

func (m *merging) formerAlt(source string) string {
	if m.was != nil {
		if i := pictureAt(m.was.Pictures, source); i >= 0 {
			return m.was.Pictures[i].Alt
		}
	}
	return ""
}
