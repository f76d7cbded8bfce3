package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// coding is what an arm of clients accepts.
type coding struct{ name, accept string }

// browserAccepts is what browsers send.
const browserAccepts = "gzip, deflate, br, zstd"

// warmPages measures pages that are in memory, one kind of clients after the
// other, and then looks for edits on them.
func warmPages(ctx context.Context, l *lab) ([]row, error) {
	var rows []row
	err := l.withShop(ctx, func(s *served) error {
		for _, c := range []coding{{"uncompressed", ""}, {"gzip", "gzip"}, {"as a browser asks", browserAccepts}} {
			ours, theirs, err := l.warm(ctx, s, c.accept)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("warm product pages over %d connections, %s, beside a bare handler", l.scale.connections, c.name)
			rows = append(rows, beside(name, median(ours), median(theirs), "pages/s", higher, 0.6))
		}
		seen, err := l.editsSeen(ctx, s)
		name := fmt.Sprintf("share of %d edits that the next response shows, under load", l.scale.visible)
		rows = append(rows, absolute(name, seen, "of 1", higher, 1))
		return err
	})
	return rows, err
}

// withShop serves the ordinary catalog while fn runs.
func (l *lab) withShop(ctx context.Context, fn func(*served) error) error {
	home, err := l.home(ctx, l.scale.shop)
	if err != nil {
		return err
	}
	s, err := l.serve(ctx, home)
	if err != nil {
		return err
	}
	return errors.Join(fn(s), s.stop())
}

// warm returns the pages per second of each round of the shop and of the
// baseline. The two take turns, and turns at being first.
func (l *lab) warm(ctx context.Context, s *served, accept string) (ours, theirs []float64, err error) {
	pages, err := l.warmed(ctx, s, accept)
	if err != nil {
		return nil, nil, err
	}
	err = l.withArms(ctx, s, pages, accept, func(arms [2]*pool) error {
		requests := requestsFor(s, pages, accept)
		for round := -1; round < l.scale.rounds; round++ { // the first doesn't count
			var rate [2]float64
			for turn := range arms {
				arm := (round + 2 + turn) % len(arms)
				if rate[arm], err = arms[arm].during(l.scale.round, requests); err != nil {
					return err
				}
			}
			if round >= 0 {
				ours, theirs = append(ours, rate[0]), append(theirs, rate[1])
			}
		}
		return nil
	})
	return ours, theirs, err
}

func requestsFor(s *served, pages []page, accept string) [][]byte {
	var out [][]byte
	for _, p := range pages {
		out = append(out, request(s, p.path, accept))
	}
	return out
}

// warmed asks for each page until its form no longer changes, and returns them.
func (l *lab) warmed(ctx context.Context, s *served, accept string) ([]page, error) {
	var pages []page
	for i := range min(l.scale.pages, l.scale.shop) {
		url := s.places.Shop + pathOf(i*(l.scale.shop/min(l.scale.pages, l.scale.shop)))
		var p page
		for range 2 {
			var err error
			if p, err = fetchGood(ctx, url, accept); err != nil {
				return nil, err
			}
		}
		pages = append(pages, p)
	}
	return pages, nil
}

func pathOf(product int) string { return "/p/" + string(handleOf(product)) }

// withArms connects to the shop and to a baseline that sends the pages.
func (l *lab) withArms(ctx context.Context, s *served, pages []page, accept string, fn func(arms [2]*pool) error) error {
	baseline, address, err := l.bareServer(ctx, pages)
	if err != nil {
		return err
	}
	if err := sameBytes(ctx, "http://"+address, pages, accept); err != nil {
		return errors.Join(err, baseline.stop())
	}
	ours, err := dial(s.address(), l.scale.connections)
	if err != nil {
		return errors.Join(err, baseline.stop())
	}
	theirs, err := dial(address, l.scale.connections)
	if err != nil {
		return errors.Join(err, ours.close(), baseline.stop())
	}
	return errors.Join(fn([2]*pool{ours, theirs}), ours.close(), theirs.close(), baseline.stop())
}

// sameBytes makes sure that the baseline sends what the shop sends.
func sameBytes(ctx context.Context, origin string, pages []page, accept string) error {
	for _, want := range pages {
		got, err := fetchGood(ctx, origin+want.path, accept)
		if err != nil {
			return err
		}
		if !bytes.Equal(got.body, want.body) || len(got.header) != len(want.header) {
			return fmt.Errorf("%s: the baseline sends something else", want.path)
		}
	}
	return nil
}

// editsSeen changes prices while pages are being asked for, and returns on what
// share of them the very next response has the new price.
func (l *lab) editsSeen(ctx context.Context, s *served) (float64, error) {
	load, err := dial(s.address(), l.scale.connections)
	if err != nil {
		return 0, err
	}
	defer load.close()
	requests := [][]byte{}
	for i := range min(l.scale.pages, l.scale.shop) {
		requests = append(requests, request(s, pathOf(i), ""))
	}
	end, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- load.until(end, requests) }()
	seen := 0
	for i := range l.scale.visible {
		shown, err := l.editShows(ctx, s, i%len(requests), i)
		if err != nil {
			close(end)
			return 0, errors.Join(err, <-ended)
		}
		if shown {
			seen++
		}
	}
	close(end)
	return float64(seen) / float64(l.scale.visible), <-ended
}

func (p *pool) until(end <-chan struct{}, requests [][]byte) error {
	for {
		select {
		case <-end:
			return nil
		default:
		}
		if _, err := p.during(20*time.Millisecond, requests); err != nil {
			return err
		}
	}
}

func (l *lab) editShows(ctx context.Context, s *served, product, i int) (bool, error) {
	price := fmt.Sprintf("87%d.%02d", 10+i%90, i%100)
	before, err := fetchGood(ctx, s.places.Shop+pathOf(product), "")
	if err != nil {
		return false, err
	}
	if bytes.Contains(before.body, []byte(price)) {
		return false, fmt.Errorf("%s shows the price %s before it is set", before.path, price)
	}
	if err := l.setPrice(ctx, s.home, product, price); err != nil {
		return false, err
	}
	after, err := fetchGood(ctx, s.places.Shop+pathOf(product), "")
	return bytes.Contains(after.body, []byte(price)), err
}
