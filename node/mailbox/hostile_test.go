package mailbox_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store/kv"
)

// wireman speaks the protocol by hand, on either side.
type wireman struct {
	t *testing.T
	network.Stream
	r *bufio.Reader
}

func newWireman(t *testing.T, s network.Stream) *wireman {
	_ = s.SetDeadline(time.Now().Add(soon))
	return &wireman{t, s, bufio.NewReader(s)}
}

// dials opens a mail stream to a relay from a host of no rules.
func (s *street) dials(h host.Host) *wireman {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), soon)
	defer cancel()
	if err := h.Connect(ctx, peer.AddrInfo{ID: s.relay.host.ID(), Addrs: s.relay.host.Addrs()}); err != nil {
		s.Fatal(err)
	}
	return newWireman(s.T, must(h.NewStream(ctx, s.relay.host.ID(), wire.MailProtocol)))
}

func (w *wireman) say(frames ...wire.MailFrame) {
	for _, f := range frames {
		if wire.WriteFrame(w, must(wire.EncodeMail(f)), wire.MaxMailFrame) != nil {
			return
		}
	}
}

func (w *wireman) hear(decode func([]byte) (wire.MailFrame, error)) (wire.MailFrame, error) {
	for {
		data, err := wire.ReadFrame(w.r, wire.MaxMailFrame)
		if err != nil {
			return nil, err
		}
		f, err := decode(data)
		if err != nil || f != nil {
			return f, err
		}
	}
}

// ended waits until the other side ends the stream.
func (w *wireman) ended() {
	w.t.Helper()
	if _, err := io.Copy(io.Discard, w.r); err == nil || !strings.Contains(err.Error(), "deadline") {
		return
	}
	w.t.Error("the stream goes on")
}

func proofOf(brand protocol.CID, key ed25519.PrivateKey, from, to peer.ID, at protocol.Millis) *wire.MailHello {
	payload := must(wire.MailProof{Brand: brand, Peer: []byte(from), Relay: []byte(to), Time: at}.Encode())
	return &wire.MailHello{Proof: must(protocol.Sign(protocol.ObjectMail, payload, key).Encode())}
}

// poses opens a stream as the brand, with its own key.
func (s *street) poses(h host.Host) *wireman {
	s.Helper()
	w := s.dials(h)
	w.say(proofOf(s.brand.owner.id, s.brand.owner.online, h.ID(), s.relay.host.ID(), s.clock.now()))
	if f, err := w.hear(wire.DecodeMailOfRelay); err != nil || f.(*wire.MailOpen).Relay != s.relay.owner.id {
		s.Fatalf("%v, %v", f, err)
	}
	return w
}

func TestNobodyButTheBrandCollectsItsMail(t *testing.T) {
	s := newStreet(t)
	must(s.shopper("ann").begin("hello"))
	thief, own, relay := newHost(t), s.brand.owner, s.relay.host.ID()
	for name, c := range map[string]struct {
		hello *wire.MailHello
		want  string
	}{
		"another key":      {proofOf(own.id, key("thief"), thief.ID(), relay, s.clock.now()), wire.ByeProof},
		"another peer":     {proofOf(own.id, own.online, s.brand.host.ID(), relay, s.clock.now()), wire.ByeProof},
		"another relay":    {proofOf(own.id, own.online, thief.ID(), s.brand.host.ID(), s.clock.now()), wire.ByeProof},
		"of ten minutes":   {proofOf(own.id, own.online, thief.ID(), relay, s.clock.now()-600_000), wire.ByeClock},
		"of tomorrow":      {proofOf(own.id, own.online, thief.ID(), relay, s.clock.now()+86_400_000), wire.ByeClock},
		"a brand unknown":  {proofOf(newOwner("coffee").id, own.online, thief.ID(), relay, s.clock.now()), wire.ByeUnknownBrand},
		"another object":   {headOf(own, thief.ID(), relay, s.clock.now()), wire.ByeProof},
		"the relay's self": {proofOf(s.relay.owner.id, s.relay.owner.online, thief.ID(), relay, s.clock.now()), wire.ByeUnknownBrand},
	} {
		w := s.dials(thief)
		w.say(c.hello)
		f, err := w.hear(wire.DecodeMailOfRelay)
		if b, is := f.(*wire.MailBye); err != nil || !is || b.Reason != c.want {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
		w.ended()
	}
	if s.relay.relay.Connected(own.id) {
		t.Error("somebody collects")
	}
}

// headOf signs the payload as another object.
func headOf(o *owner, from, to peer.ID, at protocol.Millis) *wire.MailHello {
	payload := must(wire.MailProof{Brand: o.id, Peer: []byte(from), Relay: []byte(to), Time: at}.Encode())
	return &wire.MailHello{Proof: must(protocol.Sign(protocol.ObjectHead, payload, o.online).Encode())}
}

func TestABrandThatBreaksTheProtocolIsLeft(t *testing.T) {
	for name, frames := range map[string][]wire.MailFrame{
		"acknowledges what it never got": {&wire.MailAck{Items: []wire.MailTaken{{Place: 99, State: wire.MailCommitted}}}},
		"proves itself again":            {&wire.MailHello{Proof: []byte{1}}},
		"puts no envelope":               {&wire.MailPut{ID: 1, Thread: protocol.Sum(protocol.DagCBOR, nil), What: wire.MailEnvelope, Bytes: []byte("hello")}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStreet(t)
			p := s.shopper("ann")
			must(p.begin("hello"))
			h := newHost(t)
			w := s.poses(h)
			w.say(frames...)
			w.ended()
			eventually(t, "it is blamed", func() bool { return s.relay.blamed(h.ID()) != "" })
			s.arrive() // what it didn't have is still there
			eventually(t, "the mail comes", func() bool { return len(s.brand.desk.taken()) == 1 })
		})
	}
}

func TestAFirstFrameThatIsNoneIsBlamed(t *testing.T) {
	s := newStreet(t)
	for _, data := range [][]byte{{0xff, 0xff, 0xff, 0x7f}, {0}, append([]byte{30}, make([]byte, 30)...), {2, 0x41, 0}} {
		h := newHost(t)
		w := s.dials(h)
		_, _ = w.Write(data)
		w.ended()
		eventually(t, "it is blamed", func() bool { return s.relay.blamed(h.ID()) != "" })
	}
}

// A brand reaches the boxes of its own threads and no others, and what it floods a box
// with is bounded.
func TestABrandReachesNoOtherBrandsMail(t *testing.T) {
	s := newStreet(t)
	other := newOwner("coffee")
	s.relay.follow(other)
	p := s.shopper("ann")
	must(p.begin("hello"))
	h := newHost(t)
	w := s.dials(h)
	w.say(proofOf(other.id, other.online, h.ID(), s.relay.host.ID(), s.clock.now()))
	_ = must(w.hear(wire.DecodeMailOfRelay))
	w.say(
		&wire.MailPut{ID: 1, Thread: p.thread, What: wire.MailEnvelope, Bytes: seal(p.thread, thread.Down, "buy coffee")},
		&wire.MailErase{ID: 2, Thread: p.thread},
		&wire.MailPut{ID: 3, Thread: p.thread, What: wire.MailBlob, Bytes: []byte("a picture of coffee")},
	)
	for id := range 3 {
		f := must(w.hear(wire.DecodeMailOfRelay)).(*wire.MailDone)
		if f.ID != uint64(id+1) || f.State != wire.MailRefused || f.Reason != wire.DoneUnknownThread {
			t.Errorf("%+v", f)
		}
	}
	if got := p.peek(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestABrandThatFloodsABoxIsBounded(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	must(p.begin("hello"))
	w := s.poses(newHost(t))
	var full int
	for id := range 250 {
		w.say(&wire.MailPut{ID: uint64(id), Thread: p.thread, What: wire.MailEnvelope, Bytes: seal(p.thread, thread.Down, fmt.Sprint("offer ", id))})
	}
	for answers := 0; answers < 250; {
		f := must(w.hear(wire.DecodeMailOfRelay))
		d, is := f.(*wire.MailDone)
		if !is {
			continue // the shopper's mail
		}
		if answers++; d.State == wire.MailRefused && d.Reason == wire.DoneFull {
			full++
		}
	}
	if x := p.box(); full != 250-x.Down.Items || x.Down.Items > 200 {
		t.Errorf("%d are full, %d in the box", full, x.Down.Items)
	}
}

// hostileRelay poses as a relay to the brand.
func (s *street) hostileRelay(serve func(*wireman)) host.Host {
	s.Helper()
	h := newHost(s.T)
	h.SetStreamHandler(wire.MailProtocol, func(st network.Stream) {
		w := newWireman(s.T, st)
		if _, err := w.hear(wire.DecodeMailOfBrand); err != nil {
			return
		}
		w.say(&wire.MailOpen{Relay: s.relay.owner.id, Time: s.clock.now()})
		serve(w)
	})
	ctx, cancel := context.WithTimeout(s.Context(), soon)
	defer cancel()
	if err := s.brand.host.Connect(ctx, peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()}); err != nil {
		s.Fatal(err)
	}
	s.brand.followers = func() []peer.ID { return []peer.ID{h.ID()} }
	return h
}

func (p *shopper) item(place, n uint64, what wire.MailWhat, data []byte) *wire.MailItem {
	return &wire.MailItem{Place: place, N: n, Thread: p.thread, What: what, Bytes: data, Time: p.s.clock.now()}
}

// What a relay reorders, drops and replays reaches the desk as it is: the desk commits
// each once, and nothing is acknowledged that wasn't taken.
func TestARelayThatReplaysAndReordersChangesNothing(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	one, two := seal(p.thread, thread.Up, "one"), seal(p.thread, thread.Up, "two")
	acked := make(chan wire.MailTaken, 64)
	s.hostileRelay(func(w *wireman) {
		w.say(
			p.item(7, 2, wire.MailEnvelope, one), // before its thread
			p.item(8, 1, wire.MailBegin, p.genesis), p.item(9, 2, wire.MailEnvelope, two),
			p.item(10, 9, wire.MailEnvelope, one), p.item(9000, 2, wire.MailEnvelope, two), p.item(9001, 1, wire.MailBegin, p.genesis),
			p.item(9002, 5, wire.MailEnvelope, bytes.Repeat([]byte("x"), 99)),
		)
		for {
			f, err := w.hear(wire.DecodeMailOfBrand)
			if err != nil {
				return
			}
			if a, is := f.(*wire.MailAck); is {
				for _, i := range a.Items {
					acked <- i
				}
			}
			if put, is := f.(*wire.MailPut); is {
				w.say(&wire.MailDone{ID: put.ID, State: wire.MailStored})
			}
		}
	})
	s.brand.startCollector()
	got := map[uint64]wire.MailState{}
	for len(got) < 7 {
		select {
		case i := <-acked:
			got[i.Place] = i.State
		case <-time.After(soon):
			t.Fatalf("%v", got)
		}
	}
	if got[7] != wire.MailRefused || got[9002] != wire.MailRefused || got[9000] != wire.MailCommitted {
		t.Errorf("%v", got)
	}
	if taken := s.brand.desk.taken(); !slices.Equal(taken, []string{"two", "one"}) {
		t.Errorf("%q", taken)
	}
}

func TestARelayThatBreaksTheProtocolIsLeftAndBlamed(t *testing.T) {
	for name, serve := range map[string]func(*shopper, *wireman){
		"answers what wasn't put": func(_ *shopper, w *wireman) { w.say(&wire.MailDone{ID: 5, State: wire.MailStored}) },
		"opens twice":             func(p *shopper, w *wireman) { w.say(&wire.MailOpen{Relay: p.s.relay.owner.id}) },
		"asks without end": func(_ *shopper, w *wireman) {
			for id := range 10_000 {
				w.say(&wire.MailFind{ID: uint64(id), Identities: [][32]byte{{1}}})
			}
		},
		"sends without end": func(p *shopper, w *wireman) {
			for n := range 10_000 {
				w.say(p.item(uint64(n+1), uint64(n+1), wire.MailEnvelope, []byte("x")))
			}
		},
		"sends too much ahead": func(p *shopper, w *wireman) {
			for n := range 20 {
				w.say(p.item(uint64(n+1), uint64(n+1), wire.MailBlob, make([]byte, 256<<10)))
			}
		},
		"sends places twice": func(p *shopper, w *wireman) {
			w.say(p.item(2, 1, wire.MailBegin, p.genesis), p.item(2, 1, wire.MailBegin, p.genesis))
		},
		"sends no frame": func(_ *shopper, w *wireman) { _, _ = w.Write([]byte{0x80, 0x00}) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStreet(t)
			p := s.shopper("ann")
			if strings.Contains(name, "without end") || strings.Contains(name, "ahead") {
				s.brand.desk.slow = make(chan struct{}) // takes its time
			}
			h := s.hostileRelay(func(w *wireman) { serve(p, w); w.ended() })
			s.brand.startCollector()
			eventually(t, "it is blamed", func() bool { return s.brand.blamed(h.ID()) != "" })
		})
	}
}

// What a relay acknowledges falsely is lost with it and nowhere else: the sender keeps
// an entry until it is committed, and asks for it again.
func TestARelayThatTakesPutsAndDropsThemIsMadeUpForBySync(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	puts := make(chan string, 64)
	again := uint64(0)
	s.hostileRelay(func(w *wireman) {
		w.say(p.item(1, 1, wire.MailBegin, p.genesis), p.item(2, 2, wire.MailEnvelope, seal(p.thread, thread.Up, "one")))
		for n := uint64(3); ; {
			f, err := w.hear(wire.DecodeMailOfBrand)
			if err != nil {
				return
			}
			put, is := f.(*wire.MailPut)
			if !is {
				continue
			}
			puts <- open(put.Bytes)
			w.say(&wire.MailDone{ID: put.ID, State: wire.MailStored}) // and forgets it
			if n == 3 {
				w.say(p.item(n, n, wire.MailEnvelope, seal(p.thread, thread.Up, "sync")))
				n++
			}
		}
	})
	s.brand.desk.again = &again // the desk takes each entry for a sync
	s.brand.startCollector()
	var got []string
	for !slices.Equal(firsts(got), []string{"committed: one", "committed: sync"}) || len(got) < 3 {
		select {
		case text := <-puts:
			got = append(got, text)
		case <-time.After(soon):
			t.Fatalf("%q", got)
		}
	}
}

func TestARelayHoldsNothingReadable(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	secret := "Ann Example, 12 Harbour Street"
	must(p.begin(secret))
	s.brand.desk.say(p.thread, "to "+secret)
	eventually(t, "it is there", func() bool { return len(p.peek()) >= 2 })
	s.depart()
	must(p.say("again: " + secret))
	found := map[string]bool{}
	err := s.relay.kv.View(t.Context(), func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Prefix(nil), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			row := append(append([]byte{}, item.Key...), item.Value...)
			for name, needle := range map[string][]byte{"control": p.genesis, "plain": []byte("Harbour"), "capability": p.write[:], "address": []byte(p.address + "\x00")} {
				found[name] = found[name] || bytes.Contains(row, needle)
			}
		}
		return nil
	})
	if err != nil || !found["control"] || found["plain"] || found["capability"] || found["address"] {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAnErasedThreadIsGoneAtTheRelayButForItsLastWord(t *testing.T) {
	s := newStreet(t)
	s.arrive()
	p := s.shopper("ann")
	must(p.begin("hello"))
	must(p.post(soon, seal(p.thread, thread.Up, "forget me")))
	s.depart()
	must(p.say("one more")) // waits when the brand erases
	s.brand.collectorAlone(func() {
		if err := s.brand.collector.Erase(t.Context(), p.thread, [][]byte{seal(p.thread, thread.Down, "erased")}); err != nil {
			t.Fatal(err)
		}
	})
	s.brand.crash() // it is durable
	s.brand.desk.mu.Lock()
	delete(s.brand.desk.threads, p.thread)
	s.brand.desk.mu.Unlock()
	s.arrive()
	eventually(t, "only the last word is there", func() bool { p.after = 0; return slices.Equal(p.peek(), []string{"erased"}) })
	if x := p.box(); !x.Closed || x.Up.Items != 0 || x.Down.Items != 1 {
		t.Errorf("%+v", x)
	}
	if a := must(p.say("hello?")); a.Results[0].State != wire.StateRefused || a.Results[0].Reason != "thread_erased" {
		t.Errorf("%+v", a.Results)
	}
}

// collectorAlone runs a collector that is connected to nobody.
func (s *station) collectorAlone(f func()) {
	s.t.Helper()
	s.startCollector()
	f()
	s.stop()
	s.stop = func() {}
}

func TestAStoppedRelayRefuses(t *testing.T) {
	s := newStreet(t)
	p := s.shopper("ann")
	must(p.begin())
	s.relay.stop()
	if _, err := p.say("x"); err == nil || errors.Is(err, wire.ErrUnknownThread) {
		t.Error(err)
	}
}
