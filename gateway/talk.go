package gateway

import (
	"net/http"
	"strings"

	"github.com/stoa-commerce/stoa/gateway/shop"
)

// talk answers /t/, the conversation with the own brand, and /t/{handle}, that with a
// brand shown beside it. A brand's identifier leads there, too: links that shoppers
// keep have it, since a handle may come to mean another brand.
func (g *Gateway) talk(w *recorder, r *http.Request, name string) {
	name = strings.TrimSuffix(name, "/")
	if name == "" && r.URL.Path == shop.TalkPath {
		g.page(w, r, g.own(), shop.TalkPath)
		return
	}
	if name == "" || name == g.brand.String() {
		redirect(withQuery(shop.TalkPath, r)).serve(w, r)
		return
	}
	if at, ok := g.placeOf(name); ok {
		g.talkAt(w, r, at)
		return
	}
	handle, ok := "", false
	if g.mirrors != nil {
		handle, ok = g.handleOf(r.Context(), name)
	}
	if !ok {
		g.say(w, r, g.own(), shop.Problem{Status: http.StatusNotFound, Words: shop.UnknownBrand})
		return
	}
	redirect(withQuery(shop.TalkPath+handle, r)).serve(w, r)
}

func (g *Gateway) talkAt(w *recorder, r *http.Request, at place) {
	if at.brand == g.brand {
		redirect(withQuery(shop.TalkPath, r)).serve(w, r)
		return
	}
	g.page(w, r, at, shop.TalkPath)
}
