package wire

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

func TestAnAnnouncementHoldsAsMuchOfTheLogAsFits(t *testing.T) {
	b := newBrand("tea")
	for n := 1; n < 30; n++ {
		a := must(Announce(b.log, b.head(plain), hint, hint, hint, hint))
		data := must(a.Encode())
		if got := len(a.Identity); got < min(n, 5) || got < n && len(data) < MaxAnnouncement-500 {
			t.Fatalf("%d of %d operations in %d bytes", got, n, len(data))
		}
		first := Judge(data, func(protocol.CID) Standing { return Standing{} }, noon)
		if whole := len(a.Identity) == n; whole != (first.Verdict == Accept) || !whole && first.Reason != IdentityMissing {
			t.Fatalf("%d of %d operations: %s, %s", len(a.Identity), n, first.Verdict, first.Reason)
		}
		b.extend()
	}
}

func TestJudgingLeavesTheLogAsItIs(t *testing.T) {
	b := newBrand("tea")
	known := must(identity.Load(b.log.Brand(), [][]byte{must(b.log.Signed()[0].Encode())}))
	b.extend()
	a := must(Announce(b.log, b.head(plain)))
	j := a.Judge(Standing{Log: known}, noon)
	if j.Verdict != Accept || j.State.N != 1 || known.Len() != 1 || known.State().N != 0 {
		t.Errorf("%s: state %d, log of %d", j.Verdict, j.State.N, known.Len())
	}
}

func TestNoAnnouncementIsAcceptedTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBrand("tea")
		l := listener{}
		accepted := map[protocol.CID]bool{}
		var highest uint64
		for range rapid.IntRange(1, 20).Draw(t, "messages") {
			seq := rapid.Uint64Range(0, 6).Draw(t, "seq")
			lifetime := protocol.Millis(rapid.IntRange(1, 3).Draw(t, "rival"))
			head := b.head(func(h *catalog.Head) { h.Seq += seq; h.Expires = h.Time + lifetime*1000 })
			a := must(Announce(b.log, head, rapid.SampledFrom([][]Hint{nil, {hint}}).Draw(t, "hints")...))
			j := Judge(must(a.Encode()), func(c protocol.CID) Standing { return l[c] }, noon)
			if j.Verdict == Reject || j.Verdict == Accept && (accepted[head.CID] || head.Seq < highest) {
				t.Fatalf("%s, %s: seq %d after %d", j.Verdict, j.Reason, head.Seq, highest)
			}
			if j.Verdict == Accept {
				accepted[head.CID], highest = true, head.Seq
				l.remember(nil, j)
			}
			if got := l[head.Brand].Highest; got == nil || got.Seq < head.Seq {
				t.Fatalf("a good head was missed: %s", j.Reason)
			}
		}
	})
}

func TestAnyChangedByteOfTheSignedPartsIsNoticed(t *testing.T) {
	b := newBrand("tea")
	data := must(must(Announce(b.log, b.head(plain))).Encode())
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 1
		if j := Judge(bad, func(protocol.CID) Standing { return Standing{} }, noon); j.Verdict == Accept {
			t.Errorf("byte %d of %d", i, len(data))
		}
	}
}

func TestABudgetNeverGivesMoreThanItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rate{Burst: rapid.Int64Range(1, 5).Draw(t, "burst"), Every: protocol.Millis(rapid.IntRange(1, 50).Draw(t, "every"))}
		var b Budget
		now := noon
		var passed []protocol.Millis
		for range 60 {
			now += protocol.Millis(rapid.IntRange(0, 40).Draw(t, "pause"))
			wait := b.Wait(r, now)
			if got := b.Spend(r, now); got != (wait == 0) {
				t.Fatalf("spent: %v, wait %d", got, wait)
			} else if got {
				passed = append(passed, now)
			}
			var probe = b
			if w := probe.Wait(r, now); w > 0 && (probe.Spend(r, now+w-1) || !probe.Spend(r, now+w)) {
				t.Fatalf("wait of %d is not exact", w)
			}
		}
		for i := range passed {
			for j := i; j < len(passed); j++ {
				if n, most := int64(j-i+1), r.Burst+int64((passed[j]-passed[i])/r.Every); n > most {
					t.Fatalf("%d in %d ms", n, passed[j]-passed[i])
				}
			}
		}
	})
}

func TestAClockSetBackCostsAtMostOneBudget(t *testing.T) {
	var b Budget
	r := BrandRate()
	b.Spend(r, noon)
	if w := b.Wait(r, noon-1_000_000_000); w > r.Every {
		t.Errorf("wait of %d ms", w)
	}
}

func TestTheGateKeepsTheNewestAndLosesNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g Gate
		now := noon
		var newest, out uint64
		for range rapid.IntRange(31, 80).Draw(t, "steps") {
			now += protocol.Millis(rapid.IntRange(0, 3000).Draw(t, "pause"))
			if a, due, _ := g.Due(now); due {
				out = max(out, a.Head.Seq)
			}
			seq := rapid.Uint64Range(1, 100).Draw(t, "seq")
			a := Announcement{Head: catalog.SignedHead{Head: catalog.Head{Seq: seq}}}
			newest = max(newest, a.Head.Seq)
			if g.Pass(a, now) {
				out = max(out, a.Head.Seq)
			}
		}
		if a, due, wait := g.Due(now); due {
			out = max(out, a.Head.Seq)
		} else if a, due, _ := g.Due(now + wait); due {
			out = max(out, a.Head.Seq)
		}
		if out != newest {
			t.Fatalf("%d was lost, %d came out", newest, out)
		}
	})
}

func TestTheLastOfAHundredEditsInTenSecondsIsOutWithinASecond(t *testing.T) {
	for pause := protocol.Millis(20); pause <= 100; pause += 10 {
		var g, reader Gate
		now, sent := noon, noon
		for n := range 100 {
			now += pause
			a := Announcement{Head: catalog.SignedHead{Head: catalog.Head{Seq: uint64(n + 1)}}}
			if g.Publish(a, now) && !reader.Pass(a, now+50) {
				t.Fatalf("edit %d, one every %d ms, is more than a reader takes", n, pause)
			}
		}
		for sent = now; g.waiting != nil; sent += 200 {
			if a, due, _ := g.Due(sent); due && !reader.Pass(a, sent+50) {
				t.Fatalf("the last edit, one every %d ms, is more than a reader takes", pause)
			}
		}
		if sent-now > 1000 {
			t.Errorf("one edit every %d ms: the last is out after %d ms", pause, sent-now)
		}
	}
}

// An announcement has one encoding, every refusal a reason.
func FuzzDecodeAnnouncement(f *testing.F) {
	b := newBrand("tea")
	f.Add(must(must(Announce(b.log, b.head(plain), hint)).Encode()))
	b.extend()
	f.Add(must(must(Announce(b.log, b.head(plain))).Encode()))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := DecodeAnnouncement(data)
		knowing, same := DecodeAnnouncementKnowing(data, func(protocol.CID) *identity.Log { return b.log })
		if reasonOf(err) != reasonOf(same) || !reflect.DeepEqual(a, knowing) {
			t.Fatalf("%v; to who knows the log: %v", err, same)
		}
		if err != nil {
			if reasonOf(err) == "" || reasonOf(err) != WrongVersion && !errors.Is(err, protocol.ErrInvalid) {
				t.Fatalf("no reason: %v", err)
			}
			return
		}
		if again := must(a.Encode()); !bytes.Equal(again, data) {
			t.Fatalf("%x became %x", data, again)
		}
		a.Judge(Standing{}, noon)
	})
}

// A hint is short, and one that names a host names it within itself.
func FuzzParseHint(f *testing.F) {
	f.Add(string(hint))
	f.Add("/dns4/tea.example/tcp/443/tls/ws/p2p/" + hint.Peer())
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHint(s)
		if err != nil {
			return
		}
		if len(h.Peer()) < 32 || len(h) > MaxHint {
			t.Fatalf("%q", h)
		}
		if kind, host, ok := h.Host(); ok && s[:len(kind)+len(host)+2] != "/"+kind+"/"+host {
			t.Fatalf("%q: %s %s", h, kind, host)
		}
	})
}
