package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// rush is a crowd of shoppers at a shop that is killed again and again.
type rush struct {
	t        *testing.T
	home     string
	at       string // where the shop listens, each time
	brand    protocol.CID
	mu       sync.Mutex
	told     map[string]bool // orders that a shopper was told are placed
	sold     int             // shoppers that were told there is no more
	finished int
}

// newRush founds a shop with so many pieces of one thing.
func newRush(t *testing.T, pieces string) *rush {
	t.Helper()
	home := t.TempDir()
	stoa(t, home, "init", "--name", "Rush")
	list := filepath.Join(t.TempDir(), "list.csv")
	write(t, list, []byte("Handle,Title,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price\nsencha,Sencha,SEN,shopify,"+pieces+",deny,9.50\n"))
	stoa(t, home, "import", list)
	var st struct{ Brand protocol.CID }
	if err := json.Unmarshal([]byte(stoa(t, home, "status")), &st); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &rush{t: t, home: home, at: l.Addr().String(), brand: st.Brand, told: map[string]bool{}}
}

// open starts the shop as a process of its own.
func (r *rush) open() *exec.Cmd {
	r.t.Helper()
	cmd := process(r.t, r.home, "serve", "--http", r.at, "--admin", "localhost:0", "--listen", "none")
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	return cmd
}

// shopper buys one piece, however often it takes, and notes what it was told.
func (r *rush) shopper(ctx context.Context, client *shopper.Client) {
	err := r.buy(ctx, client)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished++
	var refused *shopper.Refused
	switch {
	case err == nil:
	case errors.As(err, &refused) && refused.Reason == string(trade.OutOfStock):
		r.sold++
	default:
		r.t.Errorf("a shopper was told: %v", err)
	}
}

func (r *rush) buy(ctx context.Context, client *shopper.Client) error {
	s := shopping{}
	b, err := s.brandAt(ctx, client, r.brand)
	for errors.Is(err, shopper.ErrNoPrekey) { // the first is on its way
		time.Sleep(20 * time.Millisecond)
		b, err = s.brandAt(ctx, client, r.brand)
	}
	if err != nil {
		return err
	}
	c, err := shopper.New().Conversation(b)
	if err != nil {
		return err
	}
	quote, err := c.Ask(ctx, thread.Ask{Country: "DE", Lines: []trade.CartLine{{Product: "sencha", Variant: "SEN", Quantity: 1}}})
	if err != nil {
		return err
	}
	o, err := shopper.Placement(quote, protocol.MillisOf(time.Now().Add(time.Hour)))
	if err != nil {
		return err
	}
	o.Contact, o.Method = trade.Contact{Name: "Ada Moss"}, "bank"
	o.Address = &trade.Address{Street: "Lane 1", City: "Bonn", Country: "DE"}
	order, err := c.Order(ctx, o)
	if err == nil {
		r.mu.Lock()
		r.told[order.ID.String()] = true
		r.mu.Unlock()
	}
	return err
}

func (r *rush) done() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.finished
}

// What a shopper was told is what the brand has, whenever its node is killed.
func TestOrdersSurviveANodeThatIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a while")
	}
	const buyers, pieces = 120, 60
	r := newRush(t, "60")
	client, err := shopper.NewClient("http://"+r.at, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := r.open()
	var group sync.WaitGroup
	turn := make(chan struct{}, 24)
	for range buyers {
		group.Go(func() {
			turn <- struct{}{}
			r.shopper(ctx, client)
			<-turn
		})
	}
	for n := 1; n <= 4 && ctx.Err() == nil; n++ {
		within(t, 2*time.Minute, "some shoppers have bought", func() bool { return r.done() >= n*buyers/6 || ctx.Err() != nil })
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		cmd = r.open()
	}
	group.Wait()
	r.agrees(pieces, buyers)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	r.agrees(pieces, buyers) // and what is on disk says the same
}

// agrees compares what shoppers were told with what the brand has.
func (r *rush) agrees(pieces, buyers int) {
	r.t.Helper()
	var orders []struct{ Order string }
	if err := json.Unmarshal([]byte(stoa(r.t, r.home, "orders", "--limit", "1000")), &orders); err != nil {
		r.t.Fatal(err)
	}
	for _, o := range orders {
		if !r.told[o.Order] {
			r.t.Errorf("nobody was told of the order %s", o.Order)
		}
	}
	if len(orders) != pieces || len(r.told) != pieces || r.sold != buyers-pieces {
		r.t.Errorf("%d orders, %d shoppers were told of theirs, %d that there is no more", len(orders), len(r.told), r.sold)
	}
	var stock struct {
		OnHand, Held int
	}
	text := stoa(r.t, r.home, "stock", "SEN")
	if err := json.Unmarshal([]byte(text), &stock); err != nil || stock.OnHand != pieces || stock.Held != pieces {
		r.t.Errorf("the stock is %s, %v", text, err)
	}
}
