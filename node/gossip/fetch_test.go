package gossip_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/node/gossip"
	"github.com/stoa-commerce/stoa/node/gossip/gossipsim"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// elder returns a brand with a log of so many operations.
func elder(t *testing.T, name string, operations int) *gossipsim.Owner {
	t.Helper()
	o := must(gossipsim.NewOwner(name, now()))
	for range operations - 1 {
		if err := o.Extend(now()); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func encoded(log *identity.Log) (all [][]byte) {
	for _, op := range log.Signed() {
		all = append(all, must(op.Encode()))
	}
	return all
}

var errNotFound = errors.New("the peer doesn't have it")

// desk answers for the nodes of a test when one asks another for a log.
type desk struct {
	mu    sync.Mutex
	nodes map[peer.ID]*node
	asked int
}

func (d *desk) fetch(_ context.Context, brand protocol.CID, from peer.ID) ([][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	n := d.nodes[from]
	if log := n.book.Log(brand); log != nil {
		return encoded(log), nil
	}
	if log, ok := n.Log(brand); ok {
		return encoded(log), nil
	}
	return nil, errNotFound
}

// start is startNode for a node that asks and answers here.
func (d *desk) start(t *testing.T, book *gossipsim.Book) *node {
	t.Helper()
	n := startNode(t, newHost(t), book, func(o *gossip.Options) { o.Fetch = d.fetch })
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.nodes == nil {
		d.nodes = map[peer.ID]*node{}
	}
	d.nodes[n.host.ID()] = n
	return n
}

// line is a line of nodes of which the first knows the brand's log, and the last one
// keeps the brand in its book.
func (d *desk) line(t *testing.T, n int, owner *gossipsim.Owner, last *gossipsim.Book) (all []*node) {
	t.Helper()
	for i := range n {
		book := gossipsim.NewBook()
		switch i {
		case 0:
			book.Know(owner.Log())
		case n - 1:
			book = last
		}
		all = append(all, d.start(t, book))
		if i > 0 {
			connect(t, all[i-1].host, all[i].host)
		}
	}
	meshed(t, 2, all[1:n-1]...)
	return all
}

func TestABrandWithALongLogReachesItsFollowerThroughNodesThatAskForIt(t *testing.T) {
	var d desk
	owner := elder(t, "elder", 20)
	all := d.line(t, 5, owner, gossipsim.NewBook(owner.Brand()))
	a := all[0].announce(owner)
	if len(a.Identity) == 20 {
		t.Fatal("all operations fit")
	}
	last := all[4].book
	eventually(t, "the follower hears of it", func() bool { return last.Highest(owner.Brand()) == a.Head.Seq })
	if n := last.Log(owner.Brand()).Len(); n != 20 {
		t.Errorf("the follower knows %d operations", n)
	}
	for i, n := range all[1:4] {
		if log, ok := n.Log(owner.Brand()); !ok || log.Len() != 20 {
			t.Errorf("node %d doesn't remember the log", i+1)
		}
		if n.counted("announcements_total", "gossip", "ignore", "identity-missing") != 1 || n.counted("announcements_total", "fetch", "accept") != 1 {
			t.Errorf("node %d didn't ignore it first and accept it then", i+1)
		}
	}
	next := all[0].announce(owner)
	eventually(t, "so is the next head", func() bool { return last.Highest(owner.Brand()) == next.Head.Seq })
	if d.asked != 4 {
		t.Errorf("asked %d times", d.asked)
	}
}

// A follower that was away while the brand signed many operations.
func TestAFollowerThatMissedManyOperationsIsToldOfAll(t *testing.T) {
	var d desk
	owner := elder(t, "elder", 3)
	book := gossipsim.NewBook()
	book.Know(owner.Log())
	for range 20 {
		if err := owner.Extend(now()); err != nil {
			t.Fatal(err)
		}
	}
	all := d.line(t, 3, owner, book)
	a := all[0].announce(owner)
	eventually(t, "it hears of the head", func() bool { return book.Highest(owner.Brand()) == a.Head.Seq })
	if n := book.Log(owner.Brand()).Len(); n != 23 {
		t.Errorf("it knows %d operations", n)
	}
}

// What is remembered of a brand is bounded, and who couldn't answer for it doesn't pass
// it on; a follower next to the brand's node hears of it.
func TestALogTooLongToBeRememberedIsNotPassedOnByStrangers(t *testing.T) {
	var d desk
	owner := elder(t, "methuselah", 120)
	far, near := gossipsim.NewBook(owner.Brand()), gossipsim.NewBook(owner.Brand())
	all := d.line(t, 3, owner, far)
	beside := d.start(t, near)
	connect(t, beside.host, all[0].host)
	meshed(t, 1, beside)
	a := all[0].announce(owner)
	eventually(t, "who keeps it hears of it", func() bool { return near.Highest(owner.Brand()) == a.Head.Seq })
	eventually(t, "who doesn't finds it too long", func() bool { return all[1].counted("fetches_total", "too-long") == 1 })
	if far.Highest(owner.Brand()) != 0 || all[1].Tips() != 0 {
		t.Error("it was passed on, or remembered")
	}
	if all[1].blamed(all[0].host.ID()) != 0 {
		t.Error("blamed")
	}
}

// The first to deliver a good announcement lies about the operations; others deliver it,
// too, and one of them is asked then.
func TestALiarAboutOperationsIsBlamedAndAnotherDelivererAsked(t *testing.T) {
	var d desk
	owner := elder(t, "elder", 20)
	home := d.start(t, gossipsim.NewBook())
	home.book.Know(owner.Log())
	var liar peer.ID
	var n *node
	n = startNode(t, newHost(t), gossipsim.NewBook(owner.Brand()), func(o *gossip.Options) {
		o.Fetch = func(ctx context.Context, brand protocol.CID, from peer.ID) ([][]byte, error) {
			ops, err := d.fetch(ctx, brand, home.host.ID())
			if from == liar {
				eventually(t, "home delivers it, too", func() bool { return n.counted("duplicates_total") > 0 })
				ops[11] = append([]byte{}, ops[11]...)
				ops[11][len(ops[11])-1] ^= 1 // of the signature
			}
			return ops, err
		}
	})
	thief := newStranger(t, n)
	liar = thief.host.ID()
	connect(t, n.host, home.host)
	meshed(t, 1, home)
	a := must(owner.Next(now()))
	_ = thief.publish(encode(a, nil))
	eventually(t, "it comes to the node", func() bool { return n.counted("announcements_total", "identity-missing") == 1 })
	if err := home.book.Own(a); err != nil {
		t.Fatal(err)
	}
	home.Publish(a)
	eventually(t, "the node hears of it", func() bool { return n.book.Highest(owner.Brand()) == a.Head.Seq })
	if n.blamed(liar) != 1 || n.blamed(home.host.ID()) != 0 {
		t.Errorf("the liar is blamed %d times, home %d times", n.blamed(liar), n.blamed(home.host.ID()))
	}
}

// A forged head needs the operations to be found out; what an honest peer delivers
// meanwhile isn't lost with it.
func TestAForgedHeadOfABrandWithALongLogIsRejectedOnceTheLogIsKnown(t *testing.T) {
	var d desk
	owner := elder(t, "elder", 20)
	proceed := make(chan struct{})
	n := startNode(t, newHost(t), gossipsim.NewBook(owner.Brand()), func(o *gossip.Options) {
		o.Fetch = func(context.Context, protocol.CID, peer.ID) ([][]byte, error) {
			<-proceed
			return encoded(owner.Log()), nil
		}
	})
	home := d.start(t, gossipsim.NewBook())
	home.book.Know(owner.Log())
	connect(t, n.host, home.host)
	thief := newStranger(t, n)
	meshed(t, 1, n, home)
	must(owner.Next(now()))
	_ = thief.publish(encode(owner.Forge(1000)))
	eventually(t, "the forgery waits", func() bool { return n.counted("announcements_total", "identity-missing") == 1 })
	a := home.announce(owner)
	eventually(t, "the good one does", func() bool { return n.counted("announcements_total", "identity-missing") == 2 })
	close(proceed)
	eventually(t, "the good one is accepted", func() bool { return n.book.Highest(owner.Brand()) == a.Head.Seq })
	eventually(t, "the thief is blamed", func() bool { return n.blamed(thief.host.ID()) == 1 })
}

// Brands whose operations nobody shows cost no more than a few questions.
func TestAFloodOfBrandsWithMissingOperationsIsBounded(t *testing.T) {
	owner := elder(t, "elder", 20)
	var mu sync.Mutex
	var now_, most, asked int
	var d desk
	relay := startNode(t, newHost(t), gossipsim.NewBook(), func(o *gossip.Options) {
		o.Fetch = func(ctx context.Context, brand protocol.CID, from peer.ID) ([][]byte, error) {
			if brand == owner.Brand() {
				return d.fetch(ctx, brand, from)
			}
			mu.Lock()
			now_, asked = now_+1, asked+1
			most = max(most, now_)
			mu.Unlock()
			<-ctx.Done() // nothing comes
			mu.Lock()
			defer mu.Unlock()
			now_--
			return nil, ctx.Err()
		}
	})
	home := d.start(t, gossipsim.NewBook())
	home.book.Know(owner.Log())
	follower := d.start(t, gossipsim.NewBook(owner.Brand()))
	d.nodes[relay.host.ID()] = relay
	connect(t, home.host, relay.host)
	connect(t, relay.host, follower.host)
	meshed(t, 2, relay)
	thief := newStranger(t, relay)
	for i := range 200 {
		a := must(elder(t, fmt.Sprint("empty", i), 2).Next(now()))
		a.Identity = nil
		_ = thief.publish(encode(a, nil))
	}
	eventually(t, "all are judged", func() bool { return relay.counted("announcements_total", "identity-missing") == 200 })
	a := home.announce(owner)
	eventually(t, "the honest brand is passed on", func() bool { return follower.book.Highest(owner.Brand()) == a.Head.Seq })
	mu.Lock()
	defer mu.Unlock()
	if most > 4 || asked > 8 {
		t.Errorf("%d questions, %d at a time", asked, most)
	}
	if relay.counted("announcements_total", string(wire.Reject)) != 0 || relay.Tips() != 1 {
		t.Errorf("%d tips", relay.Tips())
	}
}
