package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/stoa-commerce/stoa/node/importer"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// joining is what a file puts into one collection.
type joining struct {
	title    string // as the file spells it first
	products []protocol.Handle
}

// join notes the collections that a product is put into. A draft joins when it is
// published: a collection is public.
func (im *importing) join(r importer.Result) {
	if r.Is.Status != store.Active {
		return
	}
	for _, title := range r.Collections {
		h := importer.HandleOf(title)
		if im.joining[h] == nil {
			im.joining[h] = &joining{title: title}
		}
		im.joining[h].products = append(im.joining[h].products, r.Is.Product.Handle)
	}
}

// collections returns the collections that the file's products join. One that
// selects by rule is left as it is, with a warning.
func (im *importing) collections(ctx context.Context) (list []store.Change, err error) {
	if len(im.joining) > maxParts {
		im.fault(importer.Issue{Column: "Collection", Message: fmt.Sprintf("the file names %d collections, allowed are %d", len(im.joining), maxParts)})
		return nil, ErrBadRows
	}
	for _, h := range slices.Sorted(maps.Keys(im.joining)) {
		title := im.joining[h].title
		c, err := im.n.collection(ctx, h, title)
		if err != nil {
			return nil, err
		}
		if c.Rule != nil {
			im.warn(importer.Issue{Column: "Collection", Message: title + " selects its products by rule; it was left as it is"})
			continue
		}
		joined := union(c.Products, im.joining[h].products)
		if len(joined) == len(c.Products) {
			continue
		}
		c.Products = joined
		change, err := set(c)
		if err != nil {
			im.fault(importer.Issue{Column: "Collection", Message: title + ": " + err.Error()})
			continue
		}
		list = append(list, change)
	}
	if len(im.report.Errors) > 0 && !im.o.SkipBadRows {
		return nil, ErrBadRows
	}
	return list, nil
}

// union returns the handles of both lists, each once, in their order.
func union(a, b []protocol.Handle) []protocol.Handle {
	seen := map[protocol.Handle]bool{}
	var out []protocol.Handle
	for _, h := range slices.Concat(a, b) {
		if !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	return out
}

// collection returns the collection with the handle, a new one of that title if
// there is none.
func (n *Node) collection(ctx context.Context, h protocol.Handle, title string) (c *catalog.Collection, err error) {
	err = n.store.View(ctx, n.brand, func(v *store.View) error {
		c, err = v.Collection(h)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return &catalog.Collection{Header: header(catalog.TypeCollection), Handle: h, Title: title, Products: []protocol.Handle{}}, nil
	}
	return c, err
}

// then yields the changes of several sets, one after another.
func then(sets ...changes) changes {
	return func(yield func(store.Change, error) bool) {
		for _, records := range sets {
			for c, err := range records {
				if !yield(c, err) {
					return
				}
			}
		}
	}
}
