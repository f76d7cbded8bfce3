package shopper

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

func TestAPurchaseTakesTwoRequests(t *testing.T) {
	p := newPlace(t)
	c := p.visitor()
	before := p.count.Load()
	order := buy(t, c, 3)
	if n := p.count.Load() - before; n != 2 {
		t.Errorf("%d requests of conversations instead of 2", n)
	}
	o := c.Orders()[order.ID]
	if o == nil || o.State != trade.Placed || o.Quote.Total != 2850 {
		t.Fatalf("the order is %+v", o)
	}
	if c.Number(order.ID) != 1001 || len(c.Outbox()) != 0 {
		t.Errorf("its number is %d, %d entries are pending", c.Number(order.ID), len(c.Outbox()))
	}
	if got := p.stock(); got != "10-3" {
		t.Errorf("the stock is %s", got)
	}
}

func TestAFolderGoesOnWhereItEnded(t *testing.T) {
	p := newPlace(t)
	dir := filepath.Join(t.TempDir(), "me")
	s, err := Open(dir)
	check(t, err)
	c := p.talk(s)
	order := buy(t, c, 1)
	id := c.Thread()
	check(t, s.Close())

	s, err = Open(dir)
	check(t, err)
	c = p.talk(s)
	if _, ok := c.Entry(order.ID); !ok || c.Thread() != id {
		t.Fatal("the order was forgotten")
	}
	if _, err := c.Say(soon(t), thread.KindText, &thread.Text{Text: "Is it on its way?"}); err != nil {
		t.Fatal(err)
	}
	if got := len(c.Entries()); got != 5 {
		t.Errorf("%d entries", got)
	}
	check(t, s.Close())
}

func TestTwoProcessesDontShareAFolder(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	check(t, err)
	if _, err := Open(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("the second gets %v", err)
	}
	check(t, s.Close())
	s, err = Open(dir)
	check(t, err)
	check(t, s.Close())
}

// A process that is killed leaves any beginning of what it appended to a log.
func TestALogThatIsCutShortLosesItsEndOnly(t *testing.T) {
	p := newPlace(t)
	dir := t.TempDir()
	s, err := Open(dir)
	check(t, err)
	c := p.talk(s)
	buy(t, c, 1)
	check(t, s.Close())
	name := filepath.Join(dir, p.node.Brand().String()+".log")
	whole, err := os.ReadFile(name)
	check(t, err)
	for _, left := range []int{len(whole) - 1, len(whole) / 2, 1, 0} {
		check(t, os.WriteFile(name, whole[:left], 0o600))
		s, err = Open(dir)
		check(t, err)
		c := p.talk(s)
		check(t, c.Sync(soon(t)))
		if got := len(c.Entries()); got != 4 {
			t.Errorf("of %d bytes: %d entries after a look at the gateway", left, got)
		}
		check(t, s.Close())
		if again, err := os.ReadFile(name); err != nil || len(again) != len(whole) {
			t.Errorf("of %d bytes: the log has %d afterwards instead of %d, %v", left, len(again), len(whole), err)
		}
	}
}

func TestWhatIsntAnsweredStaysInTheOutboxAndIsSentOnce(t *testing.T) {
	p := newPlace(t)
	dir := t.TempDir()
	s, err := Open(dir)
	check(t, err)
	c := p.talk(s)
	quote := quoted(t, c, 2)
	o := placement(t, c, quote)
	p.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = c.Order(ctx, o)
	var pending *Pending
	if !errors.As(err, &pending) || pending.State != stateSending {
		t.Fatalf("with nobody there: %v", err)
	}
	check(t, s.Close())

	n := p.reopen()
	s, err = Open(dir)
	check(t, err)
	defer s.Close()
	p.serve(n)
	c = p.talk(s)
	if len(c.Outbox()) != 1 {
		t.Fatalf("%d entries in the outbox", len(c.Outbox()))
	}
	_, err = c.Await(soon(t), c.Outbox()[0].ID)
	check(t, err)
	if len(c.Outbox()) != 0 || len(c.Orders()) != 1 || p.stock() != "10-2" {
		t.Errorf("%d pending, %d orders, stock %s", len(c.Outbox()), len(c.Orders()), p.stock())
	}
}

func TestARecoveryCodeAndALinkOpenTheSameConversation(t *testing.T) {
	p := newPlace(t)
	first := New()
	c := p.talk(first)
	order := buy(t, c, 1)
	link, err := c.Link()
	check(t, err)

	second := New()
	check(t, second.SetCode(first.Code()))
	byCode := p.talk(second)
	check(t, byCode.Recover(soon(t)))
	byLink := p.talk(New())
	parsed, err := thread.ParseLink(link.URL(p.server.URL, p.node.Brand().String()))
	check(t, err)
	check(t, byLink.Follow(soon(t), parsed))
	for name, other := range map[string]*Conversation{"code": byCode, "link": byLink} {
		if _, ok := other.Entry(order.ID); !ok || other.Thread() != c.Thread() {
			t.Errorf("by %s: the order isn't there", name)
		}
		if _, err := other.Say(soon(t), thread.KindText, &thread.Text{Text: "by " + name}); err != nil {
			t.Errorf("by %s: %v", name, err)
		}
	}
	check(t, c.Sync(soon(t)))
	if got := len(c.Entries()); got != 8 {
		t.Errorf("the first device reads %d entries", got)
	}
	data, err := first.receiptOf(c, order)
	check(t, err)
	if _, err := thread.VerifyReceipt(data, p.node.Brand()); err != nil {
		t.Error(err)
	}
	if err := p.talk(New()).Recover(soon(t)); !errors.Is(err, ErrNothingToJoin) {
		t.Errorf("a code without conversations gives %v", err)
	}
}

// receiptOf is the receipt of an order that nothing keeps.
func (s *Shopper) receiptOf(c *Conversation, order Entry) ([]byte, error) {
	c.state.Log = c.brand.log
	return c.Receipt(order.ID)
}

func TestABrandThatAsksForANewEpochGetsOne(t *testing.T) {
	p := newPlace(t)
	c := p.visitor()
	buy(t, c, 1)
	_, err := p.node.Say(t.Context(), c.Thread(), thread.Draft{Kind: thread.KindRekeyPlease})
	check(t, err)
	check(t, c.Sync(soon(t)))
	for _, words := range []string{"one", "two"} {
		if _, err := c.Say(soon(t), thread.KindText, &thread.Text{Text: words}); err != nil {
			t.Fatal(err)
		}
	}
	if n, _, _ := c.state.present(); n != 1 {
		t.Errorf("the epoch is %d", n)
	}
	if _, err := p.node.Say(t.Context(), c.Thread(), thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "three"}}); err != nil {
		t.Fatal(err)
	}
	check(t, c.Sync(soon(t)))
	last := c.Entries()[len(c.Entries())-1]
	if b, ok := last.Body.(*thread.Text); !ok || b.Text != "three" {
		t.Errorf("the last entry is %+v", last)
	}
}

func TestADeviceThatMissedANewEpochAsksForItsKey(t *testing.T) {
	p := newPlace(t)
	first := New()
	c := p.talk(first)
	buy(t, c, 1)
	second := New()
	check(t, second.SetCode(first.Code()))
	other := p.talk(second)
	check(t, other.Recover(soon(t)))
	check(t, c.rekey())
	check(t, c.Sync(soon(t)))
	if _, err := c.Say(soon(t), thread.KindText, &thread.Text{Text: "under the new key"}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Say(soon(t), thread.KindText, &thread.Text{Text: "I can still read it"}); err != nil {
		t.Fatal(err)
	}
	check(t, c.Sync(soon(t)))
	check(t, other.Sync(soon(t)))
	if len(c.Entries()) != len(other.Entries()) {
		t.Errorf("%d entries on one device, %d on the other", len(c.Entries()), len(other.Entries()))
	}
}
