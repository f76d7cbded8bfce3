package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/stoa-commerce/stoa/node/importer"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// ImportOptions say how to import a file.
type ImportOptions struct {
	DryRun      bool
	SkipBadRows bool
	Images      string         // folder that file names of pictures lead to, "" for none
	Progress    func(Progress) // may be nil; called from the import's goroutine
}

// Progress says how far long work is. Total is 0 when it isn't known.
type Progress struct {
	Phase       string // "read", "sign" or "pictures"
	Done, Total int64
}

// ImportReport says what an import did, or with DryRun would do.
type ImportReport struct {
	Products  int              `json:"products"`
	Variants  int              `json:"variants"`
	Created   int              `json:"created"`
	Updated   int              `json:"updated"`
	Unchanged int              `json:"unchanged"`
	Deleted   int              `json:"deleted"` // variants that the file no longer has
	Warnings  []importer.Issue `json:"warnings"`
	Errors    []importer.Issue `json:"errors"`
	// Omitted counts warnings and errors beyond maxIssues of each.
	Omitted int                 `json:"omitted,omitempty"`
	DryRun  bool                `json:"dryRun,omitempty"`
	Head    *catalog.SignedHead `json:"-"`
}

// maxIssues bounds how many warnings, and how many errors, a report lists.
const maxIssues = 1000

// ErrBadRows means that nothing was imported because of rows that are wrong.
var ErrBadRows = errors.New("nothing was imported: the file has bad rows")

// Import takes products from a file into the shop. All of it is published under
// one head or nothing is; pictures that must be fetched follow under a second.
// Interrupted at any moment, running it again finishes the work.
func (n *Node) Import(ctx context.Context, file io.Reader, o ImportOptions) (ImportReport, error) {
	desk, err := n.pictureDesk(o.Images)
	if err != nil {
		return ImportReport{}, err
	}
	defer desk.Close()
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	im := &importing{n: n, o: o, desk: desk, waiting: map[string][]protocol.Handle{}, joining: map[protocol.Handle]*joining{}}
	im.report = ImportReport{Warnings: []importer.Issue{}, Errors: []importer.Issue{}, DryRun: o.DryRun}
	if err := im.run(ctx, file); err != nil {
		return im.report, err
	}
	return im.report, im.fetchWaiting(ctx)
}

type importing struct {
	n       *Node
	o       ImportOptions
	desk    *pictureDesk
	report  ImportReport
	staged  int
	waiting map[string][]protocol.Handle // products by the picture they lack
	joining map[protocol.Handle]*joining // collections that the file puts products into
}

func (im *importing) run(ctx context.Context, file io.Reader) error {
	im.n.mu.Lock()
	defer im.n.mu.Unlock()
	currency, err := im.n.currency(ctx)
	if err != nil {
		return err
	}
	counted := &countingReader{r: file}
	f, err := importer.Open(counted, importer.Options{Currency: currency, Now: im.n.millis()})
	if err != nil {
		return err
	}
	im.warn(f.Warnings()...)
	run, err := im.n.store.BeginImport(ctx)
	if err != nil {
		return err
	}
	defer run.Close()
	for result, err := range f.Products(ctx, im.n.store) {
		if err != nil {
			return err
		}
		if err := im.take(ctx, run, result); err != nil {
			return err
		}
		im.o.Progress(Progress{"read", counted.n, 0})
	}
	if len(im.report.Errors) > 0 && !im.o.SkipBadRows {
		return ErrBadRows
	}
	return im.publish(ctx, run)
}

func (n *Node) currency(ctx context.Context) (c protocol.Currency, err error) {
	err = n.store.View(ctx, n.brand, func(v *store.View) error {
		p, err := v.Profile()
		if err == nil {
			c = p.Currency
		}
		return err
	})
	return c, err
}

// take counts a result and stages it when it changes something.
func (im *importing) take(ctx context.Context, run store.ImportRun, r importer.Result) error {
	im.warn(r.Warnings...)
	im.fault(r.Errors...)
	if r.Is == nil {
		return nil
	}
	changed := r.Changed()
	if !im.o.DryRun {
		if err := im.pictures(ctx, run, r.Is); err != nil {
			return err
		}
		changed = changed || !sameMedia(r.Was, r.Is)
	}
	if changed && !im.recordable(r) {
		return nil
	}
	im.count(r, changed)
	im.join(r)
	if im.o.DryRun || !changed {
		return nil
	}
	return im.stage(run, r)
}

// stage puts a product aside until all of the file is read.
func (im *importing) stage(run store.ImportRun, r importer.Result) error {
	for _, v := range r.Variants {
		if err := run.PutVariant(v.ID, v.Owner); err != nil {
			return err
		}
	}
	for _, redirect := range r.Redirects {
		if err := run.PutRedirect(redirect.From, redirect.To); err != nil {
			return err
		}
	}
	im.staged++
	return run.PutChanged(r.Was, r.Is)
}

// recordable makes the records once to find what no record may hold. A product
// that fails is an error of its first row.
func (im *importing) recordable(r importer.Result) bool {
	_, err := project(r.Is)
	if err != nil {
		im.fault(importer.Issue{Row: r.Row, Column: "", Message: fmt.Sprintf("%s: %v", r.Is.Product.Handle, err)})
	}
	return err == nil
}

func (im *importing) count(r importer.Result, changed bool) {
	im.report.Products++
	im.report.Variants += len(r.Is.Variants)
	switch {
	case r.Was == nil:
		im.report.Created++
	case changed:
		im.report.Updated++
	default:
		im.report.Unchanged++
	}
	if r.Was != nil {
		im.report.Deleted += gone(r.Was, r.Is)
	}
}

func gone(was, is *store.OwnProduct) (n int) {
	for _, v := range was.Variants {
		if !slices.ContainsFunc(is.Variants, func(w store.OwnVariant) bool { return w.ID == v.ID }) {
			n++
		}
	}
	return n
}

func (im *importing) warn(issues ...importer.Issue) {
	im.report.Warnings, im.report.Omitted = appendBounded(im.report.Warnings, issues, im.report.Omitted)
}

func (im *importing) fault(issues ...importer.Issue) {
	im.report.Errors, im.report.Omitted = appendBounded(im.report.Errors, issues, im.report.Omitted)
}

func appendBounded(list, more []importer.Issue, omitted int) ([]importer.Issue, int) {
	room := min(maxIssues-len(list), len(more))
	return append(list, more[:room]...), omitted + len(more) - room
}

// publish signs what was staged.
func (im *importing) publish(ctx context.Context, run store.ImportRun) error {
	collections, err := im.collections(ctx)
	if err != nil {
		return err
	}
	if err := run.Flush(); err != nil { // what is missing is noted, too, before it is fetched
		return err
	}
	if im.o.DryRun || im.staged+len(collections) == 0 {
		head, err := im.n.head(ctx)
		im.report.Head = head
		return err
	}
	head, err := im.n.publish(ctx, then(im.records(ctx, run), all(collections)), func(o *store.OwnTxn) error { return o.AdoptImport(run) })
	if err != nil {
		return err
	}
	im.report.Head = &head
	return im.n.store.SettleImport(ctx)
}

// records yields the record changes of the staged products.
func (im *importing) records(ctx context.Context, run store.ImportRun) changes {
	return func(yield func(store.Change, error) bool) {
		done := int64(0)
		for is, err := range im.n.store.Staged(ctx, run) {
			var list []store.Change
			if err == nil {
				list, err = im.n.productChanges(ctx, is)
			}
			if err != nil {
				yield(store.Change{}, err)
				return
			}
			for _, c := range list {
				if !yield(c, nil) {
					return
				}
			}
			done++
			im.o.Progress(Progress{"sign", done, int64(im.staged)})
		}
	}
}

// productChanges returns the changes that publish a product in its new state,
// manifests of its pictures included.
func (n *Node) productChanges(ctx context.Context, is *store.OwnProduct) ([]store.Change, error) {
	was, err := n.store.OwnProduct(ctx, is.Product.Handle)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	list, err := replace(was, is)
	if err != nil || is.Status != store.Active {
		return list, err
	}
	for _, ref := range is.Pictures {
		media, err := n.picture(ctx, ref.Source)
		if err != nil {
			return nil, err
		}
		if media == nil {
			continue
		}
		c, err := set(media)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// countingReader counts what is read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// OwnProducts yields the brand's products by handle, drafts included.
func (n *Node) OwnProducts(ctx context.Context) iter.Seq2[*store.OwnProduct, error] {
	return n.store.OwnProducts(ctx, "")
}
