// Command bench measures what the project promises of speed and size: scenarios
// of the whole system, ours beside a baseline in one run, with limits and
// durability as shipped. It carries out the tables "Speed and size" of the issues
// and DESIGN.md §6.
//
// It measures from outside: a home as an import leaves it, the node's own verbs,
// the real binary over loopback. What a package costs on its own is told by its
// benchmarks.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := program(ctx)
	stop()
	os.Exit(code)
}

// program is the bench, or in a copy that the bench started the baseline.
func program(ctx context.Context) int {
	if list := os.Getenv(bareEnv); list != "" {
		return bareMain(ctx, list)
	}
	return bench(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// What the command ends with.
const (
	exitDone   = 0 // it ran, whether or not targets were met
	exitFailed = 1
	exitUsage  = 2
)

func bench(ctx context.Context, args []string, out, log io.Writer) int {
	o, err := parse(args, out)
	if errors.Is(err, pflag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		fmt.Fprintf(log, "bench: %v\nRun with --help for the flags, --list for the scenarios.\n", err)
		return exitUsage
	}
	if o.list {
		listScenarios(out)
		return exitDone
	}
	if err := measure(ctx, o, out, log); err != nil {
		fmt.Fprintf(log, "bench: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// measure runs the chosen scenarios. As JSON a row is written as soon as it is
// known, the table at the end.
func measure(ctx context.Context, o options, out, log io.Writer) (err error) {
	l, err := newLab(o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	var all []row
	for _, s := range o.scenarios {
		l.say("%s: %s", s.name, s.about)
		rows, err := s.profiled(ctx, l, o.profiles)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for i := range rows {
			rows[i].Scenario = s.name
		}
		if o.json {
			if err := writeJSON(out, rows); err != nil {
				return err
			}
		}
		all = append(all, rows...)
	}
	if o.json {
		return nil
	}
	return writeTable(out, all)
}
