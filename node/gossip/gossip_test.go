package gossip_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/node/gossip"
	"github.com/stoa-commerce/stoa/node/gossip/gossipsim"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// line starts nodes each connected to the next; the last one keeps the brand.
func line(t *testing.T, n int, brand protocol.CID) []*node {
	t.Helper()
	var all []*node
	for i := range n {
		book := gossipsim.NewBook()
		if i == n-1 {
			book.Keep(brand)
		}
		all = append(all, startNode(t, newHost(t), book, nil))
		if i > 0 {
			connect(t, all[i-1].host, all[i].host)
		}
	}
	meshed(t, 2, all[1:n-1]...)
	return all
}

func TestAnAnnouncementPassesThroughNodesThatDoNotFollow(t *testing.T) {
	owner := must(gossipsim.NewOwner("tea", now()))
	all := line(t, 4, owner.Brand())
	a := all[0].announce(owner)
	eventually(t, "the last node hears of it", func() bool { return all[3].book.Highest(owner.Brand()) == a.Head.Seq })
	for i, n := range all[1:3] {
		tip, ok := n.Tip(owner.Brand())
		if !ok || tip.Head.CID != a.Head.CID || n.Tips() != 1 {
			t.Errorf("node %d remembers %d tips, the brand's: %v", i+1, n.Tips(), ok)
		}
	}
	if _, ok := all[3].Tip(owner.Brand()); ok || all[3].Tips() != 0 {
		t.Error("a kept brand is among the tips")
	}
}

// A head that is published when nobody is there is told to the first who comes.
func TestWhatThereWasNobodyToTellIsToldToTheFirstPeer(t *testing.T) {
	owner := must(gossipsim.NewOwner("tea", now()))
	home := startNode(t, newHost(t), gossipsim.NewBook(), nil)
	home.announce(owner)
	last := home.announce(owner)
	other := startNode(t, newHost(t), gossipsim.NewBook(owner.Brand()), nil)
	connect(t, other.host, home.host)
	eventually(t, "it is told", func() bool { return other.book.Highest(owner.Brand()) == last.Head.Seq })
}

// slowBook makes Hear wait, and fail if told so.
type slowBook struct {
	*gossipsim.Book
	begun   atomic.Int32
	proceed chan error
}

func (b *slowBook) Hear(ctx context.Context, j wire.Judgement, from peer.ID) error {
	b.begun.Add(1)
	select {
	case err := <-b.proceed:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	return b.Book.Hear(ctx, j, from)
}

// trio is a line of three whose middle node keeps the brand on a slow disk.
func trio(t *testing.T, owner *gossipsim.Owner) (home, last *node, middle *slowBook) {
	t.Helper()
	middle = &slowBook{Book: gossipsim.NewBook(owner.Brand()), proceed: make(chan error)}
	home = startNode(t, newHost(t), gossipsim.NewBook(), nil)
	between := startNode(t, newHost(t), middle.Book, func(o *gossip.Options) { o.Brands = middle })
	last = startNode(t, newHost(t), gossipsim.NewBook(owner.Brand()), nil)
	connect(t, home.host, between.host)
	connect(t, between.host, last.host)
	meshed(t, 2, between)
	return home, last, middle
}

func TestAHeadIsDurableBeforeItIsPassedOn(t *testing.T) {
	owner := must(gossipsim.NewOwner("tea", now()))
	home, last, middle := trio(t, owner)
	a := home.announce(owner)
	eventually(t, "the middle one hears", func() bool { return middle.begun.Load() == 1 })
	time.Sleep(200 * time.Millisecond)
	if last.book.Highest(owner.Brand()) != 0 {
		t.Fatal("passed on before it was durable")
	}
	middle.proceed <- nil
	eventually(t, "it is passed on", func() bool { return last.book.Highest(owner.Brand()) == a.Head.Seq })
}

func TestWhatCannotBeKeptIsNotPassedOn(t *testing.T) {
	owner := must(gossipsim.NewOwner("tea", now()))
	home, last, middle := trio(t, owner)
	lost := home.announce(owner)
	middle.proceed <- errors.New("disk full")
	second := home.announce(owner)
	middle.proceed <- nil
	eventually(t, "the second one is passed on", func() bool { return last.book.Highest(owner.Brand()) == second.Head.Seq })
	for _, a := range last.book.Arrivals(owner.Brand()) {
		if a.Seq == lost.Head.Seq {
			t.Error("the first one was, too")
		}
	}
}

func TestEvidenceOfTwoHeadsTravelsOnce(t *testing.T) {
	owner := must(gossipsim.NewOwner("tea", now()))
	all := line(t, 3, owner.Brand())
	all[0].announce(owner)
	eventually(t, "the head arrives", func() bool { return all[2].book.Highest(owner.Brand()) != 0 })
	thief := newStranger(t, all[0])
	if err := thief.publish(encode(owner.Rival())); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rival arrives", func() bool {
		got := all[2].book.Arrivals(owner.Brand())
		return len(got) == 2 && got[1].Reason == wire.Contested
	})
	if err := thief.publish(encode(owner.Rival(hint))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its copy is known", func() bool { return all[0].counted("announcements_total", "known") == 1 })
}

const hint wire.Hint = "/ip4/192.0.2.7/udp/4001/quic-v1/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	h := newHost(t)
	for name, o := range map[string]gossip.Options{
		"no host":     {Network: "test", Brands: gossipsim.NewBook()},
		"no brands":   {Network: "test", Host: h},
		"bad network": {Network: "Test!", Host: h, Brands: gossipsim.NewBook()},
	} {
		if _, err := gossip.New(t.Context(), o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
