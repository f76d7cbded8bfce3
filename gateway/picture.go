package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// Pictures gives the pictures of a catalog, re-encoded from the original and
// without its metadata.
type Pictures interface {
	// Sized opens a picture at a width of Widths, or at its own when that is
	// smaller, as "jpg" or "png". It returns an error wrapping store.ErrNotFound
	// when the node doesn't have the original. The caller closes the file.
	Sized(ctx context.Context, blob protocol.CID, width int, format string) (io.ReadSeekCloser, error)
}

// pictureTime bounds the making of one size.
const pictureTime = 20 * time.Second

// picture serves /m/{cid}/{width}.jpg or .png. Only pictures that the brand's
// catalog names are served: the store may hold those of drafts, too.
func (g *Gateway) picture(w *recorder, r *http.Request, rest string) {
	blob, width, format, ok := parsePicture(rest)
	if !ok {
		g.fail(w, r, http.StatusNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pictureTime)
	defer cancel()
	file, err := g.openPicture(ctx, blob, width, format)
	if errors.Is(err, store.ErrNotFound) {
		g.fail(w, r, http.StatusNotFound)
		return
	}
	if err != nil {
		g.trouble(w, r, err)
		return
	}
	defer file.Close()
	h := w.Header()
	h["Cache-Control"] = forever
	h["Content-Type"] = []string{map[string]string{"jpg": "image/jpeg", "png": "image/png"}[format]}
	h.Set("ETag", `"`+rest+`"`)
	http.ServeContent(w, r, "", time.Time{}, file)
}

func (g *Gateway) openPicture(ctx context.Context, blob protocol.CID, width int, format string) (io.ReadSeekCloser, error) {
	err := g.store.View(ctx, g.brand, func(v *store.View) error {
		_, err := v.Media(blob)
		return err
	})
	if err != nil {
		return nil, err
	}
	return g.pictures.Sized(ctx, blob, width, format)
}

// parsePicture reads {cid}/{width}.{format}; there is one way to write each.
func parsePicture(rest string) (blob protocol.CID, width int, format string, ok bool) {
	name, file, found := strings.Cut(rest, "/")
	digits, format, dot := strings.Cut(file, ".")
	blob, err := protocol.ParseCID(name)
	if !found || !dot || err != nil || format != "jpg" && format != "png" {
		return blob, 0, "", false
	}
	width, err = strconv.Atoi(digits)
	if err != nil || strconv.Itoa(width) != digits {
		return blob, 0, "", false
	}
	for _, w := range Widths {
		if w == width {
			return blob, width, format, true
		}
	}
	return blob, 0, "", false
}

// Widths are the sizes that pictures are served in, in pixels.
var Widths = [...]int{160, 320, 480, 640, 960, 1280, 1920}
