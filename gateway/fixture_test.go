package gateway_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/blob"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
)

// brand is a brand with a real store, that signs what it publishes.
type brand struct {
	t     testing.TB
	store *store.Store
	key   ed25519.PrivateKey
	id    protocol.CID
	last  *catalog.SignedHead
	clock time.Time
	blobs *blob.Store
}

func newBrand(t testing.TB) *brand {
	t.Helper()
	return newBrandOf(t, 1)
}

// newBrandOf makes the brand whose root key that number gives.
func newBrandOf(t testing.TB, root uint16) *brand {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	s, err := store.Open(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	b := &brand{t: t, store: s, clock: time.Date(2026, 3, 4, 17, 5, 0, 0, time.UTC)}
	b.blobs, err = blob.Open(t.TempDir())
	b.check(err)
	b.found(root)
	return b
}

// beside founds another brand in the same store, with pictures in the same folder.
func (b *brand) beside(root uint16) *brand {
	b.t.Helper()
	other := &brand{t: b.t, store: b.store, blobs: b.blobs, clock: b.clock}
	other.found(root)
	return other
}

// found makes the keys and the identity of the brand.
func (b *brand) found(root uint16) {
	b.t.Helper()
	b.key = ed25519.NewKeyFromSeed(binary.BigEndian.AppendUint16(make([]byte, 30), ^root))
	rootKey := ed25519.NewKeyFromSeed(binary.BigEndian.AppendUint16(make([]byte, 30), root))
	signers := identity.Solo(protocol.PublicKeyOf(rootKey))
	next, err := signers.Commitment()
	b.check(err)
	op, err := identity.Genesis(signers, next, identity.Online(protocol.PublicKeyOf(b.key)), 1).Sign(rootKey)
	b.check(err)
	raw, err := op.Encode()
	b.check(err)
	b.id = op.ID()
	_, err = b.store.PutIdentity(b.t.Context(), b.id, raw)
	b.check(err)
}

func (b *brand) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// publish signs and applies a new head with the records.
func (b *brand) publish(records ...catalog.Record) {
	b.t.Helper()
	var changes []store.Change
	for _, r := range records {
		data, err := catalog.Encode(r)
		b.check(err)
		changes = append(changes, store.Change{Path: r.Path(), Record: data})
	}
	b.apply(changes)
}

func (b *brand) remove(path protocol.Path) {
	b.t.Helper()
	b.apply([]store.Change{{Path: path}})
}

func (b *brand) apply(changes []store.Change) {
	b.t.Helper()
	p, err := b.store.Prepare(b.t.Context(), b.id, func(yield func(store.Change, error) bool) {
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	})
	b.check(err)
	b.clock = b.clock.Add(time.Second)
	h, err := catalog.Next(b.last, 0, protocol.MillisOf(b.clock))
	b.check(err)
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = b.id, b.id, p.Root, p.Count, p.Bytes
	head, err := catalog.SignHead(h, b.key)
	b.check(err)
	raw, err := head.Encode()
	b.check(err)
	b.check(b.store.Apply(b.t.Context(), p, raw))
	b.last = &head
}

// gateway is the public handler over the brand.
func (b *brand) gateway() *gateway.Gateway {
	b.t.Helper()
	return b.gatewayWith(nil)
}

// gatewayWith shows the brands of m, too.
func (b *brand) gatewayWith(m gateway.Mirrors) *gateway.Gateway {
	b.t.Helper()
	g, err := gateway.New(gateway.Options{
		Store: b.store, Blobs: b.blobs, Brand: b.id, Log: slog.New(slog.NewTextHandler(b.t.Output(), nil)),
		Now: func() time.Time { return b.clock }, Mirrors: m,
		Peers: func() []string { return []string{"/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWtest"} },
	})
	b.check(err)
	return g
}

// serve starts the public listener over the brand.
func (b *brand) serve() *httptest.Server {
	b.t.Helper()
	return b.serveWith(nil)
}

// serveWith shows the brands of m, too.
func (b *brand) serveWith(m gateway.Mirrors) *httptest.Server {
	b.t.Helper()
	g := b.gatewayWith(m)
	server := httptest.NewUnstartedServer(g)
	server.Config = gateway.NewServer(g)
	server.Start()
	b.t.Cleanup(server.Close)
	return server
}

// picture keeps a picture and returns the reference and the manifest of it.
func (b *brand) picture(img image.Image, alt string) (catalog.MediaRef, *catalog.Media) {
	b.t.Helper()
	var file bytes.Buffer
	b.check(jpeg.Encode(&file, img, nil))
	m, err := b.blobs.Put(b.t.Context(), &file)
	b.check(err)
	return catalog.MediaRef{Blob: m.Blob, Alt: alt}, &m
}

// plate draws a picture of a thing: a disc of one colour on another.
func plate(w, h int, ground, thing color.Color) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	for y := range h {
		for x := range w {
			dx, dy := x-w/2, y-h/2
			if dx*dx+dy*dy < w*w/9 {
				img.Set(x, y, thing)
			}
		}
	}
	return img
}

// get fetches a path and returns the response with its body read.
func get(t testing.TB, s *httptest.Server, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	return do(t, http.MethodGet, s, path, headers...)
}

func do(t testing.TB, method string, s *httptest.Server, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

var white, black = color.RGBA{255, 255, 255, 255}, color.RGBA{0, 0, 0, 255}
