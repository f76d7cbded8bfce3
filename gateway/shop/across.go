package shop

import (
	"context"
	"errors"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/store"
)

// Bounds of a search in all shops of a server.
const (
	acrossTime  = 400 * time.Millisecond // to look into shops; what wasn't looked into by then is said
	acrossEach  = 12                     // products shown of one shop
	acrossTotal = 96                     // products shown
	acrossOnce  = 4                      // shops looked into at a time
)

// finds are what one shop has of what was searched for.
type finds struct {
	from   Neighbor
	cards  []store.Card
	total  int
	asked  bool // the shop was looked into in time
	dealt  []card
	picked int
}

type acrossData struct {
	*house
	Title, Words, Count, Empty, Partly string
	Cards                              []card
	Shops                              []shopCount
}

// shopCount leads to a shop's own search.
type shopCount struct{ Name, URL, Count string }

// Across renders what the shops have of the words: who sells it stands on each
// product, which links into that shop.
func (s *Shop) Across(ctx context.Context, words string, all []Neighbor, origin string) (Answer, error) {
	v, err := s.presentHouse(ctx, origin)
	if err != nil {
		return Answer{}, err
	}
	h := v.house
	results := s.lookInto(ctx, words, all)
	d := acrossData{house: h, Title: h.Say("search.results", words), Words: words, Empty: h.Say("brands.none", words)}
	if d.Cards, err = v.deal(ctx, results); err != nil {
		return Answer{}, err
	}
	d.summarize(results)
	l := v.layout(d.Title, DirectoryPath)
	l.Hidden, l.Canonical = true, ""
	return v.render(l, "across", d)
}

// lookInto searches several shops at a time until the time is over.
func (s *Shop) lookInto(ctx context.Context, words string, all []Neighbor) []finds {
	ctx, cancel := context.WithTimeout(ctx, acrossTime)
	defer cancel()
	results := make([]finds, len(all))
	var group errgroup.Group
	group.SetLimit(acrossOnce)
	for i, n := range all {
		results[i].from = n
		group.Go(func() error {
			s.look(ctx, words, &results[i])
			return nil
		})
	}
	_ = group.Wait() // nothing fails: a shop that can't be read counts as not asked
	return results
}

func (s *Shop) look(ctx context.Context, words string, f *finds) {
	if ctx.Err() != nil {
		return
	}
	err := s.store.View(ctx, f.from.Brand, func(view *store.View) error {
		list, err := view.Search(words, 0, acrossEach)
		f.cards, f.total = list.Cards, list.Total
		return err
	})
	f.asked = err == nil || errors.Is(err, store.ErrNotFound)
}

// deal takes one product of each shop in turn, so that a large one doesn't hide the
// others, and makes cards of them.
func (v *visit) deal(ctx context.Context, results []finds) ([]card, error) {
	left := acrossTotal
	for round := 0; round < acrossEach && left > 0; round++ {
		for i := range results {
			if round < len(results[i].cards) && left > 0 {
				results[i].picked, left = round+1, left-1
			}
		}
	}
	for i := range results {
		if err := v.dress(ctx, &results[i]); err != nil {
			return nil, err
		}
	}
	return inTurn(results), nil
}

// dress makes cards of the picked products.
func (v *visit) dress(ctx context.Context, f *finds) error {
	if f.picked == 0 {
		return nil
	}
	err := v.shop.store.View(ctx, f.from.Brand, func(view *store.View) (err error) {
		guest := v.guest(f.from, view)
		f.dealt, err = guest.cards(f.cards[:f.picked], 0)
		for i := range f.dealt {
			f.dealt[i].From = guest.house.profile.Name
			if guest.mark.Browse() {
				f.dealt[i].Note = guest.house.Say("brands." + string(guest.mark.State))
			}
		}
		f.from.Name = guest.house.profile.Name
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		f.dealt, f.total = nil, 0 // the brand left meanwhile
		return nil
	}
	return err
}

func inTurn(results []finds) []card {
	var out []card
	for round := range acrossEach {
		for _, f := range results {
			if round < len(f.dealt) {
				out = append(out, f.dealt[round])
			}
		}
	}
	return out
}

// summarize counts what was found where, and says when not every shop was asked.
func (d *acrossData) summarize(results []finds) {
	found, missed := 0, 0
	for _, f := range results {
		if !f.asked {
			missed++
		}
		if len(f.dealt) == 0 {
			continue
		}
		found += f.total
		address := f.from.Base + "/search?q=" + url.QueryEscape(d.Words)
		d.Shops = append(d.Shops, shopCount{f.from.Name, address, d.Number(int64(f.total))})
	}
	if d.Count = d.house.Count("products", found); found == 0 {
		d.Count = ""
	}
	if missed > 0 {
		d.Partly = d.Say("brands.partly", d.Number(int64(missed)))
	}
}
