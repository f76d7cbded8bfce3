package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/cmd/stoa/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var fresh bool
	var port int
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Open three shops to look at: phones, cosmetics, tea",
		Long: `Founds three brands in a folder of their own, fills their shops with the same
commands that any brand uses, and serves each on its own port until Ctrl-C. A second
time they are there already.`,
		Example: `  stoa demo
  stoa demo --fresh --port 9000`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if port < 1 || port > 65533 {
				return usageError{fmt.Errorf("--port %d is none: three ports from 1 to 65535 are needed", port)}
			}
			folder := filepath.Join(a.home, "demo")
			if cmd.Flags().Changed("home") {
				folder = a.home
			}
			return a.demo(cmd.Context(), folder, fresh, port)
		},
	}
	cmd.Flags().BoolVar(&fresh, "fresh", false, "throw the demo's shops away and make them anew")
	cmd.Flags().IntVar(&port, "port", 8181, "port of the first shop; the others follow")
	return cmd
}

// demo makes the shops that aren't there yet, one after another, and serves each
// as soon as it is ready.
func (a *app) demo(ctx context.Context, folder string, fresh bool, port int) error {
	brands := demo.Brands()
	d := &demoRun{app: a, open: make([]places, len(brands)), left: len(brands)}
	d.note("Opening three shops. The first time their pictures are drawn, which takes a while;\nthey stay in %s.\n", folder)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for i, b := range brands {
			home := filepath.Join(folder, b.Folder)
			card, err := cardOf(b)
			if err == nil {
				err = d.make(ctx, b, card, home, fresh)
			}
			if err != nil {
				return fmt.Errorf("demo %s: %w", b.Folder, err)
			}
			g.Go(func() error { return d.serve(ctx, home, card.Name, i, port+i) })
		}
		return nil
	})
	return g.Wait()
}

type demoRun struct {
	*app
	mu   sync.Mutex
	open []places
	left int
}

func (d *demoRun) note(format string, args ...any) {
	if !d.json {
		d.say(format, args...)
	}
}

// doneFile stands in a demo home that is complete.
const doneFile = "demo.done"

// throwAway removes a home that this command has made, and no other.
func (d *demoRun) throwAway(home string) error {
	if _, err := os.Stat(filepath.Join(home, demoFile)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return os.RemoveAll(home)
}

// demoFile marks a home as one of the demo's.
const demoFile = "demo.home"

// make founds and fills a demo brand through the public commands, unless it is
// there.
func (d *demoRun) make(ctx context.Context, b demo.Brand, card identityCard, home string, fresh bool) error {
	if _, err := os.Stat(filepath.Join(home, doneFile)); err == nil && !fresh {
		return nil
	}
	if err := d.throwAway(home); err != nil {
		return err
	}
	if err := mark(home, demoFile); err != nil {
		return err
	}
	files := filepath.Join(home, "files")
	if err := b.Write(ctx, files); err != nil {
		return err
	}
	images := filepath.Join(files, "images")
	for _, args := range [][]string{
		{"init", "--name", card.Name, "--currency", card.Currency, "--country", card.Country, "--language", card.Language},
		{"import", filepath.Join(files, "products.csv"), "--images", images},
		{"apply", filepath.Join(files, "shop.json"), "--images", images},
	} {
		if err := d.command(ctx, append(args, "--home", home, "--json")); err != nil {
			return fmt.Errorf("stoa %s: %w", args[0], err)
		}
	}
	return mark(home, doneFile)
}

func mark(home, file string) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, file), nil, 0o600)
}

// identityCard is what init asks for.
type identityCard struct {
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Country  string `json:"country"`
	Language string `json:"language"`
}

func cardOf(b demo.Brand) (identityCard, error) {
	var doc struct {
		Profile identityCard `json:"profile"`
	}
	err := json.Unmarshal(b.Shop, &doc)
	return doc.Profile, err
}

// command runs one of the public commands. What it has to say is shown only when
// it fails.
func (d *demoRun) command(ctx context.Context, args []string) error {
	var out, errs strings.Builder
	if run(ctx, args, tty{in: strings.NewReader(""), out: &out, err: &errs}) == exitDone {
		return nil
	}
	return errors.New(strings.TrimSpace(errs.String() + "\n" + out.String()))
}

func (d *demoRun) serve(ctx context.Context, home, name string, i, port int) error {
	one := &app{tty: tty{out: io.Discard, err: io.Discard}, home: home}
	at := serving{http: freeAddress(port), admin: "localhost:0"}
	return one.serve(ctx, at, func(p places) { d.opened(i, name, p) })
}

// freeAddress returns the port, or any free one when something else has it.
func freeAddress(port int) string {
	addr := fmt.Sprintf("localhost:%d", port)
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "localhost:0"
	}
	l.Close()
	return addr
}

// opened tells of a shop, and of all of them once they are open.
func (d *demoRun) opened(i int, name string, p places) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[i] = p
	d.left--
	d.note("  %-15s %s", name, p.Shop)
	if d.left > 0 {
		return
	}
	if d.json {
		_ = d.printJSON(d.open) // nobody listens at out: the shops are open all the same
		return
	}
	d.say("\nThree shops are open. Look at them on a phone's width, too. Ctrl-C closes them.")
}
