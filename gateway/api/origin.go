package api

import (
	"net/http"
	"net/url"
	"strings"
)

// sameOrigin reports whether a request comes from a page of this gateway, or from a
// program that is no browser. What these addresses give and take needs a key or a
// capability that only the page's own script has; refusing other pages keeps them
// from using a visitor's address to fill boxes.
//
// The scheme isn't compared: behind a proxy that ends TLS the gateway doesn't know
// its own.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
