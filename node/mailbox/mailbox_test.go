package mailbox_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

func TestWithoutTheBrandAnEnvelopeIsStoredAndReceipted(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	a := must(p.begin("hello"))
	if a.Thread != p.thread || len(a.Results) != 1 || a.Results[0].State != wire.StateStored || len(a.Envelopes) != 0 {
		t.Fatalf("%+v", a)
	}
	signed := must(protocol.DecodeSigned(a.Results[0].Receipt))
	receipt := must(wire.DecodeDepositReceipt(signed.Payload))
	if signed.VerifiedBy(protocol.ObjectDeposit, protocol.PublicKeyOf(s.relay.owner.online)) != 1 || receipt.Thread != p.thread || receipt.Relay != s.relay.owner.id || receipt.Dir != "up" {
		t.Errorf("%+v", receipt)
	}
}

func TestAConnectedBrandAnswersInTheSameResponse(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	a := must(p.begin("hello"))
	if a.Results[0].State != wire.StateCommitted || !slices.Equal(opened(a.Envelopes), []string{"committed: hello"}) {
		t.Fatalf("%+v", a)
	}
	p.after = a.Next
	a = must(p.post(soon, seal(p.thread, thread.Up, "two tins, please"), seal(p.thread, thread.Up, "and a cup")))
	if len(a.Results) != 2 || a.Results[1].State != wire.StateCommitted || !slices.Equal(opened(a.Envelopes), []string{"committed: two tins, please", "committed: and a cup"}) {
		t.Errorf("%+v", a)
	}
}

func TestABrandThatComesBackAfterAWeekGetsEverythingInOrder(t *testing.T) {
	s := newStreet(t)
	var want []string
	var all []*shopper
	for n := range 20 {
		p := s.shopper(fmt.Sprint("shopper ", n))
		all = append(all, p)
		must(p.begin(fmt.Sprint("order ", n)))
		want = append(want, fmt.Sprint("order ", n))
	}
	s.clock.ahead.Add(int64(6 * 24 * time.Hour))
	for n, p := range all {
		must(p.say(fmt.Sprint("where is ", n)))
		want = append(want, fmt.Sprint("where is ", n))
	}
	s.clock.ahead.Add(int64(time.Hour))
	s.arrive()
	eventually(t, "all is there", func() bool { return len(s.brand.desk.taken()) == len(want) })
	if got := s.brand.desk.taken(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if s.brand.desk.most > 1 {
		t.Errorf("%d threads at once, which a desk may serve side by side", s.brand.desk.most)
	}
	for n, p := range all {
		eventually(t, "the shopper hears of it", func() bool { return len(p.peek()) == 2 })
		if got := p.read(); !slices.Equal(got, []string{fmt.Sprint("committed: order ", n), fmt.Sprint("committed: where is ", n)}) {
			t.Errorf("%q", got)
		}
	}
}

// peek is read without going on.
func (p *shopper) peek() []string {
	p.s.Helper()
	was := p.after
	defer func() { p.after = was }()
	return p.read()
}

func TestNothingIsLostAcrossCrashesOfBothSides(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	must(p.begin("one"))
	s.relay.crash()
	s.relay.startRelay()
	must(p.say("two"))
	s.arrive()
	eventually(t, "both are there", func() bool { return len(s.brand.desk.taken()) == 2 })
	s.relay.crash()
	s.relay.startRelay()
	s.brand.crash()
	s.brand.desk.say(p.thread, "while it was down")
	must(p.say("three"))
	s.arrive()
	eventually(t, "the third is there", func() bool { return len(s.brand.desk.taken()) == 3 })
	if got := s.brand.desk.taken(); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("%q", got)
	}
	want := []string{"committed: one", "committed: two", "while it was down", "committed: three"}
	eventually(t, "the shopper has all", func() bool {
		got := p.peek() // what was given and not noted before the crash comes twice
		return slices.Equal(firsts(got), want)
	})
}

// firsts leaves the first of each.
func firsts(list []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func TestADeskThatFailsGetsItAgain(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	must(p.begin("one", "two"))
	s.brand.desk.fail = 1
	s.connect()
	s.brand.startCollector()
	eventually(t, "it comes again", func() bool { return slices.Equal(s.brand.desk.taken(), []string{"one", "two"}) })
}

func TestWhatTheBrandSaysComesToWhoWatches(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	must(p.begin("hello"))
	ctx, cancel := context.WithCancel(t.Context())
	events := must(s.relay.relay.Watch(ctx, []protocol.Signed{p.request()}))
	s.brand.desk.say(p.thread, "it is on its way")
	e := next(t, events)
	if e.Thread != p.thread || open(e.Envelope) != "it is on its way" {
		t.Errorf("%+v", e)
	}
	sent := seal(p.thread, thread.Up, "thanks")
	must(p.post(0, sent))
	var state string
	for state == "" {
		if e := next(t, events); e.Envelope == nil && e.Sent == thread.EnvelopeID(sent) {
			state = e.State
		}
	}
	if state != wire.StateCommitted {
		t.Error(state)
	}
	cancel()
	for range events { // is closed
	}
}

func next(t *testing.T, events <-chan wire.ThreadEvent) wire.ThreadEvent {
	t.Helper()
	select {
	case e, ok := <-events:
		if !ok {
			t.Fatal("closed")
		}
		return e
	case <-time.After(soon):
		t.Fatal("nothing comes")
	}
	panic("unreachable")
}

func TestAWatcherThatDoesNotReadIsDropped(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	must(p.begin("hello"))
	events := must(s.relay.relay.Watch(t.Context(), []protocol.Signed{p.request()}))
	const said = 400
	for n := range said {
		s.brand.desk.say(p.thread, fmt.Sprint(n))
	}
	seen := map[string]bool{}
	eventually(t, "all was said, and the watcher has no room left", func() bool {
		for _, text := range p.read() { // makes room in the box
			seen[text] = true
		}
		return len(seen) >= said && len(events) == cap(events)
	})
	for end := time.After(soon); ; {
		select {
		case _, open := <-events:
			if !open {
				return
			}
		case <-end:
			t.Fatal("the watcher isn't dropped")
		}
	}
}

func TestAnEnvelopeThatIsSentAgainIsOne(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	must(p.begin())
	e := seal(p.thread, thread.Up, "once")
	for range 3 {
		if a := must(p.post(0, e)); a.Results[0].State != wire.StateStored {
			t.Errorf("%+v", a.Results)
		}
	}
	s.arrive()
	eventually(t, "it comes", func() bool { return len(s.brand.desk.taken()) == 1 })
	eventually(t, "its state is known", func() bool { return must(p.post(0, e)).Results[0].State == wire.StateCommitted })
	if got := s.brand.desk.taken(); !slices.Equal(got, []string{"once"}) {
		t.Errorf("%q", got)
	}
}

func TestWhatTheBrandCanNotOpenIsRefusedTruly(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	must(p.begin("hello"))
	e := thread.Envelope{Thread: p.thread, Dir: thread.Up}
	a := must(p.post(soon, must(e.SealBytes([32]byte{1}, []byte("under another key")))))
	if r := a.Results[0]; r.State != wire.StateRefused || r.Reason != "unknown_epoch" {
		t.Errorf("%+v", r)
	}
}

func TestOnlyWhoHasTheCapabilityWritesAndOnlyADeviceReads(t *testing.T) {
	s := newStreet(t)
	p, thief := s.shopper("ann"), s.shopper("thief")
	must(p.begin("hello"))
	thief.thread = p.thread
	if _, err := thief.say("I am Ann"); !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("write: %v", err)
	}
	if _, err := s.relay.relay.Read(t.Context(), p.thread, thief.request(), 0); !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("read: %v", err)
	}
	if _, err := s.relay.relay.Watch(t.Context(), []protocol.Signed{thief.request()}); !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("watch: %v", err)
	}
	old := p.request()
	s.clock.ahead.Add(int64(6 * time.Minute))
	var clock wire.ErrClock
	if _, err := s.relay.relay.Read(t.Context(), p.thread, old, 0); !errors.As(err, &clock) || clock.Time < s.clock.now()-10_000 {
		t.Errorf("an old request: %v", err)
	}
	if _, err := s.relay.relay.Begin(t.Context(), "x", thief.write, wire.ThreadBegin{Genesis: p.genesis}); !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("begin again: %v", err)
	}
}

func TestAThreadIsBegunOncePerIdentity(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	must(p.begin("hello"))
	must(p.begin("hello again"))
	s.clock.ahead.Add(int64(time.Hour))
	other := s.shopper("ann") // of another time
	var exists wire.ErrExists
	if _, err := other.begin(); !errors.As(err, &exists) || exists.Thread != p.thread {
		t.Errorf("%v", err)
	}
	s.relay.crash() // it is known after a restart
	s.relay.startRelay()
	if _, err := other.begin(); !errors.As(err, &exists) || exists.Thread != p.thread {
		t.Errorf("%v", err)
	}
}

func TestBrandsThatAreNotFollowedHaveNoBoxes(t *testing.T) {
	s := newStreet(t)
	delete(s.relay.follows, s.brand.owner.id)
	if _, err := s.shopper("ann").begin(); !errors.Is(err, wire.ErrUnknownBrand) {
		t.Error(err)
	}
	if _, err := s.relay.relay.Genesis(t.Context(), s.shopper("ann").thread); !errors.Is(err, wire.ErrUnknownThread) {
		t.Error(err)
	}
}

func TestFilesGoBothWays(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	must(p.begin("hello"))
	photo := make([]byte, wire.MaxMailBlob)
	_, _ = rand.Read(photo)
	id := must(s.relay.relay.PutBlob(t.Context(), "ann", p.thread, p.write, photo))
	eventually(t, "the brand has it", func() bool {
		b, err := s.brand.desk.Blob(t.Context(), p.thread, id)
		return err == nil && bytes.Equal(b, photo)
	})
	eventually(t, "the shopper's other browsers have it", func() bool {
		b, err := s.relay.relay.Blob(t.Context(), p.thread, p.request(), id)
		return err == nil && bytes.Equal(b, photo)
	})
	answer := []byte("a sealed drawing")
	name := protocol.Sum(protocol.Raw, answer)
	s.brand.desk.mu.Lock()
	s.brand.desk.blobs[name] = answer
	s.brand.desk.mu.Unlock()
	s.brand.desk.say(p.thread, "look", name)
	eventually(t, "the entry comes", func() bool { return slices.Contains(p.peek(), "look") })
	if b := must(s.relay.relay.Blob(t.Context(), p.thread, p.request(), name)); !bytes.Equal(b, answer) {
		t.Errorf("%q", b)
	}
	if _, err := s.relay.relay.PutBlob(t.Context(), "ann", p.thread, p.write, append(photo, 0)); !errors.Is(err, wire.ErrTooLarge) {
		t.Error(err)
	}
}

func TestAFileWaitsForADirectConnectionAndKeepsNothingElseWaiting(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	must(p.begin("look at this"))
	photo := make([]byte, 300<<10)
	_, _ = rand.Read(photo)
	id := must(s.relay.relay.PutBlob(t.Context(), "ann", p.thread, p.write, photo))
	must(p.say("nice?"))
	s.clock.ahead.Add(int64(time.Minute))
	s.relay.limited, s.brand.limited = true, true
	s.arrive()
	eventually(t, "the words come", func() bool { return slices.Equal(s.brand.desk.taken(), []string{"look at this", "nice?"}) })
	if _, err := s.brand.desk.Blob(t.Context(), p.thread, id); err == nil {
		t.Error("the file came over a relayed connection")
	}
	s.depart()
	s.relay.limited, s.brand.limited = false, false
	s.arrive()
	eventually(t, "the file comes", func() bool {
		b, err := s.brand.desk.Blob(t.Context(), p.thread, id)
		return err == nil && bytes.Equal(b, photo)
	})
}

func TestADeviceJoinsThroughTheRelay(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	must(p.begin("hello"))
	p.read()
	phone := key("the new phone")
	join, _, err := thread.Join{Thread: p.thread, Prekey: protocol.Sum(protocol.DagCBOR, []byte("prekey")), Enc: make([]byte, thread.EncSize), Time: s.clock.now()}.Sign(phone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.relay.relay.Read(t.Context(), p.thread, p.requestBy(phone), 0); !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("before: %v", err)
	}
	cert := must(thread.Certificate{Thread: p.thread, Key: protocol.PublicKeyOf(phone), Kind: thread.KindDevice, Time: 1}.Sign(key("a link that only the brand knows")))
	must(s.relay.relay.Join(t.Context(), "ann", p.thread, wire.JoinRequest{Join: join, Certs: [][]byte{cert}}))
	eventually(t, "the welcome and all before it", func() bool {
		page, err := s.relay.relay.Read(t.Context(), p.thread, p.requestBy(phone), 0)
		texts := opened(page.Envelopes)
		return err == nil && slices.Contains(texts, "welcome") && len(texts) >= 3 // the entry twice
	})
}

func TestAThreadThatTheBrandKnowsIsFoundAndGoesOnHere(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	s.brand.desk.mu.Lock()
	s.brand.desk.threads[p.thread] = &talk{genesis: p.genesis, known: map[protocol.CID]bool{}}
	s.brand.desk.threads[p.thread].say(p.thread, "said at the brand's own gateway")
	s.brand.desk.mu.Unlock()
	nobody := [32]byte{1}
	ids := [][32]byte{nobody, [32]byte(protocol.PublicKeyOf(p.identity).Bytes())}
	got := must(s.relay.relay.Find(t.Context(), s.brand.owner.id, ids))
	if len(got) != 2 || got[0].Defined() || got[1] != p.thread {
		t.Fatalf("%v", got)
	}
	if _, err := p.say("x"); !errors.Is(err, wire.ErrNotAllowed) {
		t.Errorf("without the capability: %v", err)
	}
	s.depart()
	if got := must(s.relay.relay.Find(t.Context(), s.brand.owner.id, ids)); got[1] != p.thread {
		t.Errorf("%v", got)
	}
}

func TestOutOfDateBoxesAreGone(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	must(p.begin("hello"))
	s.clock.ahead.Add(int64(8 * 24 * time.Hour))
	s.relay.crash()
	s.relay.startRelay()
	eventually(t, "the box is gone", func() bool {
		_, err := s.relay.relay.Genesis(t.Context(), p.thread)
		return errors.Is(err, wire.ErrUnknownThread)
	})
	p = s.shopper("ann")
	must(p.begin("hello")) // the identity is free again
	s.arrive()
	eventually(t, "the new one is taken on", func() bool { return len(p.peek()) == 1 })
	s.clock.ahead.Add(int64(20 * 24 * time.Hour))
	s.relay.crash()
	s.relay.startRelay()
	time.Sleep(20 * time.Millisecond)
	if _, err := s.relay.relay.Genesis(t.Context(), p.thread); err != nil {
		t.Errorf("a thread is gone after 20 days: %v", err)
	}
}
