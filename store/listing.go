package store

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Listing is one page of a list of products.
type Listing struct {
	Cards []Card
	Total int // in the whole list; a search counts up to maxFound
}

// maxFound bounds how many products one search considers.
const maxFound = 5000

// Products lists the products, newest first.
func (v *View) Products(offset, limit int) (Listing, error) {
	handles, err := v.handles(suffixNewest, 8, offset, limit)
	return v.listing(handles, v.st.Products, err)
}

// CollectionCards lists the products of a collection: in the collection's order,
// or newest first when it selects by rule.
func (v *View) CollectionCards(h protocol.Handle, offset, limit int) (Listing, error) {
	c, err := v.Collection(h)
	if err != nil {
		return Listing{}, err
	}
	if c.Rule == nil {
		handles, err := v.existing(c.Products)
		return v.listing(window(handles, offset, limit), len(handles), err)
	}
	total, err := readCount(v.r, keyIndex(v.st.at, suffixSize(h)))
	if err != nil {
		return Listing{}, err
	}
	handles, err := v.handles(suffixMembers(h), 8, offset, limit)
	return v.listing(handles, total, err)
}

// handles reads the handles at the end of index keys, after skip bytes of order.
func (v *View) handles(suffix string, skip, offset, limit int) ([]protocol.Handle, error) {
	var out []protocol.Handle
	if limit <= 0 {
		return nil, nil
	}
	for row, err := range v.index().scan(suffix, "") {
		if err != nil {
			return nil, err
		}
		if offset--; offset >= 0 {
			continue
		}
		out = append(out, protocol.Handle(row[min(len(suffix)+skip, len(row)):]))
		if len(out) == limit {
			break
		}
	}
	return out, nil
}

func (v *View) existing(all []protocol.Handle) ([]protocol.Handle, error) {
	var out []protocol.Handle
	for _, h := range all {
		ok, err := v.r.Has(keyIndex(v.st.at, suffixCard(h)))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, h)
		}
	}
	return out, nil
}

func window[T any](list []T, offset, limit int) []T {
	offset = min(max(offset, 0), len(list))
	return list[offset:min(offset+limit, len(list))]
}

func (v *View) listing(handles []protocol.Handle, total int, err error) (Listing, error) {
	if err != nil {
		return Listing{}, err
	}
	l := Listing{Total: total}
	for _, h := range handles {
		c, err := v.Card(h)
		if err != nil {
			return Listing{}, err
		}
		l.Cards = append(l.Cards, c)
	}
	return l, nil
}

// Card returns what lists show of a product.
func (v *View) Card(h protocol.Handle) (Card, error) {
	var c Card
	b, err := v.r.Get(keyIndex(v.st.at, suffixCard(h)))
	if errors.Is(err, kv.ErrNotFound) {
		return c, ErrNotFound
	}
	if err == nil {
		err = protocol.Unmarshal(b, &c)
	}
	return c, err
}

// Search lists the products whose title or maker has every word of the query, or
// words that begin with them, best matches first.
func (v *View) Search(query string, offset, limit int) (Listing, error) {
	asked := words(query)
	if len(asked) == 0 {
		return Listing{}, nil
	}
	longest := slices.MaxFunc(asked, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	candidates, err := v.withWord(longest)
	if err != nil {
		return Listing{}, err
	}
	var found []Card
	for _, h := range candidates {
		c, err := v.Card(h)
		if err != nil {
			return Listing{}, err
		}
		if containsWords(words(c.Title+" "+c.Vendor), asked) {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b Card) int { return cmp.Compare(distance(a, asked), distance(b, asked)) })
	return Listing{Cards: window(found, offset, limit), Total: len(found)}, nil
}

// withWord returns the products with a word that begins with the prefix.
func (v *View) withWord(prefix string) ([]protocol.Handle, error) {
	var out []protocol.Handle
	seen := map[protocol.Handle]bool{}
	left := maxFound
	for row, err := range v.index().scan("word/"+prefix, "") {
		if err != nil {
			return nil, err
		}
		if left--; left < 0 {
			break
		}
		h := protocol.Handle(row[bytes.LastIndexByte(row, 0)+1:])
		if !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	return out, nil
}

func containsWords(have, asked []string) bool {
	return !slices.ContainsFunc(asked, func(a string) bool {
		return !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, a) })
	})
}

// distance is 0 when every asked word stands in the title as a whole.
func distance(c Card, asked []string) int {
	title := words(c.Title)
	n := 0
	for _, a := range asked {
		if !slices.Contains(title, a) {
			n++
		}
	}
	return n
}

// maxListBytes bounds the records that one list reads: those of a hostile brand
// may be as large as records get, all of them.
const maxListBytes = 32 << 20

// Collections lists the collections by handle.
func (v *View) Collections() ([]*catalog.Collection, error) {
	return list[*catalog.Collection](v, suffixList("collection"), 0, 0, maxFound, catalog.CollectionPath)
}

// Pages lists the content pages by handle.
func (v *View) Pages() ([]*catalog.Page, error) {
	return list[*catalog.Page](v, suffixList("page"), 0, 0, maxFound, pagePath)
}

// Posts lists posts, newest first.
func (v *View) Posts(offset, limit int) ([]*catalog.Post, error) {
	return list[*catalog.Post](v, suffixPost, 8, offset, limit, postPath)
}

// list reads the records whose handles the index names. It ends early when they
// have more than maxListBytes.
func list[R catalog.Record](v *View, suffix string, skip, offset, limit int, path func(protocol.Handle) protocol.Path) ([]R, error) {
	handles, err := v.handles(suffix, skip, offset, limit)
	if err != nil {
		return nil, err
	}
	var out []R
	size := 0
	for _, h := range handles {
		r, n, err := openSized[R](v, path(h))
		if err != nil {
			return nil, err
		}
		if size += n; size > maxListBytes {
			break
		}
		out = append(out, r)
	}
	return out, nil
}
