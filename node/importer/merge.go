package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// merging is the work on one product.
type merging struct {
	*File
	*issues
	group   *group
	was, is *store.OwnProduct
	lines   []line // the variants of is, in its order
	given   []NewVariant
}

// merge makes a result of a product's rows. Errors are the shop's.
func (f *File) merge(ctx context.Context, shop Shop, g *group) (Result, error) {
	m := &merging{File: f, issues: &g.issues, group: g}
	if len(m.errors) > 0 {
		return m.result(false), nil // its rows don't stand as they should: what they say would mislead
	}
	if err := m.begin(ctx, shop); err != nil {
		return Result{}, err
	}
	m.product()
	m.variants()
	m.pictures()
	if len(m.errors) == 0 {
		if err := m.identify(ctx, shop); err != nil {
			return Result{}, err
		}
	}
	changed := len(m.errors) == 0 && m.changed()
	if changed {
		m.validate()
	}
	return m.result(changed), nil
}

// begin starts with what the shop has, or with an empty product.
func (m *merging) begin(ctx context.Context, shop Shop) error {
	m.is = &store.OwnProduct{
		Product: catalog.Product{Handle: m.group.handle, Published: m.options.Now, Updated: m.options.Now},
		Status:  store.Active,
	}
	if m.group.handle != "" {
		was, err := shop.OwnProduct(ctx, m.group.handle)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("look up product %s: %w", m.group.handle, err)
		}
		if err == nil {
			m.was, m.is = was, clone(was)
		}
	}
	m.is.Product.Header = catalog.HeaderOf(catalog.TypeProduct)
	return nil
}

// changed reports whether the product is new or another, and dates a change of
// its record.
func (m *merging) changed() bool {
	if m.was == nil {
		return true
	}
	if same(m.was, m.is) {
		return false
	}
	if !sameInPublic(m.was, m.is) {
		m.is.Product.Updated = m.options.Now
	}
	return true
}

func (m *merging) result(changed bool) Result {
	r := Result{Was: m.was, Row: m.group.rows[0].no, Warnings: m.warnings, Errors: m.errors}
	if len(m.errors) == 0 {
		r.Is, r.Variants, r.changed = m.is, m.given, changed
		r.Redirects, r.Collections = m.redirects(), m.collections()
	}
	return r
}

// redirects leads the addresses of the former shop here when the handle had to
// change.
func (m *merging) redirects() []Redirect {
	named := m.group.named
	if named == "" || protocol.Handle(named) == m.group.handle {
		return nil
	}
	return []Redirect{{From: "/products/" + named, To: "/p/" + string(m.group.handle)}}
}

func (m *merging) collections() []string {
	var out []string
	for _, r := range m.group.rows {
		out = appendNew(out, tidy(m.cell(r, colCollection)))
	}
	return out
}

// appendNew appends s unless it is empty or there already.
func appendNew(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	if s == "" {
		return list
	}
	return append(list, s)
}

// cell returns what a row says in a column.
func (m *merging) cell(r *row, c column) string { return m.columns.cell(r, c) }

func (m *merging) has(c column) bool { return m.columns.has(c) }

// faultAt adds an error about a cell.
func (m *merging) faultAt(r *row, c column, format string, args ...any) {
	m.fault(r.no, m.columns.name(c), format, args...)
}

// warnAt adds a warning about a cell.
func (m *merging) warnAt(r *row, c column, format string, args ...any) {
	m.warn(r.no, m.columns.name(c), format, args...)
}

// warnOnce adds a warning about a cell unless the file was told so before.
func (m *merging) warnOnce(r *row, c column, format string, args ...any) {
	name := m.columns.name(c)
	if key := name + "\x00" + format; !m.said[key] {
		m.said[key] = true
		m.warnAt(r, c, format, args...)
	}
}
