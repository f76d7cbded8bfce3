// Package importer reads Shopify's product CSV, the old column set and the new
// one, and merges its rows into what a brand already knows of its products. It
// decides nothing else: it knows no clock, network or disk, stores and signs
// nothing, and treats the sources of pictures as opaque strings. The records that
// come of its products are those of specs/06-records.md.
//
// # How a file changes a shop
//
// Rows with the same handle stand together and make one product. The first one
// holds what is said of the product; each names a variant, a picture or both. A
// product without a handle gets one from its title. A column that the file
// doesn't have keeps its values, a blank cell erases; erased prices and titles
// are errors, other things fall back to their default. Variants are recognised by
// their option values, then by SKU, and keep their identifiers. When the file has
// columns for options, variants of its products that it no longer lists are
// removed; without them rows mean variants by SKU, or the only one, and the others
// stay. Products that the file doesn't name stay as they are.
//
// # What it decides
//
//   - Without a Status column new products are active, and a Published column
//     turns active products into drafts and drafts into active ones.
//   - A blank inventory tracker means untracked. Without that column new variants
//     are tracked when a quantity is given.
//   - A variant on which no tax is charged is tax exempt. Otherwise a tax code of
//     standard, reduced, zero or exempt is its class.
//   - Weights are rounded to grams, more than nothing to at least one.
//   - A barcode that isn't a GTIN, and a former price that isn't above the price,
//     are left out with a warning.
//   - Published is the time a product was first imported. Updated moves when its
//     record or its pictures change; prices and stock are no part of it, as their
//     records are the offers. Importing a file again changes nothing.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// ErrFormat marks a file that isn't a product CSV, or stops being one: another
// format or encoding, no usable header, broken quotes, rows beyond the limits.
var ErrFormat = errors.New("not a usable product CSV")

// Shop is what the importer asks of a brand's private tables. *store.Store is one.
type Shop interface {
	// OwnProduct returns a product, or an error that wraps store.ErrNotFound. The
	// importer doesn't change what it gets.
	OwnProduct(ctx context.Context, h protocol.Handle) (*store.OwnProduct, error)
	// VariantOwner says whose an identifier is, the zero value if it is free.
	VariantOwner(ctx context.Context, id protocol.VariantID) (store.VariantOwner, error)
}

// Options say what the file doesn't.
type Options struct {
	Currency protocol.Currency // of all its prices
	Now      protocol.Millis   // when new and changed products were published and updated
}

// Issue says what is wrong with one place of the file.
type Issue struct {
	Row     int    `json:"row"`    // as a spreadsheet counts, the header is 1; 0 is the whole file
	Column  string `json:"column"` // as the header spells it; "" is the whole row
	Message string `json:"message"`
}

// String returns one line such as "row 7, Variant Price: is negative".
func (i Issue) String() string {
	switch {
	case i.Row > 0 && i.Column != "":
		return fmt.Sprintf("row %d, %s: %s", i.Row, i.Column, i.Message)
	case i.Row > 0:
		return fmt.Sprintf("row %d: %s", i.Row, i.Message)
	case i.Column != "":
		return i.Column + ": " + i.Message
	}
	return i.Message
}

// Result is what the file makes of one product.
type Result struct {
	Was *store.OwnProduct // nil when the product is new
	// Is is the new state, nil when there are Errors. Product.Media and the
	// variants' Media are those of Was: the caller fills them from Pictures.
	Is *store.OwnProduct
	// Row is the first row of the file that the product took.
	Row         int
	Variants    []NewVariant
	Redirects   []Redirect
	Collections []string // titles from the Collection column
	Warnings    []Issue
	Errors      []Issue

	changed bool
}

// Changed reports whether Is differs from Was in anything, public or private.
func (r Result) Changed() bool { return r.changed }

// NewVariant is an identifier given in this run, or one whose variant was given
// other option values. The store should know its owner before it is published.
type NewVariant struct {
	ID    protocol.VariantID
	Owner store.VariantOwner
}

// Redirect leads an address of the former shop to one of this shop, both as
// unescaped paths.
type Redirect struct{ From, To string }

// File is a product CSV that is being read. It is for one goroutine.
type File struct {
	options Options
	rows    *reader
	columns columns
	unused  []Issue
	said    map[string]bool // warnings that one file gives once
	next    *row            // read ahead: the first row of the next product
	handles map[protocol.Handle]int
	skus    map[uint64]int      // by hash: where an SKU was first
	ids     map[uint64]struct{} // by hash: identifiers given in this run
}

// Open reads the header. What isn't a product CSV gives an error that wraps
// ErrFormat and says what it is instead. r is read as Products goes on, a few
// rows at a time; files may be of any size.
func Open(r io.Reader, o Options) (*File, error) {
	rows, err := newReader(r)
	if err != nil {
		return nil, err
	}
	header, err := rows.header()
	if err != nil {
		return nil, err
	}
	f := &File{
		options: o, rows: rows, said: map[string]bool{},
		handles: map[protocol.Handle]int{}, skus: map[uint64]int{}, ids: map[uint64]struct{}{},
	}
	f.columns, f.unused, err = readColumns(header)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Warnings returns what is to be said of the file as a whole: columns that aren't
// used.
func (f *File) Warnings() []Issue { return f.unused }

// Products merges the file's products into the shop's, in the order of the file.
// It can be called once. An error means that the file can't be read on (it wraps
// ErrFormat, or is the reader's own), that the shop failed, or that ctx ended; it
// comes last. Rows that are wrong are Errors of their Result instead.
func (f *File) Products(ctx context.Context, shop Shop) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		for {
			g, err := f.group()
			if err == nil {
				err = ctx.Err()
			}
			if errors.Is(err, io.EOF) {
				return
			}
			var result Result
			if err == nil {
				result, err = f.merge(ctx, shop, g)
			}
			if !yield(result, err) || err != nil {
				return
			}
		}
	}
}
