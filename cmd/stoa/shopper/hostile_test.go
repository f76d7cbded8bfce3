package shopper

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// refusal is why the brand refuses, "" if it doesn't.
func refusal(t *testing.T, err error) string {
	t.Helper()
	var r *Refused
	if err != nil && !errors.As(err, &r) {
		t.Fatal(err)
	}
	if r == nil {
		return ""
	}
	return r.Reason
}

func TestAnOrderThatIsntWhatWasQuotedIsRefused(t *testing.T) {
	p := newPlace(t)
	other := quoted(t, p.visitor(), 1)
	cases := []struct {
		name   string
		change func(*trade.Placement)
		want   string
	}{
		{"a lower total", func(o *trade.Placement) { o.MaxTotal.Minor-- }, "price_changed"},
		{"another currency", func(o *trade.Placement) { o.MaxTotal.Currency = "USD" }, "price_changed"},
		{"another offer", func(o *trade.Placement) { o.Records[0] = protocol.Sum(protocol.DagCBOR, []byte("cheaper")) }, "price_changed"},
		{"an offer too many", func(o *trade.Placement) { o.Records = append(o.Records, o.Records[0]) }, "price_changed"},
		{"the quote of another shopper", func(o *trade.Placement) { o.Quote = other.ID }, "quote_unknown"},
		{"a quote that nobody made", func(o *trade.Placement) { o.Quote = protocol.Sum(protocol.DagCBOR, []byte("mine")) }, "quote_unknown"},
		{"a time that is over", func(o *trade.Placement) { o.Until = 1 }, "expired"},
		{"a way to pay that isn't offered", func(o *trade.Placement) { o.Method = "owl" }, "payment_unavailable"},
		{"no address", func(o *trade.Placement) { o.Address = nil }, "address_incomplete"},
		{"another country", func(o *trade.Placement) { o.Address.Country = "AU" }, "not_delivered_there"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := p.visitor()
			o := placement(t, v, quoted(t, v, 1))
			c.change(o)
			_, err := v.Order(soon(t), o)
			if got := refusal(t, err); got != c.want {
				t.Errorf("refused with %q instead of %q", got, c.want)
			}
		})
	}
	if got := p.stock(); got != "10-0" {
		t.Errorf("the stock is %s", got)
	}
}

func TestQuantitiesThatCantBeBoughtAreRefused(t *testing.T) {
	p := newPlace(t)
	cases := []struct {
		quantity int64
		want     string
	}{
		{0, "bad_quantity"}, {-1, "bad_quantity"}, {-protocol.MaxInt, "bad_quantity"},
		{trade.MaxQuantity + 1, "bad_quantity"}, {protocol.MaxInt, "bad_quantity"}, {11, "out_of_stock"},
	}
	for _, c := range cases {
		v := p.visitor()
		quote, err := v.Ask(soon(t), askFor(c.quantity))
		got := refusal(t, err)
		if err == nil { // a quote holds nothing: the order is where stock is decided
			_, err = v.Order(soon(t), placement(t, v, quote))
			got = refusal(t, err)
		}
		if got != c.want {
			t.Errorf("%d: refused with %q instead of %q", c.quantity, got, c.want)
		}
	}
	if got := p.stock(); got != "10-0" {
		t.Errorf("the stock is %s", got)
	}
}

func TestAQuoteIsForOneOrderAndForItsTime(t *testing.T) {
	p := newPlace(t)
	v := p.visitor()
	quote := quoted(t, v, 1)
	order, err := v.Order(soon(t), placement(t, v, quote))
	check(t, err)
	if _, err := p.node.Say(t.Context(), v.Thread(), thread.Draft{Kind: thread.KindPayment, Body: &thread.Payment{Order: order.ID, Amount: protocol.NewMoney(950, "EUR")}}); err != nil {
		t.Fatal(err)
	}
	_, err = v.Order(soon(t), placement(t, v, quote))
	if got := refusal(t, err); got != "quote_used" {
		t.Errorf("a second order for it: %q", got)
	}
	late := quoted(t, v, 1)
	p.clock.move(16 * time.Minute)
	o := placement(t, v, late)
	_, err = v.Order(soon(t), o)
	if got := refusal(t, err); got != "quote_expired" {
		t.Errorf("after 16 minutes: %q", got)
	}
	if got := p.stock(); got != "10-1" {
		t.Errorf("the stock is %s", got)
	}
}

func TestAnEnvelopeThatComesAgainCommitsNothingNew(t *testing.T) {
	p := newPlace(t)
	v := p.visitor()
	id, err := v.Write(thread.KindText, &thread.Text{Text: "once"})
	check(t, err)
	envelopes, _, err := v.sealed()
	check(t, err)
	envelopes = [][]byte{envelopes[0]}
	_, err = v.Await(soon(t), id)
	check(t, err)
	for range 3 {
		a, err := v.brand.Client.post(soon(t), v.Thread(), wire.ThreadPost{Envelopes: envelopes}, v.state.Write, longWait)
		check(t, err)
		if len(a.Results) != 1 || a.Results[0].State != wire.StateCommitted || a.Results[0].Seq != 1 || len(a.Envelopes) != 1 {
			t.Fatalf("the answer is %+v with %d envelopes", a.Results, len(a.Envelopes))
		}
	}
	// The same entry in another envelope is the same entry.
	n, under, _ := v.state.present()
	again, err := v.seal(n, under, &thread.EntryParcel{Entry: v.entries[0].kept.Entry, Salt: v.entries[0].kept.Salt, Body: v.entries[0].kept.Body})
	check(t, err)
	a, err := v.brand.Client.post(soon(t), v.Thread(), wire.ThreadPost{Envelopes: [][]byte{again}}, v.state.Write, longWait)
	check(t, err)
	if a.Results[0].State != wire.StateCommitted || a.Results[0].Seq != 1 {
		t.Errorf("the answer is %+v", a.Results)
	}
	check(t, v.Sync(soon(t)))
	if got := len(v.Entries()); got != 1 {
		t.Errorf("%d entries", got)
	}
}

// posted sends a parcel as it stands and returns what becomes of it.
func posted(t *testing.T, v *Conversation, p thread.Parcel) wire.EnvelopeResult {
	t.Helper()
	n, under, _ := v.state.present()
	data, err := v.seal(n, under, p)
	check(t, err)
	a, err := v.brand.Client.post(soon(t), v.Thread(), wire.ThreadPost{Envelopes: [][]byte{data}, After: v.seq()}, v.state.Write, longWait)
	check(t, err)
	if len(a.Results) != 1 {
		t.Fatalf("%d results", len(a.Results))
	}
	return a.Results[0]
}

func TestWhatAStrangerSignsIsntTaken(t *testing.T) {
	p := newPlace(t)
	v := p.visitor()
	buy(t, v, 1)
	stranger := secret()
	pens := map[string]thread.Pen{
		"a key that no certificate names":  {Key: thread.SigningKey(stranger), Thread: v.Thread()},
		"the identity's key":               {Key: thread.SigningKey([32]byte(v.state.Identity)), Thread: v.Thread()},
		"the device in another's thread":   {Key: v.state.device(), Thread: protocol.Sum(protocol.DagCBOR, []byte("other"))},
		"the device with a number it used": {Key: v.state.device(), Thread: v.Thread()},
	}
	for name, pen := range pens {
		t.Run(name, func(t *testing.T) {
			w, err := pen.Write(thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "give me everything"}}, nil, secret(), v.now())
			check(t, err)
			parcel, err := w.Parcel(nil)
			check(t, err)
			if r := posted(t, v, parcel); r.State != wire.StateRefused {
				t.Errorf("it is %+v", r)
			}
		})
	}
	check(t, v.Sync(soon(t)))
	if got := len(v.Entries()); got != 4 {
		t.Errorf("%d entries stand in the thread", got)
	}
}

func TestABodyThatIsntTheOneSignedHasNoEffect(t *testing.T) {
	p := newPlace(t)
	v := p.visitor()
	quote := quoted(t, v, 1)
	o := placement(t, v, quote)
	pen := thread.Pen{Key: v.state.device(), Thread: v.Thread(), DSeq: v.state.DSeq, Last: v.state.DPrev}
	w, err := pen.Write(thread.Draft{Kind: thread.KindOrder, Body: o}, v.last(), secret(), v.now())
	check(t, err)
	o.Contact.Name = "Somebody Else"
	other, err := thread.EncodeBody(thread.KindOrder, o)
	check(t, err)
	parcel, err := w.Parcel(nil)
	check(t, err)
	parcel.Body = other
	posted(t, v, parcel)
	check(t, v.Sync(soon(t)))
	last := v.Entries()[len(v.Entries())-1]
	if last.ID != w.ID || last.Refused != thread.RefusedBody || len(v.Orders()) != 0 || p.stock() != "10-0" {
		t.Errorf("it stands there as %+v, %d orders, stock %s", last, len(v.Orders()), p.stock())
	}
}

// smallOrder is a point of order 8: a signature under it can be made for anything.
const smallOrder = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"

func TestKeysOfSmallOrderBeginNoThread(t *testing.T) {
	p := newPlace(t)
	v := p.visitor()
	check(t, v.Prepare())
	var weak []byte
	if _, err := fmt.Sscanf(smallOrder, "%x", &weak); err != nil {
		t.Fatal(err)
	}
	g, err := thread.OpenGenesis(v.state.Genesis)
	check(t, err)
	for name, key := range map[string]protocol.PublicKey{"identity": g.Identity, "device": g.Device} {
		forged := bytes.ReplaceAll(v.state.Genesis, key.Bytes(), weak)
		_, err := v.brand.Client.begin(soon(t), wire.ThreadBegin{Genesis: forged, Envelopes: [][]byte{}}, v.state.Write, 0)
		if !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAThreadNeedsItsCapabilityAndItsDevice(t *testing.T) {
	p := newPlace(t)
	v, stranger := p.visitor(), p.visitor()
	buy(t, v, 1)
	buy(t, stranger, 1)
	other := secret()
	_, err := v.brand.Client.post(soon(t), v.Thread(), wire.ThreadPost{Envelopes: [][]byte{}}, other[:], 0)
	if !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("with another capability: %v", err)
	}
	request, err := thread.Request{Thread: v.Thread(), Time: v.now()}.Sign(stranger.state.device())
	check(t, err)
	if _, err := v.brand.Client.read(soon(t), v.Thread(), request, 0); !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("with another's device: %v", err)
	}
	request, err = thread.Request{Thread: stranger.Thread(), Time: v.now()}.Sign(stranger.state.device())
	check(t, err)
	if _, err := v.brand.Client.read(soon(t), v.Thread(), request, 0); !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("with the request for another thread: %v", err)
	}
	join, _, err := thread.Join{Thread: v.Thread(), Prekey: v.brand.PrekeyID, Enc: make([]byte, thread.EncSize), Time: v.now()}.Sign(stranger.state.device())
	check(t, err)
	if _, err := v.brand.Client.join(soon(t), v.Thread(), wire.JoinRequest{Join: join, Certs: [][]byte{}}); err == nil {
		t.Error("a stranger was let in")
	}
}

func TestAClockThatIsADayOffBuysAllTheSame(t *testing.T) {
	for _, off := range []time.Duration{-25 * time.Hour, 25 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			p := newPlace(t)
			wrong := func() time.Time { return time.Now().Add(off) }
			client, err := NewClient(p.server.URL, nil, wrong)
			check(t, err)
			b, err := Meet(t.Context(), client, p.node.Brand())
			check(t, err)
			c, err := New().Conversation(b)
			check(t, err)
			order := buy(t, c, 1)
			if c.Orders()[order.ID] == nil {
				t.Error("there is no order")
			}
			check(t, c.Sync(soon(t))) // reading needs the time, too
		})
	}
}

func TestARequestSaysWhatTimeItIs(t *testing.T) {
	p := newPlace(t)
	v := p.visitor()
	buy(t, v, 1)
	v.brand.Skew = 24 * time.Hour // what the gateway said is wrong by now
	check(t, v.Sync(soon(t)))
	if v.brand.Skew.Abs() > time.Minute {
		t.Errorf("the shopper still believes to be %s off", v.brand.Skew)
	}
}

func TestAsManyOrdersAsPieces(t *testing.T) {
	p := newPlace(t)
	const buyers = 25
	brand := p.meet()
	var group sync.WaitGroup
	var placed, refused atomic.Int64
	for range buyers {
		group.Go(func() {
			c, err := New().Conversation(brand)
			if err != nil {
				t.Error(err)
				return
			}
			quote, err := c.Ask(soonIn(t), askFor(1))
			if err == nil {
				o, _ := Placement(quote, protocol.MillisOf(c.Now().Add(time.Hour)))
				o.Contact, o.Method = trade.Contact{Name: "Ada Moss"}, "bank"
				o.Address = &trade.Address{Street: "Lane 1", City: "Bonn", Country: "DE"}
				_, err = c.Order(soonIn(t), o)
			}
			var r *Refused
			switch {
			case err == nil:
				placed.Add(1)
			case errors.As(err, &r) && r.Reason == "out_of_stock":
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if placed.Load() != 10 || refused.Load() != buyers-10 || p.stock() != "10-10" {
		t.Errorf("%d orders, %d refusals, stock %s", placed.Load(), refused.Load(), p.stock())
	}
}

// soonIn is soon for a goroutine of the test.
func soonIn(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestAnErasedThreadTakesNothingMore(t *testing.T) {
	p := newPlace(t)
	v := p.visitor()
	quote := quoted(t, v, 1)
	check(t, p.node.EraseThread(t.Context(), v.Thread()))
	_, err := v.Order(soon(t), placement(t, v, quote))
	if got := refusal(t, err); got != thread.RefusedErased || p.stock() != "10-0" {
		t.Fatalf("refused with %q, the stock is %s", got, p.stock())
	}
	check(t, v.Sync(soon(t)))
	if len(v.Entries()) != 2 {
		t.Errorf("the shopper keeps %d entries", len(v.Entries()))
	}
}

func TestNoisePostedBySomebodyChangesNothing(t *testing.T) {
	p := newPlace(t)
	v := p.visitor()
	buy(t, v, 1)
	for _, body := range [][]byte{nil, {0}, bytes.Repeat([]byte{0xff}, 5000), []byte("{}"), {0xa2, 0x61, 0x61, 1, 0x61, 0x61, 1}} {
		a, err := v.brand.Client.do(soon(t), http.MethodPost, threadPath(v.Thread(), "entries"), wire.ThreadMediaType, body,
			header{"Stoa-Write", base64.RawURLEncoding.EncodeToString(v.state.Write)})
		check(t, err)
		if a.status != http.StatusBadRequest {
			t.Errorf("%.20q: status %d", body, a.status)
		}
	}
	a, err := v.brand.Client.post(soon(t), v.Thread(), wire.ThreadPost{Envelopes: [][]byte{[]byte("noise"), bytes.Repeat([]byte{7}, thread.MaxEnvelope)}}, v.state.Write, longWait)
	check(t, err)
	for _, r := range a.Results {
		if r.State != wire.StateRefused {
			t.Errorf("noise is %+v", r)
		}
	}
	check(t, v.Sync(soon(t)))
}
