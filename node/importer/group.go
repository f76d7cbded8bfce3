package importer

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Limits of what one product may take of a file: 500 variants with their
// pictures need less.
const (
	maxGroupRows = 2000
	maxGroupSize = 16 << 20 // bytes
	maxNamed     = 1000     // bytes of the handle as the file spells it
)

// group holds the rows of one product, at least one.
type group struct {
	handle protocol.Handle
	named  string // the handle as the file spells it, "" when it comes from the title
	rows   []*row
	size   int
	issues issues
}

// issues gathers what is to be said of one product.
type issues struct {
	warnings, errors []Issue
}

// maxIssues bounds the warnings, and the errors, of one product.
const maxIssues = 100

func (i *issues) warn(row int, column, format string, args ...any) {
	i.warnings = note(i.warnings, row, column, format, args)
}

func (i *issues) fault(row int, column, format string, args ...any) {
	i.errors = note(i.errors, row, column, format, args)
}

func note(list []Issue, row int, column, format string, args []any) []Issue {
	switch {
	case len(list) < maxIssues:
		return append(list, Issue{row, column, fmt.Sprintf(format, args...)})
	case len(list) == maxIssues:
		return append(list, Issue{row, "", "there is more of this kind in the product's other rows"})
	}
	return list
}

// group reads the rows of the next product; io.EOF when there is none.
func (f *File) group() (*group, error) {
	first, err := f.take()
	if err != nil {
		return nil, err
	}
	g := f.begin(first)
	for {
		r, err := f.take()
		if errors.Is(err, io.EOF) {
			return g, nil
		}
		if err != nil {
			return nil, err
		}
		if !f.continues(g, r) {
			f.next = r
			return g, nil
		}
		g.add(r)
	}
}

func (f *File) take() (*row, error) {
	if r := f.next; r != nil {
		f.next = nil
		return r, nil
	}
	return f.rows.next()
}

// begin starts a product with its first row and finds its handle.
func (f *File) begin(r *row) *group {
	g := &group{named: f.columns.cell(r, colHandle)}
	title := f.columns.cell(r, colTitle)
	switch {
	case len(g.named) > maxNamed:
		g.issues.fault(r.no, f.columns.name(colHandle), "is longer than %d bytes", maxNamed)
	case g.named != "":
		g.handle = HandleOf(strings.Clone(g.named)) // it is kept longer than its row
	case title != "":
		g.handle = HandleOf(strings.Clone(title))
	default:
		g.issues.fault(r.no, f.columns.name(colTitle), "the row belongs to no product: it has neither a handle nor a title")
	}
	g.add(r)
	f.claim(g, r)
	return g
}

// claim notes that a handle is taken by rows of this file.
func (f *File) claim(g *group, r *row) {
	if g.handle == "" {
		return
	}
	if at, taken := f.handles[g.handle]; taken {
		column := f.columns.name(colHandle)
		if g.named == "" {
			column = f.columns.name(colTitle)
		}
		g.issues.fault(r.no, column, "duplicate handle %q: row %d has it too, and rows of one product must stand together", g.handle, at)
		return
	}
	f.handles[g.handle] = r.no
}

// continues reports whether a row belongs to the same product as the ones before:
// it has the same handle, or none and no other title.
func (f *File) continues(g *group, r *row) bool {
	if named := f.columns.cell(r, colHandle); named != "" {
		return strings.EqualFold(named, g.named) || g.named == "" && HandleOf(named) == g.handle
	}
	title := f.columns.cell(r, colTitle)
	return title == "" || title == f.columns.cell(g.rows[0], colTitle)
}

// add takes a row, or the fact that there are too many.
func (g *group) add(r *row) {
	if r.bad != "" {
		g.issues.fault(r.no, "", "%s", r.bad)
	}
	if g.size += r.size; g.size > maxGroupSize && g.size-r.size <= maxGroupSize && len(g.rows) > 0 {
		g.issues.fault(r.no, "", "the product's rows have more than %d bytes", maxGroupSize)
	}
	if len(g.rows) == maxGroupRows {
		g.issues.fault(r.no, "", "the product has more than %d rows", maxGroupRows)
	}
	if len(g.rows) <= maxGroupRows && (g.size <= maxGroupSize || len(g.rows) == 0) {
		g.rows = append(g.rows, r)
	}
}
