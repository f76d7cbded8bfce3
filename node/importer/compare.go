package importer

import (
	"bytes"
	"maps"
	"reflect"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// clone copies a product so that changing the copy leaves the original alone.
func clone(p *store.OwnProduct) *store.OwnProduct {
	c := *p
	c.Pictures = slices.Clone(p.Pictures)
	c.Fields = slices.Clone(p.Fields)
	c.Product.Tags = slices.Clone(p.Product.Tags)
	c.Product.Media = slices.Clone(p.Product.Media)
	c.Product.Fields = slices.Clone(p.Product.Fields)
	c.Product.Options = slices.Clone(p.Product.Options)
	for i, o := range c.Product.Options {
		c.Product.Options[i].Values = slices.Clone(o.Values)
	}
	c.Product.Variants = slices.Clone(p.Product.Variants)
	for i, v := range c.Product.Variants {
		c.Product.Variants[i].Options = slices.Clone(v.Options)
		c.Product.Variants[i].Measure = copyOf(v.Measure)
	}
	c.Product.Translations = maps.Clone(p.Product.Translations)
	for tag, t := range c.Product.Translations {
		t.Terms = maps.Clone(t.Terms)
		c.Product.Translations[tag] = t
	}
	c.Variants = slices.Clone(p.Variants)
	for i, v := range c.Variants {
		v.CompareAt, v.UnitBase, v.Cost = copyOf(v.CompareAt), copyOf(v.UnitBase), copyOf(v.Cost)
		c.Variants[i] = v
	}
	return &c
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

// same reports whether two states of a product are equal but for what the caller
// fills in.
func same(a, b *store.OwnProduct) bool {
	return a.Status == b.Status && slices.Equal(a.Pictures, b.Pictures) && slices.Equal(a.Fields, b.Fields) &&
		slices.EqualFunc(a.Variants, b.Variants, sameVariant) && sameRecord(a, b)
}

// sameInPublic reports whether the product's record is the same, pictures
// included. Prices and stock are no part of it.
func sameInPublic(a, b *store.OwnProduct) bool {
	shown := func(v, w store.OwnVariant) bool { return v.ID == w.ID && v.Picture == w.Picture }
	return slices.Equal(a.Pictures, b.Pictures) && slices.EqualFunc(a.Variants, b.Variants, shown) && sameRecord(a, b)
}

func sameVariant(a, b store.OwnVariant) bool {
	return a.ID == b.ID && a.Price == b.Price && a.TaxClass == b.TaxClass && a.Stock == b.Stock && a.Picture == b.Picture &&
		sameValue(a.CompareAt, b.CompareAt) && sameValue(a.UnitBase, b.UnitBase) && sameValue(a.Cost, b.Cost)
}

func sameValue[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// sameRecord compares the values first: most products of a file that is imported
// again are the same, and encoding them takes longer.
func sameRecord(a, b *store.OwnProduct) bool {
	p, q := bare(a), bare(b)
	if reflect.DeepEqual(p, q) {
		return true
	}
	x, errX := protocol.Marshal(p)
	y, errY := protocol.Marshal(q)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// bare returns a product's record without what the caller fills in.
func bare(p *store.OwnProduct) catalog.Product {
	r := p.Product
	r.Header = catalog.HeaderOf(catalog.TypeProduct)
	r.Media, r.Updated = nil, 0
	r.Variants = slices.Clone(r.Variants)
	for i := range r.Variants {
		r.Variants[i].Media = 0
	}
	return r
}
