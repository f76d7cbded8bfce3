// Package gateway is the face of a node: the HTTP handlers that shoppers, other
// programs and the machine's owner reach. It routes, bounds and dresses what
// gateway/shop renders, of the own brand at "/" and of followed ones below
// "/@{handle}/", and carries out specs/10-http.md and DESIGN.md §5.
//
// It reads the store and never writes to it; it doesn't know of peers, keys or
// how a catalog comes to be accepted. Listening, certificates and configuration
// are cmd/stoa's.
package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/gateway/api"
	"github.com/stoa-commerce/stoa/gateway/shop"
	"github.com/stoa-commerce/stoa/gateway/web"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/blob"
)

// Options is what a Gateway needs.
type Options struct {
	Store *store.Store
	Blobs *blob.Store
	// Brand is whose storefront stands at "/".
	Brand protocol.CID
	Log   *slog.Logger
	// Origin returns the scheme and host that shoppers see, such as
	// "https://shop.example", without a slash at the end. Nil takes the request's
	// own Host over http.
	Origin func(*http.Request) string
	// CacheBytes bounds the rendered pages kept in memory; 0 is 64 MiB.
	CacheBytes int64
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// Mirrors are the brands shown beside the own one; nil when there are none.
	Mirrors Mirrors
	// Peers returns where other nodes reach this one, as multiaddrs; nil for a node
	// that can't be reached.
	Peers func() []string
	// Threads are the conversations below /api/; nil for a gateway that only shows.
	Threads api.Threads
	// Proxies are whose X-Forwarded-For is believed, for quotas of conversations.
	Proxies []netip.Prefix
}

// Gateway is the public handler.
type Gateway struct {
	store    *store.Store
	brand    protocol.CID
	shop     *shop.Shop
	shops    *shops
	mirrors  Mirrors
	others   neighbors
	peers    func() []string
	now      func() time.Time
	assets   *web.Assets
	blobs    *blob.Store
	pages    *cache
	origin   func(*http.Request) string
	log      *slog.Logger
	metrics  *metrics
	api      *api.API      // nil without conversations
	renders  chan struct{} // holds one for each page being rendered
	searches chan struct{} // holds one for each search in all shops
}

// New builds the public handler.
func New(o Options) (*Gateway, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Origin == nil {
		o.Origin = func(r *http.Request) string { return "http://" + r.Host }
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 64 << 20
	}
	assets, err := web.Load()
	if err != nil {
		return nil, err
	}
	s, err := shop.New(shop.Options{Store: o.Store, Brand: o.Brand, Assets: assets, Now: o.Now})
	if err != nil {
		return nil, err
	}
	g := &Gateway{store: o.Store, brand: o.Brand, shop: s, assets: assets, blobs: o.Blobs, origin: o.Origin, log: o.Log, pages: newCache(o.CacheBytes)}
	g.shops, g.mirrors, g.peers, g.now = newShops(s), o.Mirrors, o.Peers, o.Now
	g.renders = make(chan struct{}, 4*runtime.GOMAXPROCS(0))
	g.searches = make(chan struct{}, runtime.GOMAXPROCS(0))
	g.metrics = newMetrics(g.pages)
	if o.Threads != nil {
		g.api = api.New(api.Options{Threads: o.Threads, Log: o.Log, Proxies: o.Proxies, Now: o.Now})
	}
	return g, nil
}

// Close ends event streams and what waits for a brand's answer. Pages and requests
// that don't wait are answered on.
func (g *Gateway) Close() {
	if g.api != nil {
		g.api.Close()
	}
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{ResponseWriter: w, route: "page"}
	defer g.finish(rec, r, time.Now())
	secure(rec.Header(), r)
	if g.api != nil && api.Handles(r.URL.Path) {
		rec.route = api.Route(r.URL.Path)
		g.api.ServeHTTP(rec, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		rec.Header().Set("Allow", "GET, HEAD")
		g.fail(rec, r, g.own(), http.StatusMethodNotAllowed)
		return
	}
	g.route(rec, r)
}

func (g *Gateway) route(w *recorder, r *http.Request) {
	path := r.URL.Path
	switch first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); {
	case len(path) > maxPath || !strings.HasPrefix(path, "/"):
		g.fail(w, r, g.own(), http.StatusBadRequest)
	case first == "assets":
		w.route = "asset"
		g.asset(w, r, rest)
	case first == "m":
		w.route = "picture"
		g.picture(w, r, g.own(), rest)
	case strings.HasPrefix(first, "@"):
		g.mirrored(w, r, first[1:])
	case first == "proof":
		w.route = "proof"
		g.proof(w, r, rest)
	case first == "variant":
		w.route = "proof"
		g.variant(w, r, rest)
	case path == "/.well-known/stoa":
		w.route = "well-known"
		g.about(w, r)
	case first == "t":
		g.talk(w, r, rest)
	case path == shop.DirectoryPath:
		g.directory(w, r)
	default:
		g.page(w, r, g.own(), path)
	}
}

// maxPath is the longest path of an address in bytes.
const maxPath = 1024

// renderTime bounds the rendering of one page.
const renderTime = 10 * time.Second

// page answers from the cache or renders the page at a path of a shop. The key
// holds everything that the answer depends on, the catalog's head among it: an edit
// shows in the next response.
func (g *Gateway) page(w http.ResponseWriter, r *http.Request, at place, path string) {
	asked, ok := shop.Parse(path, queryOf(r))
	state, err := g.state(r.Context(), at)
	if err != nil {
		g.trouble(w, r, err)
		return
	}
	at.mark = state.Mark
	switch {
	case !ok:
		g.lost(w, r, at, path)
		return
	case at.isOwn() && state.Empty && state.Others && asked.Page == shop.Home:
		g.directory(w, r)
		return
	case !state.Head.Defined() && !(asked.Bare() && at.isOwn()):
		g.unopened(w, r, at)
		return
	}
	key := pageKey{asked: asked, state: state, origin: g.origin(r), base: at.base}
	g.answer(w, r, at, key, func(ctx context.Context) (shop.Answer, error) {
		return at.shop.Answer(ctx, asked, key.origin, state.Mark)
	})
}

// answer sends the page of the key, made when it isn't there.
func (g *Gateway) answer(w http.ResponseWriter, r *http.Request, at place, key pageKey, make func(context.Context) (shop.Answer, error)) {
	kept, err := g.pages.get(key, func() (*reply, error) {
		return g.render(context.WithoutCancel(r.Context()), make)
	})
	switch {
	case errors.Is(err, errBusy):
		g.fail(w, r, at, http.StatusServiceUnavailable)
	case errors.Is(err, shop.ErrNotFound):
		g.lost(w, r, at, strings.TrimPrefix(r.URL.Path, at.base))
	case err != nil:
		g.trouble(w, r, err)
	default:
		g.pages.settle(key, kept.serve(w, r))
	}
}

// errBusy means that too many pages are being rendered.
var errBusy = errors.New("too many pages are being rendered")

// render makes a page when it is its turn. It goes on when the one who asked has
// left: others may be waiting for the same page.
func (g *Gateway) render(ctx context.Context, make func(context.Context) (shop.Answer, error)) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, renderTime)
	defer cancel()
	select {
	case g.renders <- struct{}{}:
		defer func() { <-g.renders }()
	case <-ctx.Done():
		return nil, errBusy
	}
	a, err := make(ctx)
	if err != nil {
		return nil, err
	}
	return newReply(a), nil
}

// asset serves a built file; its name holds a hash of its content.
func (g *Gateway) asset(w http.ResponseWriter, r *http.Request, file string) {
	a := g.assets.File(file)
	if a == nil {
		g.fail(w, r, g.own(), http.StatusNotFound)
		return
	}
	built := &reply{status: http.StatusOK, mediaType: a.Type, body: a.Body, gzip: a.Gzip, brotli: a.Brotli, built: true, forever: true, tag: a.Integrity[7:39]}
	built.serve(w, r)
}
