package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/stoa-commerce/stoa/gateway/shop"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// Mirrors is what the gateway asks of the node about brands.
type Mirrors interface {
	// Mirror returns how fresh the catalog of a brand is, the own one included. It is
	// asked on every request, so it is cheap. An error wrapping store.ErrNotFound
	// means that the brand isn't shown here.
	Mirror(ctx context.Context, brand protocol.CID) (Freshness, error)
	// ByHandle returns which brand has a handle; at any time one at most.
	ByHandle(handle string) (protocol.CID, bool)
	// List returns the brands shown beside the own one, by handle.
	List(ctx context.Context) ([]Mirrored, error)
	// Want asks for a picture of a brand to be fetched soon. It doesn't wait.
	Want(brand, picture protocol.CID)
}

// Freshness is how sure the node is that a catalog is the brand's latest.
type Freshness struct {
	State  string          // current, stale, expired or contested
	Reason string          // of a contest: that of a disputed identity has the word identity in it, that of a revoked key the word revoked; shoppers are told in words of their own
	Seen   protocol.Millis // when the brand's own node was last heard; 0 if never
	Behind bool            // something newer was announced and isn't here yet
}

// dispute reads what a contest is about from the words of the reason.
func (f Freshness) dispute() shop.Dispute {
	switch {
	case strings.Contains(f.Reason, "identity"):
		return shop.Keys
	case strings.Contains(f.Reason, "revoked"):
		return shop.Revoked
	}
	return shop.Catalogs
}

// Mirrored is a brand shown beside the own one.
type Mirrored struct {
	Brand    protocol.CID
	Handle   string // at most 253 letters, digits, dots, hyphens and underscores
	Name     string
	Domain   string // that was verified to be the brand's; "" if none
	Products int
	Freshness
}

// mark is what pages say of a freshness.
func (f Freshness) mark() shop.Mark {
	m := shop.Mark{State: shop.Freshness(f.State)}
	switch m.State {
	case shop.Stale:
		m.Behind, m.Seen = f.Behind, f.Seen-f.Seen%60_000
	case shop.Contested:
		m.Why = f.dispute()
	}
	return m
}

// place is a shop and where it stands.
type place struct {
	shop  *shop.Shop
	brand protocol.CID
	base  string
	mark  shop.Mark // once it is known
}

func (p place) isOwn() bool { return p.base == "" }

func (g *Gateway) own() place { return place{shop: g.shop, brand: g.brand} }

// maxHandle is the longest handle: that of a domain.
const maxHandle = 253

// mirrored answers below /@{handle}.
func (g *Gateway) mirrored(w *recorder, r *http.Request, handle string) {
	at, ok := g.placeOf(handle)
	if !ok {
		g.misnamed(w, r, handle)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, at.base)
	switch picture, isPicture := strings.CutPrefix(path, "/m/"); {
	case path == "":
		redirect(at.base+"/").serve(w, r)
	case path == shop.TalkPath:
		redirect(withQuery(shop.TalkPath+handle, r)).serve(w, r)
	case isPicture:
		w.route = "picture"
		g.picture(w, r, at, picture)
	default:
		g.page(w, r, at, path)
	}
}

func (g *Gateway) placeOf(handle string) (place, bool) {
	if g.mirrors == nil || !isHandle(handle) {
		return place{}, false
	}
	brand, ok := g.mirrors.ByHandle(handle)
	if !ok {
		return place{}, false
	}
	base := "/@" + handle
	return place{shop: g.shops.at(brand, base), brand: brand, base: base}, true
}

// isHandle reports whether a handle means the same wherever it stands in an address.
func isHandle(s string) bool {
	odd := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	}
	return s != "" && len(s) <= maxHandle && !strings.ContainsFunc(s, odd)
}

// misnamed leads from a brand's identifier, or a handle in capitals, to where the
// brand stands.
func (g *Gateway) misnamed(w *recorder, r *http.Request, name string) {
	if g.mirrors == nil {
		g.lost(w, r, g.own(), r.URL.Path)
		return
	}
	handle, ok := g.handleOf(r.Context(), name)
	if !ok {
		g.say(w, r, g.own(), shop.Problem{Status: http.StatusNotFound, Words: shop.UnknownBrand})
		return
	}
	redirect(withQuery("/@"+handle+strings.TrimPrefix(r.URL.EscapedPath(), "/@"+name), r)).serve(w, r)
}

// withQuery is the path with the query that was asked for.
func withQuery(path string, r *http.Request) string {
	if r.URL.RawQuery == "" {
		return path
	}
	return path + "?" + r.URL.RawQuery
}

func (g *Gateway) handleOf(ctx context.Context, name string) (string, bool) {
	if lower := strings.ToLower(name); lower != name && isHandle(lower) {
		if _, ok := g.mirrors.ByHandle(lower); ok {
			return lower, true
		}
	}
	brand, err := protocol.ParseCID(name)
	if err != nil {
		return "", false
	}
	list, err := g.mirrors.List(ctx)
	if err != nil {
		return "", false
	}
	for _, m := range list {
		if m.Brand == brand && isHandle(m.Handle) {
			return m.Handle, true
		}
	}
	return "", false
}

func redirect(target string) *reply {
	return newReply(shop.Answer{Status: http.StatusFound, Location: target})
}

// state is the present state of the shop at a place.
func (g *Gateway) state(ctx context.Context, at place) (shop.State, error) {
	if at.isOwn() {
		at.shop.SetOthers(g.hasOthers(ctx))
	}
	known, err := g.freshness(ctx, at.brand)
	if err != nil {
		return shop.State{}, err
	}
	return at.shop.State(ctx, known.mark())
}

func (g *Gateway) freshness(ctx context.Context, brand protocol.CID) (Freshness, error) {
	if g.mirrors == nil {
		return Freshness{}, nil
	}
	f, err := g.mirrors.Mirror(ctx, brand)
	if errors.Is(err, store.ErrNotFound) && brand == g.brand {
		return Freshness{}, nil
	}
	return f, err
}

// serves reports whether the brand is the own one or shown beside it.
func (g *Gateway) serves(ctx context.Context, brand protocol.CID) (bool, error) {
	if brand == g.brand {
		return true, nil
	}
	if g.mirrors == nil {
		return false, nil
	}
	_, err := g.mirrors.Mirror(ctx, brand)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
