package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// lab is where a run happens: a folder with the binary and the homes that the
// scenarios share. Scenarios run one after another.
type lab struct {
	scale scale
	dir   string
	log   io.Writer
	stoa  string         // the binary, once built
	homes map[int]string // by number of products
	large *large         // the very large catalog, once made
}

func newLab(o options, log io.Writer) (*lab, error) {
	dir, err := os.MkdirTemp(o.dir, "stoa-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder to work in: %w", err)
	}
	l := &lab{scale: o.scale, dir: dir, log: log, homes: map[int]string{}}
	if inMemory(dir) {
		l.say("%s is kept in memory: syncing costs nothing there; choose a disk with --dir", dir)
	}
	return l, nil
}

func (l *lab) close() error { return os.RemoveAll(l.dir) }

func (l *lab) say(format string, args ...any) { fmt.Fprintf(l.log, "  "+format+"\n", args...) }

// binary builds the command that shopkeepers run.
func (l *lab) binary(ctx context.Context) (string, error) {
	if l.stoa != "" {
		return l.stoa, nil
	}
	file := filepath.Join(l.dir, "stoa")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", file, "github.com/stoa-commerce/stoa/cmd/stoa").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build stoa: %w\n%s", err, out)
	}
	l.stoa = file
	return file, nil
}

// home returns the home of a brand with so many products, founded on first use.
func (l *lab) home(ctx context.Context, products int) (string, error) {
	if home, ok := l.homes[products]; ok {
		return home, nil
	}
	home := filepath.Join(l.dir, fmt.Sprint("home-", products))
	begin := time.Now()
	if err := found(ctx, home, products); err != nil {
		return "", errors.Join(fmt.Errorf("make a catalog of %d products: %w", products, err), os.RemoveAll(home))
	}
	l.say("a catalog of %s products took %.1f s to make", count(products), time.Since(begin).Seconds())
	l.homes[products] = home
	return home, nil
}
