package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/stoa-commerce/stoa/node/catchup"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/slots"
)

// longAgo is when the large catalog was signed: more than twice as long as changes
// are kept.
const longAgo = 20 * 24 * time.Hour

// large is a catalog of a very large shop, in stores of its own and of a mirror that
// reaches the shop through a tap.
type large struct {
	*brand
	founded  time.Time
	dir      string // where a store with the catalog waits to be copied
	products int

	shop, mirror *peer
	tap          *tap
}

// largeCatalog makes the catalog on first use.
func (l *lab) largeCatalog(ctx context.Context) (large, error) {
	if l.large != nil {
		return *l.large, nil
	}
	g := large{dir: filepath.Join(l.dir, "large"), founded: time.Now().Add(-longAgo)}
	begin := time.Now()
	if err := g.make(ctx, l.scale.records); err != nil {
		return g, fmt.Errorf("make a catalog of %d records: %w", l.scale.records, err)
	}
	l.say("a catalog of %s records took %.1f s to make", count(l.scale.records), time.Since(begin).Seconds())
	l.large = &g
	return g, nil
}

func (g *large) make(ctx context.Context, records int) (err error) {
	if g.brand, err = newBrand("large", g.founded); err != nil {
		return err
	}
	p, err := openPeer(ctx, g.dir)
	if err != nil {
		return err
	}
	return errors.Join(g.brand.found(ctx, p.store, g.founded, g.all(records)), p.close())
}

// all yields exactly so many records.
func (g *large) all(n int) iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		profile := profileOf("Everything")
		if !yieldRecord(yield, &profile) {
			return
		}
		for g.products, n = 0, n-1; n > 0; g.products++ {
			list := records(ownProduct(g.products, g.founded), g.products)
			list = list[:min(len(list), n)]
			if n -= len(list); !yieldAll(yield, list...) {
				return
			}
		}
	}
}

// withLarge runs fn with a shop that has the catalog, and a mirror that has it too.
func (l *lab) withLarge(ctx context.Context, fn func(*large) error) error {
	g, err := l.largeCatalog(ctx)
	if err != nil {
		return err
	}
	is := *g.brand // heads that are signed now are no other scenario's
	g.brand = &is
	dirs := []string{g.dir + "-shop", g.dir + "-mirror"}
	if err = g.open(ctx, dirs); err == nil {
		err = fn(&g)
	}
	return errors.Join(err, g.close(), os.RemoveAll(dirs[0]), os.RemoveAll(dirs[1]))
}

func (g *large) open(ctx context.Context, dirs []string) (err error) {
	for _, dir := range dirs {
		if err := copyStore(dir, g.dir); err != nil {
			return err
		}
	}
	if g.shop, err = openPeer(ctx, dirs[0]); err != nil {
		return err
	}
	if g.mirror, err = openPeer(ctx, dirs[1]); err != nil {
		return err
	}
	g.tap, err = newTap(g.shop.addr())
	return err
}

// copyStore copies the store of a peer or a node that is closed, with the file that
// opens what is sealed in it, and without the keys that it signs with.
func copyStore(to, from string) error {
	if err := os.CopyFS(filepath.Join(to, "store"), os.DirFS(filepath.Join(from, "store"))); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(from, slots.KeysName))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, slots.KeysName), b, 0o600)
}

func (g *large) close() error {
	var errs []error
	for _, p := range []*peer{g.mirror, g.shop} {
		if p != nil {
			errs = append(errs, p.close())
		}
	}
	if g.tap != nil {
		errs = append(errs, g.tap.close())
	}
	return errors.Join(errs...)
}

// change publishes new prices in the shop, of the first offers of products that lie
// far apart, and returns the bytes of the records.
func (g *large) change(ctx context.Context, now time.Time, from, to int) (bytes float64, err error) {
	err = g.put(ctx, g.shop.store, now, func(yield func(store.Change, error) bool) {
		for i := from; i < to; i++ {
			b, err := catalog.Encode(g.dearer(i))
			bytes += float64(len(b))
			if !yield(store.Change{Path: g.dearer(i).Path(), Record: b}, err) || err != nil {
				return
			}
		}
	})
	return bytes, err
}

// dearer returns the i-th of the changed offers.
func (g *large) dearer(i int) catalog.Record {
	product := i * 7919 % (g.products - 1) // the last one may have no offer
	p := ownProduct(product, g.founded)
	p.Variants[0].Price, p.Variants[0].CompareAt = protocol.NewMoney(int64(50_000+i), currency), nil
	return records(p, product)[1]
}

// cost is what it took the mirror to get where the shop is.
type cost struct {
	bytes  float64 // on the wire, both ways
	report catchup.Report
}

// takeOver lets the mirror, which knows of the shop's head, take what changed.
func (g *large) takeOver(ctx context.Context, way string) (c cost, err error) {
	head, err := g.mirror.learn(ctx, g.id(), g.tap.addr())
	if err != nil {
		return c, err
	}
	before, err := g.tap.settled()
	if err != nil {
		return c, err
	}
	if c.report, err = g.mirror.take(ctx, head, nil, g.tap.addr()); err != nil {
		return c, err
	}
	after, err := g.tap.settled()
	c.bytes = float64(after - before)
	if err == nil && c.report.Way != way {
		err = fmt.Errorf("it came by %s instead of %s", c.report.Way, way)
	}
	return c, err
}
