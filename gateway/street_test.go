package gateway_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// street is a node's knowledge of brands, as tests decide it.
type street struct {
	mu     sync.Mutex
	own    gateway.Freshness
	list   []gateway.Mirrored
	wanted []protocol.CID
}

var _ gateway.Mirrors = (*street)(nil)

// follow shows a brand under a handle, current.
func (s *street) follow(b *brand, handle string) *street {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, gateway.Mirrored{Brand: b.id, Handle: handle, Name: handle, Freshness: gateway.Freshness{State: "current"}})
	slices.SortFunc(s.list, func(a, b gateway.Mirrored) int { return strings.Compare(a.Handle, b.Handle) })
	return s
}

// set changes what is known of the brands of a handle.
func (s *street) set(handle string, change func(*gateway.Mirrored)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list {
		if s.list[i].Handle == handle {
			change(&s.list[i])
		}
	}
}

func (s *street) fresh(handle string, f gateway.Freshness) {
	s.set(handle, func(m *gateway.Mirrored) { m.Freshness = f })
}

func (s *street) Mirror(_ context.Context, brand protocol.CID) (gateway.Freshness, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.list {
		if m.Brand == brand {
			return m.Freshness, nil
		}
	}
	if s.own.State != "" {
		return s.own, nil
	}
	return gateway.Freshness{}, store.ErrNotFound
}

func (s *street) ByHandle(handle string) (protocol.CID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.list, func(m gateway.Mirrored) bool { return m.Handle == handle })
	if at < 0 {
		return protocol.CID{}, false
	}
	return s.list[at].Brand, true
}

func (s *street) List(context.Context) ([]gateway.Mirrored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list), nil
}

func (s *street) Want(_, picture protocol.CID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = append(s.wanted, picture)
}

func (s *street) hasWanted(picture protocol.CID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.wanted, picture)
}

// teahouse publishes a small shop in English.
func teahouse(b *brand) {
	b.t.Helper()
	ref, manifest := b.picture(plate(800, 1000, white, black), "A tin")
	records := append(simple("sencha", "Sencha, first flush", 1800), manifest, &catalog.Profile{
		Header: catalog.HeaderOf(catalog.TypeProfile), Name: "Lindenhof Tea", Tagline: "Leaf, water, time", Language: "en", Country: "DE", Currency: "EUR",
		Email: "tea@lindenhof.example", Home: catalog.Home{Hero: &catalog.Story{Title: "Spring", Picture: &ref}},
	})
	b.publish(records...)
}

// twoShops is a tea house's server, which shows the nasty shop at /@werkzeug.
func twoShops(t testing.TB) (own, other *brand, s *street, server *httptest.Server) {
	own = newBrand(t)
	teahouse(own)
	other = own.beside(2)
	nasty(other)
	s = (&street{}).follow(other, "werkzeug")
	return own, other, s, own.serveWith(s)
}

// bareStreet is a server that sells nothing and shows the nasty shop.
func bareStreet(t testing.TB, records ...catalog.Record) (*street, *httptest.Server) {
	own := newBrand(t)
	if len(records) > 0 {
		own.publish(records...)
	}
	other := own.beside(2)
	nasty(other)
	s := (&street{}).follow(other, "werkzeug")
	return s, own.serveWith(s)
}
