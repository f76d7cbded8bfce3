package threads

import (
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

func (s *stand) left() (n uint64) {
	s.Helper()
	s.check(s.store.Desk(s.Context(), func(v *store.DeskView) (err error) {
		n, err = number(v, settingLeft)
		return err
	}))
	return n
}

func hi() thread.Draft { return thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "hi"}} }

func TestABackupFindsTodaysOrdersAgainThroughItsShoppers(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("yesterday"))
	yesterday := s.backup()
	s.advance(time.Hour)
	s.states(x.post(x.order()), "committed")
	_, err := s.Say(t.Context(), x.id(), hi())
	s.check(err)
	x.read()
	s.advance(time.Hour)
	s.restore(yesterday)

	_, err = s.Say(t.Context(), x.id(), hi())
	s.wants(err, ErrUnconfirmed)
	pending := x.text("and another thing")
	s.states(x.post(pending), "received")
	if x.resync == nil || x.resync.Have != 1 || x.resync.Commit != x.log[0].Commit.ID {
		t.Fatalf("asked for %+v", x.resync)
	}
	s.states(x.post(x.handback(x.resync.Have)), "committed")
	if left := s.left(); left != 4 {
		t.Errorf("%d left", left)
	}
	s.states(x.post(pending), "committed")
	_, err = s.Say(t.Context(), x.id(), hi())
	s.check(err)
	x.read()
	x.has("text", "order", "order.number", "text", "text", "text")
}

func TestABrandThatForgotTheWholeThreadIsHandedItBackUnasked(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	empty := s.backup()
	x.first(x.text("hello"), x.order())
	y, certs := x.twin(x.identity)
	s.check(y.join(certs))
	y.read()
	y.post(y.draft(thread.KindDeviceAdd, &thread.DeviceAdd{Certs: certs}), y.text("from the other browser"))
	x.read()
	s.restore(empty)
	_, err := s.Read(t.Context(), x.id(), x.request(), 0)
	s.wants(err, wire.ErrUnknownThread)
	s.states(x.first(x.handback(0), x.text("more")), "committed", "committed")
	y.read()
	s.states(y.post(y.text("still in")), "committed")
	x.read()
	y.has(x.kinds()...)
}

func TestAHandbackThatTheBrandDidNotSignIsRefused(t *testing.T) {
	s := newStand(t, 5)
	x, y := s.visit(), s.visit()
	x.first(x.text("one"))
	yesterday := s.backup()
	x.post(x.text("two"), x.text("three"))
	y.first(y.text("of another thread"))
	s.restore(yesterday)
	s.states(x.post(x.seal(&thread.HandbackParcel{Items: y.held})), refusedEnvelope)
	s.states(x.post(x.handback(2)), refusedHandback) // a gap
	turned := []thread.HandbackItem{x.held[1], x.held[2]}
	turned[0].Entry, turned[1].Entry = turned[1].Entry, turned[0].Entry
	s.states(x.post(x.seal(&thread.HandbackParcel{Items: turned})), refusedEnvelope)
	s.states(x.post(x.handback(0)), "committed")
	x.has("text", "text", "text")
}

func TestABodyThatIsNoLongerThereIsHandedBackWithoutIt(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("one"))
	yesterday := s.backup()
	x.post(x.text("two"))
	s.restore(yesterday)
	x.held[1].Salt, x.held[1].Body = nil, nil
	s.states(x.post(x.handback(1), x.text("three")), "committed", "committed")
}

func TestNothingIsCommittedInAThreadOfBeforeTheRestoreUntilItsShopperAnswered(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("one"))
	s.advance(time.Hour)
	s.restore(s.backup())
	_, err := s.Say(t.Context(), x.id(), hi())
	s.wants(err, ErrUnconfirmed)
	pending := x.text("two")
	s.states(x.post(pending), "received")
	if x.resync == nil || x.resync.Have != 1 {
		t.Fatalf("asked for %+v", x.resync)
	}
	s.states(x.post(x.handback(0), pending), "committed", "committed") // the last that there is: no more
	_, err = s.Say(t.Context(), x.id(), hi())
	s.check(err)
	y := s.visit() // a thread of after the restore needs nothing
	y.first(y.text("new here"))
	_, err = s.Say(t.Context(), y.id(), hi())
	s.check(err)
}

func TestOfTwoDevicesTheOneThatSawMoreIsWaitedFor(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("one"))
	y, certs := x.twin(x.identity)
	s.check(y.join(certs))
	y.read()
	y.post(y.draft(thread.KindDeviceAdd, &thread.DeviceAdd{Certs: certs}))
	x.read()
	yesterday := s.backup()
	late := x.text("sealed before the restore, by the device that saw less")
	s.states(y.post(y.order()), "committed")
	s.advance(time.Hour)
	s.restore(yesterday)
	s.states(x.post(late), "received")
	s.states(y.post(y.text("where is my order?")), "received")
	s.states(x.post(x.handback(1)), "committed") // all that it has; the other one has seen more
	s.states(x.post(late), "received")
	s.states(y.post(y.handback(2)), "committed")
	s.states(x.post(late), "committed")
	y.read()
	x.read()
	y.has(x.kinds()...)
	if left := s.left(); left != 4 {
		t.Errorf("%d left", left)
	}
}

func TestAnEpochThatWasForgottenComesBackWithTheHandback(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("one"))
	yesterday := s.backup()
	x.post(x.rekey())
	x.post(x.text("two"))
	epoch, secret := x.epoch, x.secret
	s.restore(yesterday)
	_, err := x.try(patience, x.text("three"))
	s.wants(err, wire.ErrUnknownEpoch)
	s.check(x.join(nil))
	before := *x
	x.pen.DSeq, x.pen.Last = x.log[2].Entry.DSeq, x.log[2].Entry.ID
	if before.epoch != 0 {
		t.Fatalf("welcomed to epoch %d", before.epoch)
	}
	a, err := x.try(patience, x.handback(1))
	s.check(err)
	s.states(a.Results, "committed")
	x.epoch, x.secret = epoch, secret
	s.states(x.post(x.text("three")), "committed")
}

func TestABackupThatNobodyNoticedShowsWhenShoppersHandBack(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("one"))
	yesterday := s.backup()
	x.post(x.text("two"))
	s.slip(yesterday)
	invented := *x
	s.states(x.post(invented.text("three")), "received")
	if x.resync == nil || s.forgot {
		t.Fatalf("asked for %+v, forgot %t: what a shopper says proves nothing", x.resync, s.forgot)
	}
	s.states(x.post(x.handback(1)), "committed")
	if !s.forgot {
		t.Error("nobody was told")
	}
}

func TestAShopperWhoInventsCommitsOnlyHoldsUpThemselves(t *testing.T) {
	s := newStand(t, 5)
	x, y := s.visit(), s.visit()
	x.first(x.text("one"))
	y.first(y.text("one"))
	w, err := x.pen.Write(thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "two"}}, &thread.Seen{Seq: 99, Commit: testHome}, fresh(), s.millis())
	s.check(err)
	p, err := w.Parcel(nil)
	s.check(err)
	s.states(x.post(x.seal(p)), "received")
	s.states(y.post(y.text("two")), "committed")
	_, err = s.Say(t.Context(), x.id(), hi())
	s.wants(err, ErrUnconfirmed)
}

func TestASyncConfirmsOnlyWhenItWasAskedFor(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("one"))
	early := x.seal(&thread.SyncParcel{After: 1}) // of before the restore
	s.advance(time.Hour)
	s.restore(s.backup())
	s.states(x.post(early), "received")
	_, err := s.Say(t.Context(), x.id(), hi())
	s.wants(err, ErrUnconfirmed)
	pending := x.text("two")
	s.states(x.post(pending), "received")
	s.states(x.post(x.seal(&thread.SyncParcel{After: 1}), pending), "received", "committed")
	_, err = s.Say(t.Context(), x.id(), hi())
	s.check(err)
}

func TestASyncFromBeyondTheChainAsksBack(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("one"))
	yesterday := s.backup()
	x.post(x.text("two"))
	s.restore(yesterday)
	s.states(x.post(x.seal(&thread.SyncParcel{After: 2})), "received")
	if x.resync == nil || x.resync.Have != 1 {
		t.Fatalf("asked for %+v", x.resync)
	}
	s.states(x.post(x.handback(1)), "committed")
	_, err := s.Say(t.Context(), x.id(), hi())
	s.check(err)
}
