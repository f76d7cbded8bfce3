package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// child is a process that was started for a scenario.
type child struct {
	cmd *exec.Cmd
	out io.Reader
	in  io.Closer
	log string // file that its standard error goes to
}

// spawn starts a program whose standard input stays open until it is stopped.
func (l *lab) spawn(name string, cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd, log: filepath.Join(l.dir, name+".log")}
	log, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	if c.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return c, cmd.Start()
}

// patience is how long a process may take to start or to stop.
const patience = time.Minute

// stop asks the process to end, and ends it if it doesn't.
func (c *child) stop() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, c.cmd.Wait())
	}
	kill := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer kill.Stop()
	c.in.Close()
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w%s", c.cmd.Path, err, c.tail())
	}
	return nil
}

// tail returns the end of what the process said on standard error.
func (c *child) tail() string {
	b, err := os.ReadFile(c.log)
	if err != nil || len(b) == 0 {
		return ""
	}
	return "\n" + string(b[max(0, len(b)-2000):])
}

// served is a shop that the real binary serves.
type served struct {
	*child
	home   string
	places struct{ Shop, Admin string }
	ready  time.Duration // from the start to the first 200 of /readyz
}

// serve starts stoa serve over a home and waits until it is ready. Unless flags say
// how it meets other nodes, it doesn't.
func (l *lab) serve(ctx context.Context, home string, flags ...string) (*served, error) {
	stoa, err := l.binary(ctx)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if len(flags) == 0 {
		flags = []string{"--listen", "none"}
	}
	args := append([]string{"serve", "--json", "--home", home, "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, flags...)
	c, err := l.spawn("serve", exec.CommandContext(ctx, stoa, args...))
	if err != nil {
		return nil, err
	}
	s := &served{child: c, home: home}
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start stoa serve: %w%s", err, c.tail()), s.stop())
	}
	s.ready = time.Since(begin)
	return s, nil
}

// await reads where the shop is and asks until it is ready.
func (s *served) await(ctx context.Context) error {
	if err := json.NewDecoder(s.out).Decode(&s.places); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if page, err := fetch(ctx, s.places.Admin+"/readyz", ""); err == nil && page.status == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// host is what a browser would call the shop.
func (s *served) host() string { return strings.TrimPrefix(s.places.Shop, "http://") }

// address is what a connection to the shop is made to.
func (s *served) address() string { return addressOf(s.host()) }

// addressOf returns where to connect for a host; localhost is the address that the
// servers here listen at.
func addressOf(host string) string {
	if port, ok := strings.CutPrefix(host, "localhost:"); ok {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return host
}

// setPrice changes a price the way a shopkeeper does, while the shop is open.
func (l *lab) setPrice(ctx context.Context, home string, product int, price string) error {
	out, err := exec.CommandContext(ctx, l.stoa, "set-price", string(variantOf(product, 0)), price, "--home", home, "--json").CombinedOutput()
	if err != nil {
		return fmt.Errorf("stoa set-price: %w\n%s", err, out)
	}
	return nil
}
