package mailbox_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/mailbox"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// talker posts to whatever relay runs, sends again what wasn't acknowledged, and notes
// what was.
type talker struct {
	p     *shopper
	relay func() *mailbox.Relay
	begun bool
	told  []string
}

func (k *talker) run(t *testing.T, until time.Time) {
	for n := 0; time.Now().Before(until); n++ {
		text := fmt.Sprintf("%s %d", k.p.address, n)
		envelope := seal(k.p.thread, thread.Up, text)
		for !k.once(t, envelope) {
			if time.Now().After(until.Add(soon)) {
				t.Error("no relay answers")
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
		k.told = append(k.told, text)
	}
}

// once reports whether an envelope is acknowledged.
func (k *talker) once(t *testing.T, envelope []byte) bool {
	r := k.relay()
	if r == nil {
		return false
	}
	if !k.begun {
		_, err := r.Begin(t.Context(), k.p.address, k.p.write, wire.ThreadBegin{Genesis: k.p.genesis})
		k.begun = err == nil
		return false
	}
	a, err := r.Post(t.Context(), k.p.address, k.p.thread, k.p.write, wire.ThreadPost{Envelopes: [][]byte{envelope}}, 20*time.Millisecond)
	return err == nil && a.Results[0].State != wire.StateRefused
}

// Both sides lose their power again and again while shoppers write: what a relay
// acknowledged comes to the desk, in the order of each shopper, once.
func TestWhatWasAcknowledgedArrivesWhateverIsKilled(t *testing.T) {
	s := newStreet(t)
	var mu sync.Mutex
	running := s.relay.relay
	relay := func() *mailbox.Relay {
		mu.Lock()
		defer mu.Unlock()
		return running
	}
	var talkers []*talker
	var talking sync.WaitGroup
	until := time.Now().Add(3 * time.Second)
	for n := range 4 {
		k := &talker{p: s.shopper(fmt.Sprint("shopper-", n)), relay: relay}
		talkers = append(talkers, k)
		talking.Go(func() { k.run(t, until) })
	}
	s.connect()
	s.brand.startCollector()
	random := rand.New(rand.NewPCG(1, 2))
	for time.Now().Before(until) {
		time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
		switch random.IntN(3) {
		case 0:
			mu.Lock()
			running = nil
			mu.Unlock()
			s.relay.crash()
			s.relay.startRelay()
			mu.Lock()
			running = s.relay.relay
			mu.Unlock()
		case 1:
			s.brand.crash()
			s.brand.startCollector()
		case 2:
			for _, c := range s.brand.host.Network().Conns() {
				_ = c.Close()
			}
			s.connect()
		}
	}
	talking.Wait()
	s.connect()
	for _, k := range talkers {
		s.arrived(k)
	}
}

// arrived waits until all that was acknowledged is at the desk and its answers are
// here.
func (s *street) arrived(k *talker) {
	s.Helper()
	mine := func() []string {
		return slices.DeleteFunc(s.brand.desk.taken(), func(text string) bool { return !strings.HasPrefix(text, k.p.address+" ") })
	}
	eventually(s.T, "all comes", func() bool { return len(mine()) >= len(k.told) })
	if got := mine(); !slices.Equal(got, k.told) {
		s.Errorf("%s: %d came, %d were acknowledged, or in another order", k.p.address, len(got), len(k.told))
	}
	var want, heard []string
	for _, text := range k.told {
		want = append(want, "committed: "+text)
	}
	eventually(s.T, "all answers come", func() bool {
		heard = append(heard, k.p.read()...)
		return missing(want, heard) == ""
	})
	if len(k.told) < 5 {
		s.Errorf("only %d were acknowledged", len(k.told))
	}
}
