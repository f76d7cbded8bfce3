package mailbox_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/mailbox"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// crowded is a street whose relay has room for about so many first contacts.
func crowded(t *testing.T, contacts int64) *street {
	t.Helper()
	s := newStreet(t)
	s.relay.stop()
	s.relay.stop = func() {}
	s.relay.ceilings = mailbox.Ceilings{New: contacts * contactWeight}
	s.relay.startRelay()
	return s
}

// contactWeight is what a first contact with one short envelope weighs, about.
const contactWeight = 4<<10 + 2*256 + 1_450 + 1_170

func (s *street) flood(address string, from, n int) (taken int) {
	s.Helper()
	for i := range n {
		p := s.shopper(fmt.Sprint(address, from+i))
		p.address = address
		_, err := p.begin("I want something")
		switch {
		case err == nil:
			taken++
		case !errors.Is(err, wire.ErrBusy):
			s.Fatal(err)
		}
	}
	return taken
}

func TestBelowTheCeilingManyPhonesBehindOneAddressAreWelcome(t *testing.T) {
	s := crowded(t, 200)
	if n := s.flood("carrier", 0, 90); n != 90 {
		t.Errorf("only %d of 90 are taken", n)
	}
}

func TestAboveTheCeilingTheBusiestIsRefusedFirst(t *testing.T) {
	s := crowded(t, 200)
	flood := s.flood("flooder", 0, 300)
	if flood < 90 || flood > 110 {
		t.Errorf("one alone has %d of 200", flood)
	}
	for i := range 20 {
		if s.flood(fmt.Sprint("honest ", i), 0, 1) != 1 {
			t.Fatalf("phone %d is refused beside a flood", i)
		}
	}
	if n := s.flood("carrier", 0, 30); n != 30 {
		t.Errorf("of 30 phones behind one address %d are taken beside a flood", n)
	}
	if n := s.flood("flooder", 1000, 1); n != 0 {
		t.Error("the flooder goes on")
	}
	s.arrive() // what waited is taken, and there is room again
	eventually(t, "the flooder is welcome again", func() bool { return s.flood("flooder", 2000+int(time.Now().UnixNano()%1e6), 1) == 1 })
}

func TestNothingThatWasTakenIsEvicted(t *testing.T) {
	s := crowded(t, 50)
	p := s.shopper("ann")
	must(p.begin("first of all"))
	for i := range 100 {
		s.flood(fmt.Sprint("flooder ", i), 0, 1)
	}
	s.arrive()
	eventually(t, "it comes", func() bool { return len(s.brand.desk.taken()) > 0 })
	if got := s.brand.desk.taken()[0]; got != "first of all" {
		t.Error(got)
	}
}

func TestAFloodOfFirstContactsDoesNotTouchLiveThreads(t *testing.T) {
	s := crowded(t, 20)
	p := s.shopper("ann")
	s.arrive()
	must(p.begin("hello"))
	s.depart()
	s.flood("ann", 0, 60) // from her own address
	if a := must(p.say("still here")); a.Results[0].State != wire.StateStored {
		t.Errorf("%+v", a.Results)
	}
}

func TestABoxTakesAsMuchAsItMayAndNothingByHalves(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	must(p.begin())
	stored := 0
	var last []byte
	for {
		e := seal(p.thread, thread.Up, fmt.Sprint(stored))
		if _, err := p.post(0, e); err != nil {
			if !errors.Is(err, wire.ErrQuota) {
				t.Fatal(err)
			}
			break
		}
		last = e
		stored++
	}
	if stored != 16 {
		t.Errorf("%d before the brand knows the thread", stored)
	}
	s.arrive()
	eventually(t, "they are taken", func() bool { return must(p.post(0, last)).Results[0].State == wire.StateCommitted })
	s.depart()
	var some [][]byte
	for i := range 16 {
		some = append(some, seal(p.thread, thread.Up, fmt.Sprint("more ", i)))
	}
	for range 12 { // 192 of 200
		for i := range some {
			some[i] = seal(p.thread, thread.Up, fmt.Sprint("more ", stored))
			stored++
		}
		must(p.post(0, some...))
	}
	for i := range some {
		some[i] = seal(p.thread, thread.Up, "too many")
	}
	if _, err := p.post(0, some...); !errors.Is(err, wire.ErrQuota) {
		t.Fatalf("208 envelopes: %v", err)
	}
	must(p.say("the last"))
	s.arrive()
	eventually(t, "all that was stored comes", func() bool { return len(s.brand.desk.taken()) == stored+1 })
	if got := s.brand.desk.taken(); slices.Contains(got, "too many") || got[stored] != "the last" {
		t.Error("what was refused came")
	}
}

func TestOnlyTheFormOfAThreadGoesIn(t *testing.T) {
	s := newStreet(t)
	p, other := s.shopper("ann"), s.shopper("bob")
	must(p.begin())
	many := make([][]byte, 17)
	for i := range many {
		many[i] = seal(p.thread, thread.Up, "x")
	}
	for name, c := range map[string]struct {
		envelopes [][]byte
		want      error
	}{
		"no CBOR":           {[][]byte{[]byte("hello")}, protocol.ErrInvalid},
		"of another thread": {[][]byte{seal(other.thread, thread.Up, "x")}, protocol.ErrInvalid},
		"the other way":     {[][]byte{seal(p.thread, thread.Down, "x")}, protocol.ErrInvalid},
		"too large":         {[][]byte{make([]byte, 65<<10)}, protocol.ErrInvalid},
		"too many":          {many, wire.ErrTooLarge},
	} {
		if _, err := p.post(0, c.envelopes...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.relay.relay.Begin(t.Context(), "x", p.write, wire.ThreadBegin{Genesis: p.genesis[1:]}); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("genesis: %v", err)
	}
	if _, err := other.say("x"); !errors.Is(err, wire.ErrUnknownThread) {
		t.Errorf("no box: %v", err)
	}
}

// box is the shopper's box as the relay's store has it.
func (p *shopper) box() (x *store.Box) {
	p.s.Helper()
	err := p.s.relay.store.ReadBoxes(p.s.Context(), func(v *store.BoxView) (err error) {
		x, err = v.Box(p.thread)
		return err
	})
	if err != nil {
		p.s.Fatal(err)
	}
	return x
}

func missing(want, got []string) string {
	for _, text := range want {
		if !slices.Contains(got, text) {
			return text
		}
	}
	return ""
}

// A brand that says more than a box holds waits until the shopper has read; nothing of
// it is lost, and what was read makes room. Around the full box some comes twice, or
// later than what follows: commits have numbers.
func TestAFullBoxKeepsTheRestAtTheBrand(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	must(p.begin("hello"))
	var want []string
	want = append(want, "committed: hello")
	for i := range 300 {
		text := fmt.Sprint("news ", i)
		s.brand.desk.say(p.thread, text)
		want = append(want, text)
	}
	eventually(t, "the box is full", func() bool { return p.box().Down.Items == 200 })
	var got []string
	got = append(got, p.read()...)
	if len(got) < 200 {
		t.Errorf("%d were in the box", len(got))
	}
	must(p.say("go on")) // and has read what was there
	want = append(want, "committed: go on")
	eventually(t, "the rest comes", func() bool {
		got = append(got, p.read()...)
		return missing(want, got) == ""
	})
}
