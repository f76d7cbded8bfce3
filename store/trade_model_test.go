package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// tradeModel is what the tables of trading hold, plainly.
type tradeModel struct {
	threads map[int]*modelThread
	orders  map[uint64]*store.Order
	holds   map[protocol.CID]*store.Hold
	stock   map[protocol.VariantID]store.Stock
	next    uint64
	uses    uint64
}

type modelThread struct {
	touched store.Millis
	entries []*store.ThreadEntry
	quotes  map[protocol.CID]protocol.CID
	erased  bool
}

func newTradeModel() *tradeModel {
	return &tradeModel{
		threads: map[int]*modelThread{}, orders: map[uint64]*store.Order{}, holds: map[protocol.CID]*store.Hold{},
		stock: map[protocol.VariantID]store.Stock{}, next: 1001,
	}
}

// clone copies what a transaction may change.
func (m *tradeModel) clone() *tradeModel {
	c := *m
	c.threads = map[int]*modelThread{}
	for n, t := range m.threads {
		c.threads[n] = &modelThread{t.touched, slices.Clone(t.entries), maps.Clone(t.quotes), t.erased}
	}
	c.orders, c.holds, c.stock = maps.Clone(m.orders), maps.Clone(m.holds), maps.Clone(m.stock)
	return &c
}

func (m *tradeModel) held(id protocol.VariantID) (n int64) {
	for _, h := range m.holds {
		for _, line := range h.Lines {
			if line.Variant == id {
				n += line.Quantity
			}
		}
	}
	return n
}

// modelled is a store beside its model. A transaction that fails leaves both alone.
type modelled struct {
	rt *rapid.T
	*desk
	model *tradeModel
	slots map[uint32]int // whose a key is, ever
}

// step makes some changes in one transaction, of the store and the model, and sometimes
// gives it up.
func (m *modelled) step() {
	var after *tradeModel
	giveUp := rapid.IntRange(0, 4).Draw(m.rt, "give up") == 0
	broken := errors.New("given up")
	var steps []func(*store.TradeTxn, *tradeModel) error
	for range rapid.IntRange(1, 5).Draw(m.rt, "changes") {
		steps = append(steps, m.change())
	}
	err := m.Trade(m.t.Context(), func(tx *store.TradeTxn) error {
		after = m.model.clone()
		for _, step := range steps {
			if err := step(tx, after); err != nil {
				return err
			}
		}
		if giveUp {
			return broken
		}
		return nil
	})
	switch {
	case giveUp && errors.Is(err, broken):
	case giveUp || err != nil:
		m.rt.Fatalf("trade: %v", err)
	default:
		m.model = after
	}
}

// change draws one change before the transaction runs.
func (m *modelled) change() func(*store.TradeTxn, *tradeModel) error {
	n := rapid.IntRange(0, 5).Draw(m.rt, "thread")
	at := store.Millis(rapid.IntRange(1, 9).Draw(m.rt, "time"))
	id := protocol.VariantID(rapid.SampledFrom([]string{"a", "b"}).Draw(m.rt, "variant"))
	pieces := int64(rapid.IntRange(0, 5).Draw(m.rt, "pieces"))
	switch rapid.IntRange(0, 5).Draw(m.rt, "change") {
	case 0:
		return func(tx *store.TradeTxn, c *tradeModel) error { return c.say(tx, n, at) }
	case 1:
		return func(tx *store.TradeTxn, c *tradeModel) error { return c.order(tx, n, at, id, pieces) }
	case 2:
		return func(tx *store.TradeTxn, c *tradeModel) error { return c.close(tx, pieces) }
	case 3:
		return func(tx *store.TradeTxn, c *tradeModel) error { return c.useQuote(tx, n, int(pieces), int(at)) }
	case 4:
		return func(tx *store.TradeTxn, c *tradeModel) error {
			c.uses++
			return tx.AddDiscountUse("TEN", 1)
		}
	default:
		return func(tx *store.TradeTxn, c *tradeModel) error {
			c.stock[id] = tracked(pieces)
			return tx.PutStock(id, tracked(pieces))
		}
	}
}

// say adds an entry to a thread, which begins with its first.
func (c *tradeModel) say(tx *store.TradeTxn, n int, at store.Millis) error {
	t := c.threads[n]
	if t == nil {
		t = &modelThread{quotes: map[protocol.CID]protocol.CID{}}
		c.threads[n] = t
	}
	is := newThread(n)
	is.Touched, is.Seq = at, uint64(len(t.entries)+1)
	err := tx.PutThread(is)
	if t.erased {
		return expect(err, store.ErrErased)
	}
	e := newEntry(n, int(is.Seq), store.Class(is.Seq%2), 40)
	t.touched, t.entries = at, append(t.entries, e)
	return errors.Join(err, tx.PutEntry(is.ID, e))
}

func expect(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return fmt.Errorf("got %v, want %w", err, want)
}

// order places an order of a thread, which holds some pieces.
func (c *tradeModel) order(tx *store.TradeTxn, n int, at store.Millis, id protocol.VariantID, pieces int64) error {
	t := c.threads[n]
	if t == nil || t.erased || len(t.entries) == 0 {
		return nil
	}
	number, err := tx.NextNumber()
	if number != c.next {
		return fmt.Errorf("number %d, want %d, %w", number, c.next, err)
	}
	c.next++
	o := newOrder(n, len(t.entries), number)
	o.ID = cid("order", int(number))
	h := &store.Hold{Order: o.ID, Until: at, Lines: []store.HoldLine{{Variant: id, Quantity: pieces}, {Variant: "a", Quantity: 1}}}
	c.orders[number], c.holds[o.ID] = o, h
	return errors.Join(err, tx.PutOrder(o), tx.PutHold(h))
}

// close closes the first open order, gives back what it holds or holds other pieces.
func (c *tradeModel) close(tx *store.TradeTxn, pieces int64) error {
	for _, number := range slices.Sorted(maps.Keys(c.orders)) {
		if !c.orders[number].Open {
			continue
		}
		o := *c.orders[number]
		if pieces > 2 {
			h := &store.Hold{Order: o.ID, Until: 3, Lines: []store.HoldLine{{Variant: "b", Quantity: pieces}}}
			c.holds[o.ID] = h
			return tx.PutHold(h)
		}
		o.Open, o.State = false, []byte("done")
		c.orders[number] = &o
		delete(c.holds, o.ID)
		return errors.Join(tx.PutOrder(&o), tx.DeleteHold(o.ID))
	}
	return nil
}

func (c *tradeModel) useQuote(tx *store.TradeTxn, n, quote, order int) error {
	t := c.threads[n]
	if t == nil || t.erased {
		return nil
	}
	q, o := cid("quote", quote), cid("order", order)
	err := tx.UseQuote(cid("thread", n), q, o)
	if used, ok := t.quotes[q]; ok && used != o {
		return expect(err, store.ErrQuoteUsed)
	}
	t.quotes[q] = o
	return err
}

func (m *modelled) erase() {
	n := rapid.IntRange(0, 5).Draw(m.rt, "thread")
	t := m.model.threads[n]
	err := m.Erase(m.t.Context(), cid("thread", n), 77)
	if t == nil {
		m.must(expect(err, store.ErrNotFound))
		return
	}
	m.must(err)
	t.erased = true
}

func (m *modelled) must(err error) {
	if err != nil {
		m.rt.Fatal(err)
	}
}

func (m *modelled) restart(again func(*memkv.Engine) *memkv.Engine) {
	m.Store.Close()
	m.engine = again(m.engine.(*memkv.Engine))
	m.desk.open()
}

// agree compares everything that can be read with the model.
func (m *modelled) agree() {
	m.must(m.Desk(m.t.Context(), func(v *store.DeskView) error {
		for n, t := range m.model.threads {
			if err := m.thread(v, n, t); err != nil {
				return fmt.Errorf("thread %d: %w", n, err)
			}
		}
		return errors.Join(m.inbox(v), m.ordersAgree(v), m.stockAgrees(v))
	}))
}

func (m *modelled) thread(v *store.DeskView, n int, is *modelThread) error {
	id := cid("thread", n)
	conversation, fiscal, err := v.KeysOf(id)
	for _, slot := range []uint32{conversation, fiscal} {
		if owner, ok := m.slots[slot]; ok && owner != n || slot == 0 || conversation == fiscal {
			return fmt.Errorf("key %d is of thread %d, too", slot, owner)
		}
		m.slots[slot] = n
	}
	t, err2 := v.Thread(id)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	found, err := v.ThreadByIdentity(key32("identity", n))
	if is.erased {
		if !t.Erased || t.Seq != 0 || !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("erased, and yet %+v, found %v", t, err)
		}
		return m.erased(v, n, is)
	}
	if err != nil || found != id || t.Seq != uint64(len(is.entries)) || t.Touched != is.touched || t.Secrets[0].Secret != key32("secret", n) {
		return fmt.Errorf("%+v, found %v, %w", t, found, err)
	}
	genesis, err := v.Genesis(id)
	if err != nil || !bytes.Equal(genesis, newThread(n).Genesis) {
		return fmt.Errorf("genesis of %d bytes: %w", len(genesis), err)
	}
	return m.entries(v, id, is.entries)
}

func (m *modelled) entries(v *store.DeskView, id protocol.CID, want []*store.ThreadEntry) error {
	got, err := v.Entries(id, 0, 1000)
	if err != nil || len(got) != len(want) {
		return fmt.Errorf("%d entries, want %d: %w", len(got), len(want), err)
	}
	for i, e := range got {
		byID, err := v.EntryByID(id, want[i].ID)
		if err != nil {
			return err
		}
		for _, e := range []*store.ThreadEntry{e, byID} {
			if e.Seq != want[i].Seq || !bytes.Equal(e.Body, want[i].Body) || !bytes.Equal(e.Salt, want[i].Salt) || !bytes.Equal(e.Entry, want[i].Entry) || e.Class != want[i].Class {
				return fmt.Errorf("entry %d: %+v", i, e)
			}
		}
	}
	return nil
}

// erased compares what is left of a thread: with orders the chain and the fiscal bodies.
func (m *modelled) erased(v *store.DeskView, n int, is *modelThread) error {
	var want []*store.ThreadEntry
	for _, o := range m.model.orders {
		if o.Thread != cid("thread", n) {
			continue
		}
		want = nil
		for _, e := range is.entries {
			bare := *e
			if e.Class == store.Conversation {
				bare.Salt, bare.Body = nil, nil
			}
			want = append(want, &bare)
		}
	}
	if _, err := v.Genesis(cid("thread", n)); !errors.Is(err, store.ErrErased) {
		return fmt.Errorf("genesis: %v", err)
	}
	return m.entries(v, cid("thread", n), want)
}

func (m *modelled) inbox(v *store.DeskView) error {
	var got, want []store.Millis
	for _, t := range m.model.threads {
		if !t.erased {
			want = append(want, t.touched)
		}
	}
	slices.Sort(want)
	slices.Reverse(want)
	for at := (store.ThreadCursor{}); ; {
		list, next, err := v.Threads(at, 2)
		if err != nil {
			return err
		}
		for _, t := range list {
			got = append(got, t.Touched)
		}
		if next == at {
			break
		}
		at = next
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the inbox has %v, want %v", got, want)
	}
	return nil
}

func (m *modelled) ordersAgree(v *store.DeskView) error {
	for _, open := range []bool{false, true} {
		var want []uint64
		for number, o := range m.model.orders {
			if o.Open || !open {
				want = append(want, number)
			}
		}
		slices.Sort(want)
		slices.Reverse(want)
		var got []uint64
		for before := uint64(0); ; {
			list, err := v.Orders(store.OrderFilter{Open: open}, before, 2)
			if err != nil {
				return err
			}
			for _, o := range list {
				if is := m.model.orders[o.Number]; is == nil || !bytes.Equal(is.State, o.State) || is.Thread != o.Thread {
					return fmt.Errorf("order %d is %+v", o.Number, o)
				}
				got = append(got, o.Number)
				before = o.Number
			}
			if len(list) < 2 {
				break
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("orders %v, want %v (open %v)", got, want, open)
		}
	}
	return nil
}

func (m *modelled) stockAgrees(v *store.DeskView) error {
	for _, id := range []protocol.VariantID{"a", "b"} {
		got, err := v.Stock(id)
		if want := (store.Stocked{Stock: m.model.stock[id], Held: m.model.held(id)}); got != want || err != nil {
			return fmt.Errorf("stock of %s is %+v, want %+v, %w", id, got, want, err)
		}
	}
	over := 0
	for _, h := range m.model.holds {
		if h.Until <= 3 {
			over++
		}
	}
	if list, err := v.ExpiredHolds(3, 100); err != nil || len(list) != over {
		return fmt.Errorf("%d holds ran out, want %d: %w", len(list), over, err)
	}
	if n, err := v.DiscountUses("TEN"); n != m.model.uses || err != nil {
		return fmt.Errorf("used %d times, want %d: %w", n, m.model.uses, err)
	}
	return nil
}

// TestTradingAgreesWithAPlainModel makes and gives up transactions, erases, kills the
// process and takes the power away. What was committed is there, what was given up
// isn't, what was erased is gone, and no key is used twice.
func TestTradingAgreesWithAPlainModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &modelled{rt: rt, desk: memDesk(t), model: newTradeModel(), slots: map[uint32]int{}}
		defer m.close()
		rt.Repeat(map[string]func(*rapid.T){
			"":       func(rt *rapid.T) { m.rt = rt; m.agree() },
			"trade":  func(rt *rapid.T) { m.rt = rt; m.step() },
			"trade2": func(rt *rapid.T) { m.rt = rt; m.step() },
			"erase":  func(rt *rapid.T) { m.rt = rt; m.erase() },
			"kill":   func(rt *rapid.T) { m.restart((*memkv.Engine).Reopen) },
			"power":  func(rt *rapid.T) { m.restart((*memkv.Engine).PowerLoss) },
		})
	})
}
