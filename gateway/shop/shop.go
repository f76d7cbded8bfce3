// Package shop answers what a shopper asks of one brand's storefront: pages,
// feeds and icons, rendered from one consistent view of the signed catalog. It
// carries out DESIGN.md §5. Answers are complete without JavaScript.
//
// It must not know of connections, caches or headers (the gateway's root does),
// nor how a catalog is checked or stored. Texts of a catalog are a stranger's:
// whatever stands in them, a page made here holds no script, style or foreign
// address that the gateway's own templates didn't put there.
package shop

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"sync/atomic"
	"time"

	"github.com/stoa-commerce/stoa/gateway/locale"
	"github.com/stoa-commerce/stoa/gateway/web"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// ErrNotFound means that the shop has nothing at that address.
var ErrNotFound = errors.New("nothing at this address")

// Shop renders one brand's storefront. Its methods may be called concurrently.
type Shop struct {
	store     *store.Store
	brand     protocol.CID
	home      protocol.CID // whose shop stands at "/" on this server
	base      string
	assets    *web.Assets
	book      *locale.Book
	templates *template.Template
	now       func() time.Time
	house     atomic.Pointer[house]
	others    atomic.Bool
}

// Options is what a Shop needs. Now is the clock.
type Options struct {
	Store  *store.Store
	Brand  protocol.CID
	Assets *web.Assets
	Now    func() time.Time
}

// New reads templates and messages.
func New(o Options) (*Shop, error) {
	book, err := locale.Open()
	if err != nil {
		return nil, err
	}
	templates, err := template.ParseFS(web.Templates(), "*.html")
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	return &Shop{store: o.Store, brand: o.Brand, home: o.Brand, assets: o.Assets, book: book, templates: templates, now: o.Now}, nil
}

// Answer is what a request gets.
type Answer struct {
	Status   int
	Type     string // media type of Body
	Body     []byte
	Location string // where to go instead, for a Status of 3xx
	Forever  bool   // the address names the content: it may be kept for ever
}

// Beside returns the shop of another brand in the same store, which stands at base:
// a path without a slash at its end, such as "/@tea". Base is part of every address
// on its pages.
func (s *Shop) Beside(brand protocol.CID, base string) *Shop {
	return &Shop{store: s.store, brand: brand, home: s.home, base: base, assets: s.assets, book: s.book, templates: s.templates, now: s.now}
}

// SetOthers says whether this server shows other brands' shops beside the one at "/".
// Its pages then link to the list of them.
func (s *Shop) SetOthers(others bool) { s.others.Store(others) }

// State is everything that the answers depend on beside the request: the same
// state and request give the same answer. It is comparable.
type State struct {
	Head   protocol.CID // of the catalog; none before the first
	Empty  bool         // the catalog has no products
	Others bool         // there are other shops on this server, and this is its own
	Mark   Mark
}

// State returns the present state with what the node knows of its freshness. It is
// cheap: asked for on every request.
func (s *Shop) State(ctx context.Context, known Mark) (State, error) {
	tip, err := s.store.Tip(ctx, s.brand)
	if errors.Is(err, store.ErrNotFound) {
		return State{Empty: true, Others: s.others.Load()}, nil
	}
	if err != nil {
		return State{}, err
	}
	if !tip.Head.Defined() {
		return State{Empty: true, Others: s.others.Load()}, nil
	}
	h := s.house.Load()
	if !s.fits(h, tip.Head) {
		err = s.store.View(ctx, s.brand, func(v *store.View) error {
			h, err = s.houseOf(v)
			return err
		})
		if err != nil {
			return State{}, err
		}
	}
	return State{Head: tip.Head, Empty: h.Empty, Others: h.Others, Mark: h.mark(known, protocol.MillisOf(s.now()))}, nil
}

// Answer renders what r asks for, with absolute addresses below origin, which
// is like "https://shop.example", and the mark of the state. It returns ErrNotFound
// when there is no such thing.
func (s *Shop) Answer(ctx context.Context, r Request, origin string, mark Mark) (Answer, error) {
	var a Answer
	err := s.store.View(ctx, s.brand, func(v *store.View) error {
		h, err := s.houseOf(v)
		if err != nil {
			return err
		}
		a, err = answers[r.Page](&visit{shop: s, house: h, view: v, origin: origin, mark: mark}, r)
		return err
	})
	if errors.Is(err, store.ErrNotFound) && r.Bare() {
		return s.bareAnswer(r, origin)
	}
	if errors.Is(err, store.ErrNotFound) {
		return Answer{}, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return a, err
}

// bareAnswer dresses the pages of a shop that has published nothing yet.
func (s *Shop) bareAnswer(r Request, origin string) (Answer, error) {
	h, err := s.emptyHouse()
	if err != nil {
		return Answer{}, err
	}
	return answers[r.Page](&visit{shop: s, house: h, origin: origin}, r)
}

// elsewhere is what one shop alone can't answer.
func (v *visit) elsewhere(Request) (Answer, error) { return Answer{}, ErrNotFound }

// visit is one request being answered.
type visit struct {
	shop   *Shop
	house  *house
	view   *store.View
	origin string
	mark   Mark
	media  map[protocol.CID]*catalog.Media // manifests read so far
}

// answers says who answers each kind of request.
var answers = [...]func(*visit, Request) (Answer, error){
	Home:        (*visit).home,
	Product:     (*visit).product,
	Collection:  (*visit).collection,
	Collections: (*visit).collections,
	Text:        (*visit).text,
	TextOfKind:  (*visit).textOfKind,
	Texts:       (*visit).texts,
	Journal:     (*visit).journal,
	Post:        (*visit).post,
	Search:      (*visit).search,
	Sitemap:     (*visit).sitemap,
	Robots:      (*visit).robots,
	Manifest:    (*visit).manifest,
	Icon:        (*visit).icon,
	Theme:       (*visit).theme,
	Brands:      (*visit).elsewhere,
	Talk:        (*visit).talk,
	MyShops:     (*visit).myShops,
}
