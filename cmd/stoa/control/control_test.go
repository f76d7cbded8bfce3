package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// newNode founds a brand in a home of its own.
func newNode(t *testing.T) (*node.Node, node.Options) {
	t.Helper()
	o := node.Options{Home: t.TempDir(), Log: slog.New(slog.DiscardHandler), Now: time.Now}
	n, _, err := node.Create(t.Context(), o, catalog.Profile{Name: "Corner Tea", Language: "en", Country: "DE", Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n, o
}

// bothWays runs a test over a socket and in this process.
func bothWays(t *testing.T, test func(t *testing.T, n *node.Node, c *Client)) {
	t.Helper()
	t.Run("in this process", func(t *testing.T) {
		n, _ := newNode(t)
		test(t, n, Local(n, func() error { return nil }))
	})
	t.Run("over the socket", func(t *testing.T) {
		n, o := newNode(t)
		listen(t, n, o)
		c, err := Dial(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Running {
			t.Fatal("the running node was not found")
		}
		test(t, n, c)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// listen serves a node at its home's socket until the test ends.
func listen(t *testing.T, n *node.Node, o node.Options) {
	t.Helper()
	listenWith(t, NewHandler(n), o)
}

func listenWith(t *testing.T, h http.Handler, o node.Options) {
	t.Helper()
	l, err := Listen(t.Context(), o.Home)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	var g sync.WaitGroup
	g.Go(func() { _ = server.Serve(l) }) // it ends with Close
	t.Cleanup(func() {
		server.Close()
		g.Wait()
	})
}

// rows is a product file.
func rows(first, count int) string {
	var b strings.Builder
	b.WriteString("Handle,Title,Body (HTML),Variant SKU,Variant Price\n")
	for i := range count {
		fmt.Fprintf(&b, "p%d,Product %d,<p>%s</p>,SKU-%d,5.00\n", first+i, first+i, strings.Repeat("word ", 20), first+i)
	}
	return b.String()
}

func head(t *testing.T, n *node.Node) (tip store.Tip) {
	t.Helper()
	tip, err := n.Store().Tip(t.Context(), n.Brand())
	if err != nil {
		t.Fatal(err)
	}
	return tip
}

func TestCommandsDoTheSameBothWays(t *testing.T) {
	bothWays(t, func(t *testing.T, n *node.Node, c *Client) {
		ctx := t.Context()
		phases := map[string]bool{}
		result, err := c.Import(ctx, strings.NewReader(rows(0, 2000)), ImportQuery{}, func(p node.Progress) { phases[p.Phase] = true })
		if err != nil || result.Created != 2000 || result.Head == nil || result.Head.Seq != head(t, n).Seq {
			t.Fatalf("import: %+v, %v", result, err)
		}
		if !phases["read"] || !phases["sign"] {
			t.Errorf("progress of %v", phases)
		}
		if list, err := c.Products(ctx, "product 1999"); err != nil || len(list) != 1 || list[0].Variants[0].Price != "5.00" {
			t.Errorf("products: %v, %v", list, err)
		}
		if set, err := c.SetPrice(ctx, "SKU-7", "6"); err != nil || set.Head.Seq <= result.Head.Seq {
			t.Errorf("set-price: %v, %v", set, err)
		}
		doc, err := c.Show(ctx)
		if err != nil || doc.Profile.Name != "Corner Tea" {
			t.Errorf("show: %v", err)
		}
		if applied, err := c.Apply(ctx, doc, ""); err != nil || applied.Changed {
			t.Errorf("apply: %+v, %v", applied, err)
		}
		if st, err := c.Status(ctx); err != nil || st.Products != 2000 {
			t.Errorf("status: %+v, %v", st, err)
		}
		if p, err := c.Proof(ctx, "product/p7"); err != nil || len(p.Bundle) < 200 {
			t.Errorf("proof: %v", err)
		}
		var archive strings.Builder
		if err := c.Archive(ctx, &archive); err != nil {
			t.Errorf("archive: %v", err)
		}
		if _, err := catalog.ReadArchive(strings.NewReader(archive.String()), catalog.ArchiveOptions{Now: protocol.MillisOf(time.Now())}); err != nil {
			t.Errorf("archive: %v", err)
		}
	})
}

func TestRefusalsComeAcrossInTheNodesWords(t *testing.T) {
	bothWays(t, func(t *testing.T, n *node.Node, c *Client) {
		ctx := t.Context()
		before := head(t, n)
		for name, ask := range map[string]func() error{
			"not a price":    func() error { _, err := c.SetPrice(ctx, "SKU-7", "cheap"); return err },
			"not a variant":  func() error { _, err := c.SetPrice(ctx, "no variant", "1"); return err },
			"unknown":        func() error { _, err := c.SetPrice(ctx, "NO-SUCH", "1"); return err },
			"not a path":     func() error { _, err := c.Proof(ctx, "../secret"); return err },
			"not a head":     func() error { _, err := c.Notice(ctx, "00"); return err },
			"not hex":        func() error { _, err := c.Notice(ctx, "head"); return err },
			"no alarm":       func() error { _, err := c.Silence(ctx); return err },
			"not a document": func() error { _, err := c.Apply(ctx, node.ShopDoc{Profile: &node.ProfileDoc{}}, ""); return err },
			"no such folder": func() error { _, err := c.Apply(ctx, node.ShopDoc{}, "/no/such/folder"); return err },
			"not a file":     func() error { _, err := c.Import(ctx, strings.NewReader("PK\x03\x04"), ImportQuery{}, nil); return err },
		} {
			var failure *Failure
			if err := ask(); !errors.As(err, &failure) || failure.Text == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := c.SetPrice(ctx, "no variant", "1"); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("the class of the refusal was lost: %v", err)
		}
		if head(t, n) != before {
			t.Error("a refusal moved the head")
		}
	})
}

func TestBadRowsComeAcrossWithTheirPlaces(t *testing.T) {
	bothWays(t, func(t *testing.T, n *node.Node, c *Client) {
		before := head(t, n)
		result, err := c.Import(t.Context(), strings.NewReader(rows(0, 3)+"bad,Bad,,BAD,-5\n"), ImportQuery{}, nil)
		if err == nil || len(result.Errors) != 1 || result.Errors[0].Row != 5 || head(t, n) != before {
			t.Errorf("%+v, %v", result, err)
		}
		result, err = c.Import(t.Context(), strings.NewReader(rows(0, 3)+"bad,Bad,,BAD,-5\n"), ImportQuery{SkipBadRows: true}, nil)
		if err != nil || result.Created != 3 || len(result.Errors) != 1 {
			t.Errorf("skipping: %+v, %v", result, err)
		}
	})
}

// stalled is a file that gives its text and then nothing more until it is cut.
type stalled struct {
	text *strings.Reader
	read chan struct{} // closed when the text was read
	cut  <-chan struct{}
	once sync.Once
}

func (s *stalled) Read(b []byte) (int, error) {
	if s.text.Len() > 0 {
		return s.text.Read(b)
	}
	s.once.Do(func() { close(s.read) })
	<-s.cut
	return 0, errors.New("the file was cut")
}

func TestACancelledImportLeavesTheShopAsItWas(t *testing.T) {
	bothWays(t, func(t *testing.T, n *node.Node, c *Client) {
		if _, err := c.Import(t.Context(), strings.NewReader(rows(0, 5)), ImportQuery{}, nil); err != nil {
			t.Fatal(err)
		}
		before := head(t, n)
		ctx, cancel := context.WithCancel(t.Context())
		file := &stalled{text: strings.NewReader(rows(0, 1000)), read: make(chan struct{}), cut: ctx.Done()}
		go func() { <-file.read; cancel() }()
		if _, err := c.Import(ctx, file, ImportQuery{}, nil); err == nil {
			t.Fatal("a cancelled import was done")
		}
		if head(t, n) != before {
			t.Error("the head moved")
		}
		if list, err := c.Products(t.Context(), ""); err != nil || len(list) != 5 {
			t.Errorf("%d products, %v", len(list), err)
		}
		if result, err := c.Import(t.Context(), strings.NewReader(rows(0, 1000)), ImportQuery{}, nil); err != nil || result.Created != 995 {
			t.Errorf("the next import: %+v, %v", result, err)
		}
	})
}

func TestImportsAtOneTimeAreMadeOneAfterAnother(t *testing.T) {
	bothWays(t, func(t *testing.T, n *node.Node, c *Client) {
		var g sync.WaitGroup
		seqs := make([]uint64, 4)
		for i := range seqs {
			g.Go(func() {
				result, err := c.Import(t.Context(), strings.NewReader(rows(i*100, 150)), ImportQuery{}, nil)
				if err != nil || result.Products != 150 || result.Head == nil {
					t.Errorf("import %d: %+v, %v", i, result, err)
					return
				}
				seqs[i] = result.Head.Seq
			})
		}
		g.Wait()
		list, err := c.Products(t.Context(), "")
		st, statusErr := c.Status(t.Context())
		if err != nil || statusErr != nil || len(list) != 450 || st.Products != 450 {
			t.Errorf("%d products known, %d published, %v, %v", len(list), st.Products, err, statusErr)
		}
		seen := map[uint64]bool{}
		for _, s := range seqs {
			seen[s] = true
		}
		if len(seen) != len(seqs) {
			t.Errorf("heads %v", seqs)
		}
	})
}

func TestTheHandlerBoundsWhatItReads(t *testing.T) {
	n, _ := newNode(t)
	h := NewHandler(n)
	before := head(t, n)
	for _, c := range []struct {
		name, method, path string
		body               io.Reader
		status             int
		says               string
	}{
		{"huge", "POST", "/apply", io.MultiReader(strings.NewReader(`{"Images": "`), strings.NewReader(strings.Repeat("x", maxRequest))), 200, "too large"},
		{"endless nesting", "POST", "/apply", strings.NewReader(`{"Document": {"menu": ` + strings.Repeat("[", 1<<20)), 200, "depth"},
		{"no JSON", "POST", "/price", strings.NewReader("price"), 200, "invalid character"},
		{"cut JSON", "POST", "/price", strings.NewReader(`{"Variant": "a`), 200, "unexpected EOF"},
		{"nothing", "POST", "/price", strings.NewReader(""), 200, "EOF"},
		{"another type", "POST", "/price", strings.NewReader(`{"Variant": 5}`), 200, "cannot unmarshal"},
		{"unknown path", "POST", "/format-disk", strings.NewReader("{}"), 404, ""},
		{"root", "POST", "/", strings.NewReader("{}"), 404, ""},
		{"another method", "GET", "/price", strings.NewReader("{}"), 405, ""},
		{"posted archive", "POST", "/archive", strings.NewReader("{}"), 405, ""},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.path, c.body))
		if w.Code != c.status {
			t.Errorf("%s: status %d", c.name, w.Code)
		}
		if c.status != 200 {
			continue
		}
		var r reply
		if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || !strings.Contains(r.Error, c.says) || r.Result != nil {
			t.Errorf("%s: %.200s, %v", c.name, w.Body, err)
		}
	}
	if head(t, n) != before {
		t.Error("the head moved")
	}
}

// full is a disk that is full after a few bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func TestAbandonedAnswersLeaveNoGoroutines(t *testing.T) {
	n, _ := newNode(t)
	c := Local(n, func() error { return nil })
	if _, err := c.Import(t.Context(), strings.NewReader(rows(0, 500)), ImportQuery{}, nil); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for range 20 {
		if err := c.Archive(t.Context(), &full{room: 100}); !errors.Is(err, io.ErrShortWrite) {
			t.Fatalf("archive to a full disk: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		file := &stalled{text: strings.NewReader(rows(0, 200)), read: make(chan struct{}), cut: ctx.Done()}
		go func() { <-file.read; cancel() }()
		if _, err := c.Import(ctx, file, ImportQuery{}, nil); err == nil {
			t.Fatal("a cancelled import was done")
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := c.SetPrice(ended, "SKU-1", "9"); err == nil {
			t.Fatal("a price was set after the caller had gone")
		}
	}
	for runtime.NumGoroutine() > before { // ends by the test's own time limit if they stay
		time.Sleep(time.Millisecond)
	}
	if got, err := c.Products(t.Context(), "SKU-1"); err != nil || got[0].Variants[0].Price != "5.00" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAHandlerThatPanicsIsAnErrorOfItsCaller(t *testing.T) {
	c := &Client{http: &http.Client{Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"progress":{}}`+"\n")
		panic("the roof fell in")
	})}}}
	if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "the roof fell in") {
		t.Errorf("%v", err)
	}
}

func TestANodeThatIsNotRunningIsOpenedAndClosed(t *testing.T) {
	n, o := newNode(t)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c, err := Dial(t.Context(), o)
		if err != nil || c.Running {
			t.Fatalf("running %t, %v", c != nil && c.Running, err)
		}
		if _, err := c.Status(t.Context()); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	o.Home = t.TempDir()
	if _, err := Dial(t.Context(), o); !errors.Is(err, node.ErrNoBrand) {
		t.Errorf("an empty home: %v", err)
	}
}

func TestSocketsOfDeepHomesAreShortAndApart(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/cache")
	t.Setenv("HOME", "/cache")
	deep := "/" + strings.Repeat("deep/", 40)
	a, b := SocketPath(deep+"a"), SocketPath(deep+"b")
	if a == b || a != SocketPath(deep+"a") || len(a) > maxSocketPath || strings.HasPrefix(a, deep) {
		t.Errorf("sockets %s and %s", a, b)
	}
	if got := SocketPath("/home/tea"); got != "/home/tea/run/stoa.sock" {
		t.Errorf("socket of a plain home: %s", got)
	}
}

func TestOnlyTheOwnerReachesTheSocket(t *testing.T) {
	home := t.TempDir()
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(SocketPath(home)), 0o777); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for path, want := range map[string]os.FileMode{SocketPath(home): 0o600, filepath.Dir(SocketPath(home)): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestAnImportWhoseClientStandsStillEnds(t *testing.T) {
	n, o := newNode(t)
	s := server{n, 50 * time.Millisecond}
	listenWith(t, http.HandlerFunc(s.importFile), o)
	c, err := Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	cut := make(chan struct{})
	defer close(cut)
	file := &stalled{text: strings.NewReader(rows(0, 10)), read: make(chan struct{}), cut: cut}
	if _, err := c.Import(t.Context(), file, ImportQuery{}, nil); err == nil {
		t.Fatal("half a file was imported")
	}
	if _, err := Local(n, nil).Import(t.Context(), strings.NewReader(rows(0, 10)), ImportQuery{}, nil); err != nil {
		t.Errorf("the next import: %v", err)
	}
}

func TestARefusalReachesAClientThatIsStillSending(t *testing.T) {
	bothWays(t, func(t *testing.T, _ *node.Node, c *Client) {
		_, err := c.Import(t.Context(), io.MultiReader(strings.NewReader("Colour\n"), strings.NewReader(strings.Repeat("red\n", 1<<20))), ImportQuery{}, nil)
		var failure *Failure
		if !errors.As(err, &failure) || !strings.Contains(failure.Text, "Title") {
			t.Errorf("got %v", err)
		}
	})
}
