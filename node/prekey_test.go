package node

import (
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/store"
)

// prekeyRecord returns the prekey that is published.
func (s *stand) prekeyRecord() (p *catalog.Prekey, id protocol.CID) {
	s.Helper()
	s.view(func(v *store.View) error {
		raw, err := v.Record(catalog.PrekeyPath)
		s.check(err)
		r, err := catalog.Decode(catalog.PrekeyPath, raw)
		s.check(err)
		p, id = r.(*catalog.Prekey), protocol.Sum(protocol.DagCBOR, raw)
		return nil
	})
	return p, id
}

func (s *stand) renew() time.Duration {
	s.Helper()
	wait, err := s.renewPrekey(s.Context())
	s.check(err)
	s.check(s.dropPrekeys(s.Context()))
	return wait
}

func TestThePrekeyIsRenewedEveryWeekAndKeptUntilNothingWaitsForIt(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	defer s.Close()
	if wait := s.renew(); wait != prekeyRenewal {
		t.Errorf("again in %v", wait)
	}
	first, id := s.prekeyRecord()
	list, err := s.prekeys(t.Context())
	s.check(err)
	secret, err := thread.PrekeyOf(list[0].Seed)
	s.check(err)
	if list[0].ID != id || string(secret.Public()) != string(first.Key) || !first.Usable(s.millis()) {
		t.Error("what is published isn't what is kept")
	}
	s.clock.advance(prekeyRenewal - time.Hour)
	if wait := s.renew(); wait != time.Hour {
		t.Errorf("again in %v", wait)
	}
	s.clock.advance(time.Hour)
	s.renew()
	if second, other := s.prekeyRecord(); other == id || second.From != first.From+protocol.Millis(prekeyRenewal.Milliseconds()) {
		t.Error("not renewed")
	}
	for _, step := range []struct {
		after time.Duration
		kept  bool
	}{{prekeyLife - prekeyRenewal, true}, {prekeyGrace - time.Minute, true}, {time.Minute, false}} {
		s.clock.advance(step.after)
		s.check(s.dropPrekeys(t.Context()))
		list, err := s.prekeys(t.Context())
		s.check(err)
		kept := false
		for _, p := range list {
			kept = kept || p.ID == id
		}
		if kept != step.kept {
			t.Errorf("after %v more: kept %t", step.after, kept)
		}
	}
}

func TestAfterADoubtThePrekeyAsksForSealingAnew(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	defer s.Close()
	s.renew()
	s.clock.advance(time.Hour)
	s.check(s.doubt(t.Context()))
	s.clock.advance(time.Minute)
	s.renew()
	p, id := s.prekeyRecord()
	if p.ResealBefore != s.millis()-60_000 {
		t.Errorf("seal anew what is before %v", p.ResealBefore)
	}
	s.renew()
	if _, again := s.prekeyRecord(); again != id {
		t.Error("renewed once more")
	}
}
