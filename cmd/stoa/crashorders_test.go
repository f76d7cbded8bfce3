package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/store"
)

// storm is a shop whose node is killed while a crowd orders. Every buyer orders once
// and remembers what they were told.
type storm struct {
	t      *testing.T
	home   string
	at     string // where the shop listens, each time it is opened
	brand  protocol.CID
	pieces int64
	client *shopper.Client
	ctx    context.Context

	mu     sync.Mutex
	buyers []*stormBuyer           // who has come home, for now or for good
	ids    map[uint64]protocol.CID // orders by their numbers

	waited  int // orders under way at kills
	unheard int // those that were committed, but the answer got lost
}

// stormBuyer is one shopper of a storm.
type stormBuyer struct {
	quantity int64
	who      *shopper.Shopper
	talk     *shopper.Conversation
	order    protocol.CID // the entry that orders; undefined when there was no quote
	told     bool         // the brand has committed the order
	reason   string       // why it didn't
	at       time.Time    // when it was committed, by the brand's word
}

// stormSize is how many buyers come, and how often the node is killed under them.
func stormSize() (buyers, kills int) {
	if os.Getenv("STOA_LONG") != "" {
		return 5000, 5 // 1,000 at once
	}
	return 150, 3
}

// newStorm founds a shop with so many pieces of one tea.
func newStorm(t *testing.T, ctx context.Context, pieces int) *storm {
	t.Helper()
	s := &storm{t: t, home: t.TempDir(), pieces: int64(pieces), ctx: ctx, ids: map[uint64]protocol.CID{}}
	stoa(t, s.home, "init", "--name", "Storm")
	list := filepath.Join(t.TempDir(), "list.csv")
	write(t, list, []byte("Handle,Title,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price\n"+
		"sencha,Sencha,SEN,shopify,"+strconv.Itoa(pieces)+",deny,9.50\n"))
	stoa(t, s.home, "import", list)
	l, err := net.Listen("tcp", "localhost:0")
	s.check(err)
	s.at = l.Addr().String()
	s.check(l.Close())
	s.client, err = shopper.NewClient("http://"+s.at, nil, nil)
	s.check(err)
	return s
}

func (s *storm) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// open starts the node as a process of its own and waits until it serves.
func (s *storm) open() *exec.Cmd {
	s.t.Helper()
	cmd := process(s.t, s.home, "serve", "--http", s.at, "--admin", "localhost:0", "--listen", "none")
	out, err := cmd.StdoutPipe()
	s.check(err)
	s.check(cmd.Start())
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill() // killed already, if all went well
		_ = cmd.Wait()
	})
	var at places
	s.check(json.NewDecoder(out).Decode(&at))
	if s.brand, err = protocol.ParseCID(at.Brand); err != nil {
		s.t.Fatal(err)
	}
	return cmd
}

// meet is the brand as its gateway proves it, asked until the gateway answers.
func (s *storm) meet() *shopper.Brand {
	for {
		b, err := shopper.Meet(s.ctx, s.client, s.brand)
		if err == nil {
			return b
		}
		if s.ctx.Err() != nil || !errors.Is(err, shopper.ErrUnreachable) && !errors.Is(err, shopper.ErrNoPrekey) {
			s.t.Error(err)
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// buys has a buyer order. They go home when patience ends, whatever came of it.
func (s *storm) buys(patience context.Context, b *stormBuyer) {
	defer s.comesHome(b)
	brand := s.meet()
	if brand == nil {
		return
	}
	var err error
	b.who = shopper.New()
	if b.talk, err = b.who.Conversation(brand); err != nil {
		s.t.Error(err)
		return
	}
	quote, err := b.talk.Ask(s.ctx, thread.Ask{Country: "DE", Lines: []trade.CartLine{{Product: "sencha", Variant: "SEN", Quantity: b.quantity}}})
	if err != nil {
		s.hears(b, err)
		return
	}
	o, err := shopper.Placement(quote, protocol.MillisOf(time.Now().Add(time.Hour)))
	if err == nil {
		o.Contact, o.Method = trade.Contact{Name: "Ada Moss"}, "bank"
		o.Address = &trade.Address{Street: "Lane 1", City: "Bonn", Country: "DE"}
		b.order, err = b.talk.Write(thread.KindOrder, o)
	}
	if err != nil {
		s.t.Error(err)
		return
	}
	s.waits(patience, b)
}

// waits waits for the commit of a buyer's order.
func (s *storm) waits(patience context.Context, b *stormBuyer) {
	e, err := b.talk.Await(patience, b.order)
	if err == nil && (e.ID != b.order || e.Seq == 0) {
		s.t.Errorf("told of %s as number %d instead of %s", e.ID, e.Seq, b.order)
	}
	b.at = e.Committed.Time()
	s.hears(b, err)
}

// hears notes what a buyer was told. Nothing certain is no mistake: they come again.
func (s *storm) hears(b *stormBuyer, err error) {
	var refused *shopper.Refused
	var pending *shopper.Pending
	switch {
	case err == nil:
		b.told = true
	case errors.As(err, &refused) && refused.Reason == string(trade.OutOfStock):
		b.reason = refused.Reason
	case errors.As(err, &pending) && b.order.Defined():
	default:
		s.t.Errorf("a buyer was told: %v", err)
	}
}

// comesHome lets the test look at a buyer.
func (s *storm) comesHome(b *stormBuyer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buyers = append(s.buyers, b)
}

// count counts buyers that are home.
func (s *storm) count(what func(*stormBuyer) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.buyers {
		if what(b) {
			n++
		}
	}
	return n
}

func wasTold(b *stormBuyer) bool   { return b.told }
func isWaiting(b *stormBuyer) bool { return b.order.Defined() && !b.told && b.reason == "" }
func anyBuyer(*stormBuyer) bool    { return true }

// round sends so many buyers, kills the node once some of them have their orders, and
// opens it again, for all to learn what became of theirs.
func (s *storm) round(cmd *exec.Cmd, buyers int) *exec.Cmd {
	patience, end := context.WithCancel(s.ctx)
	defer end()
	var crowd sync.WaitGroup
	before := s.count(wasTold)
	all := s.count(anyBuyer) + buyers
	for i := range buyers {
		crowd.Go(func() { s.buys(patience, &stormBuyer{quantity: int64(1 + i%2)}) })
	}
	some := before + 1 + rand.N(buyers/3)
	within(s.t, 3*time.Minute, "some have their orders", func() bool { return s.count(wasTold) >= some || s.count(anyBuyer) == all })
	killed := time.Now()
	s.check(cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	end()
	s.audit() // what survived, before anybody speaks with it
	cmd = s.open()
	crowd.Wait()
	var waiting []*stormBuyer
	for _, b := range s.buyers {
		if isWaiting(b) {
			waiting = append(waiting, b)
			crowd.Go(func() { s.waits(s.ctx, b) })
		}
	}
	crowd.Wait()
	s.waited += len(waiting)
	for _, b := range waiting {
		if b.told && b.at.Before(killed) {
			s.unheard++
		}
	}
	return cmd
}

// audit compares what buyers were told with what stands in the node's store.
func (s *storm) audit() {
	s.t.Helper()
	a := &app{home: s.home}
	n, err := node.Open(s.ctx, a.options(io.Discard))
	s.check(err)
	defer func() { s.check(n.Close()) }()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.check(n.Store().Desk(s.ctx, func(d *store.DeskView) error {
		placed := map[protocol.CID]bool{}
		list, err := d.Orders(store.OrderFilter{}, 0, 10_000)
		if err != nil {
			return err
		}
		threads, held := map[protocol.CID]bool{}, int64(0)
		for _, o := range list {
			held += s.sound(d, o)
			if threads[o.Thread] {
				s.t.Errorf("two orders of one buyer, in %s", o.Thread)
			}
			placed[o.ID], threads[o.Thread] = true, true
		}
		for _, b := range s.buyers {
			s.agrees(d, b, placed)
		}
		stock, err := d.Stock("SEN")
		if stock.OnHand != s.pieces || stock.Held != held || held > s.pieces {
			s.t.Errorf("%d pieces, %d held, but %d orders hold %d", stock.OnHand, stock.Held, len(list), held)
		}
		return err
	}))
}

// sound checks that an order has a number of its own, which never changes, and returns
// how many pieces it holds.
func (s *storm) sound(d *store.DeskView, o *store.Order) int64 {
	if other, taken := s.ids[o.Number]; taken && other != o.ID {
		s.t.Errorf("the number %d was given to %s and %s", o.Number, other, o.ID)
	}
	s.ids[o.Number] = o.ID
	hold, err := d.Hold(o.ID)
	if err != nil || len(hold.Lines) != 1 {
		s.t.Fatalf("order %d holds %+v, %v", o.Number, hold, err)
	}
	return hold.Lines[0].Quantity
}

// agrees compares a buyer's conversation with the brand's. A commit is made of its
// place, its entry, the one before, its time and its refusal: where all of them are
// the same from the first on, so are the commits.
func (s *storm) agrees(d *store.DeskView, b *stormBuyer, placed map[protocol.CID]bool) {
	if b.told && !placed[b.order] || b.reason != "" && placed[b.order] {
		s.t.Errorf("told %v, refused %q: the brand has the order %s: %v", b.told, b.reason, b.order, placed[b.order])
	}
	if hold, err := d.Hold(b.order); b.told && (err != nil || hold.Lines[0].Quantity != b.quantity) {
		s.t.Errorf("an order of %d holds %+v, %v", b.quantity, hold, err)
	}
	if b.talk == nil || len(b.talk.Entries()) == 0 {
		return
	}
	kept, err := d.Entries(b.talk.Thread(), 0, 100)
	if err != nil || len(kept) < len(b.talk.Entries()) {
		s.t.Errorf("a buyer has %d entries, the brand %d: %v", len(b.talk.Entries()), len(kept), err)
		return
	}
	for i, e := range b.talk.Entries() {
		c, err := thread.DecodeCommit(kept[i].Commit)
		if err != nil || c.Seq != e.Seq || c.Entry != e.ID || c.Time != e.Committed || c.Refused != e.Refused {
			s.t.Errorf("number %d of %s is another one now: %+v, %v", e.Seq, b.talk.Thread(), c.Commit, err)
		}
	}
}

// enters has some buyers come back on a new device, which reads all of their
// conversations from the node, and the others read on.
func (s *storm) enters() {
	for i, b := range s.buyers {
		if b.talk == nil || len(b.talk.Entries()) == 0 {
			continue
		}
		if err := b.talk.Sync(s.ctx); err != nil {
			s.t.Errorf("reading on: %v", err)
		}
		if i%10 == 0 {
			s.again(b)
		}
	}
}

func (s *storm) again(b *stormBuyer) {
	who := shopper.New()
	s.check(who.SetCode(b.who.Code()))
	c, err := who.Conversation(s.meet())
	s.check(err)
	s.check(c.Recover(s.ctx))
	for i, e := range b.talk.Entries() {
		if got := c.Entries()[i]; got.ID != e.ID || got.Committed != e.Committed || got.Refused != e.Refused {
			s.t.Errorf("a new device reads %+v as number %d instead of %+v", got, i+1, e)
		}
	}
	if got := c.Orders()[b.order]; b.told && (got == nil || c.Number(b.order) != b.talk.Number(b.order)) {
		s.t.Errorf("a new device knows order %d as %d", b.talk.Number(b.order), c.Number(b.order))
	}
}

func TestWhatBuyersWereToldStandsAfterKills(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a while")
	}
	buyers, kills := stormSize()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	s := newStorm(t, ctx, buyers)
	cmd := s.open()
	for range kills {
		cmd = s.round(cmd, buyers/kills)
	}
	s.enters()
	s.check(cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	s.audit()
	s.settles()
	told, refused := s.count(wasTold), s.count(func(b *stormBuyer) bool { return b.reason != "" })
	t.Logf("%d orders, %d refusals; at %d kills %d orders were under way, of which %d were committed unheard", told, refused, kills, s.waited, s.unheard)
	if s.waited == 0 {
		t.Error("nothing was ever under way when the node was killed")
	}
}

// settles checks the sums: everybody has an answer, and nobody was refused what is
// still there.
func (s *storm) settles() {
	left := s.pieces
	for _, b := range s.buyers {
		if b.told {
			left -= b.quantity
		}
	}
	for _, b := range s.buyers {
		if b.told == (b.reason != "") {
			s.t.Errorf("told %v, refused %q", b.told, b.reason)
		}
		if b.reason != "" && b.quantity <= left {
			s.t.Errorf("%d were refused, but %d are left", b.quantity, left)
		}
	}
	if orders := s.count(wasTold); len(s.ids) != orders || left < 0 {
		s.t.Errorf("%d numbers for %d orders, %d pieces left", len(s.ids), orders, left)
	}
}
