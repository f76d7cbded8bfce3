package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/pictures"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
)

// tty is where a command reads and writes.
type tty struct {
	in          io.Reader
	out, err    io.Writer
	interactive bool // a person types at in and reads err
}

func terminal() tty {
	return tty{os.Stdin, os.Stdout, os.Stderr, term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))}
}

// app is what the subcommands share.
type app struct {
	tty
	home string
	json bool
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

// saidError is a failure that the command has reported already.
type saidError struct{ error }

func newRoot(t tty) *cobra.Command {
	a := &app{tty: t}
	root := &cobra.Command{
		Use:   "stoa",
		Short: "Run your own shop: signed, federated, on one machine",
		Long: `Stoa is a shop of your own. It signs your catalog, serves your storefront and
lets anyone check that a price is yours. One program, no other service.`,
		Example: `  stoa demo                                  three shops to look at
  stoa init --name "Lindenhof Tea"           found a brand
  stoa import products.csv --images photos   take products from a Shopify export
  stoa serve                                 open the shop
  stoa follow https://tea.example --as tea   show another brand beside it`,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q", args[0])}
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.PersistentFlags().StringVar(&a.home, "home", defaultHome(), "folder that holds the brand")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "write the result as JSON")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(a.initCommand(), a.serveCommand(), a.importCommand(), a.productsCommand(), a.setPriceCommand(),
		a.applyCommand(), a.showCommand(), a.exportCommand(), a.proofCommand(), a.verifyCommand(), a.statusCommand(),
		a.silenceCommand(), a.followCommand(), a.unfollowCommand(), a.mirrorCommand(),
		a.brandsCommand(), a.peersCommand(), a.demoCommand(), a.keyCommand(),
		a.inboxCommand(), a.replyCommand(), a.eraseCommand(), a.ordersCommand(), a.orderCommand(), a.stockCommand(),
		a.buyCommand(), a.threadCommand(), a.receiptCommand())
	return root
}

func defaultHome() string {
	if h := os.Getenv("STOA_HOME"); h != "" {
		return h
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return ".stoa"
	}
	return filepath.Join(dir, ".stoa")
}

// exactly requires so many arguments, named for the message.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return usageError{fmt.Errorf("usage: %s", cmd.UseLine())}
	}
}

// options are those of the node in the home; logs go to w.
func (a *app) options(w io.Writer) node.Options {
	home, err := filepath.Abs(a.home)
	if err != nil {
		home = a.home
	}
	return node.Options{
		Home: home, Now: time.Now, Fetch: pictures.New(pictures.Options{}),
		Log: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: logLevel(w)})),
	}
}

// logLevel keeps a short command quiet; serve shows what it does.
func logLevel(w io.Writer) slog.Level {
	if w == io.Discard {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// reach calls fn with the node of the home, running or not.
func (a *app) reach(cmd *cobra.Command, fn func(*control.Client) error) error {
	c, err := control.Dial(cmd.Context(), a.options(io.Discard))
	if errors.Is(err, node.ErrNoBrand) {
		return fmt.Errorf("there is no brand in %s: 'stoa init --name NAME' founds one, --home names another folder", a.home)
	}
	if errors.Is(err, kv.ErrInUse) {
		return fmt.Errorf("another command is at work in %s: try again when it has ended", a.home)
	}
	if err != nil {
		return err
	}
	return errors.Join(fn(c), c.Close())
}

// printJSON writes a result for a script.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (a *app) say(format string, args ...any) { fmt.Fprintln(a.out, printable(format, args...)) }

func (a *app) warn(format string, args ...any) { fmt.Fprintln(a.err, printable(format, args...)) }

// printable takes out what would steer a terminal: a part of the text may come from
// a stranger's file.
func printable(format string, args ...any) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, fmt.Sprintf(format, args...))
}

// plain is an error in words for a person: without the kind at its end that
// programs decide by, and without the name of a system call before a file's.
func plain(err error) string {
	text := err.Error()
	for _, kind := range []error{protocol.ErrInvalid, store.ErrNotFound} {
		text = strings.TrimSuffix(text, ": "+kind.Error())
	}
	return text
}

// fileError says in words what is wrong with a file that was named.
func fileError(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("you may not read %s", name)
	}
	return fmt.Errorf("%s can't be read: %w", name, err)
}

// fail reports an error that no command has reported.
func fail(t tty, root *cobra.Command, err error) {
	if asked, _ := root.PersistentFlags().GetBool("json"); asked {
		_ = json.NewEncoder(t.out).Encode(map[string]string{"error": plain(err)}) // the exit code says it, too
		return
	}
	fmt.Fprintln(t.err, printable("stoa: %s", plain(err)))
}
