package gossip

import (
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const noon protocol.Millis = 1_790_000_000_000

// lacking returns an announcement of a brand whose operations are missing.
func lacking(n int, seq uint64, from peer.ID) candidate {
	a := wire.Announcement{Head: catalog.SignedHead{Head: catalog.Head{Brand: id(n), Seq: seq}}}
	return candidate{announcement: a, from: from, message: wire.MessageID("topic", fmt.Append(nil, n, seq, from))}
}

// fails has the next question asked and come to nothing; it returns whom.
func fails(w *ward, now protocol.Millis) peer.ID {
	m, from := w.pick(now)
	if m != nil {
		w.failed(m.brand, from, false, now)
		w.answered(m, from)
	}
	return from
}

func TestAPeerIsAskedForOneBrandAtATimeAndForAFewInAll(t *testing.T) {
	w := newWard()
	for n := range 20 {
		w.admit(lacking(n, 1, "p"), noon)
	}
	if len(w.brands) != int(fetchRate().Burst) {
		t.Errorf("%d brands wait for one peer", len(w.brands))
	}
	m, from := w.pick(noon)
	if m == nil || m.brand != id(0) || from != "p" {
		t.Fatal("not the one that waits longest")
	}
	if other, _ := w.pick(noon); other != nil {
		t.Error("asked twice at a time")
	}
	w.admit(lacking(50, 1, "q"), noon)
	if other, from := w.pick(noon); other == nil || from != "q" {
		t.Error("it keeps others waiting")
	}
	w.answered(m, from)
	if other, _ := w.pick(noon); other == nil || other.brand != id(1) {
		t.Error("the next isn't asked for")
	}
}

func TestAPeerThatFailsIsLeftAlone(t *testing.T) {
	w := newWard()
	for n := range 8 {
		w.admit(lacking(n, 1, "p"), noon)
	}
	asked := 0
	for fails(w, noon) != "" {
		asked++
	}
	if asked != int(failRate().Burst) || len(w.brands) != 0 || len(w.order) != 0 || len(w.message) != 0 {
		t.Errorf("asked %d times, %d brands, %d messages wait", asked, len(w.brands), len(w.message))
	}
	if w.admit(lacking(100, 1, "p"), noon+60_000) || !w.admit(lacking(100, 1, "p"), noon+failRate().Every) {
		t.Error("it isn't left alone for the time for one failure")
	}
}

func TestOtherDeliverersAreAskedWhenOneFails(t *testing.T) {
	w := newWard()
	c := lacking(1, 1, "liar")
	w.admit(c, noon)
	for _, from := range []peer.ID{"liar", "b", "c", "d", "e"} {
		w.again(string(c.message[:]), from)
	}
	var asked []peer.ID
	for from := fails(w, noon); from != ""; from = fails(w, noon) {
		asked = append(asked, from)
	}
	if fmt.Sprint(asked) != fmt.Sprint([]peer.ID{"liar", "b", "c", "d"}) {
		t.Errorf("asked were %q", asked)
	}
	if w.admit(lacking(1, 2, "f"), noon) {
		t.Error("the brand is asked for without end")
	}
	if w.admit(lacking(1, 2, "liar"), noon+sulk-1) || !w.admit(lacking(1, 2, "f"), noon+brandFetchRate().Every) {
		t.Error("it isn't asked for again in time")
	}
}

func TestTheHighestHeadOfEachDelivererWaits(t *testing.T) {
	w := newWard()
	for i, from := range []peer.ID{"a", "b", "c", "d", "e"} {
		w.admit(lacking(1, uint64(10+i), from), noon)
		w.admit(lacking(1, uint64(5+i), from), noon)
	}
	w.admit(lacking(1, 20, "a"), noon)
	var seqs []uint64
	for c, ok := w.highest(id(1)); ok; c, ok = w.highest(id(1)) {
		seqs = append(seqs, c.announcement.Head.Seq)
		w.judged(c)
	}
	if fmt.Sprint(seqs) != "[20 13 12 11]" || len(w.brands) != 0 || len(w.message) != 0 {
		t.Errorf("judged %v; %d brands, %d messages wait", seqs, len(w.brands), len(w.message))
	}
}

func TestWhatWaitsForOperationsAndWhatIsRememberedOfItIsBounded(t *testing.T) {
	w := newWard()
	for n := range 2 * maxFetches {
		now := noon + protocol.Millis(n)
		w.admit(lacking(n, 1, peer.ID(fmt.Sprint(n))), now)
		if len(w.brands) > maxMissing {
			t.Fatalf("%d brands wait", len(w.brands))
		}
		fails(w, now)
		fails(w, now)
	}
	if len(w.tried) > maxFetches || len(w.peers) > maxFetches || len(w.tried) < maxFetches/2 {
		t.Errorf("remembered of %d brands and %d peers", len(w.tried), len(w.peers))
	}
}
