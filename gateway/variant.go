package gateway

import (
	"errors"
	"net/http"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// variant leads from /variant/{brand}/{id} to the proof of the product that has the
// variant: a program that knows no more than the identifier finds the price so
// (specs/10-http.md §3). The answer is a hint; the proof shows whether it holds.
func (g *Gateway) variant(w *recorder, r *http.Request, rest string) {
	name, id, _ := strings.Cut(rest, "/")
	brand, err := protocol.ParseCID(name)
	variant, variantErr := protocol.ParseVariantID(id)
	if err != nil || variantErr != nil {
		g.fail(w, r, g.own(), http.StatusNotFound)
		return
	}
	serves, err := g.serves(r.Context(), brand)
	if err != nil {
		g.trouble(w, r, err)
		return
	}
	var product protocol.Handle
	if serves {
		err = g.store.View(r.Context(), brand, func(v *store.View) (err error) {
			product, err = v.Variant(variant)
			return err
		})
	}
	switch {
	case !serves || errors.Is(err, store.ErrNotFound):
		g.fail(w, r, g.own(), http.StatusNotFound)
	case err != nil:
		g.trouble(w, r, err)
	default:
		public(w.Header())
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, "/proof/"+brand.String()+"/"+string(catalog.ProductPath(product)), http.StatusFound)
	}
}
