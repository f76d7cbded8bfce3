package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// market is a shop that is served, and who buys there.
type market struct {
	*served
	lab    *lab
	brand  *shopper.Brand
	client *shopper.Client
}

// openMarket serves a shop with limits on as shipped, and so many connections to it.
func (l *lab) openMarket(ctx context.Context, products, connections int) (*market, error) {
	home, err := l.home(ctx, products)
	if err != nil {
		return nil, err
	}
	m := &market{lab: l}
	if m.served, err = l.serve(ctx, home); err != nil {
		return nil, err
	}
	if err = m.meet(ctx, connections); err != nil {
		return nil, errors.Join(err, m.stop())
	}
	return m, nil
}

func (m *market) meet(ctx context.Context, connections int) error {
	base := "http://" + m.address()
	id, err := brandAt(ctx, base)
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	if m.client, err = shopper.NewClient(base, transport, time.Now); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for { // the prekey is published a moment after the start
		if m.brand, err = shopper.Meet(ctx, m.client, id); err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// brandAt returns whose shop stands at an address.
func brandAt(ctx context.Context, base string) (protocol.CID, error) {
	page, err := fetch(ctx, base+"/.well-known/stoa", "")
	if err != nil {
		return protocol.CID{}, err
	}
	var about struct {
		Brand protocol.CID `json:"brand"`
	}
	return about.Brand, json.Unmarshal(page.body, &about)
}

// stock says how many pieces there are of a product's first variant.
func (m *market) stock(ctx context.Context, product int, pieces int64) error {
	id := string(variantOf(product, 0))
	out, err := exec.CommandContext(ctx, m.lab.stoa, "stock", id, "--set", strconv.FormatInt(pieces, 10), "--home", m.home, "--json").CombinedOutput()
	if err != nil {
		return fmt.Errorf("stoa stock: %w\n%s", err, out)
	}
	return nil
}

// buyer is a shopper who has made their keys and genesis and asked for nothing yet.
type buyer struct {
	*shopper.Conversation
	ask thread.Ask
}

// buyers prepares so many who each want one piece of a product's first variant.
func (m *market) buyers(n, product int) ([]*buyer, error) {
	ask := thread.Ask{Country: country, Lines: []trade.CartLine{{Product: handleOf(product), Variant: variantOf(product, 0), Quantity: 1}}}
	out := make([]*buyer, n)
	return out, inParallel(n, func(i int) error {
		c, err := shopper.New().Conversation(m.brand)
		if err == nil {
			err = c.Prepare()
		}
		out[i] = &buyer{c, ask}
		return err
	})
}

// inParallel calls fn for 0 to n−1 from some goroutines and returns the first error.
func inParallel(n int, fn func(i int) error) (err error) {
	var next atomic.Int64
	var g sync.WaitGroup
	var once sync.Once
	for range 4 {
		g.Go(func() {
			for i := int(next.Add(1) - 1); i < n; i = int(next.Add(1) - 1) {
				if e := fn(i); e != nil {
					once.Do(func() { err = e })
				}
			}
		})
	}
	g.Wait()
	return err
}

// buy asks for the quote and orders; it returns when the brand has committed the order
// and the client has verified that.
func (b *buyer) buy(ctx context.Context) error {
	quote, err := b.Ask(ctx, b.ask)
	if err != nil {
		return err
	}
	q := quote.Body.(*thread.Quote).Quote
	if err := shopper.Check(q, b.Brand().ID, b.ask); err != nil {
		return err
	}
	p, err := shopper.Placement(quote, q.Until+protocol.Millis(time.Hour/time.Millisecond))
	if err != nil {
		return err
	}
	p.Contact, p.Method = trade.Contact{Name: "Ada Moss"}, q.Payments[0].ID
	p.Address = &trade.Address{Street: "Lindenweg 3", City: "Bonn", Postcode: "53111", Country: country}
	_, err = b.Order(ctx, p)
	return err
}
