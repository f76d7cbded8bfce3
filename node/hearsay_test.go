package node

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

func headAt(seq uint64) catalog.SignedHead {
	return catalog.SignedHead{Head: catalog.Head{Seq: seq}}
}

// Whoever claims to be far ahead, or to be where the highest head is, is asked after
// those that gave that head.
func TestAClaimRanksNobodyAboveWhoGaveTheHead(t *testing.T) {
	top := headAt(7)
	m := &mirror{heard: newHearsay(), known: known{highest: &top}}
	m.heard.says("gave it", top.Head, 10)
	m.heard.says("gave an older one", headAt(5).Head, 20)
	m.heard.holds("claims more", holder{seq: 1000, at: 30})
	m.heard.holds("claims an epoch", holder{epoch: 9, at: 31})
	m.heard.holds("claims less", holder{seq: 3, at: 32})
	if got := m.likely(); !slices.Equal(got, []peerID{"gave it", "claims an epoch", "claims more", "gave an older one", "claims less"}) {
		t.Errorf("%q", got)
	}
	m.heard.holds("gave it", holder{seq: 7, at: 40})
	m.heard.holds("gave an older one", holder{seq: 7, at: 50})
	if got := m.likely(); got[0] != "gave it" || got[1] != "gave an older one" {
		t.Errorf("after claims of those that gave heads: %q", got)
	}
}

func TestClaimsMakeNobodyForgottenWhoGaveAHead(t *testing.T) {
	h := newHearsay()
	h.says("gave it", headAt(7).Head, 1)
	for i := range 10 * maxHolders {
		h.holds(peerID(rune(i)), holder{seq: 1000, at: protocol.Millis(2 + i)})
	}
	if !h.holders["gave it"].verified || len(h.holders) != maxHolders {
		t.Errorf("%d are remembered: %+v", len(h.holders), h.holders["gave it"])
	}
}

func TestAnOlderHeadIsLoggedOnceAMinute(t *testing.T) {
	var log bytes.Buffer
	now := time.UnixMilli(1_790_000_000_000)
	n := &Node{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), now: func() time.Time { return now }}
	m := &mirror{heard: newHearsay()}
	for range 6 {
		n.noteHolder(m, report{head: headAt(5), from: "one"})
		n.noteHolder(m, report{head: headAt(5), from: "two"})
		n.noteHolder(m, report{head: headAt(5), from: "one", announced: true})
		now = now.Add(20 * time.Second)
	}
	if got := strings.Count(log.String(), "peer is at an older head"); got != 4 || !strings.Contains(log.String(), "seq=5") {
		t.Errorf("%d lines for two peers in two minutes: %s", got, &log)
	}
}
