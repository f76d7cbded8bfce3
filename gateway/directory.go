package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/stoa-commerce/stoa/gateway/shop"
	"github.com/stoa-commerce/stoa/store"
)

// neighbors remembers for a moment whether there are any, since pages of the own
// shop link to them.
type neighbors struct {
	mu    sync.Mutex
	any   bool
	known time.Time // until when
}

// neighborTime is how long it may take until the first brand that is followed, or
// the last one, shows in the own shop's pages.
const neighborTime = 2 * time.Second

func (g *Gateway) hasOthers(ctx context.Context) bool {
	if g.mirrors == nil {
		return false
	}
	g.others.mu.Lock()
	defer g.others.mu.Unlock()
	if now := time.Now(); now.After(g.others.known) {
		list, err := g.mirrors.List(ctx)
		if err != nil {
			return g.others.any
		}
		g.others.any, g.others.known = len(list) > 0, now.Add(neighborTime)
	}
	return g.others.any
}

// directory answers /brands, and "/" of a shop that has nothing to sell itself.
func (g *Gateway) directory(w http.ResponseWriter, r *http.Request) {
	asked, ok := shop.Parse(shop.DirectoryPath, queryOf(r))
	at := g.own()
	state, err := g.state(r.Context(), at)
	if err == nil && g.mirrors == nil {
		g.lost(w, r, at, r.URL.Path)
		return
	}
	var all []shop.Neighbor
	if err == nil {
		all, err = g.neighbors(r.Context(), state)
	}
	switch {
	case err != nil:
		g.trouble(w, r, err)
	case !ok:
		g.lost(w, r, at, r.URL.Path)
	case asked.Words != "" && r.URL.Path == shop.DirectoryPath:
		g.across(w, r, asked, all)
	default:
		g.listBrands(w, r, asked, state, all)
	}
}

// neighbors are the brands that this server shows: the own one first, when it has
// products.
func (g *Gateway) neighbors(ctx context.Context, own shop.State) ([]shop.Neighbor, error) {
	list, err := g.mirrors.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list brands: %w", err)
	}
	var all []shop.Neighbor
	if !own.Empty {
		all = append(all, shop.Neighbor{Brand: g.brand, Mark: own.Mark})
	}
	for _, m := range list {
		if isHandle(m.Handle) {
			all = append(all, shop.Neighbor{Brand: m.Brand, Base: "/@" + m.Handle, Name: m.Name, Domain: m.Domain, Mark: m.mark()})
		}
	}
	return all, nil
}

// across searches all shops. What it finds isn't kept: it would depend on the heads
// of all brands.
func (g *Gateway) across(w http.ResponseWriter, r *http.Request, asked shop.Request, all []shop.Neighbor) {
	page, err := g.render(r.Context(), func(ctx context.Context) (shop.Answer, error) {
		select {
		case g.searches <- struct{}{}:
			defer func() { <-g.searches }()
		case <-ctx.Done():
			return shop.Answer{}, errBusy
		}
		return g.shop.Across(ctx, asked.Words, all, g.origin(r))
	})
	switch {
	case errors.Is(err, errBusy):
		g.fail(w, r, g.own(), http.StatusServiceUnavailable)
	case err != nil:
		g.trouble(w, r, err)
	default:
		page.serve(w, r)
	}
}

func (g *Gateway) listBrands(w http.ResponseWriter, r *http.Request, asked shop.Request, state shop.State, all []shop.Neighbor) {
	d := shop.Directory{Total: len(all), Number: asked.Number, Path: r.URL.Path}
	from := (asked.Number - 1) * shop.BrandsPerPage
	if from > 0 && from >= len(all) {
		g.lost(w, r, g.own(), r.URL.Path)
		return
	}
	d.Brands = all[min(from, len(all)):min(from+shop.BrandsPerPage, len(all))]
	beside, err := g.digest(r.Context(), d)
	if err != nil {
		g.trouble(w, r, err)
		return
	}
	key := pageKey{asked: asked, state: state, origin: g.origin(r), beside: beside}
	g.answer(w, r, g.own(), key, func(ctx context.Context) (shop.Answer, error) {
		return g.shop.Directory(ctx, d, key.origin)
	})
}

// digest names everything that a page of the directory depends on, to the minute.
func (g *Gateway) digest(ctx context.Context, d shop.Directory) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, d.Path, d.Total, g.now().Unix()/60)
	for _, n := range d.Brands {
		tip, err := g.store.Tip(ctx, n.Brand)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return "", fmt.Errorf("head of %s: %w", n.Brand, err)
		}
		fmt.Fprintf(h, "%+v %s\n", n, tip.Head)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
