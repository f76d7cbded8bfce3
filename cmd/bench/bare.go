package main

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// bareEnv names the file of pages that a copy of this program serves instead of
// measuring: the baseline, in a process of its own like the shop.
const bareEnv = "STOA_BENCH_PAGES"

// barePage is what the baseline sends for an address.
type barePage struct {
	Path   string
	Header map[string][]string
	Body   []byte
}

// bareMain serves until ctx or its standard input ends.
func bareMain(ctx context.Context, list string) int {
	if err := serveBare(ctx, list); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	return exitDone
}

func serveBare(ctx context.Context, list string) error {
	pages, err := readPages(list)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: bareHandler(pages)}
	ctx, stop := context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		defer stop()
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the parent does
	}()
	fmt.Println(listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// bareHandler is as little as net/http needs to send the same bytes: it finds the
// page by its path and copies headers and body out.
func bareHandler(pages map[string]barePage) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		for name, value := range p.Header {
			h[name] = value
		}
		_, _ = w.Write(p.Body) // an error means that nobody listens any more
	})
}

func readPages(list string) (map[string]barePage, error) {
	f, err := os.Open(list)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var pages []barePage
	if err := gob.NewDecoder(f).Decode(&pages); err != nil {
		return nil, err
	}
	byPath := map[string]barePage{}
	for _, p := range pages {
		byPath[p.Path] = p
	}
	return byPath, nil
}

// bareServer starts the baseline over pages that the shop has sent, and returns
// its address.
func (l *lab) bareServer(ctx context.Context, pages []page) (*child, string, error) {
	list := filepath.Join(l.dir, "pages")
	if err := writePages(list, pages); err != nil {
		return nil, "", err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), bareEnv+"="+list)
	c, err := l.spawn("bare", cmd)
	if err != nil {
		return nil, "", err
	}
	var address string
	if _, err := fmt.Fscanln(c.out, &address); err != nil {
		return nil, "", errors.Join(fmt.Errorf("start the baseline: %w%s", err, c.tail()), c.stop())
	}
	return c, address, nil
}

func writePages(list string, pages []page) error {
	var out []barePage
	for _, p := range pages {
		header := p.header.Clone()
		header.Del("Date") // this and the next are the server's own
		header.Del("Connection")
		out = append(out, barePage{p.path, header, p.body})
	}
	f, err := os.Create(list)
	if err != nil {
		return err
	}
	return errors.Join(gob.NewEncoder(f).Encode(out), f.Close())
}
