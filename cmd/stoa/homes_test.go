package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
)

// openedHome is a home that is served in this process.
type openedHome struct {
	t      *testing.T
	home   string
	places places
	cancel context.CancelFunc
	ended  chan error
}

// openHome opens a home's shop on free ports until the test ends. It meets others
// only if peers are given; alone is a first one that meets whoever comes.
func openHome(t *testing.T, home string, peers ...string) *openedHome {
	t.Helper()
	s := serving{http: "localhost:0", admin: "localhost:0"}
	if len(peers) > 0 {
		s.network = network{listen: []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}, name: "test"}
	}
	for _, p := range peers {
		if p != alone {
			s.peers = append(s.peers, p)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := &openedHome{t: t, home: home, cancel: cancel, ended: make(chan error, 1)}
	ready := make(chan places, 1)
	a := &app{tty: tty{out: io.Discard, err: t.Output()}, home: home}
	go func() { o.ended <- a.serve(ctx, s, func(p places) { ready <- p }) }()
	t.Cleanup(o.close)
	select {
	case o.places = <-ready:
	case err := <-o.ended:
		o.ended <- nil
		t.Fatalf("serve: %v", err)
	}
	return o
}

// alone stands for no peers.
const alone = ""

// close stops serving the home. It may be called again.
func (o *openedHome) close() {
	o.cancel()
	if err := <-o.ended; err != nil {
		o.t.Errorf("serve ended with %v", err)
	}
	o.ended <- nil
}

// get fetches a page of the home's shop.
func (o *openedHome) get(path string) (status int, body string) {
	o.t.Helper()
	status, body, err := page(o.t.Context(), o.places.Shop+path)
	if err != nil {
		o.t.Fatal(err)
	}
	return status, body
}

func page(ctx context.Context, url string) (int, string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// brands is what stoa brands says there, by handle.
func (o *openedHome) brands() map[string]control.Brand {
	o.t.Helper()
	var list []control.Brand
	if err := json.Unmarshal([]byte(stoa(o.t, o.home, "brands")), &list); err != nil {
		o.t.Fatal(err)
	}
	out := map[string]control.Brand{}
	for _, b := range list {
		out[b.Handle] = b
	}
	return out
}

// within waits until something holds.
func within(t *testing.T, d time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", d, what)
		}
	}
}

// newHome founds a brand with a few products, each with a picture.
func newHome(t *testing.T, name string, products ...string) string {
	t.Helper()
	home, files := t.TempDir(), t.TempDir()
	stoa(t, home, "init", "--name", name)
	if len(products) == 0 {
		return home
	}
	var b strings.Builder
	b.WriteString("Handle,Title,Variant SKU,Variant Price,Image Src\n")
	for i, p := range products {
		b.WriteString(strings.ToLower(p) + "," + p + "," + strings.ToUpper(p) + ",9.50," + p + ".png\n")
		write(t, filepath.Join(files, p+".png"), pngOf(t, uint8(20*i+10)))
	}
	list := filepath.Join(files, "products.csv")
	write(t, list, []byte(b.String()))
	stoa(t, home, "import", list, "--images", files)
	return home
}
