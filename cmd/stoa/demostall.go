package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"

	"github.com/stoa-commerce/stoa/cmd/stoa/demo"
)

// stall is one node of the demo.
type stall struct {
	brand  demo.Brand
	card   identityCard
	folder string // its name on the command line and in the others' addresses
	name   string
	home   string
	serving
	at    *places // nil while it is closed
	close func()  // closes it and waits until it is
}

// demoNetwork keeps the demo apart from nodes that sell.
const demoNetwork = "demo"

// stalls are the demo's nodes in the order they are opened: the street, which
// comes last among the ports, and the three brands.
func stalls(folder string, port int) ([]*stall, error) {
	brands := demo.Brands()
	out := []*stall{nil}
	for i, b := range append(brands, demo.StreetBrand()) {
		card, err := cardOf(b)
		if err != nil {
			return nil, fmt.Errorf("demo %s: %w", b.Folder, err)
		}
		s := &stall{brand: b, card: card, folder: b.Folder, name: card.Name, home: filepath.Join(folder, b.Folder)}
		s.http, s.admin = fmt.Sprintf("localhost:%d", port+i), "localhost:0"
		s.network = network{listen: []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}, name: demoNetwork}
		if i == len(brands) {
			out[0] = s
			break
		}
		out = append(out, s)
	}
	return out, nil
}

// open serves a stall until close is called, and returns when it is open. The
// others that are open are its peers.
func (d *demoRun) open(ctx context.Context, s *stall) error {
	ctx, cancel := context.WithCancel(ctx)
	ready, failed, ended := make(chan places, 1), make(chan error, 1), make(chan struct{})
	s.http, s.peers = freeAddress(s.http), d.addresses()
	one, where := &app{tty: tty{out: io.Discard, err: io.Discard}, home: s.home}, s.serving
	d.group.Go(func() error {
		defer close(ended)
		opened := false
		err := one.serve(ctx, where, func(p places) { opened = true; ready <- p })
		if opened && err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		failed <- err // whoever opens it decides
		return nil
	})
	select {
	case err := <-failed:
		cancel()
		return err
	case p := <-ready:
		s.at, s.close = &p, func() { cancel(); <-ended }
		s.keepAddresses()
		return nil
	}
}

// addresses are those of the nodes that are open.
func (d *demoRun) addresses() (out []string) {
	for _, s := range d.stalls {
		if s.at != nil && s.at.node() != "" {
			out = append(out, s.at.node())
		}
	}
	return out
}

// keepAddresses makes a stall that is opened again appear where it was.
func (s *stall) keepAddresses() {
	s.http, s.listen = strings.TrimPrefix(s.at.Shop, "http://"), nil
	for _, addr := range s.at.Listen {
		bare, _, _ := strings.Cut(addr, "/p2p/")
		s.listen = append(s.listen, bare)
	}
}

// freeAddress returns the address, or any free one when something else has it.
func freeAddress(addr string) string {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "localhost:0"
	}
	l.Close()
	return addr
}
