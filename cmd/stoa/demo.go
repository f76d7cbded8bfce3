package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/cmd/stoa/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var fresh bool
	var port int
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Open three shops that show each other, and a street that shows them all",
		Long: `Founds three brands in a folder of their own, fills their shops with the same
commands that any brand uses, and serves each on its own port until Ctrl-C. They
follow each other, and a fourth node, Stoa Street, sells nothing and mirrors all
three. A second time they are there already. It says what to try.`,
		Example: `  stoa demo
  stoa demo --fresh --port 9000
  stoa demo stop tea`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if port < 1 || port > 65532 {
				return usageError{fmt.Errorf("--port %d is none: four ports from 1 to 65535 are needed", port)}
			}
			return a.demo(cmd.Context(), a.demoFolder(cmd), fresh, port)
		},
	}
	cmd.Flags().BoolVar(&fresh, "fresh", false, "throw the demo's shops away and make them anew")
	cmd.Flags().IntVar(&port, "port", 8181, "port of the first shop; the others follow")
	cmd.AddCommand(a.demoSwitchCommand("stop", "Close one shop of the running demo, as if its plug were pulled"),
		a.demoSwitchCommand("start", "Open it again"))
	return cmd
}

// demoFolder is where the demo's homes are.
func (a *app) demoFolder(cmd *cobra.Command) string {
	folder := a.home
	if !cmd.Flags().Changed("home") {
		folder = filepath.Join(a.home, "demo")
	}
	if abs, err := filepath.Abs(folder); err == nil {
		return abs
	}
	return folder
}

// demoRun is a demo that is open.
type demoRun struct {
	*app
	folder string
	group  *errgroup.Group // everything that runs

	mu     sync.Mutex // held while a stall is opened or closed
	stalls []*stall
}

// demo makes the shops that aren't there yet, one after another, and serves each
// as soon as it is ready.
func (a *app) demo(ctx context.Context, folder string, fresh bool, port int) error {
	if running(ctx, folder) {
		return fmt.Errorf("the demo in %s is open already", folder)
	}
	stalls, err := stalls(folder, port)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	d := &demoRun{app: a, folder: folder, group: g, stalls: stalls}
	d.note("Opening three shops and a street. The first time their pictures are drawn, which\ntakes a while; they stay in %s.\n", folder)
	go giveBack(ctx)
	g.Go(func() error { return d.openAll(ctx, fresh) })
	return g.Wait()
}

func (d *demoRun) note(format string, args ...any) {
	if !d.json {
		d.say(format, args...)
	}
}

// openAll opens one after another. The street is first, because it is ready at
// once: its store's lock keeps a second demo out of the folder.
func (d *demoRun) openAll(ctx context.Context, fresh bool) error {
	for i, s := range d.stalls {
		if err := d.found(ctx, s, fresh); err != nil {
			return fmt.Errorf("demo %s: %w", s.folder, err)
		}
		if err := d.openUp(ctx, s); err != nil {
			return fmt.Errorf("demo %s: %w", s.folder, err)
		}
		if i == 0 {
			if err := d.listen(ctx); err != nil {
				return err
			}
		}
	}
	return d.told(ctx)
}

// openUp opens a stall and makes it and the others that are open follow each
// other.
func (d *demoRun) openUp(ctx context.Context, s *stall) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.open(ctx, s); err != nil {
		return err
	}
	d.note("  %-15s %s", s.name, s.at.Shop)
	for _, other := range d.stalls {
		if other == s || other.at == nil {
			continue
		}
		if err := errors.Join(d.follow(ctx, s, other), d.follow(ctx, other, s)); err != nil {
			return err
		}
	}
	return nil
}

// follow makes one follow another through the public command, unless it does.
// Nobody follows the street: it has nothing to show.
func (d *demoRun) follow(ctx context.Context, who, whom *stall) error {
	if whom.folder == demo.Street {
		return nil
	}
	if list, err := followed(ctx, who.home); err != nil || list[whom.at.Brand] != nil {
		return err
	}
	err := d.command(ctx, []string{"follow", whom.at.Shop, "--as", whom.folder, "--home", who.home})
	if err != nil {
		return fmt.Errorf("stoa follow: %w", err)
	}
	return nil
}

// followed returns what the running node of a home follows, by brand.
func followed(ctx context.Context, home string) (map[string]*control.Brand, error) {
	c, err := control.Dial(ctx, (&app{home: home}).options(io.Discard))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	list, err := c.Brands(ctx)
	out := map[string]*control.Brand{}
	for i := range list {
		out[list[i].Brand.String()] = &list[i]
	}
	return out, err
}

// arrival is how long the street is waited for to have everything.
const arrival = time.Minute

// arrived waits until the street shows every shop.
func (d *demoRun) arrived(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, arrival)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := followed(ctx, d.stalls[0].home)
		if err != nil || whole(list) && len(list) == len(d.stalls)-1 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func whole(list map[string]*control.Brand) bool {
	for _, b := range list {
		if b.Products == 0 {
			return false
		}
	}
	return true
}
