package shop

import (
	"context"
	"errors"
	"net/http"

	"github.com/stoa-commerce/stoa/gateway/theme"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

type failureData struct {
	*house
	Title, Text string
	Lost        bool   // searching may help
	Words       string // in the search field
	Starter     []link
}

// failures are the statuses that have words of their own.
var failures = map[int]string{
	http.StatusBadRequest: "400", http.StatusNotFound: "404", http.StatusMethodNotAllowed: "405", http.StatusServiceUnavailable: "503",
}

// Problem is why there is no page.
type Problem struct {
	Status int
	Words  string // of the problem, when the status alone doesn't say it: UnknownBrand or NotHereYet
}

// Problems with shops beside the one at "/".
const (
	UnknownBrand = "brand"    // no shop stands at such an address
	NotHereYet   = "fetching" // its catalog is on the way
)

// Failure is the page that says, in the shop's words, why there is no other. It
// always succeeds: without a catalog it is a bare page of the gateway's own look.
func (s *Shop) Failure(ctx context.Context, p Problem, origin string, mark Mark) Answer {
	status := p.Status
	v, err := s.presentHouse(ctx, origin)
	if err != nil {
		return Answer{Status: status, Type: "text/plain; charset=utf-8", Body: []byte(http.StatusText(status) + "\n")}
	}
	v.mark = mark
	a, err := v.failure(p)
	if err != nil {
		return Answer{Status: status, Type: "text/plain; charset=utf-8", Body: []byte(http.StatusText(status) + "\n")}
	}
	a.Status = status
	return a
}

func (v *visit) failure(p Problem) (Answer, error) {
	words, ok := failures[p.Status]
	if !ok || p.Status == http.StatusServiceUnavailable && v.house.head.CID.Defined() {
		words = "500" // of a shop that is open: try again
	}
	if p.Words != "" {
		words = p.Words
	}
	h, status := v.house, p.Status
	d := failureData{house: h, Title: h.Say("error." + words + ".title"), Text: h.Say("error." + words + ".text"), Lost: status == http.StatusNotFound}
	if d.Lost {
		d.Starter = h.menu
	}
	if p.Words != "" {
		d.Lost, d.Starter = false, []link{{h.Say("brands"), DirectoryPath}}
	}
	l := v.layout(d.Title, "/")
	l.Hidden, l.Canonical = true, ""
	return v.render(l, "failure", d)
}

// presentHouse returns a visit that can render pages without content.
func (s *Shop) presentHouse(ctx context.Context, origin string) (*visit, error) {
	h := s.house.Load()
	if h != nil {
		return &visit{shop: s, house: h, origin: origin}, nil
	}
	err := s.store.View(ctx, s.brand, func(v *store.View) (err error) {
		h, err = s.houseOf(v)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		h, err = s.emptyHouse()
	}
	return &visit{shop: s, house: h, origin: origin}, err
}

// emptyHouse stands before a brand has published anything.
func (s *Shop) emptyHouse() (*house, error) {
	profile := &catalog.Profile{Name: "Stoa", Language: "en"}
	h := &house{Seller: s.brand, Base: s.base, Empty: true, Others: s.others.Load(), profile: profile, Locale: s.book.For("en", ""), look: theme.Of(catalog.Theme{})}
	h.head.Expires = protocol.MaxInt
	h.sheet = h.look.Sheet(s.fontURL)
	return h, s.paint(h)
}
