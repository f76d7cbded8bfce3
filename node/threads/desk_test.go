package threads

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

func ask() *thread.Ask {
	return &thread.Ask{Country: "DE", Lines: []trade.CartLine{{Product: "tea", Variant: "tea-1", Quantity: 1}}}
}

// kinds lists what stands in a shopper's chain.
func (x *shopper) kinds() (list []string) {
	for _, c := range x.log {
		list = append(list, c.Entry.Kind)
	}
	return list
}

func (x *shopper) has(want ...string) {
	x.s.Helper()
	got := x.kinds()
	if len(got) != len(want) {
		x.s.Fatalf("the chain is %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			x.s.Fatalf("the chain is %v, want %v", got, want)
		}
	}
}

func TestWhatIsAskedIsAnsweredInTheSameResponse(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	s.states(x.first(x.text("do you ship?"), x.draft(thread.KindAsk, ask())), "committed", "committed")
	x.has("text", "quote.ask", "quote")
	s.states(x.post(x.order()), "committed")
	x.has("text", "quote.ask", "quote", "order", "order.number")
	if x.log[4].Value.(*thread.OrderNumber).Order != x.log[3].Entry.ID {
		t.Error("the number is another order's")
	}
}

func TestWhatComesTwiceIsAnsweredTwiceAndCommittedOnce(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	order := x.order()
	s.states(x.first(order, order), "committed", "committed")
	for range 3 {
		s.states(x.first(order), "committed")
	}
	s.lose()
	s.states(x.first(order), "committed")
	x.read()
	x.has("order", "order.number")
}

func TestEntriesAreCommittedInTheOrderOfTheirDevice(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	one, two, three := x.text("1"), x.text("2"), x.text("3")
	s.states(x.first(one), "committed")
	a, err := x.try(10*time.Millisecond, three)
	s.check(err)
	s.states(a.Results, "received")
	s.states(x.post(two), "committed")
	x.read()
	x.has("text", "text", "text")
	s.states(x.post(three, one, two), "committed", "committed", "committed")
}

func TestPostsThatOvertakeEachOtherAreBothAnswered(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	s.states(x.first(x.text("0")), "committed")
	early, late := x.text("1"), x.text("2")
	answered := make(chan wire.ThreadAnswer, 1)
	go func() {
		a, err := s.Post(context.Background(), x.who, x.id(), x.write, wire.ThreadPost{Envelopes: [][]byte{late}}, patience)
		if err != nil {
			t.Error(err)
		}
		answered <- a
	}()
	for len(s.opened) > 0 {
		time.Sleep(time.Millisecond)
	}
	s.states(x.post(early), "committed")
	s.states((<-answered).Results, "committed")
}

func TestForgeriesAreRefusedAndHoldNothingUp(t *testing.T) {
	s := newStand(t, 5)
	x, y := s.visit(), s.visit()
	s.states(x.first(x.text("hello")), "committed")
	s.states(y.first(y.text("hello")), "committed")

	stranger := *x
	stranger.pen = y.pen // knows the secret, but isn't a device of the thread
	stranger.pen.Thread = x.id()
	foreign := y.text("of another thread")
	sealed := *x
	sealed.secret = fresh()
	altered := x.seal(&thread.SyncParcel{After: 0})
	altered[len(altered)-40] ^= 1
	replies := x.seal(&thread.WelcomeParcel{})
	s.states(x.post(stranger.text("I am Ann")), "unknown_device")
	s.states(x.post(foreign, sealed.text("wrong key"), altered, replies), "bad_envelope", "bad_envelope", "bad_envelope", "bad_envelope")
	x.pen.DSeq, x.pen.Last = x.log[0].Entry.DSeq, x.log[0].Entry.ID
	s.states(x.post(x.text("still here")), "committed")
	x.has("text", "text")
}

func TestABodyThatIsNotTheOneThatWasSignedHasNoEffect(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	w, err := x.pen.Write(thread.Draft{Kind: thread.KindOrder, Body: &trade.Placement{
		Quote: testHome, Records: []protocol.CID{testHome}, Contact: trade.Contact{Name: "Ann"}, Method: "bank",
		MaxTotal: protocol.Money{Minor: 100, Currency: "EUR"}, Until: x.s.millis() + 1,
	}}, nil, fresh(), s.millis())
	s.check(err)
	p, err := w.Parcel(nil)
	s.check(err)
	p.Body = append([]byte{}, p.Body...)
	p.Body[len(p.Body)-1] ^= 1
	s.states(x.first(x.seal(p)), thread.RefusedBody)
	s.states(x.post(x.text("next")), "committed")
	if x.log[0].Commit.Refused != thread.RefusedBody {
		t.Errorf("committed as %+v", x.log[0].Commit)
	}
}

func TestKindsOfTheFutureAndOfTheBrandAreRefusedInTheChain(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	s.states(x.first(x.draft(thread.KindErased, nil), x.text("go on")), thread.RefusedUnsupported, "committed")
}

func TestADeviceThatForksIsRefused(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	copied := *x
	s.states(x.first(x.text("one")), "committed")
	s.states(x.post(copied.text("another one")), refusedForked)
	s.states(x.post(x.text("two")), "committed")
}

func TestAShopperHasOneThread(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	s.states(x.first(x.text("hello")), "committed")
	first := x.id()
	x.begin()
	_, err := s.Begin(t.Context(), x.who, x.write, wire.ThreadBegin{Genesis: x.genesis})
	var exists wire.ErrExists
	if !errors.As(err, &exists) || exists.Thread != first {
		t.Errorf("%v", err)
	}
	found, err := s.Find(t.Context(), s.brand, [][32]byte{[32]byte(protocol.PublicKeyOf(x.identity).Bytes()), fresh()})
	if err != nil || found[0] != first || found[1].Defined() {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestOfTwoBeginningsOfOneShopperTheFirstThatSaysSomethingStays(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	y := &shopper{s: s, who: x.who, identity: x.identity}
	y.begin()
	x.first()
	y.first()
	s.states(x.post(x.text("I")), "committed")
	_, err := y.try(patience, y.text("me too"))
	if exists := (wire.ErrExists{}); !errors.As(err, &exists) || exists.Thread != x.id() {
		t.Errorf("%v", err)
	}
}

func TestWithoutTheCapabilityNothingIsTaken(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	_, err := s.Begin(t.Context(), x.who, fresh(), wire.ThreadBegin{Genesis: x.genesis})
	s.wants(err, wire.ErrNotAllowed)
	s.states(x.first(x.text("hello")), "committed")
	_, err = s.Post(t.Context(), x.who, x.id(), fresh(), wire.ThreadPost{Envelopes: [][]byte{x.text("no")}}, patience)
	s.wants(err, wire.ErrNotAllowed)
	_, err = s.PutBlob(t.Context(), x.who, x.id(), fresh(), []byte("no"))
	s.wants(err, wire.ErrNotAllowed)
	_, err = s.Post(t.Context(), x.who, testHome, x.write, wire.ThreadPost{}, patience)
	s.wants(err, wire.ErrUnknownThread)
}

func TestReadingNeedsADeviceAndAClockThatIsRight(t *testing.T) {
	s := newStand(t, 5)
	x, y := s.visit(), s.visit()
	x.first(x.text("hello"))
	_, err := s.Read(t.Context(), x.id(), y.request(), 0)
	s.wants(err, wire.ErrNotAllowed)
	stranger, err := thread.Request{Thread: x.id(), Time: s.millis()}.Sign(y.pen.Key)
	s.check(err)
	_, err = s.Read(t.Context(), x.id(), stranger, 0)
	s.wants(err, wire.ErrNotAllowed)
	old := x.request()
	s.advance(24 * time.Hour)
	_, err = s.Read(t.Context(), x.id(), old, 0)
	if clock := (wire.ErrClock{}); !errors.As(err, &clock) || clock.Time != s.millis() {
		t.Errorf("%v", err)
	}
}

func TestAnEntryIsTakenWhateverTheShoppersClockSays(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	for _, off := range []time.Duration{-24 * time.Hour, 48 * time.Hour} {
		s.advance(off)
		late := x.text("hello")
		s.advance(-off)
		s.states(x.first(late), "committed")
	}
	if at := x.log[0].Commit.Time; at != s.millis() {
		t.Errorf("committed at %v, the brand's clock says %v", at, s.millis())
	}
}

func TestTheBrandSpeaksInTheSameChain(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	said, err := s.Say(t.Context(), x.id(), thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "hi"}},
		thread.Draft{Kind: thread.KindCard, Body: &thread.Card{Product: "tea"}})
	if err != nil || len(said) != 2 || said[1].Seq != 3 {
		t.Fatalf("%+v, %v", said, err)
	}
	s.states(x.post(x.text("thanks")), "committed")
	x.has("text", "text", "card", "text")
	_, err = s.Say(t.Context(), testHome, thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "hi"}})
	s.wants(err, store.ErrNotFound)
	_, err = s.Say(t.Context(), x.id(), thread.Draft{Kind: thread.KindDelivered, Body: &thread.Delivered{Order: testHome}})
	if trade.ReasonOf(err) != trade.NotNow {
		t.Errorf("%v", err)
	}
	_, err = s.Say(t.Context(), x.id(), thread.Draft{Kind: thread.KindOrder, Body: &trade.Placement{}})
	s.wants(err, protocol.ErrInvalid)
}

func TestOneThreadThatFailsDoesNotHoldUpTheOthers(t *testing.T) {
	s := newStand(t, 5)
	x, y := s.visit(), s.visit()
	x.first(x.text("hello"))
	y.first(y.text("hello"))
	broken := errors.New("broken row")
	s.counter.fails = func(e thread.Opened) error {
		if e.Device == [32]byte(protocol.PublicKeyOf(x.pen.Key).Bytes()) {
			return broken
		}
		return nil
	}
	dx, dy := newDeposit("a", x.id(), [][]byte{x.order()}, 0), newDeposit("b", y.id(), [][]byte{y.order()}, 0)
	for _, d := range []*deposit{dx, dy} {
		s.check(s.open(t.Context(), d))
		d.open = len(d.arrivals)
	}
	s.stop()
	s.Desk.commit(t.Context(), []task{{deposit: dx}, {deposit: dy}})
	if _, _, err := dx.present(); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	results, _, err := dy.present()
	s.check(err)
	s.states(results, "committed")
}
