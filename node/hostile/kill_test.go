package hostile_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
)

// The test's own program runs as a mirror when these say so: a home and whom to follow.
const homeVar, targetVar = "STOA_HOSTILE_HOME", "STOA_HOSTILE_TARGET"

func TestMain(m *testing.M) {
	if home := os.Getenv(homeVar); home != "" {
		if err := mirrorFor(home, os.Getenv(targetVar)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// mirrorFor runs a node that follows a target until it is killed. Each head that it
// reaches is a line of its output.
func mirrorFor(home, target string) error {
	n, err := node.Open(context.Background(), nodeAt(home, &node.NetOptions{
		Network: testNetwork, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Private: true, AntiEntropy: 300 * time.Millisecond,
	}))
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- n.Run(context.Background()) }()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the test, however that ends
		os.Exit(0)
	}()
	st, err := n.Follow(context.Background(), target, "")
	for last := ""; err == nil; time.Sleep(5 * time.Millisecond) {
		if st, err = n.Mirror(context.Background(), st.Brand); err == nil && st.Head.Defined() && st.Head.String() != last {
			last = st.Head.String()
			fmt.Println(last)
		}
	}
	return errors.Join(err, <-ended)
}

func nodeAt(home string, net *node.NetOptions) node.Options {
	return node.Options{Home: home, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), Now: time.Now, Net: net}
}

// workshop is a brand with a large catalog and the home of a mirror that is killed
// again and again.
type workshop struct {
	*testing.T
	home  string
	brand *hostile.Brand
	peer  *hostile.Peer

	mu      sync.Mutex
	records map[protocol.Path][]byte
	offer   *hostile.Offer
	signed  map[protocol.CID]catalog.SignedHead
	served  int // frames of the catalog, of this life
	fatal   int // the frame before which the mirror dies, 0: none
	child   *exec.Cmd
}

func now() protocol.Millis { return protocol.MillisOf(time.Now()) }

func newWorkshop(t *testing.T, count int) *workshop {
	w := &workshop{T: t, home: t.TempDir(), records: map[protocol.Path][]byte{"profile": profileOf("Big")}, signed: map[protocol.CID]catalog.SignedHead{}}
	n, _, err := node.Create(t.Context(), nodeAt(w.home, nil), catalog.Profile{Name: "Street", Language: "en", Country: "DE", Currency: "EUR"})
	if err == nil {
		err = n.Close()
	}
	w.check(err)
	w.brand = must(hostile.NewBrand("big", now()))
	w.offer = &hostile.Offer{Brand: w.brand.ID(), Ops: must(w.brand.Operations()), Shelves: map[protocol.CID]*hostile.Shelf{}}
	w.edit(count, 0)
	w.peer = must(hostile.NewPeer(testNetwork))
	t.Cleanup(func() { _ = w.peer.Close() })
	w.peer.Serve([]protocol.CID{w.brand.ID()}, func(brand protocol.CID) (*hostile.Offer, error) {
		if brand != w.brand.ID() {
			return nil, nil
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		o := *w.offer
		o.Shelves = maps.Clone(o.Shelves)
		return &o, nil
	})
	w.peer.Do(hostile.Evil{Each: w.serving})
	return w
}

func (w *workshop) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// edit signs the next head, of so many products as they stand at a version.
func (w *workshop) edit(count, version int) catalog.SignedHead {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = maps.Clone(w.records)
	for i := range count {
		p := &catalog.Product{Header: catalog.HeaderOf(catalog.TypeProduct), Handle: protocol.Handle(fmt.Sprintf("p-%05d", i)), Title: fmt.Sprint("Product ", version)}
		p.Description = strings.Repeat(fmt.Sprint("many words of ", i, " "), 600)
		p.Variants, p.Published, p.Updated = []catalog.Variant{{ID: "one"}}, 1, 1
		w.records[p.Path()] = must(catalog.Encode(p))
	}
	shelf := must(hostile.NewShelf(w.records))
	head := must(w.brand.Sign(must(w.brand.Next(shelf, now()))))
	w.offer.Head, w.offer.Shelves[head.CID], w.signed[head.CID] = must(head.Encode()), shelf, head
	return head
}

// serving counts what goes out and kills the mirror at the frame that is fatal.
func (w *workshop) serving(r wire.Request) {
	switch r.(type) {
	case *wire.SegmentRequest, *wire.ChangesRequest, *wire.RecordsRequest:
	default:
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.served++; w.served == w.fatal {
		_ = w.child.Process.Kill() // it is waited for elsewhere
	}
}

// live runs the mirror until it dies at a frame, or has the catalog of a head: then it
// is killed, too. It reports how many frames it took and whether it reached the head.
func (w *workshop) live(fatal int, head protocol.CID) (served int, reached bool) {
	w.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), homeVar+"="+w.home, targetVar+"="+w.peer.Addr())
	var said strings.Builder
	child.Stderr = &said
	out := must(child.StdoutPipe())
	_ = must(child.StdinPipe()) // closed when this process ends
	w.mu.Lock()
	w.served, w.fatal, w.child = 0, fatal, child
	err := child.Start()
	w.mu.Unlock()
	w.check(err)
	timer := time.AfterFunc(2*patience, func() { _ = child.Process.Kill() })
	for lines := bufio.NewScanner(out); !reached && lines.Scan(); {
		reached = lines.Text() == head.String()
	}
	_ = child.Process.Kill()
	_ = child.Wait() // killed
	if !timer.Stop() {
		w.Fatalf("it neither died nor got anywhere after %d of %d frames: %s", w.served, fatal, said.String())
	}
	if said.Len() > 0 && !reached {
		w.Logf("it said: %.500s", said.String())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.served, reached
}

// shown returns the head whose catalog the dead mirror's store shows, after it has seen
// that it is the whole of one that was signed; undefined: nothing.
func (w *workshop) shown() (shown protocol.CID) {
	w.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{Dir: filepath.Join(w.home, "store")})
	w.check(err)
	defer func() { w.check(engine.Close()) }()
	s, err := store.OpenIn(w.Context(), engine, w.home)
	w.check(err)
	defer func() { w.check(s.Close()) }()
	err = s.View(w.Context(), w.brand.ID(), func(v *store.View) error {
		shelf, err := hostile.CopyShelf(v)
		if err != nil {
			return err
		}
		shown = v.Head().CID
		if head, ok := w.signed[shown]; !ok || shelf.Root != head.Root || uint64(len(shelf.Records)) != head.Count || shelf.Bytes != head.Bytes {
			return fmt.Errorf("%d records under %s are not the catalog of %s", len(shelf.Records), shelf.Root, shown)
		}
		return nil
	})
	if !errors.Is(err, store.ErrNotFound) {
		w.check(err)
	}
	return shown
}

// A mirror is killed in the middle of a sync, again and again, at whatever moment: it
// shows nothing or the whole catalog of a head that was signed, and goes on.
func TestAMirrorThatIsKilledInTheMiddleOfASyncGoesOn(t *testing.T) {
	t.Parallel()
	kills, count := 5*long(), 2400
	if testing.Short() {
		kills, count = 2, 1200
	}
	w := newWorkshop(t, count)
	head := w.edit(1, 1)
	full := int(head.Bytes) / (140 << 10) // frames, about
	deaths, version, took := 0, 1, []int{}
	for deaths < kills {
		fatal := full/2 + rand.N(full/3)
		if w.shown().Defined() { // only what changed is to come
			fatal = 1 + rand.N(full/2)
		}
		served, reached := w.live(fatal, head.CID)
		if took = append(took, served); reached {
			version++
			head = w.edit(count/2, version)
			continue
		}
		deaths++
		if w.shown() == head.CID {
			t.Error("it died and has the catalog")
		}
	}
	served, reached := w.live(0, head.CID)
	if !reached || w.shown() != head.CID {
		t.Fatal("it never has the catalog")
	}
	t.Logf("%d deaths, frames taken in each life: %v, then %d of about %d", deaths, took, served, full)
}

// What came before a death is not asked for again.
func TestAMirrorThatIsKilledAsksOnlyForTheRest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a large catalog")
	}
	t.Parallel()
	w := newWorkshop(t, 1800)
	head := w.edit(1, 1)
	full := int(head.Bytes) / (140 << 10)
	first, reached := w.live(full*2/3, head.CID)
	if reached {
		t.Fatal("it didn't die in time")
	}
	second, reached := w.live(0, head.CID)
	if !reached || w.shown() != head.CID {
		t.Fatal("it never has the catalog")
	}
	if second == 0 || second >= full*9/10 {
		t.Errorf("%d frames after %d of %d had come", second, first, full)
	}
	t.Logf("%d frames, then %d, of about %d", first, second, full)
}
