package gateway

import (
	"net/http"

	"github.com/stoa-commerce/stoa/gateway/shop"
)

// lost looks whether the path of a shop led somewhere once, else says that there is
// nothing.
func (g *Gateway) lost(w http.ResponseWriter, r *http.Request, at place, path string) {
	moved, ok, err := at.shop.Moved(r.Context(), path)
	switch {
	case err != nil:
		g.trouble(w, r, err)
	case ok:
		newReply(moved).serve(w, r)
	default:
		g.fail(w, r, at, http.StatusNotFound)
	}
}

// unopened says that a shop has no catalog: its brand has published none, or it is
// on the way here.
func (g *Gateway) unopened(w http.ResponseWriter, r *http.Request, at place) {
	if at.isOwn() {
		g.fail(w, r, at, http.StatusServiceUnavailable)
		return
	}
	g.say(w, r, g.own(), shop.Problem{Status: http.StatusServiceUnavailable, Words: shop.NotHereYet})
}

// trouble answers an error that isn't the asker's fault. Its text goes to the
// log, never to a page.
func (g *Gateway) trouble(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody listens any more
	}
	g.log.Error("page failed", "path", r.URL.Path, "error", err)
	g.fail(w, r, g.own(), http.StatusInternalServerError)
}

// fail sends the shop's page for a status.
func (g *Gateway) fail(w http.ResponseWriter, r *http.Request, at place, status int) {
	g.say(w, r, at, shop.Problem{Status: status})
}

func (g *Gateway) say(w http.ResponseWriter, r *http.Request, at place, p shop.Problem) {
	a := at.shop.Failure(r.Context(), p, g.origin(r), at.mark)
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "60")
	}
	newReply(a).serve(w, r)
}
