package main

import (
	"context"
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/node/catchup"
)

// delta measures what a mirror receives and sends to take changed offers of a large
// catalog whose last head it has.
func delta(ctx context.Context, l *lab) (rows []row, err error) {
	err = l.withLarge(ctx, func(g *large) error {
		own, err := g.change(ctx, g.founded.Add(time.Hour), 0, l.scale.changes)
		if err != nil {
			return err
		}
		c, err := g.takeOver(ctx, catchup.WayChanges)
		name := fmt.Sprintf("%s changed offers among %s records", count(l.scale.changes), count(l.scale.records))
		rows = []row{
			beside("bytes on the wire for "+name+", beside the offers' own", c.bytes, own, "B", lower, 2),
			absolute("round trips for "+name, float64(c.report.RoundTrips), "of them", lower, 1),
		}
		return err
	})
	return rows, err
}

// unknownBase measures the same when the shop no longer knows what led from the head
// that the mirror has to the present one: that was longer ago than it keeps changes.
func unknownBase(ctx context.Context, l *lab) (rows []row, err error) {
	err = l.withLarge(ctx, func(g *large) error {
		n := l.scale.changes
		before, err := g.change(ctx, g.founded.Add(longAgo/2), 0, n-1)
		if err != nil {
			return err
		}
		last, err := g.change(ctx, time.Now(), n-1, n)
		if err != nil {
			return err
		}
		c, err := g.takeOver(ctx, catchup.WayDescent)
		name := fmt.Sprintf("%s changed offers among %s records, from an unknown base", count(n), count(l.scale.records))
		rows = []row{
			absolute("on the wire beyond the own bytes of "+name, (c.bytes-before-last)/kilo, "KB", lower, 100),
			absolute("round trips for "+name, float64(c.report.RoundTrips), "of them", lower, 5),
		}
		return err
	})
	return rows, err
}
