package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/notify"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
)

// serving says where a node is served.
type serving struct {
	http  string // address of the shop
	admin string // address of the owner's listener; loopback only
	mail  string // address of the mail server; "" sends no letters
	url   string // where shoppers reach the shop; "" is what it is served at
	network
}

func (a *app) serveCommand() *cobra.Command {
	var s serving
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Open the shop: serve its pages and keep its catalog signed",
		Long: `Serves the storefront, signs the catalog anew every day and fetches pictures that
are missing. It meets other nodes, tells those that follow you what changed, and
keeps what you follow up to date and verified. Other commands work meanwhile: they
reach this one through a socket in the home. It ends on Ctrl-C, after the requests
under way.

Other nodes reach it at port 4001, TCP and QUIC, unless --listen says otherwise. If
your router lets nobody in, it is reached through nodes that serve with --relay.`,
		Example: `  stoa serve --http :8080
  stoa serve --seed https://tea.example
  stoa serve --listen /ip4/0.0.0.0/tcp/4010 --listen /ip4/0.0.0.0/udp/4010/quic-v1
  stoa serve --listen none`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return usageError{err}
			}
			if notice := s.settle(); notice != "" {
				a.warn("%s", notice)
			}
			go giveBack(cmd.Context())
			return a.serve(cmd.Context(), s, func(at places) { a.announce(at) })
		},
	}
	cmd.Flags().StringVar(&s.http, "http", ":8080", "address the shop is served at")
	cmd.Flags().StringVar(&s.url, "url", "", "web address shoppers reach the shop at, for links in letters (default: the one it is served at)")
	cmd.Flags().StringVar(&s.mail, "smtp", "", "mail server for letters, such as smtps://shop@mail.example?from=shop@mail.example; its password in STOA_SMTP_PASSWORD")
	cmd.Flags().StringVar(&s.admin, "admin", "localhost:8081", "loopback address of health and metrics")
	s.flags(cmd.Flags())
	return cmd
}

// places say where a node that serves is found.
type places struct {
	Shop   string   `json:"shop"`
	Admin  string   `json:"admin"`
	Brand  string   `json:"brand"`
	PeerID string   `json:"peerID,omitempty"` // absent without a network
	Listen []string `json:"listen"`           // multiaddrs with /p2p/ID
}

func (a *app) announce(at places) {
	if a.json {
		_ = a.printJSON(at) // nobody listens at out: the pages are served all the same
		return
	}
	a.say("The shop is open at %s\nHealth and metrics at %s", at.Shop, at.Admin)
	if addr := at.node(); addr != "" {
		a.say("Other nodes find it at %s", addr)
	}
}

// node returns the address of the node to tell others, "" without one: the first
// that leads to it from another machine, if any does.
func (p places) node() string {
	for _, addr := range p.Listen {
		if !loopback(addr) {
			return addr
		}
	}
	if len(p.Listen) > 0 {
		return p.Listen[0]
	}
	return ""
}

// serve opens the home's node and serves it until ctx ends. ready is called once
// everything listens.
func (a *app) serve(ctx context.Context, s serving, ready func(places)) error {
	if err := loopbackOnly(s.admin); err != nil {
		return usageError{err}
	}
	o, registry := a.options(a.err), prometheus.NewRegistry()
	o.Net = s.options(registry)
	var err error
	if o.Notify, err = s.notify(); err != nil {
		return usageError{err}
	}
	n, err := node.Open(ctx, o)
	if errors.Is(err, node.ErrNoBrand) {
		return fmt.Errorf("there is no brand in %s: 'stoa init --name NAME' founds one, --home names another folder", a.home)
	}
	if errors.Is(err, kv.ErrInUse) {
		return fmt.Errorf("the shop in %s is being served already, or another command is at work in it", a.home)
	}
	if err != nil {
		return notMet(err)
	}
	return errors.Join(a.serveNode(ctx, n, o, s, registry, ready), n.Close())
}

// notify says how people are called back.
func (s serving) notify() (o node.NotifyOptions, err error) {
	o.Shop = strings.TrimSuffix(s.url, "/")
	if o.Shop == "" {
		o.Shop = "http://" + reachedAt(s.http)
	} else if u, err := url.Parse(o.Shop); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return o, fmt.Errorf("--url %q is no web address such as https://shop.example", s.url)
	}
	if s.mail == "" {
		return o, nil
	}
	server, err := notify.ParseServer(s.mail, os.Getenv("STOA_SMTP_PASSWORD"))
	if err != nil {
		return o, fmt.Errorf("--smtp: %w", err)
	}
	o.Mail = &server
	return o, nil
}

// reachedAt is the address at which this machine reaches what listens at addr.
func reachedAt(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("localhost", port)
	}
	return addr
}

// listenedAt finds the address in an error of the network.
var listenedAt = regexp.MustCompile(`listen on (/\S+):`)

// notMet says in words why the network can't be met.
func notMet(err error) error {
	text, addr := err.Error(), ""
	if m := listenedAt.FindStringSubmatch(text); m != nil {
		addr = " " + m[1]
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("--listen%s: another program is at this address already; give another with --listen", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("--listen%s: this machine doesn't have the address", addr)
	}
	if first, _, long := strings.Cut(text, "\n"); long {
		return errors.New(first) // the rest says it again
	}
	return err
}

func (a *app) serveNode(ctx context.Context, n *node.Node, o node.Options, s serving, registry *prometheus.Registry, ready func(places)) error {
	shop, err := gateway.New(gateway.Options{
		Store: n.Store(), Blobs: n.Blobs(), Brand: n.Brand(), Log: o.Log, Mirrors: mirrors{n}, Peers: n.Addresses, Threads: n.Threads(),
	})
	if err != nil {
		return err
	}
	admin, err := owners(n, shop, registry)
	if err != nil {
		return err
	}
	listeners, err := listenAll(ctx, s, o.Home)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.Run(ctx) })
	g.Go(func() error { return serveUntil(ctx, gateway.NewServer(shop), listeners.shop) })
	g.Go(func() error { return serveUntil(ctx, gateway.NewServer(toLoopback(admin)), listeners.admin) })
	g.Go(func() error { return serveUntil(ctx, &http.Server{Handler: control.NewHandler(n)}, listeners.control) })
	g.Go(func() error { return a.tellPlaces(ctx, n, listeners, ready) })
	return g.Wait()
}

// owners is the handler of the owner's listener.
func owners(n *node.Node, shop *gateway.Gateway, registry *prometheus.Registry) (http.Handler, error) {
	return gateway.Admin(gateway.AdminOptions{
		Ready: func(ctx context.Context) error {
			return n.Store().View(ctx, n.Brand(), func(*store.View) error { return nil })
		},
		Collectors: []prometheus.Collector{shop.Collector(), alarmMetric(n), networkMetrics{registry}},
	})
}

// tellPlaces says where everything is found and, where something is on sale, what is
// missing of the terms.
func (a *app) tellPlaces(ctx context.Context, n *node.Node, l listeners, ready func(places)) error {
	st, err := n.Status(ctx)
	if err != nil {
		return err
	}
	if st.Products > 0 {
		missing, err := n.TermsWarnings(ctx)
		if err != nil {
			return err
		}
		for _, w := range missing {
			a.warn("warning: %s", w)
		}
	}
	ready(places{
		Shop: "http://" + shown(l.shop), Admin: "http://" + shown(l.admin), Brand: n.Brand().String(),
		PeerID: st.PeerID, Listen: append([]string{}, st.Listen...),
	})
	return nil
}

type listeners struct{ shop, admin, control net.Listener }

// listenError says in words why an address can't be listened at.
func listenError(flag, addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s %s: another program is at this address already; give another with %[1]s", flag, addr)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s %s: ports below 1024 need more rights than you have; %[1]s :8080 needs none", flag, addr)
	}
	return fmt.Errorf("%s %s: this is no address to listen at, such as :8080: %w", flag, addr, err)
}

func listenAll(ctx context.Context, s serving, home string) (l listeners, err error) {
	var lc net.ListenConfig
	if l.shop, err = lc.Listen(ctx, "tcp", s.http); err != nil {
		return l, listenError("--http", s.http, err)
	}
	if l.admin, err = lc.Listen(ctx, "tcp", s.admin); err != nil {
		return l, errors.Join(listenError("--admin", s.admin, err), l.shop.Close())
	}
	if l.control, err = control.Listen(ctx, home); err != nil {
		return l, errors.Join(err, l.shop.Close(), l.admin.Close())
	}
	return l, nil
}

func loopbackOnly(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--admin %q: %w", addr, err)
	}
	if isLoopback(host) {
		return nil
	}
	return fmt.Errorf("--admin %q is not a loopback address: health and metrics are for the owner alone", addr)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// toLoopback answers only requests that name this machine. A web page of somebody
// else can make a browser here ask a name of its own that leads to loopback (DNS
// rebinding), and would read the answer.
func toLoopback(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = strings.Trim(r.Host, "[]")
		}
		if !isLoopback(host) {
			http.Error(w, "this is for the machine itself: ask for localhost", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// shown returns an address that a browser on this machine can open.
func shown(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
