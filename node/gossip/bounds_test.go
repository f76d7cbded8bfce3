package gossip

import (
	"errors"
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

func id(n int) protocol.CID { return protocol.Sum(protocol.DagCBOR, fmt.Append(nil, n)) }

// heardOf makes a brand the tip heard last.
func heardOf(t *table, n, cost int) error {
	b := t.take(id(n))
	defer t.release(b)
	return t.learn(b, wire.Announcement{Head: catalog.SignedHead{CID: id(n)}}, cost)
}

func has(t *table, n int) bool { _, ok := t.tip(id(n)); return ok }

func TestTheTipsHeardLongestAgoAreForgotten(t *testing.T) {
	tips := newTable()
	for n := range maxTips {
		_ = heardOf(tips, n, 1000)
	}
	_ = heardOf(tips, 0, 1000) // heard again
	_ = heardOf(tips, maxTips, 1000)
	if n, bytes := tips.count(); n != maxTips || bytes != maxTips*1000 || len(tips.brands) != maxTips {
		t.Errorf("%d tips, %d bytes, %d brands", n, bytes, len(tips.brands))
	}
	if !has(tips, 0) || has(tips, 1) || !has(tips, 2) {
		t.Error("not the one heard longest ago was forgotten")
	}
}

func TestTipsAreBoundedInBytes(t *testing.T) {
	tips := newTable()
	for n := range 2 * maxTipBytes / maxOneTip {
		_ = heardOf(tips, n, maxOneTip)
	}
	if n, bytes := tips.count(); bytes > maxTipBytes || n != maxTipBytes/maxOneTip {
		t.Errorf("%d tips, %d bytes", n, bytes)
	}
	if err := heardOf(tips, -1, maxOneTip+1); !errors.Is(err, errTooLong) || has(tips, -1) {
		t.Errorf("a brand beyond the limit of one is remembered: %v", err)
	}
}

func TestABrandInUseIsOneBrandAndForgottenAfter(t *testing.T) {
	tips := newTable()
	a, b := tips.take(id(1)), tips.take(id(1))
	if a != b {
		t.Error("two of one brand")
	}
	tips.release(a)
	if tips.brands[id(1)] == nil {
		t.Error("forgotten while in use")
	}
	tips.release(b)
	if len(tips.brands) != 0 {
		t.Error("a brand of which nothing is known is remembered")
	}
}

func TestABrandThatIsKeptIsNoTip(t *testing.T) {
	tips := newTable()
	_ = heardOf(tips, 1, 1000)
	b := tips.take(id(1))
	tips.mark(b, true)
	tips.release(b)
	if n, bytes := tips.count(); n != 0 || bytes != 0 || tips.brands[id(1)] == nil {
		t.Errorf("%d tips, %d bytes", n, bytes)
	}
	b = tips.take(id(1))
	tips.mark(b, false)
	tips.release(b)
	if len(tips.brands) != 0 {
		t.Error("remembered when it isn't kept any more")
	}
}

func TestTheSpendingOfBoundedlyManyPeersIsRemembered(t *testing.T) {
	b := newBudgets()
	const noon protocol.Millis = 1_790_000_000_000
	liar := peer.ID("liar")
	for range wrongRate().Burst {
		b.lied(liar, noon)
	}
	for n := range maxPeers / 2 {
		b.messages(peer.ID(fmt.Sprint("early", n)), 1, noon)
	}
	later := noon + restored + 1
	for n := range maxPeers * 3 / 4 {
		b.messages(peer.ID(fmt.Sprint("late", n)), 1, later)
	}
	if len(b.peers) > maxPeers {
		t.Errorf("%d peers", len(b.peers))
	}
	if b.peers["early0"] != nil || b.peers["late0"] == nil {
		t.Error("not those with all their budgets back were forgotten")
	}
	if b.messages(liar, 1, later) != 0 {
		t.Error("a liar was forgotten")
	}
}

func TestAPeersShareIsCutOff(t *testing.T) {
	b := newBudgets()
	burst := int(messageRate().Burst)
	if n := b.messages("p", burst+50, 1e12); n != burst {
		t.Errorf("%d at once", n)
	}
	if n := b.messages("p", 10, 1e12+messageRate().Every); n != 1 {
		t.Errorf("%d after the time for one", n)
	}
	if n := b.messages("q", 10, 1e12); n != 10 {
		t.Errorf("another peer may deliver %d", n)
	}
}

func TestNewestWinsAndEvidenceStays(t *testing.T) {
	p := &pending{}
	at := func(seq uint64) wire.Announcement {
		return wire.Announcement{Head: catalog.SignedHead{Head: catalog.Head{Seq: seq}}}
	}
	p.put(at(2), []byte("two"), false)
	p.put(at(1), []byte("one"), false)
	p.put(at(2), []byte("other two"), false)
	p.put(at(3), []byte("three"), false)
	if string(p.newest) != "three" || string(p.evidence) != "other two" {
		t.Errorf("%s, %s", p.newest, p.evidence)
	}
}
