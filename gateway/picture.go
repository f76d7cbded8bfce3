package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/gateway/theme"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/blob"
)

// pictureTime bounds the making of one size.
const pictureTime = 20 * time.Second

// picture serves /m/{cid}/{width}.jpg, a picture decoded and encoded anew. The
// media type says what it is: one with transparency is a PNG. Only pictures that
// the brand's catalog names are served: the node may hold those of drafts, too. In
// place of a mirrored brand's picture that isn't here yet stands a quiet one.
func (g *Gateway) picture(w *recorder, r *http.Request, at place, rest string) {
	cid, width, ok := parsePicture(rest)
	if !ok {
		g.fail(w, r, at, http.StatusNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pictureTime)
	defer cancel()
	manifest, err := g.manifest(ctx, at, cid)
	if err != nil {
		g.noPicture(w, r, at, err)
		return
	}
	file, err := g.blobs.Sized(ctx, cid, width)
	if err != nil && !at.isOwn() && g.stands(w, r, at, manifest, width, err) {
		return
	}
	if err != nil {
		g.noPicture(w, r, at, err)
		return
	}
	defer file.Close()
	h := w.Header()
	h["Cache-Control"] = forever
	h["Content-Type"] = []string{file.MIME}
	h["Etag"] = []string{`"` + rest + `"`}
	http.ServeContent(w, r, "", time.Time{}, file)
}

func (g *Gateway) noPicture(w http.ResponseWriter, r *http.Request, at place, err error) {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, blob.ErrNotFound) || errors.Is(err, protocol.ErrInvalid) {
		g.log.Debug("no such picture", "brand", at.brand, "error", err)
		g.fail(w, r, at, http.StatusNotFound)
		return
	}
	g.trouble(w, r, err)
}

// manifest is what the brand's catalog says of a picture.
func (g *Gateway) manifest(ctx context.Context, at place, cid protocol.CID) (m *catalog.Media, err error) {
	err = g.store.View(ctx, at.brand, func(v *store.View) (err error) {
		m, err = v.Media(cid)
		return err
	})
	return m, err
}

// stands puts a quiet picture in the place of one that isn't here yet, which is
// asked for, or that is none. It reports false when neither is so, or when the width
// is none.
func (g *Gateway) stands(w http.ResponseWriter, r *http.Request, at place, m *catalog.Media, width int, err error) bool {
	status := http.StatusNotFound
	switch {
	case !slices.Contains(blob.Widths[:], width):
		return false
	case errors.Is(err, blob.ErrNotFound):
		g.mirrors.Want(at.brand, m.Blob)
		w.Header().Set("Retry-After", "5")
		status = http.StatusAccepted
	case !errors.Is(err, protocol.ErrInvalid):
		return false
	}
	body := standIn(m)
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // an error means that nobody listens any more
	}
	return true
}

// standIn draws a plate in the picture's proportions and average colour, with a
// faint frame on it. Nothing in it is the brand's but three checked numbers.
func standIn(m *catalog.Media) string {
	width, height := max(m.Width, 1), max(m.Height, 1)
	color, ink := "#d9d6d0", "#000"
	if c, err := theme.ParseColor(m.Color); err == nil {
		color = c.String()
		if theme.Contrast(c, theme.Color{R: 255, G: 255, B: 255}) > 4.5 {
			ink = "#fff"
		}
	}
	side := min(width, height)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d"><path fill="%s" d="M0 0h%dv%dH0z"/>`+
		`<g transform="translate(%d %d) scale(%g)" fill="none" stroke="%s" stroke-opacity=".22" stroke-width="1.2" stroke-linejoin="round">`+
		`<path d="M-8-6.5H8v13H-8z"/><path d="m-8 4 4.5-4.5L1 4l3-3 4 4"/><circle cx="3.8" cy="-2.6" r="1.4"/></g></svg>`,
		width, height, color, width, height, width/2, height/2, float64(side)/160, ink)
}

// parsePicture reads {cid}/{width}.jpg; there is one way to write each.
func parsePicture(rest string) (cid protocol.CID, width int, ok bool) {
	name, file, _ := strings.Cut(rest, "/")
	digits, jpg := strings.CutSuffix(file, ".jpg")
	cid, err := protocol.ParseCID(name)
	if err != nil || !jpg {
		return cid, 0, false
	}
	width, err = strconv.Atoi(digits)
	return cid, width, err == nil && strconv.Itoa(width) == digits
}
