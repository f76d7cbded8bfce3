package node

import (
	"os"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// twin copies a closed home to another place and opens both.
func twins(t *testing.T) (a, b *stand, homeA string) {
	t.Helper()
	homeA, homeB := t.TempDir()+"/a", t.TempDir()+"/b"
	first := newStand(t, homeA)
	first.sell(tea("sencha", 900))
	first.check(first.Close())
	first.check(os.CopyFS(homeB, os.DirFS(homeA)))
	first.check(os.Chmod(homeB+"/online.key", 0o600))
	return first.open(t, homeA), first.open(t, homeB), homeA
}

func TestAnOwnHeadSignedElsewhereStopsTheNodeUntilItIsSilenced(t *testing.T) {
	a, b, home := twins(t)
	before := a.current()
	b.clock.advance(time.Second)
	elsewhere, err := b.SetPrice(t.Context(), "sencha", "1")
	b.check(err)

	a.wants(a.Notice(t.Context(), elsewhere), ErrAlarm)
	own := a.current()
	if own.Seq != elsewhere.Seq || own.CID == elsewhere.CID || own.Root != before.Root || own.Prev != before.CID {
		t.Fatalf("the head beside the other's: %+v", own.Head)
	}
	if st, err := a.Mirror(t.Context(), a.Brand()); err != nil || st.State != Contested {
		t.Errorf("own pages say %s, %v", st.State, err)
	}
	a.refusesToSign(t, own)
	a.wants(a.Notice(t.Context(), elsewhere), ErrAlarm)
	a.refusesToSign(t, own)
	a.check(a.Close())
	a = b.open(t, home) // an alarm outlives the process
	a.refusesToSign(t, own)
	if st, err := a.Mirror(t.Context(), a.Brand()); err != nil || st.State != Contested {
		t.Errorf("own pages say %s after a restart, %v", st.State, err)
	}
	if st, err := a.Status(t.Context()); err != nil || st.Alarm == nil || st.Alarm.ID != elsewhere.CID {
		t.Errorf("status doesn't tell of the alarm: %+v, %v", st.Alarm, err)
	}

	a.clock.advance(-500 * time.Millisecond) // this machine's clock is the slower one
	healed, err := a.Silence(t.Context())
	a.check(err)
	if healed.Seq <= elsewhere.Seq {
		t.Errorf("silenced at %d, the other is at %d", healed.Seq, elsewhere.Seq)
	}
	if st, err := a.Mirror(t.Context(), a.Brand()); err != nil || st.State != Current {
		t.Errorf("own pages say %s after the silence, %v", st.State, err)
	}
	if !(catalog.Contest{First: own, Second: elsewhere}).EndedBy(healed) {
		t.Errorf("heals %v", healed.Heals)
	}
	next, err := a.SetPrice(t.Context(), "sencha", "2")
	a.check(err)
	if next.Seq <= healed.Seq {
		t.Errorf("seq %d after %d", next.Seq, healed.Seq)
	}
	if _, err := a.Silence(t.Context()); err == nil {
		t.Error("there is no alarm to end any more")
	}
}

// refusesToSign checks that nothing is signed and nothing changes.
func (s *stand) refusesToSign(t *testing.T, before catalog.SignedHead) {
	t.Helper()
	_, err := s.SetPrice(t.Context(), "sencha", "5")
	s.wants(err, ErrAlarm)
	_, err = s.Resign(t.Context())
	s.wants(err, ErrAlarm)
	title := "About"
	_, err = s.ApplyShop(t.Context(), ShopDoc{Announcement: &title}, "")
	s.wants(err, ErrAlarm)
	now := s.clock.now()
	s.clock.advance(30 * time.Hour)
	if _, err := s.resignIfDue(t.Context()); err != nil {
		t.Errorf("the daily signing must wait without a fuss: %v", err)
	}
	s.clock.advance(now.Sub(s.clock.now()))
	if s.current().CID != before.CID || s.offer("sencha", "sencha").Price != eur(900) {
		t.Fatal("something was signed in spite of the alarm")
	}
}

func TestOwnAndForeignHeadsRaiseNoAlarm(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	first := s.current()
	s.sell(tea("sencha", 900))
	stranger := inMemory(t, t.TempDir(), nil)
	for name, head := range map[string]catalog.SignedHead{"in force": s.current(), "an earlier one": first, "a stranger's": stranger.current()} {
		if err := s.Notice(t.Context(), head); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	forged, err := catalog.SignHead(s.current().Head, stranger.key)
	s.check(err)
	if err := s.Notice(t.Context(), forged); catalog.ReasonOf(err) != catalog.HeadSignature {
		t.Errorf("a forged head: %v", err)
	}
	if alarm, err := s.Alarm(t.Context()); err != nil || alarm != nil {
		t.Errorf("alarm %v, %v", alarm, err)
	}
}

func TestWhatWasSilencedRaisesNoSecondAlarm(t *testing.T) {
	a, b, home := twins(t)
	var signed []catalog.SignedHead
	for _, price := range []string{"1", "2", "3"} {
		b.clock.advance(time.Second)
		head, err := b.SetPrice(t.Context(), "sencha", price)
		b.check(err)
		signed = append(signed, head)
	}
	a.wants(a.Notice(t.Context(), signed[1]), ErrAlarm)
	a.wants(a.Notice(t.Context(), signed[0]), ErrAlarm)
	if alarm, err := a.Alarm(t.Context()); err != nil || alarm.CID != signed[1].CID {
		t.Errorf("the evidence went back to an older head, %v", err)
	}
	_, err := a.Silence(t.Context())
	a.check(err)
	a.check(a.Close())
	a = b.open(t, home)
	for i, head := range signed[:2] {
		if err := a.Notice(t.Context(), head); err != nil {
			t.Errorf("head %d, known since before the silence: %v", i, err)
		}
	}
	b.clock.advance(time.Second)
	again, err := b.SetPrice(t.Context(), "sencha", "4")
	b.check(err)
	a.wants(a.Notice(t.Context(), again), ErrAlarm)
}

func TestAHeadThatNobodyTakesCanBeSilencedToo(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.sell(tea("sencha", 900))
	bent := s.current().Head
	bent.Seq = uint64(bent.Time) + 1000*uint64(catalog.MaxSeqAhead)
	head, err := catalog.SignHead(bent, s.key)
	s.check(err)
	s.wants(s.Notice(t.Context(), head), ErrAlarm)
	_, err = s.Silence(t.Context())
	s.check(err)
	_, err = s.SetPrice(t.Context(), "sencha", "1")
	s.check(err)
}
