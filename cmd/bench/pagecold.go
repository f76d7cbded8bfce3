package main

import (
	"context"
	"fmt"
	"slices"
)

// coldPages measures every page of the ordinary catalog once, in pieces, each
// beside the same number of requests to a bare handler. An edit before each kind
// of clients makes sure that no page is ready. What the handler sends are pages of
// this catalog, fewer than there are requests.
func coldPages(ctx context.Context, l *lab) ([]row, error) {
	var rows []row
	err := l.withShop(ctx, func(s *served) error {
		for i, c := range []coding{{"uncompressed", ""}, {"gzip", "gzip"}} {
			pages, err := l.warmed(ctx, s, c.accept)
			if err != nil {
				return err
			}
			if err := l.setPrice(ctx, s.home, 0, fmt.Sprint(900+i, ".00")); err != nil {
				return err
			}
			ours, theirs, err := l.cold(ctx, s, pages, c.accept)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("%s product pages, each once over %d connections, %s, beside a bare handler", count(l.scale.shop), l.scale.connections, c.name)
			rows = append(rows, beside(name, median(ours), median(theirs), "pages/s", higher, 0.05))
		}
		return nil
	})
	return rows, err
}

// cold returns the pages per second of each piece, of the shop and of the
// baseline.
func (l *lab) cold(ctx context.Context, s *served, pages []page, accept string) (ours, theirs []float64, err error) {
	err = l.withArms(ctx, s, pages, accept, func(arms [2]*pool) error {
		for piece := range slices.Chunk(numbers(l.scale.shop), (l.scale.shop+l.scale.chunks-1)/l.scale.chunks) {
			var cold, bare [][]byte
			for _, i := range piece {
				cold = append(cold, request(s, pathOf(i), accept))
				bare = append(bare, request(s, pages[i%len(pages)].path, accept))
			}
			mine, err := arms[0].once(cold)
			if err != nil {
				return err
			}
			other, err := arms[1].once(bare)
			if err != nil {
				return err
			}
			ours, theirs = append(ours, mine), append(theirs, other)
		}
		return nil
	})
	return ours, theirs, err
}

// numbers returns 0 to n-1 in an order that has nothing to do with how the
// products are stored or shown, the same in every run.
func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	randomOf(n).Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
