package shop

import (
	"context"
	"net/http"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Moved returns where an address of another shop system, or one that the brand
// gave up, leads now; false when nothing is known of it.
// The path is that of a shop at "/"; only one's own has a table of given up ones.
func (s *Shop) Moved(ctx context.Context, path string) (Answer, bool, error) {
	target := familiar(path)
	if s.base == "" {
		given, ok, err := s.store.Redirect(ctx, path)
		if err != nil {
			return Answer{}, false, err
		}
		if ok && safeHref(given) != "" && given != path {
			target = given
		}
	}
	if safeHref(target) == "" {
		return Answer{}, false, nil
	}
	return Answer{Status: http.StatusMovedPermanently, Location: s.base + target}, true, nil
}

// familiar translates the addresses that most shop systems use.
func familiar(path string) string {
	if trimmed := strings.TrimRight(path, "/"); trimmed != path && trimmed != "" {
		return trimmed
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) == 1 && (parts[0] == "collections" || parts[0] == "products"):
		return map[string]string{"collections": "/c", "products": "/c/all"}[parts[0]]
	case len(parts) == 2 && parts[0] == "products":
		return under("/p/", parts[1])
	case len(parts) == 2 && parts[0] == "collections":
		return under("/c/", parts[1])
	case len(parts) == 4 && parts[0] == "collections" && parts[2] == "products":
		return under("/p/", parts[3])
	}
	return ""
}

func under(prefix, name string) string {
	h, err := protocol.ParseHandle(strings.ToLower(name))
	if err != nil {
		return ""
	}
	return prefix + string(h)
}
