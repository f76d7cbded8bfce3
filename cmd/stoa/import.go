package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/importer"
)

func (a *app) importCommand() *cobra.Command {
	var q control.ImportQuery
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take products from a Shopify product CSV",
		Long: `Takes products, variants, prices, stock and pictures from a Shopify product CSV,
old columns or new. All good or nothing: a bad row is named and nothing is
published, unless --skip-bad-rows. A column the file doesn't have keeps its
values, a blank cell erases. Running it again changes nothing.

Pictures named by URL are fetched; those named by file are read from --images. A
picture that can't be had is a warning and is tried again by 'stoa serve'.`,
		Example: `  stoa import products.csv --dry-run
  stoa import products.csv --images ./photos`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if q.Images != "" {
				abs, err := filepath.Abs(q.Images)
				if err != nil {
					return err
				}
				q.Images = abs
			}
			return a.reach(cmd, func(c *control.Client) error { return a.importFile(cmd, c, args[0], q) })
		},
	}
	cmd.Flags().BoolVar(&q.DryRun, "dry-run", false, "say what would change and change nothing")
	cmd.Flags().BoolVar(&q.SkipBadRows, "skip-bad-rows", false, "publish the good products and leave the bad ones out")
	cmd.Flags().StringVar(&q.Images, "images", "", "folder with the pictures that the file names")
	return cmd
}

func (a *app) importFile(cmd *cobra.Command, c *control.Client, name string, q control.ImportQuery) error {
	f, err := os.Open(name)
	if err != nil {
		return fileError(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fileError(name, err)
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder: name the CSV file in it", name)
	}
	bar := a.progress(info.Size())
	result, err := c.Import(cmd.Context(), f, q, bar.show)
	bar.end()
	if a.json {
		return a.importJSON(result, err)
	}
	a.importIssues(result)
	if err != nil && len(result.Errors) > 0 {
		return fmt.Errorf("%s: %w. Correct them and import again; --skip-bad-rows leaves them out", filepath.Base(name), err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	a.importCounts(result)
	if q.DryRun {
		a.say("Nothing was changed: this was a dry run.")
	}
	return nil
}

func (a *app) importJSON(result control.ImportResult, err error) error {
	if err == nil {
		return a.printJSON(result)
	}
	if len(result.Errors) == 0 {
		return err
	}
	if err := a.printJSON(result); err != nil {
		return err
	}
	return saidError{err}
}

// shownIssues is how many warnings, and how many errors, a person is shown.
const shownIssues = 20

func (a *app) importIssues(r control.ImportResult) {
	pictures, others := apart(r.Warnings)
	a.issues("warning", others)
	a.pictureWarnings(pictures)
	a.issues("error", r.Errors)
}

func (a *app) importCounts(r control.ImportResult) {
	if r.Products == 0 {
		a.say("The file has no products.")
		return
	}
	a.say("%s with %s: %d new, %d changed, %d unchanged.", counted(r.Products, "product"),
		counted(r.Variants, "variant"), r.Created, r.Updated, r.Unchanged)
	if r.Deleted > 0 {
		a.say("%s removed.", counted(r.Deleted, "variant"))
	}
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// apart separates warnings about pictures from the others.
func apart(list []importer.Issue) (pictures, others []importer.Issue) {
	for _, issue := range list {
		if issue.Column == node.PictureColumn {
			pictures = append(pictures, issue)
		} else {
			others = append(others, issue)
		}
	}
	return pictures, others
}

// pictureWarnings shows one picture for many: when a server is away, all of them
// have the same trouble.
func (a *app) pictureWarnings(list []importer.Issue) {
	if len(list) == 0 {
		return
	}
	a.warn("warning: %s", list[0].Message)
	if len(list) > 1 {
		a.warn("  … and %d more pictures; --json lists them all", len(list)-1)
	}
	a.warn("  The products are published without them; 'stoa serve' tries again.")
}

func (a *app) issues(kind string, list []importer.Issue) {
	for i, issue := range list {
		if i == shownIssues {
			a.warn("  … and %d more; --json lists them all", len(list)-i)
			return
		}
		a.warn("%s: %s", kind, issue)
	}
}

// bar shows how far an import is, on a terminal only.
type bar struct {
	a     *app
	size  int64
	phase string
	bar   *progressbar.ProgressBar
}

func (a *app) progress(size int64) *bar { return &bar{a: a, size: size} }

var phases = map[string]string{"read": "Reading", "sign": "Signing", "pictures": "Fetching pictures"}

func (b *bar) show(p node.Progress) {
	if !b.a.interactive || b.a.json {
		return
	}
	if p.Phase == "read" {
		p.Total = b.size
	}
	if p.Phase != b.phase {
		b.end()
		b.phase = p.Phase
		b.bar = progressbar.NewOptions64(max(p.Total, 1), progressbar.OptionSetWriter(b.a.err),
			progressbar.OptionSetDescription(phases[p.Phase]), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
	}
	_ = b.bar.Set64(min(p.Done, max(p.Total, 1))) // a bar that can't be drawn is no failure
}

func (b *bar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
		b.bar = nil
	}
}
