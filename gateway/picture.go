package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/blob"
)

// pictureTime bounds the making of one size.
const pictureTime = 20 * time.Second

// picture serves /m/{cid}/{width}.jpg, a picture decoded and encoded anew. The
// media type says what it is: one with transparency is a PNG. Only pictures that
// the brand's catalog names are served: the node may hold those of drafts, too.
func (g *Gateway) picture(w *recorder, r *http.Request, rest string) {
	cid, width, ok := parsePicture(rest)
	if !ok {
		g.fail(w, r, http.StatusNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pictureTime)
	defer cancel()
	file, err := g.openPicture(ctx, cid, width)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, blob.ErrNotFound) || errors.Is(err, protocol.ErrInvalid) {
		g.log.Debug("no such picture", "error", err)
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
	h["Content-Type"] = []string{file.MIME}
	h["Etag"] = []string{`"` + rest + `"`}
	http.ServeContent(w, r, "", time.Time{}, file)
}

func (g *Gateway) openPicture(ctx context.Context, cid protocol.CID, width int) (blob.Picture, error) {
	err := g.store.View(ctx, g.brand, func(v *store.View) error {
		_, err := v.Media(cid)
		return err
	})
	if err != nil {
		return blob.Picture{}, err
	}
	return g.blobs.Sized(ctx, cid, width)
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
