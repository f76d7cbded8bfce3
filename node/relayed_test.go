package node

import (
	"crypto/ed25519"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
)

// guest is a shopper with a thread with one brand at the gateway of another.
type guest struct {
	at      *member
	pen     thread.Pen
	genesis []byte
	write   [32]byte
	secret  [32]byte
	chain   *thread.Chain
	keys    thread.BrandKeys
	log     []thread.Committed
	after   uint64
}

func random32() (b [32]byte) {
	_, _ = rand.Read(b[:])
	return b
}

// visits has a shopper begin a thread with a brand, as the catalog at the gateway says.
func (m *member) visits(brand *member) *guest {
	m.f.Helper()
	var raw []byte
	m.check(m.store.View(m.f.Context(), brand.brand, func(v *store.View) (err error) {
		raw, err = v.Record(catalog.PrekeyPath)
		return err
	}))
	r, err := catalog.Decode(catalog.PrekeyPath, raw)
	m.check(err)
	prekey := protocol.Sum(protocol.DagCBOR, raw)
	enc, roots, err := thread.Encapsulate(brand.brand, prekey, r.(*catalog.Prekey).Key)
	m.check(err)
	_, identity, _ := ed25519.GenerateKey(rand.Reader)
	_, device, _ := ed25519.GenerateKey(rand.Reader)
	genesis, id, err := thread.Genesis{
		Brand: brand.brand, Prekey: prekey, Enc: enc, Device: protocol.PublicKeyOf(device), Home: m.brand, Time: m.millis(),
	}.Sign(identity)
	m.check(err)
	opened, err := thread.OpenGenesis(genesis)
	m.check(err)
	return &guest{
		at: m, pen: thread.Pen{Key: device, Thread: id}, genesis: genesis, write: roots.Write,
		secret: thread.FirstEpoch(roots.Root, id), chain: thread.NewChain(opened), keys: thread.KeysOf(m.logOf(brand)),
	}
}

// says begins or goes on with one entry.
func (g *guest) says(kind string, body any) {
	t := g.at.f
	t.Helper()
	w, err := g.pen.Write(thread.Draft{Kind: kind, Body: body}, g.chain.LastSeen(), random32(), g.at.millis())
	g.at.check(err)
	p, err := w.Parcel(nil)
	g.at.check(err)
	sealed, err := thread.Envelope{Thread: g.pen.Thread, Dir: thread.Up, Salt: random32()}.Seal(g.secret, p)
	g.at.check(err)
	a, err := g.at.Threads().Begin(t.Context(), "192.0.2.1", g.write, wire.ThreadBegin{Genesis: g.genesis, Envelopes: [][]byte{sealed}, After: g.after})
	g.at.check(err)
	if a.Results[0].State == wire.StateRefused {
		t.Fatalf("%s is refused: %+v", kind, a.Results[0])
	}
}

// hears reads until an entry of a kind has come.
func (g *guest) hears(kind string) thread.Committed {
	t := g.at.f
	t.Helper()
	t.eventually("the shopper hears "+kind, func() bool {
		g.read()
		return slices.ContainsFunc(g.log, func(c thread.Committed) bool { return c.Entry.Kind == kind })
	})
	i := slices.IndexFunc(g.log, func(c thread.Committed) bool { return c.Entry.Kind == kind })
	return g.log[i]
}

func (g *guest) read() {
	g.at.f.Helper()
	req, err := thread.Request{Thread: g.pen.Thread, Time: g.at.millis()}.Sign(g.pen.Key)
	g.at.check(err)
	page, err := g.at.Threads().Read(g.at.f.Context(), g.pen.Thread, req, g.after)
	g.at.check(err)
	for _, n := range page.Envelopes {
		e, err := thread.DecodeEnvelope(n.Bytes)
		g.at.check(err)
		p, err := e.Open(g.secret)
		g.at.check(err)
		if in, ok := p.(*thread.EntryParcel); ok {
			c, err := g.chain.Follow(g.keys, thread.HandbackItem{Entry: in.Entry, Commit: in.Commit, Salt: in.Salt, Body: in.Body})
			if err == nil {
				g.log = append(g.log, c)
			}
		}
	}
	g.after = page.Next
}

// secrets is what nobody but the shopper and the brand may ever hold.
var secrets = []string{"Ann Example", "Elm Street 7", "is it very green?"}

func (g *guest) orders(handle string) {
	g.at.f.Helper()
	g.says(thread.KindText, &thread.Text{Text: secrets[2]})
	g.hears(thread.KindText)
	g.says(thread.KindAsk, &thread.Ask{Country: "DE", Lines: []trade.CartLine{{Product: protocol.Handle(handle), Variant: protocol.VariantID(handle), Quantity: 1}}})
	quote := g.hears(thread.KindQuote)
	q := quote.Value.(*thread.Quote).Quote
	if q == nil {
		g.at.f.Fatalf("no quote: %+v", quote.Value)
	}
	g.says(thread.KindOrder, &trade.Placement{
		Quote: quote.Entry.ID, Records: []protocol.CID{q.Lines[0].Offer}, Contact: trade.Contact{Name: secrets[0]},
		Address: &trade.Address{Street: secrets[1], City: "Berlin", Postcode: "10115", Country: "DE"}, Method: q.Payments[0].ID,
		MaxTotal: protocol.NewMoney(q.Total, "EUR"), Until: g.at.millis() + protocol.Millis(8*24*time.Hour/time.Millisecond),
	})
}

// stockOf gives a brand so many pieces of a product.
func (m *member) stockOf(handle string, n int64) {
	m.f.Helper()
	p := tea(handle, 1250)
	p.Variants[0].Stock = store.Stock{Tracked: true, OnHand: n}
	m.sell(p)
}

// hold reports which words stand in the store of a node, in clear, or in its files.
func hold(t *testing.T, engine kv.Engine, home string, words ...string) (found []string) {
	t.Helper()
	note := func(data string) {
		for _, w := range words {
			if strings.Contains(data, w) && !slices.Contains(found, w) {
				found = append(found, w)
			}
		}
	}
	err := engine.View(t.Context(), func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Range{}, kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			note(string(item.Key) + string(item.Value))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(home, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		note(string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A purchase at one brand through another one's gateway, with the selling brand's node
// stopped when the order is placed: it is stored, committed when the node is back, and
// the gateway never holds what was said.
func TestAPurchaseThroughAnotherBrandsGatewayIsReadByNobodyThere(t *testing.T) {
	f := newFederation(t)
	seller := f.found()
	seller.stockOf("sencha", 3)
	gateway := f.found(seller)
	gateway.follows(seller.brand.String())
	gateway.shows(seller, "sencha", 1250)
	f.eventually("the prekey is there", func() bool {
		return gateway.store.View(t.Context(), seller.brand, func(v *store.View) error {
			_, err := v.Record(catalog.PrekeyPath)
			return err
		}) == nil
	})
	g := gateway.visits(seller)
	g.says(thread.KindText, &thread.Text{Text: "hello"})
	g.hears(thread.KindText)
	g.log = nil
	seller.stop()
	g.says(thread.KindText, &thread.Text{Text: secrets[2]})
	seller.start()
	g.hears(thread.KindText)
	g.log = nil
	g.orders("sencha")
	g.hears(thread.KindOrderNumber)

	orders, err := seller.Sales().Orders(t.Context(), store.OrderFilter{}, 0, 10)
	if err != nil || len(orders) != 1 {
		t.Fatalf("%d orders, %v", len(orders), err)
	}
	stock, err := seller.Sales().Stock(t.Context(), "sencha")
	if err != nil || stock.Held != 1 {
		t.Errorf("%+v, %v", stock, err)
	}
	if found := hold(t, gateway.engine, gateway.home, append(secrets, "sencha")...); len(found) != 1 {
		t.Errorf("the gateway holds %v; it should hold what is public, and that alone", found)
	}
	if found := hold(t, seller.engine, seller.home, secrets...); len(found) != 0 {
		t.Errorf("%v stand unsealed at the seller", found)
	}
}
