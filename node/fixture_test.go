package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// clock is a clock that stands until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 4, 17, 5, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Context() context.Context
}

// stand is a node under test with its clock.
type stand struct {
	tester
	*Node
	clock *clock
}

func testProfile() catalog.Profile {
	return catalog.Profile{Name: "Corner Tea", Language: "en", Country: "DE", Currency: "EUR"}
}

func (c *clock) options(home string, fetch PictureSource) Options {
	return Options{Home: home, Log: slog.New(slog.DiscardHandler), Now: c.now, Fetch: fetch}
}

// newStand founds a brand in a home on disk.
func newStand(t *testing.T, home string) *stand {
	t.Helper()
	c := newClock()
	n, _, err := Create(t.Context(), c.options(home, nil), testProfile())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return &stand{t, n, c}
}

// open opens another home at the stand's clock.
func (s *stand) open(t *testing.T, home string) *stand {
	t.Helper()
	n, err := Open(t.Context(), s.clock.options(home, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return &stand{t, n, s.clock}
}

// inMemory founds a brand whose store is in memory; only pictures are on disk.
func inMemory(t tester, home string, fetch PictureSource) *stand {
	t.Helper()
	s := &stand{t, nil, newClock()}
	o := s.clock.options(home, fetch)
	o.Engine = memkv.New()
	var err error
	s.Node, _, err = Create(t.Context(), o, testProfile())
	s.check(err)
	return s
}

func (s *stand) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%v", err)
	}
}

// wants fails unless err is (or wraps) want.
func (s *stand) wants(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("error %v; want %v", err, want)
	}
}

// current returns the head in force.
func (s *stand) current() catalog.SignedHead {
	s.Helper()
	head, err := s.head(s.Context())
	s.check(err)
	return *head
}

// put publishes the state of a product in place of the one before.
func (s *stand) put(p *store.OwnProduct) catalog.SignedHead {
	s.Helper()
	head, err := s.try(p)
	s.check(err)
	return head
}

func (s *stand) try(is *store.OwnProduct) (catalog.SignedHead, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.productChanges(s.Context(), is)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	return s.publish(s.Context(), all(list), func(o *store.OwnTxn) error { return o.PutProduct(is) })
}

// view looks at the catalog.
func (s *stand) view(fn func(*store.View) error) {
	s.Helper()
	s.check(s.store.View(s.Context(), s.brand, fn))
}

// offer returns the offer of a variant.
func (s *stand) offer(h protocol.Handle, id protocol.VariantID) *catalog.Offer {
	s.Helper()
	var found *catalog.Offer
	s.view(func(v *store.View) error {
		_, offers, err := v.Product(h)
		for _, o := range offers {
			if o.Variant == id {
				found = o
			}
		}
		return err
	})
	if found == nil {
		s.Fatalf("%s has no offer of %s", h, id)
	}
	return found
}

// eur is an amount in cents.
func eur(minor int64) protocol.Money { return protocol.NewMoney(minor, "EUR") }

// tea is an active product with one variant named like it.
func tea(handle string, price int64) *store.OwnProduct {
	p := &store.OwnProduct{Status: store.Active}
	p.Product.Handle, p.Product.Title = protocol.Handle(handle), "Tea "+handle
	p.Product.Variants = []catalog.Variant{{ID: protocol.VariantID(handle)}}
	p.Product.Published, p.Product.Updated = 1, 1
	p.Variants = []store.OwnVariant{{ID: protocol.VariantID(handle), Price: eur(price), TaxClass: catalog.TaxStandard}}
	return p
}

// sell publishes a product and gives its variant to it.
func (s *stand) sell(p *store.OwnProduct) {
	s.Helper()
	run, err := s.store.BeginImport(s.Context())
	s.check(err)
	for _, v := range p.Variants {
		s.check(run.PutVariant(v.ID, store.VariantOwner{Product: p.Product.Handle}))
	}
	s.check(run.Flush())
	run.Close()
	s.put(p)
}

// dot is a small picture, another one for each shade.
func dot(shade uint8) []byte {
	img := image.NewGray(image.Rect(0, 0, 4, 4))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	img.SetGray(1, 1, color.Gray{Y: 255 - shade})
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer takes everything
	return b.Bytes()
}

// folder writes pictures named a.png, b.png, … and returns where.
func folder(t *testing.T, pictures int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range pictures {
		if err := os.WriteFile(filepath.Join(dir, name(i)), dot(uint8(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func name(i int) string { return fmt.Sprintf("%c.png", 'a'+i) }

// has reports whether the catalog has a picture's manifest and the disk its file;
// they must agree.
func (s *stand) has(id protocol.CID) bool {
	s.Helper()
	file, err := s.blobs.Has(id)
	s.check(err)
	manifest := false
	s.view(func(v *store.View) error {
		_, err := v.Media(id)
		manifest = err == nil
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if file != manifest {
		s.Fatalf("picture %s: file there %t, manifest there %t", id, file, manifest)
	}
	return file
}

// web is a picture source whose addresses fail until they are filled.
type web struct {
	mu    sync.Mutex
	files map[string][]byte
	asked []string
}

var (
	errOffline = errors.New("the server is offline")
	errGone    = errors.New("there is no such picture")
)

// Fetch implements PictureSource.
func (w *web) Fetch(_ context.Context, url string) (io.ReadCloser, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, url)
	b, ok := w.files[url]
	if strings.Contains(url, "/gone") {
		return nil, errGone
	}
	if !ok {
		return nil, errOffline
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// Temporary implements PictureSource: what is gone for good stays away.
func (w *web) Temporary(err error) bool { return !errors.Is(err, errGone) }

func (w *web) fill(url string, b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.files == nil {
		w.files = map[string][]byte{}
	}
	w.files[url] = b
}

// empty takes everything away again.
func (w *web) empty() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files = nil
}

func (w *web) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

// freshHome makes a folder of its own for one run of a property test.
func freshHome(t tester, dir string) string {
	t.Helper()
	home, err := os.MkdirTemp(dir, "home-*")
	if err != nil {
		t.Fatalf("%v", err)
	}
	return home
}
