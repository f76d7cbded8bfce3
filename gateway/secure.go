package gateway

import (
	"net/http"
	"net/url"
	"strings"
)

// policy allows what the gateway serves itself and nothing else: no inline
// script or style, no frame, no foreign address, and no string becomes code. Blobs
// are pictures that the page's own script has unsealed or is about to seal.
var policy = strings.Join([]string{
	"default-src 'none'", "script-src 'self'", "worker-src 'self'", "style-src 'self'", "img-src 'self' blob:", "font-src 'self'",
	"connect-src 'self'", "manifest-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
	"require-trusted-types-for 'script'", "trusted-types 'none'",
}, "; ")

// fixedHeaders go with every response. The slices are shared and never changed.
var fixedHeaders = map[string][]string{
	"Content-Security-Policy":      {policy},
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"same-origin"},
	"Permissions-Policy":           {"camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"},
	"X-Frame-Options":              {"DENY"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
}

var strictTransport = []string{"max-age=31536000"}

func secure(h http.Header, r *http.Request) {
	for name, value := range fixedHeaders {
		h[name] = value
	}
	if r.TLS != nil {
		h["Strict-Transport-Security"] = strictTransport
	}
}

// public lets programs of other origins read what is there to be checked.
func public(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// maxRawQuery is the longest query that is read; a longer one is ignored.
const maxRawQuery = 2048

func queryOf(r *http.Request) url.Values {
	if r.URL.RawQuery == "" || len(r.URL.RawQuery) > maxRawQuery {
		return nil
	}
	return r.URL.Query()
}
