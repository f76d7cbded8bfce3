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
	if name == pushWorker {
		g.worker(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", talkPolicy)
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

// pushWorker is the script that wakes up for notifications. Its address stays the same
// from version to version, as browsers want it, and its scope is all conversations.
const pushWorker = "push-worker.js"

// talkPolicy lets pages of conversations name that one script as a worker, by a policy
// that lets nothing else pass.
var talkPolicy = strings.Replace(policy, "trusted-types 'none'", "trusted-types stoa-worker", 1)

func (g *Gateway) worker(w *recorder, r *http.Request) {
	a := g.assets.Named(pushWorker)
	if a == nil {
		g.fail(w, r, g.own(), http.StatusNotFound)
		return
	}
	w.route = "asset"
	w.Header().Set("Service-Worker-Allowed", shop.TalkPath)
	built := &reply{status: http.StatusOK, mediaType: a.Type, body: a.Body, gzip: a.Gzip, brotli: a.Brotli, built: true, tag: a.Integrity[7:39]}
	built.serve(w, r)
}

func (g *Gateway) talkAt(w *recorder, r *http.Request, at place) {
	if at.brand == g.brand {
		redirect(withQuery(shop.TalkPath, r)).serve(w, r)
		return
	}
	g.page(w, r, at, shop.TalkPath)
}
