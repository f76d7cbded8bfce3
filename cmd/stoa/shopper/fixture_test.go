package shopper

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// goods are two teas: ten of SEN, and more of ASS than anybody counts.
const goods1 = `Handle,Title,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price
sencha,Sencha,SEN,shopify,10,deny,9.50
assam,Assam,ASS,,,deny,7.00
`

// patience is how long something is waited for that should come at once.
const patience = 30 * time.Second

// place is a brand's node that is served, as shoppers meet it.
type place struct {
	t      *testing.T
	node   *node.Node
	home   string
	server *httptest.Server
	stop   func()
	count  atomic.Int64 // requests of conversations
	clock  *clock
}

// clock runs like the machine's, ahead by what it was moved.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newPlace founds a brand with goods and serves it.
func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, home: t.TempDir(), clock: new(clock)}
	n, _, err := node.Create(t.Context(), p.options(), catalog.Profile{Name: "Corner Tea", Language: "en", Country: "DE", Currency: "EUR"})
	check(t, err)
	_, err = n.Import(t.Context(), strings.NewReader(goods1), node.ImportOptions{})
	check(t, err)
	p.serve(n)
	return p
}

func (p *place) options() node.Options {
	return node.Options{Home: p.home, Now: p.clock.now, Log: slog.New(slog.NewTextHandler(p.t.Output(), nil))}
}

// serve runs the node and its gateway until the test ends or p.stop is called.
func (p *place) serve(n *node.Node) {
	p.t.Helper()
	p.node = n
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	g, err := gateway.New(gateway.Options{Store: n.Store(), Blobs: n.Blobs(), Brand: n.Brand(), Log: p.options().Log, Now: p.clock.now, Threads: n.Threads()})
	check(p.t, err)
	p.server = httptest.NewUnstartedServer(nil)
	p.server.Config = gateway.NewServer(g)
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			p.count.Add(1)
		}
		w.Header().Set("Date", p.clock.now().UTC().Format(http.TimeFormat))
		g.ServeHTTP(w, r)
	})
	p.server.Start()
	p.stop = sync.OnceFunc(func() {
		p.server.CloseClientConnections()
		p.server.Close()
		cancel()
		if err := <-ended; err != nil {
			p.t.Errorf("the node ended with %v", err)
		}
		if err := n.Close(); err != nil {
			p.t.Errorf("close node: %v", err)
		}
	})
	p.t.Cleanup(p.stop)
	p.prekey()
}

// prekey waits until the brand has published one.
func (p *place) prekey() {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		_, err := Meet(p.t.Context(), p.client(), p.node.Brand())
		if err == nil {
			return
		}
		if time.Now().After(end) {
			p.t.Fatal(err)
		}
	}
}

// client asks the place with a clock of its own: the machine's.
func (p *place) client() *Client {
	c, err := NewClient(p.server.URL, nil, p.clock.now)
	check(p.t, err)
	return c
}

func (p *place) meet() *Brand {
	p.t.Helper()
	b, err := Meet(p.t.Context(), p.client(), p.node.Brand())
	check(p.t, err)
	return b
}

// visitor is a new shopper in a conversation with the place.
func (p *place) visitor() *Conversation { return p.talk(New()) }

func (p *place) talk(s *Shopper) *Conversation {
	p.t.Helper()
	c, err := s.Conversation(p.meet())
	check(p.t, err)
	return c
}

// stock is what there is of SEN: pieces, and how many orders hold.
func (p *place) stock() string {
	p.t.Helper()
	s, err := p.node.Sales().Stock(p.t.Context(), "SEN")
	check(p.t, err)
	return fmt.Sprintf("%d-%d", s.OnHand, s.Held)
}

// soon bounds what a test waits for.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func askFor(quantity int64) thread.Ask {
	return thread.Ask{Country: "DE", Lines: []trade.CartLine{{Product: "sencha", Variant: "SEN", Quantity: quantity}}}
}

// quoted asks for so many of SEN.
func quoted(t *testing.T, c *Conversation, quantity int64) Entry {
	t.Helper()
	e, err := c.Ask(soon(t), askFor(quantity))
	check(t, err)
	return e
}

// placement is an order for a quote that nothing is wrong with.
func placement(t *testing.T, c *Conversation, quote Entry) *trade.Placement {
	t.Helper()
	o, err := Placement(quote, protocol.MillisOf(c.Now().Add(time.Hour)))
	check(t, err)
	o.Contact = trade.Contact{Name: "Ada Moss"}
	o.Address = &trade.Address{Street: "Lane 1", City: "Bonn", Postcode: "53111", Country: "DE"}
	o.Method = "bank"
	return o
}

// buy buys so many of SEN.
func buy(t *testing.T, c *Conversation, quantity int64) Entry {
	t.Helper()
	e, err := c.Order(soon(t), placement(t, c, quoted(t, c, quantity)))
	check(t, err)
	return e
}

// reopen opens the home of a node that was stopped.
func (p *place) reopen() *node.Node {
	p.t.Helper()
	n, err := node.Open(p.t.Context(), p.options())
	check(p.t, err)
	return n
}
