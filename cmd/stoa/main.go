// Command stoa is a brand's node: it signs the brand's catalog, serves its shop
// and proves what it says. It joins store, node and gateway and holds the command
// line, one file a subcommand; everything else is in the packages below.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends what doesn't end by itself
	os.Exit(run(ctx, os.Args[1:], terminal()))
}

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // refused or failed
	exitUsage  = 2 // wrong usage
)

// run carries out one command line and returns its exit code.
func run(ctx context.Context, args []string, t tty) int {
	root := newRoot(t)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var wrong usageError
	if errors.As(err, &wrong) {
		fmt.Fprintf(t.err, "stoa: %v\nRun 'stoa --help' for the commands, 'stoa COMMAND --help' for one of them.\n", err)
		return exitUsage
	}
	var said saidError
	if errors.As(err, &said) {
		return exitFailed
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted: what was published before stays; run the command again to go on")
	}
	fail(t, root, err)
	return exitFailed
}
